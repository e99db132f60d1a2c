"""``make diagnose``: a page on the reader's own table. Which reading is it, how do the tasks differ, what to run.

The page never says more than was measured: beside the advice stands how well that advice did on the
problems of notebook 00, as published in rendered/.
"""

import argparse
import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mtl_lib import compare
from mtl_lib.assay import Table, TableError, advice, figures, read
from mtl_lib.data import store
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import labelled
from suite.project import FAILED, OK, RENDERED, RESULTS, ROOT, USAGE, read_json, write_text
from suite.site import templates

SECTION = "01_classical_mtl"
FIGURES = {
    "sizes": ("Samples per task, sorted.", "Bars of task sizes, sorted."),
    "measures": (
        "How the tasks differ, beyond what permuted task labels give. Blue: p < 0.01.",
        "Bars of the measures of difference.",
    ),
}


@dataclass(frozen=True)
class Reading:
    """What a regime is called, which notebooks concern it, and which methods."""

    title: str
    notebooks: str
    methods: str
    advised: bool = False


READINGS = {
    ("own", "same"): Reading(
        "classical multi-task learning: own inputs, one loss",
        "01_classical_mtl; 02_federated_vs_classical if rows may not leave their node; 03c for images and text",
        "about the mean, pooled, single task; a structured penalty (L21, trace norm) where there are many inputs",
        advised=True,
    ),
    ("shared", "same"): Reading(
        "several targets of one kind on the same rows: shared inputs, one loss",
        "01_classical_mtl; 03a_same_inputs_different_losses for one encoder with a head per target",
        "single task first: shared rows leave less to borrow; trace norm and L21 couple the targets",
    ),
    ("shared", "different"): Reading(
        "several targets of different kinds on the same rows: shared inputs, different losses",
        "03a_same_inputs_different_losses",
        "one encoder with a head per target, each with its loss",
    ),
    ("own", "different"): Reading(
        "own inputs and different losses",
        "02_federated_vs_classical (MOCHA); 03b_different_inputs_different_losses",
        "MOCHA for linear models; shared and specific layers for networks",
    ),
    ("partial", "same"): Reading(
        "tasks that share some of their rows, one loss",
        "01_classical_mtl; 03a for partly labelled data",
        "about the mean, pooled, single task; masks for labels that are not there",
    ),
    ("partial", "different"): Reading(
        "tasks that share some of their rows, different losses",
        "03a_same_inputs_different_losses (partial labels)",
        "one encoder with a head per target and masks for labels that are not there",
    ),
}


def main(words: list[str]) -> int:
    """The command line. Returns 0 with a page, or 2 with one line on stderr."""
    parser = argparse.ArgumentParser(prog="make diagnose", description=__doc__.splitlines()[0])
    for name, text in (
        ("table", "a CSV or Parquet file"),
        ("task", "column whose values are the tasks"),
        ("target", "target column, or several with commas"),
        ("group", "column that a split never cuts"),
        ("loss", "squared, logistic, hinge, squared_hinge or ce"),
    ):
        parser.add_argument(f"--{name}", default="", help=text)
    options = parser.parse_args(words)
    if not options.table or not options.target:
        return _usage(
            "make diagnose needs TABLE=my.csv and TARGET=column, and TASK=column unless there are several targets"
        )
    try:
        targets, table = _read(options)
        page = write(table, options.task, targets, options.group)
    except (TableError, ValueError) as error:
        return _usage(" ".join(str(error).split()))
    except OSError as error:
        print(f"{error.filename or options.table}: {error.strerror or error}", file=sys.stderr)
        return FAILED
    print(f"open {os.path.relpath(page)}")
    return OK


