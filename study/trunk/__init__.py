"""A trunk that has seen the world: a small residual network, trained once on 80 picture classes.

No question of the study uses these 80 classes of CIFAR-100; ``LEFT_OUT`` are the other 20.
``python -m study.trunk`` trains the trunk and writes ``weights.npz`` and ``trunk.json``. Arms on it
are made by ``mtl_lib.neural.arms.pretrained(Network([*layers(), ...], heads), weights())``.
"""

from study.trunk.classes import CLASSES, LEFT_OUT, SEEN, SUPERCLASSES
from study.trunk.kept import facts, layers, scaled, weights

__all__ = [
    "CLASSES",
    "LEFT_OUT",
    "SEEN",
    "SUPERCLASSES",
    "facts",
    "layers",
    "scaled",
    "weights",
]
