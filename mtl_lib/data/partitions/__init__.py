"""Partitions of one labelled task into the clients of a federation, with a card that says how.

Every kind deals each sample to exactly one client (``natural`` may leave out small clients). A
partition is a function of (task, seed, arguments) alone. What is drawn *for a client* is keyed by
its name, so that it does not change with the number of clients. ``Partition.tasks`` turns a
partition into a ``TaskSet``.

``iid``, ``quantity`` and ``natural`` decide sizes; ``dirichlet`` and ``shards`` skew labels;
``feature_shift`` changes inputs; ``concept_shift`` and ``mixture`` change what labels mean.
"""

from mtl_lib.data.partitions.concepts import concept_shift, mixture
from mtl_lib.data.partitions.inputs import feature_shift
from mtl_lib.data.partitions.labels import dirichlet, shards
from mtl_lib.data.partitions.partition import Partition, digest, load
from mtl_lib.data.partitions.shifts import SHIFTS
from mtl_lib.data.partitions.sizes import LAWS, iid, natural, quantity

__all__ = [
    "LAWS",
    "SHIFTS",
    "Partition",
    "concept_shift",
    "digest",
    "dirichlet",
    "feature_shift",
    "iid",
    "load",
    "mixture",
    "natural",
    "quantity",
    "shards",
]
