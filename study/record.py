"""What a notebook leaves behind: metrics, figures, claims.

``make`` sets MTL_RUN_DIR to the run's folder, and everything is written there. In JupyterLab
nothing is written and everything is shown, so the same notebook runs in both.
"""

import base64
import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from PIL import Image

from study import machine, stats
from study.claims import Claim, settle
from study.claims.again import Panel, tally
from study.claims.shown import Declared, verdict_table
from study.wording import Wording


def open(section: str, simulated: bool = False) -> "Record":
    """Start the record of a section.

    Parameters
    ----------
    section : str
        The notebook's name.
    simulated : bool
        Whether the data are a stand-in; then every caption says so.

    Returns
    -------
    Record
        It writes into the folder MTL_RUN_DIR, or nowhere without that variable.
    """
    folder = os.environ.get("MTL_RUN_DIR")
    return Record(section, Path(folder) if folder else None, simulated)


class Record:
    """Metrics, figures, timings and claims of one run of a notebook.

    Parameters
    ----------
    section : str
        The notebook's name.
    folder : Path or None
        Where the run is written; None shows it only.
    simulated : bool
        Whether the data are a stand-in.

    Notes
    -----
    Names are lower case, with digits, ``-``, ``.``, ``=`` and (metrics) ``/``.
    """

    def __init__(self, section: str, folder: Path | None, simulated: bool = False):
        self.section = section
        self.wording = Wording(section)
        self.folder = folder
        self.simulated = simulated
        self.metrics: dict[str, dict] = {}
        self.figures: dict[str, dict] = {}
        self.timings: dict[str, float] = {}
        self.claims: list[Claim] = []
        self.panels: dict[str, Panel] = {}

    def metric(self, name: str, value: float, n: int, se: float | None = None) -> None:
        """Keep one number.

        Parameters
        ----------
        name : str
            Not used before.
        value : float
            Finite.
        n : int
            Over how many units it was taken.
        se : float, optional
            Its standard error over these units; NaN, as one unit has it, is none.

        Raises
        ------
        ValueError
            One line for a name that is taken or not allowed, for a value that is NaN or infinite,
            and for a standard error that is infinite or negative.
        """
        _check_name("metric", name, self.metrics, r"[a-z0-9./=_-]+")
        if not np.isfinite(value):
            raise ValueError(f"metric {name!r}: {value}, expected a finite number")
        if se is not None and (se < 0 or np.isinf(se)):
            raise ValueError(f"metric {name!r}: se {se}, allowed is a finite number, 0 or more")
        error = None if se is None or np.isnan(se) else float(se)
        self.metrics[name] = {"value": float(value), "n": int(n), "se": error}

    def mean(self, name: str, values) -> None:
        """Keep the mean of one value per unit, with its standard error.

        Parameters
        ----------
        name : str
            Not used before.
        values : array_like
            (n,) numbers.

        Raises
        ------
        ValueError
            As ``metric`` does.
        """
        values = np.asarray(values, float)
        self.metric(name, values.mean(), len(values), stats.standard_error(values))

    def figure(self, fig, name: str, /, *, data: pd.DataFrame, **words) -> None:
        """Show a figure and keep it as SVG, PNG and, of the data behind it, CSV.

        Parameters
        ----------
        fig : matplotlib.figure.Figure
            The figure.
        name : str
            Not used before.
        data : pd.DataFrame
            What was drawn.
        **words
            ``caption`` (what is shown, units, n and seeds) and ``alt`` (describes it to who cannot
            see it); or what belongs into the gaps of the section's ``study.wording``.

        Raises
        ------
        ValueError
            One line for a name that is taken or not allowed, and without caption or alt.
        """
        _check_name("figure", name, self.figures, r"[a-z0-9-]+")
        caption, alt = self._said(name, words)
        self.figures[name] = {"caption": caption, "alt": alt}
        _lay_out(fig)
        drawn = io.BytesIO()
        fig.savefig(drawn, dpi=200, format="png")
        if self.folder:
            path = self.folder / "figures"
            path.mkdir(exist_ok=True)
            fig.savefig(path / f"{name}.svg", metadata={"Date": None})
            (path / f"{name}.png").write_bytes(drawn.getvalue())
            data.to_csv(path / f"{name}.csv", index=False)
        display(
            {"image/png": _half_size(drawn), "text/plain": alt},
            raw=True,
            metadata={"mtl": {"figure": name, "caption": caption, "alt": alt}},
        )
        if not self.folder:
            display(Markdown(f"*{caption}*"))

    def _said(self, name: str, words: dict) -> tuple[str, str]:
        """Caption and alternative text, as given or from the section's texts."""
        if not {"caption", "alt"} & set(words):
            words = self.wording.figure(name, words)
        if not words.get("caption") or not words.get("alt"):
            raise ValueError(f"figure {name!r} needs a caption and an alternative text")
        simulated = "SIMULATED stand-in data. " if self.simulated else ""
        return simulated + words["caption"], words["alt"]

    def timing(self, name: str, seconds: float) -> None:
        """Keep wall-clock seconds in provenance.json; they are never a metric or a figure.

        Parameters
        ----------
        name : str
            What was timed.
        seconds : float
            How long it took.
        """
        self.timings[name] = float(seconds)

    def declare(self, **claim) -> Declared:
        """Declare a claim before its result is seen.

        Parameters
        ----------
        **claim
            ``id`` and the other fields of ``study.claims.Claim``. Without ``statement``: what
            belongs into the gaps of the section's ``study.wording``, and fields it leaves open.

        Returns
        -------
        Declared
            What decides it.
        """
        _check_name("claim", claim["id"], {c.id for c in self.claims}, r"[a-z0-9-]+")
        if "statement" not in claim:
            claim = self.wording.claim(claim.pop("id"), claim)
        self.claims.append(Claim(**claim))
        return Declared(self.claims[-1], self.panels)

    def again(
        self,
        panel: str,
        pairs: pd.DataFrame,
        margin: float,
        classes: dict | None = None,
        by_seed: bool = False,
    ) -> None:
        """Keep an A/A check: the baseline of an experiment against itself, trained again.

        Parameters
        ----------
        panel : str
            Name of the experiment, not used before; claims name it in ``decide``.
        pairs : pd.DataFrame
            Columns unit, seed, a (trained again, with a choice of its own), b (the baseline).
        margin : float
            The smallest difference that matters.
        classes : dict, optional
            Unit -> its classes, where units overlap.
        by_seed : bool
            Whether all units of a seed share a choice, as in ``study.claims.claim.Observed``.

        Raises
        ------
        ValueError
            One line for a name that is taken or not allowed, and for scores that are no finite
            numbers.
        """
        _check_name("A/A panel", panel, self.panels, r"[a-z0-9./=_-]+")
        effects = stats.unit_effects(pairs)
        seeds = stats.seed_effects(pairs) if by_seed else None
        self.panels[panel] = Panel(stats.tested(effects, classes, seeds=seeds), margin)
        self.mean(f"again/{panel}", effects)

    def effects(self) -> pd.DataFrame:
        """Every decided claim's effect and interval in multiples of its margin.

        Returns
        -------
        pd.DataFrame
            Columns label (what is compared, and the claim), margin (1), effect, low, high, as
            ``plots.curves.effects`` takes them.
        """
        rows = []
        for claim in self.claims:
            count = claim.result["counts"]["units"]
            label = f"{claim.declared.short}\n{claim.id}, n = {count} ({claim.declared.unit})"
            ends = {key: getattr(claim.tested, key) for key in ("effect", "low", "high")}
            relative = {key: value / claim.margin for key, value in ends.items()}
            rows.append({"label": label, "margin": 1.0, **relative})
        return pd.DataFrame(rows)

    def verdicts(self) -> list[dict]:
        """What claims.json will say, as soon as all claims are decided; RuntimeError before."""
        return settle(self.claims, self.panels)

    def done(self) -> None:
        """Last cell: show the table of verdicts, and write everything.

        Raises
        ------
        RuntimeError
            One line naming a claim that is not decided.
        """
        rows = self.verdicts()
        for row in rows:
            self.metric(f"claim/{row['id']}/effect", row["effect"], row["n_units"], row["se"])
        counted = tally(self.panels)
        self.metric("again/excluding-zero", counted.excluding, counted.panels)
        display(Markdown(verdict_table(rows, self.panels)))
        if self.folder:
            self._write_all(rows)

    def _write_all(self, rows: list[dict]) -> None:
        """Put everything on disk; ``run.json`` comes last and says that the run is whole."""
        (self.folder / "claims").mkdir(exist_ok=True)
        for claim in self.claims:
            claim.pairs.to_csv(self.folder / "claims" / f"{claim.id}.csv", index=False)
        metrics = {"schema": 2, "section": self.section, "metrics": self.metrics}
        self._write("metrics.json", metrics)
        self._write("figures.json", self.figures, sort=False)  # the gallery keeps their order
        self._write("claims.json", rows)
        read = {"modules": machine.loaded_modules(), "data": machine.data_read()}
        self._write("run.json", {**read, "timings": self.timings, **machine.facts()})

    def _write(self, name: str, content, sort: bool = True) -> None:
        text = json.dumps(content, indent=1, sort_keys=sort, ensure_ascii=False)
        (self.folder / name).write_text(text + "\n")


def _check_name(what: str, name: str, taken, pattern: str) -> None:
    """Refuse a name that is not allowed, or taken."""
    if not re.fullmatch(pattern, name):
        raise ValueError(f"{what} name {name!r}, allowed are characters {pattern[:-1]}")
    if name in taken:
        raise ValueError(f"{what} {name!r} is recorded already")


def _lay_out(fig) -> None:
    """Place the axes once, not anew for every file: that is a third of the work."""
    engine = fig.get_layout_engine()
    if engine is not None:
        engine.execute(fig)
        fig.set_layout_engine("none")


def _half_size(drawn: io.BytesIO) -> str:
    """A PNG at half its size, as text; drawing it again would take ten times as long."""
    shown = io.BytesIO()
    Image.open(drawn).reduce(2).save(shown, "png")
    return base64.b64encode(shown.getvalue()).decode()
