"""Labels of binary losses: which two values there are, and these as 0 and 1."""

import numpy as np

ENDING = " here: two values over all tasks. Only binary classification is supported."


def classes_of(ys, names, loss: str) -> np.ndarray:
    """The two values of all tasks together, the second is class 1.

    Parameters
    ----------
    ys : list of (m_t,)
        Numbers, True and False, or text.
    names : list
        Names of the tasks.
    loss : str
        Its name, for messages.

    Returns
    -------
    np.ndarray
        (2,), increasing; text in alphabetical order. Where all labels are 0 or all are 1, or all
        are -1, the other class is known: 1, 0 and 1.

    Raises
    ------
    ValueError
        Naming the task and a label, for text beside numbers, numbers that are not whole, more
        than two values, or one value of which the other is not known.
    """
    for name, y in zip(names, ys, strict=True):
        if is_text(y) != is_text(ys[0]):
            raise ValueError(
                f"task {name!r}: y of type {y.dtype}, in task {names[0]!r} of type {ys[0].dtype}"
            )
        _check_whole(name, y, loss)
    values, counts = np.unique(np.concatenate(ys), return_counts=True)
    if len(values) == 1:
        return _with_the_other(values, names[0], loss)
    if len(values) > 2:
        two = values[np.sort(np.argsort(-counts, kind="stable")[:2])]
        for name, y in zip(names, ys, strict=True):
            encoded(name, y, two, f"loss {loss} takes", ENDING)
    return values


def encoded(name, y, classes, allowed="the fitted classes are", ending="") -> np.ndarray:
    """Labels (m,) as 0.0 and 1.0.

    Raises
    ------
    ValueError
        Naming the task and a label that is none of the classes.
    """
    if is_text(y) != is_text(classes):
        both = f"{allowed} {shown(classes[0])} and {shown(classes[1])}"
        raise ValueError(f"task {name!r}: y of type {y.dtype}, {both}")
    is_one = y == classes[1]
    others = y[~is_one & (y != classes[0])]
    if len(others):
        both = f"{shown(classes[0])} and {shown(classes[1])}"
        raise ValueError(f"task {name!r}: label {shown(others[0])}, {allowed} {both}{ending}")
    return is_one.astype(float)


def is_text(values) -> bool:
    """Whether an array holds text."""
    return values.dtype.kind in "US"


def shown(label) -> str:
    """A label in a message: 1 for 1.0, quotes around text."""
    if isinstance(label, np.bool_ | str):
        return repr(label.item() if isinstance(label, np.generic) else label)
    return f"{label:g}"


def _check_whole(name, y, loss):
    """A class is no measurement."""
    if y.dtype.kind == "f" and (y != np.round(y)).any():
        label = y[y != np.round(y)][0]
        raise ValueError(
            f"task {name!r}: label {label:g}. Unknown label type: loss {loss} takes classes, "
            "which are whole numbers, True and False, or text"
        )


def _with_the_other(values, name, loss):
    """Both classes, where all labels of all tasks are of one."""
    for pair in ([0, 1], [-1, 1]):
        both = np.array(pair).astype(values.dtype) if not is_text(values) else values
        if len(both) == 2 and values[0] in both.tolist():
            return both
    raise ValueError(
        f"task {name!r}: one class, {shown(values[0])}, in all tasks; loss {loss} needs two"
    )
