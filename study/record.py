"""What a notebook leaves behind: metrics, figures, claims. With MTL_RUN_DIR it is written, else only shown.

``make`` sets MTL_RUN_DIR to the run's folder. In JupyterLab nothing is written and everything is
shown, so the same notebook runs in both.
"""

import base64
import io
import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from PIL import Image

from study.claims import Claim, settle

ROOT = Path(__file__).resolve().parents[1]


def open(section: str, simulated: bool = False) -> "Record":
    """Start the record of a section. ``simulated`` marks every caption, for stand-in data."""
    folder = os.environ.get("MTL_RUN_DIR")
    return Record(section, Path(folder) if folder else None, simulated)


class Record:
    """See the module. Names are lower case, with digits, ``-``, ``.``, ``=`` and (metrics) ``/``."""

    def __init__(self, section: str, folder: Path | None, simulated: bool = False):
        self.section, self.folder, self.simulated = section, folder, simulated
        self.metrics: dict[str, dict] = {}
        self.figures: dict[str, dict] = {}
        self.timings: dict[str, float] = {}
        self.claims: list[Claim] = []

    def metric(self, name: str, value: float, n: int) -> None:
        """Keep one number and over how many units it was taken. Raises ValueError for NaN or a name used before."""
        _check_name("metric", name, self.metrics, r"[a-z0-9./=_-]+")
        if not np.isfinite(value):
            raise ValueError(f"metric {name!r}: {value}, expected a finite number")
        self.metrics[name] = {"value": float(value), "n": int(n)}

    def figure(self, fig, name: str, *, caption: str, alt: str, data) -> None:
        """Show a figure and keep it as SVG, PNG and the DataFrame behind it as CSV.

        ``caption`` says what is shown, units, n and seeds; ``alt`` describes it to who cannot see it.
        """
        _check_name("figure", name, self.figures, r"[a-z0-9-]+")
        if not caption or not alt:
            raise ValueError(f"figure {name!r} needs a caption and an alternative text")
        caption = f"SIMULATED stand-in data. {caption}" if self.simulated else caption
        self.figures[name] = {"caption": caption, "alt": alt}
        layout = fig.get_layout_engine()
        if layout is not None:  # once, not for every file: it is a third of the work
            layout.execute(fig)
            fig.set_layout_engine("none")
        drawn, shown = io.BytesIO(), io.BytesIO()
        fig.savefig(drawn, dpi=200, format="png")
        Image.open(drawn).reduce(2).save(
            shown, "png"
        )  # drawing it again would take ten times as long
        if self.folder:
            path = self.folder / "figures"
            path.mkdir(exist_ok=True)
            fig.savefig(path / f"{name}.svg", metadata={"Date": None})
            (path / f"{name}.png").write_bytes(drawn.getvalue())
            data.to_csv(path / f"{name}.csv", index=False)
        display(
            {"image/png": base64.b64encode(shown.getvalue()).decode(), "text/plain": alt},
            raw=True,
            metadata={"mtl": {"figure": name, "caption": caption, "alt": alt}},
        )
        if not self.folder:
            display(Markdown(f"*{caption}*"))

    def timing(self, name: str, seconds: float) -> None:
        """Wall-clock seconds: kept in provenance.json, never a metric or a figure."""
        self.timings[name] = float(seconds)

    def declare(self, **claim) -> "Declared":
        """Declare a claim before its result is seen. Arguments of ``study.claims.Claim``."""
        _check_name("claim", claim["id"], {c.id for c in self.claims}, r"[a-z0-9-]+")
        self.claims.append(Claim(**claim))
        return Declared(self.claims[-1])

    def effects(self) -> pd.DataFrame:
        """Every decided claim's effect and interval in multiples of its margin, as ``plots.curves.effects`` takes them."""
        rows = [
            {
                "label": f"{c.id.split('-', 1)[1]} ({c.unit}, n = {c.result['n_units']})",
                "margin": 1.0,
                **{key: c.result[key] / c.margin for key in ("effect", "low", "high")},
            }
            for c in self.claims
        ]
        return pd.DataFrame(rows)

    def done(self) -> None:
        """Last cell: the table of verdicts, and everything on disk. Raises if a claim is undecided."""
        rows = settle(self.claims)
        for row in rows:
            self.metric(f"claim/{row['id']}/effect", row["effect"], row["n_units"])
        display(Markdown(_verdict_table(rows)))
        if not self.folder:
            return
        (self.folder / "claims").mkdir(exist_ok=True)
        for claim in self.claims:
            claim.pairs.to_csv(self.folder / "claims" / f"{claim.id}.csv", index=False)
        self._write("metrics.json", {"schema": 1, "section": self.section, "metrics": self.metrics})
        self._write("figures.json", self.figures)
        self._write("claims.json", rows)
        self._write(
            "run.json",
            {
                "modules": _loaded_modules(),
                "data": _data_read(),
                "timings": self.timings,
                **_machine(),
            },
        )

    def _write(self, name: str, content) -> None:
        ordered = name == "figures.json"  # the gallery shows figures as the notebook does
        (self.folder / name).write_text(
            json.dumps(content, indent=1, sort_keys=not ordered, ensure_ascii=False) + "\n"
        )


