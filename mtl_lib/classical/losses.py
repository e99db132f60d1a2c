"""Losses of one prediction z for one label y, with what a solver and a certificate need of them.

A loss is a small object with, elementwise,

- ``value(z, y)``: L(y, z), convex in z;
- ``slope(z, y)``: a = -dL/dz, the dual variable that z stands for (a residual, for the squared
  loss);
- ``curvature(z, y)``: d2L/dz2 (one of its values where it jumps); at most ``bound``;
- ``room(a)``: d >= 0 such that a - d s is a dual variable too for every |s| <= ``reach``;
- ``dual(a, y)``: -L*(-a), what the dual variable a adds to the dual objective.

``reach`` is infinite where every a is a dual variable; ``binary`` where y is -1 or 1; ``entropic``
where the dual is not a y - a^2/2, a quadratic whose best multiple has a closed form.
"""

import numpy as np
from scipy.special import xlog1py, xlogy


class LinearLoss:
    """What every loss has; the module says what it means."""

    binary: bool
    entropic: bool
    bound: float
    reach: float


class Squared(LinearLoss):
    """(y - z)^2 / 2."""

    binary = False
    entropic = False
    bound = 1.0
    reach = np.inf

    def value(self, z, y):
        return 0.5 * (y - z) ** 2

    def slope(self, z, y):
        return y - z

    def curvature(self, z, y):
        return np.ones_like(z)

    def room(self, a):
        return np.ones_like(a)

    def dual(self, a, y):
        return a * y - 0.5 * a**2


class Logistic(LinearLoss):
    """log(1 + exp(-y z)); the dual is the binary entropy of |a|, 0 <= y a <= 1."""

    binary = True
    entropic = True
    bound = 0.25
    reach = 1.0

    def value(self, z, y):
        """By exp and log, which NumPy vectorises, as it does not logaddexp.

        The absolute error stays at 1e-16.
        """
        return np.log(1 + np.exp(-np.abs(z))) + np.maximum(-y * z, 0)

    def slope(self, z, y):
        small = np.exp(-np.abs(z))
        return y * np.where(y * z > 0, small, 1) / (1 + small)

    def curvature(self, z, y):
        return self.room(self.slope(z, y))

    def room(self, a):
        return np.abs(a) * (1 - np.abs(a))

    def dual(self, a, y):
        p = np.clip(a * y, 0, 1)
        return -xlogy(p, p) - xlog1py(1 - p, -p)


class SquaredHinge(LinearLoss):
    """max(0, 1 - y z)^2 / 2; 0 <= y a."""

    binary = True
    entropic = False
    bound = 1.0
    reach = 1.0

    def value(self, z, y):
        return 0.5 * np.maximum(0, 1 - y * z) ** 2

    def slope(self, z, y):
        return y * np.maximum(0, 1 - y * z)

    def curvature(self, z, y):
        return (y * z < 1).astype(float)

    def room(self, a):
        return np.abs(a)

    def dual(self, a, y):
        return a * y - 0.5 * a**2


LINEAR_LOSSES: dict[str, LinearLoss] = {
    "squared": Squared(),
    "logistic": Logistic(),
    "squared_hinge": SquaredHinge(),
}
