"""Many models trained as one: the leading axis of every tensor is "which model"."""

from mtl_lib.stack.stack import LOSSES, MLP, SGD, Adam, Loss, Module, Stack, is_bias, mixed

__all__ = ["LOSSES", "MLP", "SGD", "Adam", "Loss", "Module", "Stack", "is_bias", "mixed"]
