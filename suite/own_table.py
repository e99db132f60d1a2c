"""``make diagnose``: a page on the reader's own table.

Which reading is it, how do the tasks differ, what to run. The page never says more than was
measured: beside the advice stands how well that advice did on the problems of notebook 00, as
published in rendered/.
"""

import argparse
import hashlib
import json
import os
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from mtl_lib import compare
from mtl_lib.assay import Table, TableError, advice, figures
from mtl_lib.data import store
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import labelled
from suite.own_table_request import Request, ask, shown_path
from suite.own_table_sections import CLASSICAL, READINGS, offers
from suite.project import FAILED, OK, RENDERED, RESULTS, USAGE, read_json, write_text
from suite.site import templates

FIGURES = {
    "sizes": ("Samples per task, sorted.", "Bars of task sizes, sorted."),
    "measures": (
        "How the tasks differ, beyond what permuted task labels give. Blue: p < 0.01.",
        "Bars of the measures of difference.",
    ),
}
WORDS = {
    "table": "a CSV or Parquet file",
    "task": "column whose values are the tasks",
    "target": "target column, or several with commas",
    "group": "column that a split never cuts",
    "loss": "squared, logistic, hinge, squared_hinge or ce",
    "keep": "input that looks like a row number or an id, or several with commas",
}
SEPARATORS = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
    " ": "blanks",
}
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252",
    "gb18030": "GB18030",
    "parquet": "Parquet",
}


def main(words: list[str]) -> int:
    """The command line.

    Parameters
    ----------
    words : list[str]
        Its arguments.

    Returns
    -------
    int
        0 with a page, or 2 with one line on stderr.
    """
    parser = argparse.ArgumentParser(prog="make diagnose", description=__doc__.splitlines()[0])
    for name, text in WORDS.items():
        parser.add_argument(f"--{name}", default="", help=text)
    options = parser.parse_args(words)
    if not options.table or not options.target:
        return _usage(
            "make diagnose needs TABLE=my.csv and TARGET=column, and TASK=column unless there are "
            "several targets"
        )
    try:
        request, table = ask(options)
        page = write(table, request)
    except (TableError, ValueError) as error:
        return _usage(" ".join(str(error).split()))
    except OSError as error:
        print(f"{error.filename or options.table}: {error.strerror or error}", file=sys.stderr)
        return FAILED
    print(f"open {os.path.relpath(page)}")
    return OK


def write(table: Table, request: Request, seed: int = 0) -> Path:
    """Write the page of a table to results/tables/NAME.

    Parameters
    ----------
    table : Table
        The table.
    request : Request
        What was asked for.
    seed : int
        Seed of the permutations.

    Returns
    -------
    Path
        Its index.html.

    Raises
    ------
    ValueError
        Where tasks cannot be compared.
    """
    folder = place(table.path)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    measured = compare.measure(table.tasks, seed)
    measures = [_measure_row(name, value) for name, value in measured.items()]
    rows = pd.DataFrame(measures)
    rows.to_csv(folder / "measures.csv", index=False)
    figures.save(figures.sizes(table.tasks.sizes), folder / "figures" / "sizes.svg")
    figures.save(figures.measures(rows), folder / "figures" / "measures.svg")
    templates.assets(RESULTS / "tables")
    page = templates.template("diagnose.html.j2").render(
        **_wording(table, request),
        measures=measures,
        said=said(table.tasks, measured["p(y|x)"]),
        evidence=evidence() if table.tasks.regime == ("own", "same") else None,
        offers=_offers(table, request, folder),
    )
    write_text(folder / "index.html", page)
    return folder / "index.html"


def _wording(table: Table, request: Request) -> dict:
    """What the page says of the table and of how it was read."""
    return {
        "table": table,
        "request": request,
        "reading": READINGS[table.tasks.regime],
        "sizes": _sizes(table.tasks),
        "shown": shlex.quote(shown_path(table.path)),
        "separator": SEPARATORS.get(table.separator, table.separator),
        "encoding": ENCODINGS[table.encoding],
        "figures": FIGURES,
    }


def _measure_row(name: str, measured: compare.Measured) -> dict:
    """A measure as a row of the page."""
    return {
        "measure": name,
        "effect": measured.effect,
        "p": measured.p,
        "note": measured.note,
        "sees": compare.SEES[name],
    }


def _sizes(tasks: TaskSet) -> dict:
    """How many tasks there are, and how large they are."""
    sizes = labelled(tasks).sizes
    return {
        "tasks": len(sizes),
        "smallest": sizes.min(),
        "median": int(np.median(sizes)),
        "largest": sizes.max(),
        "alone": int((sizes == 1).sum()),
    }


def place(table: Path) -> Path:
    """The folder of a table's page: its name, and a hash of where it lies.

    Two files of one name have different folders.
    """
    name = re.sub("[^A-Za-z0-9._-]+", "-", table.stem).strip("-.") or "table"
    where = hashlib.sha256(str(table.resolve()).encode()).hexdigest()
    return RESULTS / "tables" / f"{name}-{where[:6]}"


def said(tasks: TaskSet, concept: compare.Measured) -> dict | None:
    """The advice from the concept measure: the arm, and whether theory would pool or separate.

    Parameters
    ----------
    tasks : TaskSet
        The tasks.
    concept : compare.Measured
        Their p(y|x) measure.

    Returns
    -------
    dict or None
        None where the measure does not apply, and for tasks on shared rows or of different losses:
        the rule was not tried there.
    """
    published = evidence()
    if np.isnan(concept.ratio) or published is None or tasks.regime != ("own", "same"):
        return None
    arm = str(advice.choose(concept.ratio, published["pooled"], published["single"]))
    pool = bool(concept.ratio < advice.BREAK_EVEN)
    return {"ratio": concept.ratio, "arm": arm, "pool": pool, "p": concept.p}


def evidence() -> dict | None:
    """How the advice did on the problems of notebook 00, from rendered/; None without them."""
    folder = RENDERED / "00_what_is_a_task"
    metrics = read_json(folder / "metrics.json")
    claims = read_json(folder / "claims.json")
    if metrics is None or claims is None:
        return None
    value = {name: entry["value"] for name, entry in metrics["metrics"].items()}
    names = ("the advice", *(f"always {arm}" for arm in advice.ARMS))
    rules = {name: value[f"advice/regret/{name}".replace(" ", "-")] for name in names}
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


def _offers(table: Table, request: Request, folder: Path) -> list:
    """What the sections that take a table make of it; the parameters for those that run."""
    path = folder / f"{CLASSICAL}.yaml"
    path.unlink(missing_ok=True)
    values = {
        "your_table": str(table.path.resolve()),
        "your_table_sha256": store.sha256(table.path),
        "your_task": request.task,
        "your_target": list(request.target),
        "your_group": request.group,
        "your_keep": list(request.keep),
    }
    made = offers(table.tasks, values)
    if any(not offer.problem for offer in made):
        # JSON strings and lists are YAML.
        texts = {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
        lines = "".join(f"{key}: {text}\n" for key, text in texts.items())
        write_text(path, f"# Written by make diagnose; make SECTION TABLE=... reads it.\n{lines}")
    return made


def _usage(line: str) -> int:
    print(line, file=sys.stderr)
    return USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
