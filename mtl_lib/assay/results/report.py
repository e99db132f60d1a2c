"""What an assay hands over: plain results."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from mtl_lib.assay.fitting.arms import ABOUT, ALONE, BOOSTING, NETWORKS, POOLED
from mtl_lib.assay.intake.sources import Source
from mtl_lib.assay.measuring import Outcome
from mtl_lib.assay.results import page, words
from mtl_lib.assay.results.gains import Gain
from mtl_lib.assay.results.models import AssayModel


@dataclass(eq=False)
class Report:
    """What relating buys on some tasks.

    Parameters
    ----------
    summary : str
        The answer in one sentence.
    outcome : Outcome
        Errors of every arm, task, split and share.
    warnings : list[str]
        What to look at before believing anything, and how the answer changes without it.
    measures : dict[str, dict]
        How the tasks differ (``mtl_lib.compare``): effect, p, ratio, note, what it sees.
    grouping : dict
        "groups" (lists of task names), "gain", "low", "high" over all tasks together, "text".
    notes : list[str]
        How the data were read, and what was left out.
    target : dict
        Least, median, largest label and standard deviation; or the share of each class.
    source : Source or None
        The samples; None where only summaries are known.
    seed : int
        Seed of everything.
    seconds : float
        How long it took.
    command : str
        The command that asks for the same, "" from Python.
    following : list[tuple[str, str]]
        What to run next: a sentence and a command.
    """

    summary: str
    outcome: Outcome
    warnings: list[str] = field(default_factory=list)
    measures: dict[str, dict] = field(default_factory=dict)
    grouping: dict = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    target: dict = field(default_factory=dict)
    source: Source | None = None
    seed: int = 0
    seconds: float = 0.0
    command: str = ""
    following: list[tuple[str, str]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Report({self.summary!r})"

    @cached_property
    def gain_rows(self) -> list[dict]:
        """The rows of ``gains`` as dicts."""
        outcome = self.outcome
        levels = [(share, k) for k, (share, _) in enumerate(outcome.curve) if share < outcome.share]
        rows = []
        for share, k in [*levels, (outcome.share, None)]:
            for arm in outcome.arms:
                row = self._gain_row(share, k, arm)
                rows += [row] if row else []
        return rows

    def _gain_row(self, share: float, level: int | None, arm: str) -> dict | None:
        """One arm at one share; None where it was not fitted there."""
        outcome = self.outcome
        if level is None:
            error = outcome.error(arm)
            gains = {over: outcome.gain(arm, over) for over in (ALONE, POOLED)}
        else:
            held = outcome.curve[level][1]
            if arm not in held.sums:
                return None
            error = float(np.nanmean(held.errors(arm)))
            gains = {over: outcome.gain_at(level, arm, over) for over in (ALONE, POOLED)}
        row = {"share": round(share, 4), "arm": arm, "error": error, "units": outcome.metric}
        for over, gain in gains.items():
            row |= {
                f"gain over {over}": gain.value,
                f"low over {over}": gain.low,
                f"high over {over}": gain.high,
                f"tasks that lose to {over}": gain.lose,
            }
        return row | {"tasks": gains[ALONE].tasks}

    @property
    def gains(self):
        """A data frame: share of rows, arm, error, gains over alone and pooled with intervals."""
        import pandas as pd  # a plain installation has a report without it

        return pd.DataFrame(self.gain_rows)

    @cached_property
    def task_rows(self) -> list[dict]:
        """The rows of ``per_task`` as dicts."""
        outcome = self.outcome
        errors = {
            arm: np.mean([held.errors(arm) for held in outcome.rounds], axis=0)
            for arm in outcome.arms
            if arm in outcome.rounds[0].sums
        }
        over = {base: outcome.gain(ABOUT, base).per_task for base in (ALONE, POOLED)}
        rows = []
        for t, (name, size) in enumerate(zip(outcome.names, outcome.sizes, strict=True)):
            row = {"task": name, "rows": int(size)}
            row |= {f"error {arm}": float(error[t]) for arm, error in errors.items()}
            row |= {f"gain over {base}": float(gain[t]) for base, gain in over.items()}
            rows.append(row)
        return rows

    @property
    def per_task(self):
        """A data frame: each task's rows, errors, and gains of fitting about the mean."""
        import pandas as pd

        return pd.DataFrame(self.task_rows)

    @cached_property
    def model(self) -> AssayModel:
        """The fitted model: about the mean, or boosting where that clearly predicts better."""
        return self.model_of(BOOSTING if words.boosting_wins(self.outcome) else ABOUT)

    def model_of(self, arm: str) -> AssayModel:
        """The model of an arm, fitted on all samples.

        Raises
        ------
        ValueError
            For an arm that was not fitted, and where the samples are not here.
        """
        if arm in NETWORKS:
            raise ValueError(f"{arm!r} is measured, not handed over: mtl_lib.neural trains it")
        if arm not in self.outcome.arms:
            raise ValueError(f"arm {arm!r}, allowed are {', '.join(self.outcome.arms)}")
        if self.source is None:
            raise ValueError("no model: the samples are at the sites, and each fits its own")
        return AssayModel(self.source, arm, self.seed)

    def gain(self, arm: str = ABOUT, over: str = POOLED) -> Gain:
        """The gain of one arm over another, with all samples that train."""
        return self.outcome.gain(arm, over)

    def to_dict(self) -> dict:
        """Everything as plain values, for JSON; what is not a number is None."""
        return plain(
            {
                "summary": self.summary,
                "tasks": len(self.outcome.names),
                "rows": int(self.outcome.sizes.sum()),
                "units": self.outcome.metric,
                "gains": self.gain_rows,
                "per_task": self.task_rows,
                "measures": self.measures,
                "grouping": self.grouping,
                "warnings": self.warnings,
                "notes": self.notes,
                "target": self.target,
                "networks": words.networks(self.outcome),
                "again": words.again(self.outcome),
                "power": words.power(self.outcome),
                "seed": self.seed,
                "command": self.command,
            }
        )

    def to_json(self, path) -> Path:
        """Write ``to_dict`` as JSON."""
        path = Path(path)
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        path.write_text(text + "\n", "utf-8")
        return path

    def to_html(self, path) -> Path:
        """Write the page, one file that needs no other, and the JSON beside it."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.to_json(path.with_suffix(".json"))
        path.write_text(page.render(self), "utf-8")
        return path


def plain(value):
    """Values that JSON holds."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, (np.floating, float)):
        return float(value) if np.isfinite(value) else None
    if isinstance(value, (np.integer, np.bool_)):
        return value.item()
    return value
