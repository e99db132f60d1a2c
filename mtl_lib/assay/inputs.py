"""All columns without a role as one array of inputs."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from mtl_lib.assay.cells import all_compact_dates, all_dates
from mtl_lib.assay.columns import FREE_TEXT, Raw
from mtl_lib.assay.dates import to_days
from mtl_lib.assay.labels import Labels, by_name
from mtl_lib.assay.roles import TaskRows
from mtl_lib.assay.text import TableError, shown
from mtl_lib.tasks import Inputs

MOST_LEVELS = 30  # of a category among the inputs
ROWS_A_LEVEL = 3  # on average, for more levels
NO_INPUT = "no input"
DATES = "dates: give a number instead, such as days since a start"

Arrays = dict[str, np.ndarray]  # title -> (n,) numbers without NaN


@dataclass(frozen=True)
class Column:
    """What became of one column that is neither task, target nor group.

    Parameters
    ----------
    name : str
        The column.
    kind : str
        ``"number"``, ``"binary"`` (two values, coded 0 and 1), ``"category"`` (one 0/1 column per
        level but the most frequent) or ``"dropped"``.
    levels : tuple[str, ...]
        The values of a binary column (0 first) or a category, else empty.
    count : int
        Distinct values; of free text no more than 1,001 are counted.
    missing : float
        Share of rows without a value.
    note : str
        Why it was dropped, how it is coded, or what to beware of.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    count: int = 0
    missing: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class Rules:
    """What decides on a column besides its values.

    Parameters
    ----------
    labels : list[Labels]
        The targets, which no input may equal.
    parts : TaskRows or None
        The rows of each task.
    ids : dict[str, str]
        Columns that name rows -> why.
    keep : list[str]
        Columns to keep although they look like ids or dates.
    """

    labels: list[Labels]
    parts: TaskRows | None
    ids: dict[str, str]
    keep: list[str]


def make_inputs(
    columns: dict[str, Raw], rules: Rules, name: str, bare: bool = False
) -> tuple[list[Column], Inputs]:
    """What became of each remaining column, and the inputs they make.

    Parameters
    ----------
    columns : dict[str, Raw]
        The columns without a role. The dict is emptied: memory is for one copy.
    rules : Rules
        What decides besides the values.
    name : str
        Name of the inputs.
    bare : bool
        Whether none may be left; then the inputs are one column of zeros, ``NO_INPUT``.

    Raises
    ------
    TableError
        Where no input is left, or a column cannot be kept.
    """
    results = []
    arrays = {}
    for key in list(columns):
        column, own = _feature(columns.pop(key), rules)
        if column.name in rules.keep and not own:
            raise TableError(f"column {shown(column.name)} cannot be kept: {column.note}")
        results.append(column)
        for title, array in own.items():
            arrays[_unused(title, arrays)] = array
    if not arrays and bare:
        arrays[NO_INPUT] = 0.0
    if not arrays:
        why = "; ".join(f"{column.name}: {column.note}" for column in results)
        raise TableError(
            f"no column is left as an input ({why})"
            if why
            else "there is no column besides task, target and group"
        )
    titles = tuple(arrays)
    stacked = np.empty((len(rules.labels[0].y), len(titles)))
    for k, title in enumerate(titles):
        stacked[:, k] = arrays.pop(title)
    return results, Inputs(name, stacked, columns=titles)


def _unused(title: str, taken) -> str:
    while title in taken:
        title += "'"
    return title


