"""Penalties g(W): what it means for tasks to be related. W is (T, d), one row per task.

``base`` says what a penalty is; ``means`` are quadratics that relate tasks to their mean or along
a graph; ``norms`` are sums over entries, features or tasks; ``spectral`` are functions of the
singular values; ``sums`` split W into two parts with a norm each.
"""

from mtl_lib.classical.penalties.base import OverFeatures, Penalty
from mtl_lib.classical.penalties.means import Graph, MeanRegularized, Pooled, Ridge, mean_direction
from mtl_lib.classical.penalties.norms import L1, L21, LargestPerFeature, TaskNorm, soft_scale
from mtl_lib.classical.penalties.spectral import MTRL, Clustered, TraceNorm
from mtl_lib.classical.penalties.sums import Dirty, Robust, SumOfTwo

__all__ = [
    "L1",
    "L21",
    "MTRL",
    "Clustered",
    "Dirty",
    "Graph",
    "LargestPerFeature",
    "MeanRegularized",
    "OverFeatures",
    "Penalty",
    "Pooled",
    "Ridge",
    "Robust",
    "SumOfTwo",
    "TaskNorm",
    "TraceNorm",
    "mean_direction",
    "soft_scale",
]
