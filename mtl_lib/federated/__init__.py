"""Federated learning: tasks are clients. Every method is written once, on the stack.

``simulate`` runs a method on the clients of a task set, with what ``Settings`` lists; ``evaluate``
scores a state, ``join`` makes one for clients that did not train. ``simulate_many`` runs many
federations at once; ``tune`` searches the parameters of every ``Candidate``, and its result runs
the choices. ``metrics`` says how well all clients are served, ``match`` and ``drift`` whether a
method found what the data were made of, ``smoothness`` how large a learning rate may be. ``Mocha``
solves in the dual and is an estimator of its own, with the ``Relationship`` of its nodes and the
``Systems`` they run on. ``OneShotLowRank`` needs one round. ``next_word`` has the next word in
closed form.
"""

from mtl_lib.federated import next_word
from mtl_lib.federated.engine import metrics
from mtl_lib.federated.engine.arms import Candidate
from mtl_lib.federated.engine.clients import Clients
from mtl_lib.federated.engine.federation import Federation
from mtl_lib.federated.engine.many import simulate_many
from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.engine.recovery import drift, match
from mtl_lib.federated.engine.restarts import restarted
from mtl_lib.federated.engine.results import Results
from mtl_lib.federated.engine.rounds import Diverged
from mtl_lib.federated.engine.settings import Settings
from mtl_lib.federated.engine.simulation import History, evaluate, join, simulate
from mtl_lib.federated.engine.smoothness import smoothness
from mtl_lib.federated.engine.state import State
from mtl_lib.federated.engine.tuning import Tuned, tune
from mtl_lib.federated.methods.centralized import Centralized
from mtl_lib.federated.methods.ditto import Ditto
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.federated.methods.fedavg_plus import FedAvgPlus
from mtl_lib.federated.methods.fedbn import FedBN
from mtl_lib.federated.methods.fedem import FedEM
from mtl_lib.federated.methods.fedper import FedPer
from mtl_lib.federated.methods.fedprox import FedProx
from mtl_lib.federated.methods.fedrep import FedRep
from mtl_lib.federated.methods.ifca import IFCA
from mtl_lib.federated.methods.label_prior import LabelPrior
from mtl_lib.federated.methods.local import Local
from mtl_lib.federated.methods.per_fedavg import PerFedAvg
from mtl_lib.federated.methods.pfedme import PFedMe
from mtl_lib.federated.methods.scaffold import SCAFFOLD
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
)
from mtl_lib.federated.mocha.server import MochaHistory
from mtl_lib.federated.mocha.systems import Systems
from mtl_lib.federated.one_shot import OneShotLowRank

__all__ = [
    "IFCA",
    "SCAFFOLD",
    "Candidate",
    "Centralized",
    "Clients",
    "CommonMean",
    "Ditto",
    "Diverged",
    "FedAvg",
    "FedAvgPlus",
    "FedBN",
    "FedEM",
    "FedPer",
    "FedProx",
    "FedRep",
    "Federation",
    "FixedCovariance",
    "History",
    "IndependentTasks",
    "LabelPrior",
    "LearnedCovariance",
    "Local",
    "Method",
    "MiniBatchSDCA",
    "MiniBatchSGD",
    "Mocha",
    "MochaHistory",
    "OneShotLowRank",
    "OneVsRest",
    "PFedMe",
    "PerFedAvg",
    "Relationship",
    "Results",
    "Settings",
    "State",
    "Systems",
    "TaskClusters",
    "TaskGraph",
    "Tuned",
    "drift",
    "evaluate",
    "join",
    "match",
    "metrics",
    "next_word",
    "restarted",
    "simulate",
    "simulate_many",
    "smoothness",
    "tune",
]
