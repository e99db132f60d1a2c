"""Layers of K networks at once: the leading axis of all tensors is "which network".

A layer draws the weights of one network (``draw``), maps the outputs of the layer below to its own
(``layer(*weights, h)``), and counts its operations (``flops``). ``parts`` names its weights.
``Layer`` is the base of all; a layer of one's own needs no more than these four.
"""

from mtl_lib.neural.layers.adapters import LowRank, adapted
from mtl_lib.neural.layers.base import Layer, Spelled
from mtl_lib.neural.layers.dense import Dense
from mtl_lib.neural.layers.images import Conv, MeanPool
from mtl_lib.neural.layers.norm import LayerNorm
from mtl_lib.neural.layers.recurrent import GRU
from mtl_lib.neural.layers.residual import Residual
from mtl_lib.neural.layers.sequences import Bag, Tokens

__all__ = [
    "GRU",
    "Bag",
    "Conv",
    "Dense",
    "Layer",
    "LayerNorm",
    "LowRank",
    "MeanPool",
    "Residual",
    "Spelled",
    "Tokens",
    "adapted",
]
