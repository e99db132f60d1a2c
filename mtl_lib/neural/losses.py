"""Losses per sample of neural networks, and the labels that each of them takes."""

import numpy as np
import torch
from torch.nn import functional as F

from mtl_lib.checks.targets import NO_TAG
from mtl_lib.stack import STACK_LOSSES


class NetworkLoss:
    """A loss per sample and the kind of labels that it takes.

    Parameters
    ----------
    value : callable
        Scores z and labels y of K networks to the losses (K, B).
    slope : callable
        Scores and labels to the derivative of the losses in the scores, shaped like them.
    classes : bool
        Whether a label is a class, so that a task needs two of them.
    coded : bool
        Whether labels are whole numbers 0..C-1, one for each of a head's C outputs.
    tokens : bool
        Whether every token of a sample has a label, (n, L), ``NO_TAG`` for none.
    """

    def __init__(
        self, value, slope, classes: bool = True, coded: bool = False, tokens: bool = False
    ):
        self.value = value
        self.slope = slope
        self.classes = classes
        self.coded = coded
        self.tokens = tokens

    def labels(self, task) -> tuple[np.ndarray, np.ndarray]:
        """The labels of a task with something in every place, and which samples are labelled.

        Parameters
        ----------
        task : Task
            Its labels have the form that the loss takes.

        Returns
        -------
        y : np.ndarray
            (n,) or (n, labels), 0 where a label is hidden; (n, tokens), ``NO_TAG`` where it is.
        there : np.ndarray
            (n,) bool: a sample has all its labels; of a sequence of tags, one of them.
        """
        y = task.y
        there = np.ones(y.shape, bool) if task.observed is None else task.observed
        if self.tokens:
            y = np.where(there, y, NO_TAG)
            return y, (y != NO_TAG).any(axis=1)
        if y.ndim == 2 and y.shape[1] == 1:  # a head of one output has scores (K, B)
            y = y[:, 0]
        return np.nan_to_num(y), there.reshape(len(y), -1).all(axis=1)

    def known(self, y):
        """Of the labels of labelled samples those that count: tags of tokens without ``NO_TAG``."""
        return y[y != NO_TAG] if self.tokens else y

    def check(self, task, known: np.ndarray) -> None:
        """Raise ValueError, naming the task, where its known labels can train nothing."""
        if not known.size:
            raise ValueError(f"task {task.name!r}: no label, at least one is needed")
        on_purpose = task.meta.get("constant", False)  # see transforms.constant
        if self.classes and not on_purpose and len(np.unique(known)) < 2:
            raise ValueError(
                f"task {task.name!r}: one class, {known.flat[0]}; loss {task.loss} needs two"
            )


def _per_label(z, y):
    """Binary cross-entropy, mean over labels where there are several; z and y (K, B[, labels])."""
    losses = F.binary_cross_entropy_with_logits(z, y.to(z.dtype), reduction="none")
    return losses.mean(-1) if losses.ndim > 2 else losses


def _per_label_slope(z, y):
    """sigmoid(z) - y over the number of labels."""
    slope = torch.sigmoid(z) - y.to(z.dtype)
    return slope / z.shape[-1] if z.ndim > 2 else slope


def _per_token(z, y):
    """Cross-entropy, mean over the tagged tokens of a sample, 0 where none is tagged.

    z is (K, B, L, tags), y (K, B, L).
    """
    there = y != NO_TAG
    losses = F.cross_entropy(z.movedim(-1, 1), y, ignore_index=NO_TAG, reduction="none")
    return losses.sum(-1) / there.sum(-1).clamp(min=1)


def _per_token_slope(z, y):
    """softmax(z), less 1 at the tag, over the number of tagged tokens; 0 where there is no tag."""
    there = y != NO_TAG
    minus_one = z.new_full((*y.shape, 1), -1.0)
    slope = torch.softmax(z, -1).scatter_add_(-1, y.clamp(min=0)[..., None], minus_one)
    shares = there.to(z.dtype) / there.sum(-1, keepdim=True).clamp(min=1)
    return slope * shares[..., None]


def _of_stack(name: str, **kind) -> NetworkLoss:
    """A loss of the stack."""
    return NetworkLoss(STACK_LOSSES[name].value, STACK_LOSSES[name].slope, **kind)


NETWORK_LOSSES = {
    "squared": _of_stack("squared", classes=False),
    "logistic": _of_stack("logistic"),
    "squared_hinge": _of_stack("squared_hinge"),
    "ce": _of_stack("ce", coded=True),
    "bce": NetworkLoss(_per_label, _per_label_slope),
    "token_ce": NetworkLoss(_per_token, _per_token_slope, coded=True, tokens=True),
}
