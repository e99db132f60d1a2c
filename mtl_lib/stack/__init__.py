"""Many models trained as one: the leading axis of every tensor is "which model"."""

from mtl_lib.stack.stack import (
    MLP,
    SGD,
    STACK_LOSSES,
    Adam,
    Loss,
    Module,
    Stack,
    is_bias,
    mixed,
)

__all__ = ["MLP", "SGD", "STACK_LOSSES", "Adam", "Loss", "Module", "Stack", "is_bias", "mixed"]
