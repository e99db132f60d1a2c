"""The figure of a sweep: a metric over a grid of parameters, with intervals over seeds.

``python -m study.sweeps FOLDER`` reads ``points.csv`` and ``sweep.json``, which the runner wrote
there, and adds ``figure.csv``, ``figure.svg`` and ``figure.png``.
"""

import json
import sys
from pathlib import Path

import pandas as pd

from study import stats
from study.plots import sweeps


def draw(folder: Path) -> None:
    """Draw the metric that ``sweep.json`` names.

    Parameters
    ----------
    folder : Path
        Holds ``points.csv``, one row per point and metric, and ``sweep.json`` with the keys
        ``grid`` (parameter names to values, the first is the axis), ``metric`` and ``simulated``.
    """
    sweep = json.loads((folder / "sweep.json").read_text())
    points = pd.read_csv(folder / "points.csv")
    points = points[points["metric"] == sweep["metric"]]
    axis, *others = sweep["grid"]
    lines = [name for name in others if len(sweep["grid"][name]) > 1]
    curves = stats.over_units(points.assign(unit=points["seed"]), [*sweep["grid"]], "value")
    labels = []
    for values in curves[lines].itertuples(index=False):
        pairs = zip(lines, values, strict=True)
        labels.append(" ".join(f"{name}={value}" for name, value in pairs))
    curves.insert(0, "line", labels)
    curves.to_csv(folder / "figure.csv", index=False)
    shown = curves.rename(columns={axis: "x"})
    figure = sweeps.metric_curves(shown, axis, sweep["metric"], sweep["simulated"])
    figure.savefig(folder / "figure.svg", metadata={"Date": None})
    figure.savefig(folder / "figure.png", dpi=200)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