class Declared:
    """A declared claim in the notebook: ``decide`` once, and the sentence appears."""

    def __init__(self, claim: Claim):
        self.claim = claim
        display(
            Markdown(
                f"> **Claim {claim.id}**{' (primary)' if claim.primary else ''}. {claim.statement}  \n"
                f"> Contrast: {claim.contrast}; unit: {claim.unit}; smallest effect that matters: {claim.margin:g}."
            )
        )

    def decide(self, pairs, figure: str, null=None, control=None, classes=None, items=None) -> None:
        """See ``study.claims.Claim.decide``. The verdict after Holm's correction is in the last table."""
        r = self.claim.decide(pairs, figure, null, control, classes, items)
        of = (
            f" of {r['n_classes']} classes"
            if r["n_classes"]
            else f", tested on {r['n_items']}"
            if r["n_items"]
            else ""
        )
        text = f"**{self.claim.id}**: {_effect(r)} (n = {r['n_units']}{of}, unit {self.claim.unit}; {r['n_seeds']} seeds, p\u00a0=\u00a0{r['p']:.2g})"
        if r["null"]:
            text += f"; null arm {_effect(r['null'])}"
        verdict, why = self.claim.verdict(r["p"])
        display(
            Markdown(
                f"{text}. Before correction for several claims: **{verdict}**{f' ({why})' if why else ''}."
            )
        )


def _verdict_table(rows: list[dict]) -> str:
    if not rows:
        return "This notebook declares no claim."
    lines = [
        "| claim | effect, 95\u00a0% interval | margin | Holm's p | verdict |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        verdict = f"**{row['verdict']}**" + (f": {row['why']}" if row["why"] else "")
        shown = {
            key: row[key] if row[key] is not None else np.nan for key in ("effect", "low", "high")
        }
        lines.append(
            f"| **{row['id']}**: {row['statement']} | {_effect(shown)} | {row['margin']:g} | {row['p_holm']:.2g} | {verdict} |"
        )
    return "\n".join(lines)


def _effect(r: dict) -> str:
    """Effect and interval with true minus signs, on one line."""
    text = f"{r['effect']:+.4f} [{r['low']:+.4f},\u00a0{r['high']:+.4f}]"
    return text.replace("-", "\u2212")


def _check_name(what: str, name: str, taken, pattern: str) -> None:
    if not re.fullmatch(pattern, name):
        raise ValueError(f"{what} name {name!r}, allowed are characters {pattern[:-1]}")
    if name in taken:
        raise ValueError(f"{what} {name!r} is recorded already")


def _loaded_modules() -> list[str]:
    """Names of the loaded modules that belong to this checkout: they are inputs of the run."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    return sorted(name for name in sys.modules if name.partition(".")[0] in packages)


def _data_read() -> dict[str, str]:
    store = sys.modules.get("mtl_lib.data.store.cache")
    return dict(sorted(store.READ.items())) if store else {}


def _machine() -> dict:
    """Versions, threads and processor of this run, as far as they can change a number."""
    import importlib.metadata
    import platform

    from threadpoolctl import threadpool_info

    versions = {}
    for package in (
        "numpy",
        "scipy",
        "scikit-learn",
        "pandas",
        "matplotlib",
        "torch",
        "numba",
        "torchjd",
    ):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    pools = [
        {key: pool.get(key) for key in ("internal_api", "version", "num_threads", "architecture")}
        for pool in threadpool_info()
    ]
    return {
        "versions": versions,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "pools": pools,
    }
