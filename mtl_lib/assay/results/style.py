"""The look of the page: light and dark, narrow and wide, on a screen and on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --quiet: #595959; --paper: #fff; --rule: #d9d9d9;
  --mark: #fff4d6; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --quiet: #b3b3b3; --paper: #191919;
  --rule: #444; --mark: #3d3416; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 46rem; margin: 0 auto; padding: 1rem 1rem 4rem; overflow-wrap: break-word; }
h1 { font-size: 1.1rem; color: var(--quiet); font-weight: 600; } h2 { margin-top: 2.4rem; }
.lead { font-size: 1.3rem; line-height: 1.4; } .quiet { color: var(--quiet); }
.warning { background: var(--mark); padding: .6rem .9rem; border-left: 4px solid #b8860b; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; min-width: 3.5rem; }
td.number, th.number { text-align: right; white-space: nowrap; }
svg { width: 100%; min-width: 32rem; height: auto; font: 13px system-ui, sans-serif; }
svg text { fill: var(--ink); }
svg .grid { stroke: var(--rule); } svg .zero { stroke: var(--ink); } svg .dot { fill: #0072b2;
  fill-opacity: .6; } svg .strong { font-weight: 600; } figure { margin: 1rem 0; overflow-x: auto; }
figcaption { color: var(--quiet); font-size: .92rem; } pre { overflow-x: auto; padding: .6rem .8rem;
  border: 1px solid var(--rule); white-space: pre-wrap; } details { margin: .6rem 0; }
@media (max-width: 34rem) { svg { min-width: 0; font-size: 15px; overflow: visible; } }
@media print { body { max-width: none; } svg { min-width: 0; } details > * { display: block; }
  h2, figure { break-inside: avoid; break-after: avoid; } }
"""
