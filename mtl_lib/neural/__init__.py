"""Neural multi-task learning on the stack: many small networks with a shared trunk at once.

A ``Network`` has encoders, a trunk of layers, and heads at any depth. ``train`` trains K replicas
of one, each on data of its own; ``predict`` and ``features`` ask them. ``arms`` compares degrees
of sharing; ``affinity`` says which tasks belong together; ``balancing`` weighs losses;
``relationship_network`` is a prior on heads and trunks; ``merging`` makes one network of
several; ``scores`` and ``entities`` measure answers.
"""

from mtl_lib.neural import (
    affinity,
    arms,
    balancing,
    entities,
    merging,
    relationship_network,
    scores,
)
from mtl_lib.neural.arms import Arm
from mtl_lib.neural.balancing import DWA, Aggregator, Uncertainty
from mtl_lib.neural.layers import (
    GRU,
    Bag,
    Conv,
    Dense,
    LayerNorm,
    LowRank,
    MeanPool,
    Residual,
    Tokens,
)
from mtl_lib.neural.losses import NETWORK_LOSSES, NO_TAG
from mtl_lib.neural.network import Head, Network
from mtl_lib.neural.prediction import features, predict
from mtl_lib.neural.recipe import Recipe
from mtl_lib.neural.relationship_network import RelatedHeads
from mtl_lib.neural.replicas import Replicas
from mtl_lib.neural.training import Trained, train

__all__ = [
    "DWA",
    "GRU",
    "NETWORK_LOSSES",
    "NO_TAG",
    "Aggregator",
    "Arm",
    "Bag",
    "Conv",
    "Dense",
    "Head",
    "LayerNorm",
    "LowRank",
    "MeanPool",
    "Network",
    "Recipe",
    "RelatedHeads",
    "Replicas",
    "Residual",
    "Tokens",
    "Trained",
    "Uncertainty",
    "affinity",
    "arms",
    "balancing",
    "entities",
    "features",
    "merging",
    "predict",
    "relationship_network",
    "scores",
    "train",
]
