"""Squared losses of tasks that have one X and nothing in common that is free.

Residuals are all it takes: one product with X per gradient, and no Gram matrix of all features.
``coordinate_descent`` works on it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mtl_lib.classical.quadratic import QuadraticLoss, centred_targets, largest_eigenvalue

LONG = 25  # samples per feature; from there on the Gram matrix of all features is cheaper
FEW = 0.5  # of the features: as long as fewer are used, a product takes these alone


@dataclass
class SharedPoint:
    """A point at V.

    Attributes
    ----------
    loss : SharedLoss
    V : (T, p), what is penalised.
    residual : (n, T), what is left of the targets, times the roots of the weights.
    """

    loss: "SharedLoss"
    V: np.ndarray
    residual: np.ndarray

    @cached_property
    def gradient(self) -> np.ndarray:
        """The gradient in V, (T, p)."""
        weighted = self.loss.root[:, None] * self.residual
        gradient = -(self.loss.X.T @ weighted).T
        if self.loss.design.ridge:
            gradient[:, : self.loss.design.d] += 2 * self.loss.design.ridge * self.V
        return gradient


class SharedLoss:
    """f(V) = sum_t c_t ||y_t - X v_t||^2 / 2 + rho ||V||_F^2.

    Parameters
    ----------
    design : Design
        The columns, with one X and nothing common and free.
    ys : list of (n,)
        Targets.

    Attributes
    ----------
    X : (n, p)
        The penalised columns.
    root : (n,)
        The roots of the weights.
    targets : (n, T)
        Targets without their means, times the roots.
    """

    def __init__(self, design, ys):
        self.design = design
        self.shape = (design.T, design.p)
        ys, self._own, self._shift = centred_targets(design, ys)
        self._ys = ys
        self.X = design.Xs[0]
        self.root = np.sqrt(design.weights[0])
        self.targets = self.root[:, None] * np.column_stack(ys)
        self.scale = 0.5 * float(np.vdot(self.targets, self.targets))  # of the zero model

    @staticmethod
    def pays(design) -> bool:
        """Whether the form is right for the columns, and faster than Gram matrices."""
        few = LONG * design.p < len(design.weights[0])
        return design.same and not design.Zs[0].shape[1] and not few

    @cached_property
    def curvature(self) -> float:
        """Lipschitz constant of the gradient."""
        return largest_eigenvalue(self.X, self.root**2) + 2 * self.design.ridge

    def on(self, chosen):
        """The loss where only the ``chosen`` columns are used: of Gram matrices where these pay."""
        form = QuadraticLoss if len(chosen) <= 2 * len(self.root) else SharedLoss
        return form(self.design.on(chosen), self._ys)

    def at(self, V, near=None) -> SharedPoint:
        """The point at V (T, p)."""
        used = np.flatnonzero(V.any(axis=0))
        if len(used) < FEW * self.shape[1]:
            predictions = self.X[:, used] @ V[:, used].T
        else:
            predictions = self.X @ V.T
        return SharedPoint(self, V, self.targets - self.root[:, None] * predictions)

    def extrapolate(self, new, old, momentum) -> SharedPoint:
        """The point at new + momentum (new - old), without another product."""
        V = new.V + momentum * (new.V - old.V)
        return SharedPoint(self, V, new.residual + momentum * (new.residual - old.residual))

    def bend(self, at, to) -> float:
        """2 (f(to) - f(at) - <f'(at), to - at>)."""
        apart = to.residual - at.residual
        moved = to.V - at.V
        return float(np.vdot(apart, apart)) + 2 * self.design.ridge * float(np.vdot(moved, moved))

    def value(self, point) -> float:
        """f at a point."""
        losses = 0.5 * float(np.vdot(point.residual, point.residual))
        if not self.design.ridge:
            return losses
        return losses + self.design.ridge * float(np.vdot(point.V, point.V))

    def dual(self, point):
        """(G, <r, y>, <r, r>, None) of the residual r."""
        aligned = float(np.vdot(point.residual, self.targets))
        return point.gradient, aligned, 2 * self.value(point), None

    def afresh(self):
        """The same for another fit: nothing here remembers one."""
        return self

    def unbounded(self, point) -> bool:
        """Whether the free part grows without end: never under squared losses."""
        return False

    def parameters(self, point):
        """(coef (T, d), intercept (T,)) of the models a point stands for."""
        coef, intercept = self.design.parameters(point.V, np.zeros(0), self._own)
        return coef, intercept + self._shift
