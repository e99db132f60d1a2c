"""Names of columns: two frames are compared by them, never by position alone."""

import warnings

SHOWN = 6  # names in a message


def columns_of_frames(tables) -> tuple[str, ...] | None:
    """The names that all tables have in common; None where none has names.

    Tables that are no frames, or whose columns have numbers for names, have none.

    Raises
    ------
    ValueError
        Naming the task whose columns differ, in names or order, from the first that has any.
    """
    return _common((k, _names(table)) for k, table in enumerate(tables))


def columns_of_tasks(tasks) -> tuple[str, ...] | None:
    """As ``columns_of_frames``, from the inputs of a TaskSet."""
    return _common((task.name, tuple(task.inputs.columns) or None) for task in tasks)


def check_columns(given, fitted, owner: str, stacklevel: int) -> None:
    """Compare the columns of new data with those of the fit.

    Where only one of the two has names, a warning says so, as in scikit-learn.

    Parameters
    ----------
    given, fitted : tuple of str, or None
        Names of the columns.
    owner : str
        The class in the message.
    stacklevel : int
        Of the warning.

    Raises
    ------
    ValueError
        For other columns, or the same in another order.
    """
    if given == fitted:
        return
    if given is None:
        message = f"X does not have valid feature names, but {owner} was fitted with feature names"
    elif fitted is None:
        message = f"X has feature names, but {owner} was fitted without feature names"
    else:
        raise ValueError(f"{owner}: X has {_difference(given, fitted)} at the fit")
    warnings.warn(message, UserWarning, stacklevel=stacklevel + 1)


def _names(table):
    """Names of a frame's columns, or None."""
    columns = getattr(table, "columns", None)
    if columns is None:
        return None
    names = tuple(columns)
    if all(isinstance(name, str) for name in names):
        return names or None
    if any(isinstance(name, str) for name in names):
        kinds = ", ".join(sorted({type(name).__name__ for name in names}))
        raise ValueError(f"X has columns named by several kinds ({kinds}), allowed is text")
    return None


def _common(named):
    """The one tuple of names among (task, names)."""
    first = None
    for task, names in named:
        if names is None:
            continue
        if first is None:
            first_task = task
            first = names
        elif names != first:
            raise ValueError(f"task {task!r}: X has {_difference(names, first)} in {first_task!r}")
    return first


def _difference(given, expected):
    """What differs, in words that end in the expected names."""
    if sorted(given) == sorted(expected):
        return f"columns in another order: {_listed(given)}, but {_listed(expected)}"
    unknown = [name for name in given if name not in expected]
    missing = [name for name in expected if name not in given]
    return (
        f"columns {_listed(given)} (unknown: {_listed(unknown)}; missing: {_listed(missing)}), "
        f"but {_listed(expected)}"
    )


def _listed(names):
    """Some names, quoted."""
    shown = ", ".join(map(repr, names[:SHOWN])) or "none"
    return shown + (f", ... ({len(names)})" if len(names) > SHOWN else "")
