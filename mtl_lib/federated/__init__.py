"""Federated methods, each written once on the stack: one file per method, ``simulation.simulate`` runs any of them.

``clients`` holds everyone's samples in one tensor, ``method`` says what a method is, ``metrics`` scores it. MOCHA works in the
dual and is no model on the stack: ``mocha`` (server and estimator), ``nodes`` and ``sdca`` (local work), ``relationships``, ``systems``
(slow and silent nodes), ``minibatch`` (what it is compared with).
"""
from mtl_lib.federated.mocha import Mocha
