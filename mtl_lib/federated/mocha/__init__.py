"""MOCHA (Smith et al. 2017): a federation solved in the dual, with certificates."""

from mtl_lib.federated.mocha.estimator import Mocha
from mtl_lib.federated.mocha.minibatch import MiniBatchSDCA, MiniBatchSGD
from mtl_lib.federated.mocha.one_vs_rest import OneVsRest
from mtl_lib.federated.mocha.relationships import (
    CommonMean,
    FixedCovariance,
    IndependentTasks,
    LearnedCovariance,
    Relationship,
    TaskClusters,
    TaskGraph,
    correlation,
)
from mtl_lib.federated.mocha.server import Certificate, MochaHistory, Server
from mtl_lib.federated.mocha.systems import NETWORKS, Systems

__all__ = [
    "NETWORKS",
    "Certificate",
    "CommonMean",
    "FixedCovariance",
    "IndependentTasks",
    "LearnedCovariance",
    "MiniBatchSDCA",
    "MiniBatchSGD",
    "Mocha",
    "MochaHistory",
    "OneVsRest",
    "Relationship",
    "Server",
    "Systems",
    "TaskClusters",
    "TaskGraph",
    "correlation",
]