def write(table: Table, task: str, targets: list[str], group: str, seed: int = 0) -> Path:
    """Write the page of a table to results/tables/NAME; returns its index.html. Raises ValueError if tasks cannot be compared."""
    folder = place(table.path)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    measured = compare.measure(table.tasks, seed)
    rows = pd.DataFrame(
        [
            {
                "measure": key,
                "effect": m.effect,
                "p": m.p,
                "note": m.note,
                "sees": compare.SEES[key],
            }
            for key, m in measured.items()
        ]
    )
    rows.to_csv(folder / "measures.csv", index=False)
    figures.save(figures.sizes(table.tasks.sizes), folder / "figures" / "sizes.svg")
    figures.save(figures.measures(rows), folder / "figures" / "measures.svg")
    ready = _ready(table, task, targets, group, folder)
    templates.assets(RESULTS / "tables")
    sizes = labelled(table.tasks).sizes
    write_text(
        folder / "index.html",
        templates.template("diagnose.html.j2").render(
            table=table,
            task=task,
            targets=targets,
            reading=READINGS[table.tasks.regime],
            measures=rows.to_dict("records"),
            sizes={
                "tasks": len(sizes),
                "smallest": sizes.min(),
                "median": int(np.median(sizes)),
                "largest": sizes.max(),
                "alone": int((sizes == 1).sum()),
            },
            said=said(table.tasks, measured["p(y|x)"]),
            evidence=evidence() if table.tasks.regime == ("own", "same") else None,
            ready=ready,
            section=SECTION,
            figures=FIGURES,
        ),
    )
    return folder / "index.html"


def place(table: Path) -> Path:
    """The folder of a table's page: its name, and a hash of where it lies, for two files of one name."""
    name = re.sub("[^A-Za-z0-9._-]+", "-", table.stem).strip("-.") or "table"
    return (
        RESULTS
        / "tables"
        / f"{name}-{hashlib.sha256(str(table.resolve()).encode()).hexdigest()[:6]}"
    )


def said(tasks: TaskSet, concept: compare.Measured) -> dict | None:
    """The advice from the concept measure: the arm, and whether theory would pool or separate.

    None where the measure does not apply, and for tasks on shared rows or of different losses: it was not tried there.
    """
    published = evidence()
    if np.isnan(concept.ratio) or published is None or tasks.regime != ("own", "same"):
        return None
    arm = str(advice.choose(concept.ratio, published["pooled"], published["single"]))
    return {
        "ratio": concept.ratio,
        "arm": arm,
        "pool": bool(concept.ratio < advice.BREAK_EVEN),
        "p": concept.p,
    }


def evidence() -> dict | None:
    """How the advice did on the problems of notebook 00 (full profile), from rendered/; None if that is not there."""
    folder = RENDERED / "00_what_is_a_task"
    metrics, claims = read_json(folder / "metrics.json"), read_json(folder / "claims.json")
    if metrics is None or claims is None:
        return None
    value = {name: entry["value"] for name, entry in metrics["metrics"].items()}
    rules = {
        rule: value[f"advice/regret/{rule}".replace(" ", "-")]
        for rule in ("the advice", *(f"always {arm}" for arm in advice.ARMS))
    }
    (claim,) = [claim for claim in claims if claim["id"] == "0-advice-pays"]
    return {
        "pooled": value["advice/threshold-pooled"],
        "single": value["advice/threshold-single"],
        "problems": int(value["advice/problems"]),
        "right": value["advice/break-even-right"],
        "guess": value["advice/always-one-side-right"],
        "sets": claim["n_units"],
        "rules": sorted(rules.items(), key=lambda rule: rule[1]),
        "claim": claim,
    }


def _ready(table: Table, task: str, targets: list[str], group: str, folder: Path) -> str | None:
    """Parameters with which notebook 01 runs on the table, as a file; None if that notebook does not take it."""
    path = folder / f"{SECTION}.yaml"
    path.unlink(missing_ok=True)
    if {t.loss for t in table.tasks} & {"ce"} or len(table.tasks) < 2:
        return None
    values = {
        "table": str(table.path.resolve()),
        "table_sha256": store.sha256(table.path),
        "task": task,
        "target": targets,
        "group": group,
    }
    lines = [
        f"your_{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()
    ]  # JSON strings and lists are YAML
    write_text(
        path,
        f"# Written by make diagnose; make {SECTION} TABLE=... reads it.\n"
        + "\n".join(lines)
        + "\n",
    )
    return (
        os.path.relpath(table.path, ROOT)
        if table.path.resolve().is_relative_to(ROOT)
        else str(table.path)
    )


def _read(options) -> tuple[list[str], Table]:
    """The targets and the table. A comma separates targets, unless a column is called just so."""
    columns = options.task or None, options.group or None, options.loss or None
    several = [name.strip() for name in options.target.split(",") if name.strip()]
    if len(several) > 1:
        try:
            return [options.target], read(options.table, columns[0], [options.target], *columns[1:])
        except TableError:
            pass  # the same complaint comes again, about the right names
    return several, read(options.table, columns[0], several, *columns[1:])


def _usage(line: str) -> int:
    print(line, file=sys.stderr)
    return USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