def _feature(raw: Raw, rules: Rules) -> tuple[Column, Arrays]:
    """One column as inputs; no arrays for a column that is dropped."""
    missing = raw.missing
    if missing.all():
        return Column(raw.name, "dropped", missing=1.0, note="has no value"), {}
    share = float(missing.mean())
    if raw.free_text:
        note = f"text with over {FREE_TEXT} levels"
        return Column(raw.name, "dropped", (), len(raw.levels), share, note), {}
    raw.merge_spellings()
    values, counts = np.unique(raw.array[~missing], return_counts=True)
    why = _why_dropped(raw, missing, values, rules)
    if why:
        return Column(raw.name, "dropped", (), len(values), share, why), {}
    if len(values) == 1:
        column, arrays = _one_value(raw, values[0], missing)
    elif raw.name not in rules.keep and (days := _as_days(raw, values)) is not None:
        column, arrays = _dates(raw, days, missing)
    elif raw.values is None:
        column, arrays = _text(raw, values, counts, missing)
    else:
        column, arrays = _number(raw, values, missing)
    notes = [column.note, raw.note if raw.values is not None else ""]
    if arrays and rules.parts is not None and rules.parts.constant(raw):
        notes.append("constant inside a task: no single-task model can use it")
    note = "; ".join(filter(None, notes))
    return Column(raw.name, column.kind, column.levels, len(values), share, note), arrays


def _why_dropped(raw: Raw, missing: np.ndarray, values: np.ndarray, rules: Rules) -> str:
    """Why a column is no input whatever its kind, or ""."""
    same = next((labels for labels in rules.labels if _equals(raw, missing, labels)), None)
    if same is not None:
        return f"equals the target {shown(same.name)}: left out"
    if raw.name in rules.keep:
        return ""
    if raw.name in rules.ids:
        return rules.ids[raw.name]
    return ""


def _as_days(raw: Raw, values: np.ndarray) -> np.ndarray | None:
    """(n,) days of a column of dates that can be read in one way, NaN where missing; else None."""
    if raw.values is not None:
        if not all_compact_dates(values[:100]) or not all_compact_dates(values):
            return None
        days = to_days([f"{value:.15g}" for value in values])
        place = np.searchsorted(values, np.where(raw.missing, values[0], raw.values))
    else:
        levels = [raw.levels[code] for code in values]
        days = to_days(levels) if all_dates(levels) else None
        place = np.searchsorted(values, np.where(raw.missing, values[0], raw.codes))
    return None if days is None else np.where(raw.missing, np.nan, days[place])


def _dates(raw: Raw, days: np.ndarray, missing: np.ndarray) -> tuple[Column, Arrays]:
    """Dates as days since the first of them."""
    first = np.nanmin(days)
    note = f"dates, read as days since {date.fromordinal(int(first))}"
    column = Column(raw.name, "number", note=note)
    days = days - first
    if not missing.any():
        return column, {raw.name: days}
    days = np.where(missing, np.median(days[~missing]), days)
    return column, {raw.name: days, f"{raw.name} missing": missing}


def _one_value(raw: Raw, value, missing: np.ndarray) -> tuple[Column, Arrays]:
    """A column that says something only by being empty, or nothing."""
    level = raw.level(value)
    if missing.any():
        column = Column(raw.name, "binary", (level, "missing"), note="one value or none")
        return column, {f"{raw.name} missing": missing}
    return Column(raw.name, "dropped", note=f"constant, {shown(level)}"), {}


def _number(raw: Raw, values: np.ndarray, missing: np.ndarray) -> tuple[Column, Arrays]:
    """Numbers; two of them become 0 and 1. A missing one is the median, and marked."""
    x = raw.values
    column = Column(raw.name, "number", note=_number_note(x, values))
    if len(values) == 2:
        levels = tuple(raw.level(value) for value in values)
        note = "" if levels == ("0", "1") else f"{levels[1]} is 1, {levels[0]} is 0"
        column = Column(raw.name, "binary", levels, note=note)
        x = np.where(missing, np.nan, x == values[1])
    if not missing.any():
        return column, {raw.name: x}
    x = np.where(missing, np.median(x[~missing]), x)
    return column, {raw.name: x, f"{raw.name} missing": missing}


def _number_note(x: np.ndarray, values: np.ndarray) -> str:
    """What to beware of where all numbers differ."""
    if len(x) > 2 and (np.diff(x) == 1).all():
        return "counts the rows: is it a row number?"
    if len(x) >= 10 and len(values) == len(x) and (values == np.floor(values)).all():
        return "whole numbers that all differ: is it an id?"
    return ""


