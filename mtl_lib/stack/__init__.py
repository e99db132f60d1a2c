"""Many models trained as one: the leading axis of every tensor is "which model".

``Stack`` holds the parameters of K models. ``MLP``, ``NormedMLP`` and ``Module`` are their
architectures, ``SGD`` and ``Adam`` step every model on its own, ``STACK_LOSSES`` are the losses
with closed gradients.
"""

from mtl_lib.stack.adam import Adam
from mtl_lib.stack.layers import MLP, Module, is_bias
from mtl_lib.stack.losses import STACK_LOSSES, StackLoss
from mtl_lib.stack.normed import NormedMLP
from mtl_lib.stack.optimisers import SGD
from mtl_lib.stack.products import product
from mtl_lib.stack.roots import square_root
from mtl_lib.stack.stack import Stack, mixed
from mtl_lib.stack.tree import tree_leaves, tree_map

__all__ = [
    "MLP",
    "SGD",
    "STACK_LOSSES",
    "Adam",
    "StackLoss",
    "Module",
    "NormedMLP",
    "Stack",
    "is_bias",
    "mixed",
    "product",
    "square_root",
    "tree_leaves",
    "tree_map",
]
