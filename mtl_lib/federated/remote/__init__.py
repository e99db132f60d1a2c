"""Server and nodes in different processes: a protocol, and Flower as one transport.

Flower's part, ``mtl_lib.federated.remote.flower``, needs an environment of its own and is not
imported here.
"""

from mtl_lib.federated.remote.mocha_side import MochaSide
from mtl_lib.federated.remote.protocol import Ask, answer, serve
from mtl_lib.federated.remote.sides import side_of
from mtl_lib.federated.remote.stack_side import StackSide

__all__ = ["Ask", "MochaSide", "StackSide", "answer", "serve", "side_of"]
