"""A target column as labels with a loss."""

from dataclasses import dataclass

import numpy as np

from mtl_lib.assay.cells import all_compact_dates, all_dates
from mtl_lib.assay.columns import FREE_TEXT, Raw
from mtl_lib.assay.text import TableError, alphabetical, listed, shown
from mtl_lib.tasks import BINARY

TARGET_LOSSES = ("squared", *BINARY, "ce")
MOST_CLASSES = 50


@dataclass(frozen=True, eq=False)
class Labels:
    """One target column.

    Parameters
    ----------
    name : str
        The column.
    y : np.ndarray
        (n,) labels; 0 where there is none.
    observed : np.ndarray
        (n,) bool, where there is a label.
    loss : str
        One of ``TARGET_LOSSES``.
    kind : str
        "real", "count", "binary" or "classes".
    classes : tuple[str, ...]
        What the codes mean; () for numbers.
    note : str
        What a reader should be told.
    """

    name: str
    y: np.ndarray
    observed: np.ndarray
    loss: str
    kind: str
    classes: tuple[str, ...] = ()
    note: str = ""


def make_labels(column: Raw, loss: str | None) -> Labels:
    """Labels and loss of a target column.

    Parameters
    ----------
    column : Raw
        The column, with the rows that are kept.
    loss : str or None
        One of ``TARGET_LOSSES``; None infers it.

    Raises
    ------
    TableError
        Where loss and values do not fit.
    """
    column.merge_spellings()
    observed = ~column.missing
    seen = column.array[observed]
    values = np.unique(seen)
    if column.values is None and not column.free_text:  # codes in the order of the levels' names
        values = values[by_name(column, values)]
    _check_values(column, values, len(seen))
    loss = loss or _inferred(column, values)
    _check_loss(column, values, loss)
    if loss == "squared":
        return _numbers(column, values, observed)
    y = np.zeros(len(observed), np.int64)
    for k, value in enumerate(values):
        y[observed & (column.array == value)] = k
    classes = tuple(column.level(value) for value in values)
    kind = "binary" if loss in BINARY else "classes"
    note = _classes_note(column, classes, loss)
    return Labels(column.name, y, observed, loss, kind, classes, note)


def by_name(column: Raw, codes: np.ndarray) -> list[int]:
    """The order that sorts codes by their levels' names."""
    return sorted(range(len(codes)), key=lambda k: alphabetical(column.levels[codes[k]]))


def _check_values(column: Raw, values: np.ndarray, count: int) -> None:
    """Raises TableError where a column is no target."""
    target = f"target {shown(column.name)}"
    if column.free_text:
        why = f" ({column.note})" if column.note else ""
        raise TableError(
            f"{target} is text with over {FREE_TEXT} values{why}, at most {MOST_CLASSES} classes "
            "are allowed"
        )
    if len(values) == 0:
        raise TableError(f"{target} has no value")
    if len(values) == 1:
        level = shown(column.level(values[0]))
        raise TableError(f"{target} is constant: {level} in all {count} rows")
    if column.mixture:
        raise TableError(f"{target} is numbers in several ways: {column.mixture}")
    levels = [column.level(value) for value in values]
    if all_compact_dates(values) if column.values is not None else all_dates(levels):
        raise TableError(f"{target} holds dates ({shown(levels[0])}): give a number instead")


def _inferred(column: Raw, values: np.ndarray) -> str:
    """The loss that fits the values."""
    if len(values) == 2:
        return "logistic"
    return "ce" if column.values is None else "squared"


def _check_loss(column: Raw, values: np.ndarray, loss: str) -> None:
    """Raises TableError where a target's values do not fit a loss."""
    target = f"target {shown(column.name)}"
    if loss in BINARY and len(values) != 2:
        raise TableError(f"{target} has {len(values)} values, loss {loss} takes 2")
    if loss == "squared" and column.values is None:
        what = column.note or shown(column.level(values[0]))
        raise TableError(f"{target} is text ({what}), loss squared takes numbers")
    broken = values[values != np.floor(values)]
    if loss == "ce" and column.values is not None and len(broken):
        level = column.level(broken[0])
        raise TableError(f"{target} has the value {level}, loss ce takes text or whole numbers")
    if loss == "ce" and len(values) > MOST_CLASSES:
        first = column.note or f"first {shown(column.level(values[0]))}"
        raise TableError(
            f"{target} has {len(values)} classes ({first}), at most {MOST_CLASSES} are allowed"
        )


def _classes_note(column: Raw, classes: tuple[str, ...], loss: str) -> str:
    """How classes were read."""
    notes = []
    if column.values is None:
        notes.append(f"is text with {len(classes)} levels ({listed(classes)}), read as classes")
    if loss in BINARY:
        notes.append(f"{shown(classes[1])} is 1, {shown(classes[0])} is 0")
    if column.note:
        notes.append(column.note)
    if not notes:
        return ""
    colon = " " if column.values is None else ": "
    return f"target {shown(column.name)}{colon}{'; '.join(notes)}"


def _numbers(column: Raw, values: np.ndarray, observed: np.ndarray) -> Labels:
    """Labels that are numbers."""
    count = bool((values >= 0).all() and (values == np.floor(values)).all())
    notes = []
    if count:
        ends = f"{values[0]:.15g} to {values[-1]:.15g}"
        notes.append(f"target {shown(column.name)} holds counts ({ends}), read as numbers")
        if len(values) <= 10:
            notes.append("loss ce reads them as classes")
    if column.note:
        notes.append(column.note if notes else f"target {shown(column.name)}: {column.note}")
    y = np.where(observed, column.values, 0.0)
    kind = "count" if count else "real"
    return Labels(column.name, y, observed, "squared", kind, (), "; ".join(notes))
