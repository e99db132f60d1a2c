"""Losses per sample of neural networks, and the labels that each of them takes."""

import numbers

import numpy as np
from torch.nn import functional as F

from mtl_lib.stack import STACK_LOSSES

NO_TAG = -100  # the tag of a token without label
SHAPES = {"one": (1,), "several": (1, 2), "tokens": (2,)}  # axes of the labels of a task
SAID = {
    "one": "one number per sample",
    "several": "one or several numbers per sample",
    "tokens": "one tag per token",
}


class NetworkLoss:
    """A loss per sample and the kind of labels that it takes.

    Parameters
    ----------
    value : callable
        Scores z and labels y of K networks to the losses (K, B).
    classes : bool
        Whether a label is a class, so that a task needs two of them.
    coded : bool
        Whether labels are whole numbers 0..C-1, one for each of a head's C outputs.
    shape : {"one", "several", "tokens"}
        Labels of n samples: (n,); (n,) or (n, labels); (n, tokens), with ``NO_TAG`` where a token
        has no label.
    """

    def __init__(self, value, classes: bool, coded: bool = False, shape: str = "one"):
        self.value = value
        self.classes = classes
        self.coded = coded
        self.shape = shape

    def labels(self, task) -> tuple[np.ndarray, np.ndarray]:
        """The labels of a task with something in every place, and which samples are labelled.

        Parameters
        ----------
        task : Task
            Its labels are (n,), (n, 1), (n, labels) or (n, tokens).

        Returns
        -------
        y : np.ndarray
            (n,) or (n, labels), 0 where a label is hidden; (n, tokens), ``NO_TAG`` where it is.
        there : np.ndarray
            (n,) bool: a sample has all its labels; of a sequence of tags, one of them.

        Raises
        ------
        ValueError
            Naming the task, for labels that are no finite numbers or of another shape.
        """
        owner = f"task {task.name!r}"
        y = self._shaped(_numbers(owner, task.y))
        if y.ndim not in SHAPES[self.shape]:
            raise ValueError(
                f"{owner}: labels of shape {np.shape(task.y)}, "
                f"loss {task.loss} takes {SAID[self.shape]}"
            )
        there = np.ones(y.shape, bool)
        if task.observed is not None:
            there = self._shaped(np.asarray(task.observed))
        _check_finite(owner, y, there)
        if self.shape == "tokens":
            y = np.where(there, y, NO_TAG)
            return y, (y != NO_TAG).any(axis=1)
        return np.nan_to_num(y), there.reshape(len(y), -1).all(axis=1)

    def known(self, y):
        """Of the labels of labelled samples those that count: tags of tokens without ``NO_TAG``."""
        return y[y != NO_TAG] if self.shape == "tokens" else y

    def check(self, task, known: np.ndarray) -> None:
        """Raise ValueError, naming the task, where its known labels can train nothing."""
        if not known.size:
            raise ValueError(f"task {task.name!r}: no label, at least one is needed")
        wrong = known[~self._allowed(known)]
        if wrong.size:
            raise ValueError(
                f"task {task.name!r}: label {wrong.flat[0]}, loss {task.loss} takes "
                + ("whole numbers, one for each output of its head" if self.coded else "0 and 1")
            )
        if self.classes and len(np.unique(known)) < 2:
            raise ValueError(
                f"task {task.name!r}: one class, {known.flat[0]}; loss {task.loss} needs two"
            )

    def _allowed(self, known):
        if self.coded:
            return known == np.floor(known)
        return np.isin(known, (0, 1)) | (not self.classes)

    def _shaped(self, values):
        """(n, 1) is (n,), except for sequences of one token."""
        if self.shape == "tokens":
            return values.reshape(-1, 1) if values.ndim == 1 else values
        return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _numbers(owner, y):
    """Labels as an array of numbers, also where they came as objects; None is a missing one."""
    y = np.asarray(y)
    if y.dtype == object:
        for value in y.flat:
            if value is not None and not isinstance(value, numbers.Real | np.bool_):
                raise ValueError(f"{owner}: label {value!r}, numbers are needed")
        y = y.astype(float)
    if y.dtype.kind not in "biuf":
        raise ValueError(f"{owner}: label {y.flat[0].item()!r}, numbers are needed")
    return y


def _check_finite(owner, y, there):
    """Raise ValueError where a label that is there is not finite."""
    bad = np.argwhere(~np.isfinite(y) & there)
    if len(bad):
        raise ValueError(f"{owner}: label of sample {bad[0][0]} is {y[tuple(bad[0])]}")


def _per_label(z, y):
    """Binary cross-entropy, mean over labels where there are several; z and y (K, B[, labels])."""
    losses = F.binary_cross_entropy_with_logits(z, y.to(z.dtype), reduction="none")
    return losses.mean(-1) if losses.ndim > 2 else losses


def _per_token(z, y):
    """Cross-entropy, mean over the tagged tokens of a sample, 0 where none is tagged.

    z is (K, B, L, tags), y (K, B, L).
    """
    there = y != NO_TAG
    losses = F.cross_entropy(z.movedim(-1, 1), y, ignore_index=NO_TAG, reduction="none")
    return losses.sum(-1) / there.sum(-1).clamp(min=1)


# Gradients are autograd's here: no slope is needed
NETWORK_LOSSES = {
    "squared": NetworkLoss(STACK_LOSSES["squared"].value, classes=False, shape="several"),
    "logistic": NetworkLoss(STACK_LOSSES["logistic"].value, classes=True),
    "squared_hinge": NetworkLoss(STACK_LOSSES["squared_hinge"].value, classes=True),
    "ce": NetworkLoss(STACK_LOSSES["ce"].value, classes=True, coded=True),
    "bce": NetworkLoss(_per_label, classes=True, shape="several"),
    "token_ce": NetworkLoss(_per_token, classes=True, coded=True, shape="tokens"),
}
