"""Losses per sample of neural networks: the stack's, and those of several answers at once."""

from torch.nn import functional as F

from mtl_lib.stack.stack import STACK_LOSSES, Loss

NO_TAG = -100  # the tag of a token without label


def _per_label(z, y):
    """Binary cross-entropy, mean over labels; z and y (K, B, labels)."""
    return F.binary_cross_entropy_with_logits(z, y.to(z.dtype), reduction="none").mean(-1)


def _per_token(z, y):
    """Cross-entropy, mean over the tokens of a sample that have a tag; z (K, B, L, tags), y (K, B, L). 0 where none has."""
    there = y != NO_TAG
    found = F.cross_entropy(z.movedim(-1, 1), y, ignore_index=NO_TAG, reduction="none")
    return found.sum(-1) / there.sum(-1).clamp(min=1)


# Gradients are autograd's here: no slope is needed
NETWORK_LOSSES = {**STACK_LOSSES, "bce": Loss(_per_label, None), "token_ce": Loss(_per_token, None)}
