"""Neural multi-task learning on the stack: many small networks with a shared trunk, trained at once.

``network`` is encoders, trunk and heads; ``training`` trains K replicas of one, each on data of
its own; ``arms`` compares degrees of sharing; ``balancing`` weighs losses.
"""

from mtl_lib.neural.arms import Arm
from mtl_lib.neural.balancing import DWA, Aggregator, Uncertainty
from mtl_lib.neural.network import Bag, Conv, Dense, Head, Network, Tokens
from mtl_lib.neural.relationship_network import RelatedHeads
from mtl_lib.neural.training import Replicas, Trained, features, predict, train

__all__ = [
    "DWA",
    "Aggregator",
    "Arm",
    "Bag",
    "Conv",
    "Dense",
    "Head",
    "Network",
    "RelatedHeads",
    "Replicas",
    "Tokens",
    "Trained",
    "Uncertainty",
    "features",
    "predict",
    "train",
]
