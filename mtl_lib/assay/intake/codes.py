"""Labels of arrays as numbers or codes of classes, one loss for all tasks."""

from dataclasses import dataclass

import numpy as np

from mtl_lib.assay.labels import MOST_CLASSES, TARGET_LOSSES
from mtl_lib.tasks import BINARY

LOSSES = (*TARGET_LOSSES, "poisson")


@dataclass(frozen=True, eq=False)
class Codes:
    """Labels of all tasks.

    Parameters
    ----------
    y : list[np.ndarray]
        (m,) numbers or codes of each task.
    observed : list[np.ndarray]
        (m,) bool, where there is a label.
    loss : str
        Of every task.
    classes : tuple[str, ...]
        What codes mean.
    """

    y: list[np.ndarray]
    observed: list[np.ndarray]
    loss: str
    classes: tuple[str, ...] = ()


def coded(labels: list, loss: str | None) -> Codes:
    """Labels with the loss that fits them: two values are classes, and so is text.

    Raises
    ------
    ValueError
        For a loss that is not known or does not fit.
    """
    if loss is not None and loss not in LOSSES:
        raise ValueError(f"loss {loss!r}, allowed are {', '.join(LOSSES)}")
    arrays = [_flat(values) for values in labels]
    numeric = all(array.dtype.kind in "fiu" for array in arrays)
    if numeric:
        observed = [np.isfinite(array.astype(float)) for array in arrays]
    else:
        arrays = [array.astype(str) for array in arrays]
        observed = [~np.isin(array, ("", "nan", "None", "<NA>")) for array in arrays]
    values = np.unique(np.concatenate([a[seen] for a, seen in zip(arrays, observed, strict=True)]))
    if len(values) < 2:
        raise ValueError(f"labels have {len(values)} different values, at least two are needed")
    loss = loss or _inferred(numeric, len(values))
    if loss in ("squared", "poisson"):
        if not numeric:
            raise ValueError(f"labels are text ({values[0]!r}), loss {loss} takes numbers")
        made = [np.where(s, a.astype(float), 0.0) for a, s in zip(arrays, observed, strict=True)]
        return Codes(made, observed, "squared")
    most = 2 if loss in BINARY else MOST_CLASSES
    if len(values) > most:
        raise ValueError(f"labels have {len(values)} different values, loss {loss} takes {most}")
    made = [np.minimum(np.searchsorted(values, array), len(values) - 1) for array in arrays]
    names = tuple(f"{v:.15g}" if numeric else str(v) for v in values.tolist())
    return Codes(made, observed, loss, names)


def _inferred(numeric: bool, values: int) -> str:
    """The loss that fits labels of so many values."""
    if values == 2:
        return "logistic"
    return "squared" if numeric else "ce"


def _flat(values) -> np.ndarray:
    """(m,) labels."""
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"labels have shape {array.shape}, expected one label for each row")
    return array