def _text(raw: Raw, values, counts, missing) -> tuple[Column, Arrays]:
    """0/1 columns for all levels but the most frequent, or for the last of two.

    Dates and long lists are dropped; of many levels the commonest are taken.
    """
    order = by_name(raw, values)
    codes = values[order]
    counts = counts[order]
    levels = tuple(raw.levels[code] for code in codes)
    dropped = _why_no_category(levels, counts.sum())
    if dropped:
        return Column(raw.name, "dropped", note="; ".join(filter(None, [dropped, raw.note]))), {}
    if len(levels) > MOST_LEVELS:
        return _commonest(raw, codes, counts, missing)
    if len(levels) == 2 and not missing.any():
        note = f"{shown(levels[1])} is 1, {shown(levels[0])} is 0"
        column = Column(raw.name, "binary", levels, note="; ".join(filter(None, [note, raw.note])))
        return column, {f"{raw.name} {levels[1]}": raw.codes == codes[1]}
    base = int(np.argmax(counts))
    arrays = {
        f"{raw.name} {level}": raw.codes == code
        for level, code in zip(levels, codes, strict=True)
        if code != codes[base]
    }
    if missing.any():
        arrays[_unused(f"{raw.name} missing", arrays)] = missing
        levels += ("missing",)
    note = "; ".join(filter(None, [f"against {shown(raw.levels[codes[base]])}", raw.note]))
    return Column(raw.name, "category", levels, note=note), arrays


def _commonest(raw: Raw, codes, counts, missing) -> tuple[Column, Arrays]:
    """0/1 columns of the commonest of many levels, against all others."""
    common = np.sort(np.argsort(-counts, kind="stable")[: MOST_LEVELS - 1])
    levels = tuple(raw.levels[code] for code in codes[common])
    arrays = {
        f"{raw.name} {level}": raw.codes == code
        for level, code in zip(levels, codes[common], strict=True)
    }
    if missing.any():
        arrays[_unused(f"{raw.name} missing", arrays)] = missing
        levels += ("missing",)
    note = f"{len(codes)} levels, of which the {len(common)} commonest against all others"
    note = "; ".join(filter(None, [note, raw.note]))
    return Column(raw.name, "category", levels, note=note), arrays


def _why_no_category(levels: tuple[str, ...], rows: int) -> str:
    """Why a text column is no category, or ""."""
    if all_dates(levels):
        return DATES
    if len(levels) > MOST_LEVELS and rows < ROWS_A_LEVEL * len(levels):
        return (
            f"text with {len(levels)} levels in {rows} rows: more than {MOST_LEVELS} are used only "
            f"with {ROWS_A_LEVEL} rows a level"
        )
    if len(levels) > 2 and 10 * len(levels) > 9 * rows:
        return f"text, {len(levels)} different in {rows} rows"
    return ""


def _equals(raw: Raw, missing: np.ndarray, labels: Labels) -> bool:
    """Whether a column is the target in other units or under other names.

    Decided on at least half of the labels and at least four.
    """
    both = ~missing & labels.observed
    if both.sum() < max(4, labels.observed.sum() / 2):
        return False
    x = raw.array[both]
    y = labels.y[both]
    if raw.values is not None and labels.loss == "squared":
        return _affine(x, y)
    return _one_to_one(x, y)


def _affine(x: np.ndarray, y: np.ndarray) -> bool:
    """y = a + b x with b not 0, up to rounding."""
    x = x - x.mean()
    y = y - y.mean()
    scales = np.abs(x).max(), np.abs(y).max()
    if 0 in scales:
        return False
    x = x / scales[0]
    y = y / scales[1]
    slope = (x @ y) / (x @ x)
    return bool(slope != 0 and np.abs(y - slope * x).max() < 1e-9)


def _one_to_one(x: np.ndarray, y: np.ndarray) -> bool:
    """The same values under other names; values that hardly repeat prove nothing."""
    xs, x = np.unique(x, return_inverse=True)
    ys, y = np.unique(y, return_inverse=True)
    return 1 < len(xs) == len(ys) <= len(x) / 2 and len(np.unique(x * len(ys) + y)) == len(xs)
