"""Tables of the nodes: numbers (n, d), and the names of their columns where they are frames."""

import warnings

import numpy as np
from scipy.sparse import issparse

from mtl_lib import checks


def table(owner: str, x) -> np.ndarray:
    """A table of finite numbers.

    Parameters
    ----------
    owner : str
        The node, for messages.
    x : array_like
        (n, d): an array, a frame or lists of numbers. Objects become numbers where all are.

    Returns
    -------
    np.ndarray
        (n, d), of any numeric type.

    Raises
    ------
    ValueError
        One line, for anything else.
    """
    if issparse(x):
        raise ValueError(f"{owner}: X is sparse, allowed are dense tables: pass X.toarray()")
    if np.ma.is_masked(x):
        raise ValueError(f"{owner}: X has masked values, all must be known")
    try:
        array = np.asarray(x)
    except ValueError:  # rows of several lengths
        raise ValueError(f"{owner}: X is no table (n, d) of numbers") from None
    if array.ndim != 2:
        raise ValueError(f"{owner}: samples of shape {array.shape[1:]}, allowed are tables (n, d)")
    return _finite(owner, array)


def _finite(owner, array):
    """The table (n, d) as finite numbers."""
    if array.dtype == object:
        columns = [checks.vector(owner, array[:, k], f"column {k}") for k in range(array.shape[1])]
        array = np.column_stack(columns) if columns else array.astype(float)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{owner}: X of type {array.dtype}, allowed are numbers")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        row = np.argwhere(~np.isfinite(array))[0][0]
        raise ValueError(f"{owner}: NaN or infinity in row {row}")
    return array


def columns_of(owner: str, x) -> tuple[str, ...]:
    """The names of a frame's columns; () for an array, and where no name is text.

    ValueError names the owner, where only some of the names are text.
    """
    names = tuple(getattr(x, "columns", ()))
    text = [isinstance(name, str) for name in names]
    if any(text) and not all(text):
        position = text.index(False)
        raise ValueError(
            f"{owner}: column {position} has the name {names[position]!r}, others have text: "
            "allowed are names that are all text or none"
        )
    return names if all(text) else ()


def common_columns(columns: dict[str, tuple]) -> tuple[str, ...]:
    """The names of the columns, which must be the same at all nodes.

    Parameters
    ----------
    columns : dict
        Node -> names of its columns, () for none.

    Returns
    -------
    tuple of str
        () where a node has none; a warning says so if others have some.

    Raises
    ------
    ValueError
        Names the first node whose columns have other names or another order.
    """
    named = {node: tuple(names) for node, names in columns.items() if len(names)}
    if not named:
        return ()
    first, expected = next(iter(named.items()))
    for node, names in named.items():
        check_columns(f"node {node!r}", names, f"node {first!r}", expected)
    unnamed = [node for node in columns if node not in named]
    if unnamed:
        warnings.warn(
            f"node {unnamed[0]!r} has no column names, node {first!r} has: the order of the "
            "columns is not checked",
            stacklevel=5,
        )
        return ()
    return expected


def check_columns(owner: str, names, reference: str, expected) -> None:
    """Raises ValueError, one line that names columns, unless ``names`` are ``expected``."""
    if len(names) == len(expected) and all(a == b for a, b in zip(names, expected, strict=True)):
        return
    unseen = [repr(name) for name in names if name not in expected]
    missing = [repr(name) for name in expected if name not in names]
    if not unseen and not missing and len(names) == len(expected):
        k = next(k for k, name in enumerate(names) if name != expected[k])
        raise ValueError(
            f"{owner}: column {k} is {names[k]!r}, in {reference} it is {expected[k]!r}: the "
            "columns must be in the same order"
        )
    raise ValueError(
        f"{owner}: the columns are not those of {reference}: "
        f"new are {', '.join(unseen[:5]) or 'none'}, missing are {', '.join(missing[:5]) or 'none'}"
    )
