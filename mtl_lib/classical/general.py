"""Any losses, also mixed across tasks, from the samples themselves: two products per iteration.

f(V) = min over u and b of sum_t c_t sum_i L_t(y_ti, x_ti.v_t + z_ti.u + b_t) + rho ||W||_F^2, with
b = 0 unless intercepts are free; ``elimination`` finds u and b. Used for losses that are not
quadratic, and for the squared loss where tasks have fewer samples than features, when Gram
matrices would be larger than the data.
"""

import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from mtl_lib.classical.elimination import FreePart, separable
from mtl_lib.classical.penalties import L21
from mtl_lib.classical.quadratic import QuadraticLoss, centred_targets, largest_eigenvalue
from mtl_lib.classical.shared import SharedLoss
from mtl_lib.classical.systems import SampleSystems

GRAM_ENTRIES = 4_000_000  # 32 MB: up to here Gram matrices may be larger than the data


@dataclass
class SampledPoint:
    """A point at V, with everything free at its best.

    Attributes
    ----------
    loss : SampledLoss
    V : (T, p), what is penalised.
    base : (T, d), the models without u; zeros without a ridge, which alone needs them.
    linear : (M,), x.v of every sample.
    u : (r,), what is common and free; ``b`` : (T,), free intercepts.
    z : (M,), predictions.
    """

    loss: "SampledLoss"
    V: np.ndarray
    base: np.ndarray
    linear: np.ndarray
    u: np.ndarray
    b: np.ndarray
    z: np.ndarray

    @cached_property
    def slope(self) -> np.ndarray:
        """Minus the derivative of every sample's loss, (M,)."""
        return self.loss.each("slope", self.z, self.loss.y)

    @cached_property
    def gradient(self) -> np.ndarray:
        """The gradient in V, (T, p)."""
        return self.loss.correlation(self.slope, self.loss.models(self.base, self.u))


class SampledLoss:
    """f(V) for any losses.

    Parameters
    ----------
    design : Design
        The columns.
    ys : list of (m_t,)
        Labels, -1 and 1 where the loss is binary.
    losses : list of T objects of ``losses``
        The loss of every task.
    """

    def __init__(self, design, ys, losses):
        self.design = design
        self.shape = (design.T, design.p)
        self._no_models = np.zeros((design.T, design.d))
        self.losses = losses
        squared = np.array([not loss.binary for loss in losses])
        self._own, self._shift, ys = _without_means(design, ys, squared)
        sizes = [len(y) for y in ys]
        self.y = np.concatenate(ys)
        self._rows = _rows_of_losses(losses, sizes)
        self._reach = self.each("reach")
        self.free = FreePart(design, sizes, self.each("bound"), squared.all())
        self.c = self.free.weights
        zeros = np.zeros(len(self.y))
        self.scale = float(self.c @ self.each("value", zeros, self.y))  # of the zero model

    @cached_property
    def curvature(self) -> float:
        """Lipschitz constant of the gradient."""
        rows = list(zip(self.design.Xs, self.design.weights, strict=True))
        if self.design.same:
            rows = rows[:1]
        largest = [c.max() * largest_eigenvalue(X, c / c.max()) for X, c in rows]
        bounds = np.array([loss.bound for loss in self.losses])
        return max(bounds * largest) + 2 * self.design.ridge

    @property
    def order_of_systems(self) -> int | None:
        """Of the matrices that ``shifted`` inverts; None where f is not of the form it knows."""
        design = self.design
        squared = not any(loss.binary for loss in self.losses)
        ridge_on_all = not design.ridge or design.d == design.p
        if not squared or design.Zs[0].shape[1] or not ridge_on_all:
            return None
        return max(map(len, design.weights))

    def shifted(self, rho: float) -> SampleSystems:
        """What solves systems in H + rho I, H the second derivative of f. O(T (m^3 + m^2 p))."""
        design = self.design
        at_zero = self.at(np.zeros(self.shape)).gradient
        columns = design.Xs, design.weights
        return SampleSystems(*columns, at_zero, rho, design.ridge, design.same)

    def on(self, chosen):
        """The loss where only the ``chosen`` columns are used."""
        ys = np.split(self.y, self.free.cuts[1:-1])
        return cheapest(self.design.on(chosen), ys, self.losses)

    def at(self, V, near=None) -> SampledPoint:
        """The point at V (T, p); the free part is sought from that of ``near``."""
        Xs = self.design.Xs
        if self.design.same:
            linear = (V @ Xs[0].T).ravel()
        else:
            linear = np.concatenate([X @ v for X, v in zip(Xs, V, strict=True)])
        base = self._no_models
        if self.design.ridge:
            base = self.design.penalised(V)
        if near is None:
            return self._freed(V, base, linear, np.zeros(self.free.Z.shape[1]), np.zeros(len(V)))
        return self._freed(V, base, linear, near.u, near.b)

    def extrapolate(self, new, old, momentum) -> SampledPoint:
        """The point at new + momentum (new - old), without another product."""
        base = new.base
        if self.design.ridge:
            base = new.base + momentum * (new.base - old.base)
        return self._freed(
            new.V + momentum * (new.V - old.V),
            base,
            new.linear + momentum * (new.linear - old.linear),
            new.u + momentum * (new.u - old.u),
            new.b + momentum * (new.b - old.b),
        )

    def bend(self, at, to) -> float:
        """2 (f(to) - f(at) - <f'(at), to - at>), sample by sample: nothing large cancels."""
        before = self.each("value", at.z, self.y)
        apart = self.each("value", to.z, self.y) - before + at.slope * (to.z - at.z)
        moved = self.models(to.base, to.u) - self.models(at.base, at.u)
        return 2 * float(self.c @ apart) + 2 * self.design.ridge * float((moved**2).sum())

    def value(self, point) -> float:
        """f at a point."""
        return self.total(point.base, point.u, point.z)

    def total(self, base, u, z) -> float:
        """The sum of losses at predictions z (M,), and the ridge at the models."""
        losses = float(self.c @ self.each("value", z, self.y))
        return losses + self.design.ridge * float((self.models(base, u) ** 2).sum())

    def dual(self, point):
        """(G, A, Q, entropy): a dual variable near the point, orthogonal to all that is free.

        The dual objective at s times it is s A - s^2 Q / 2 + entropy(s) - lam g*(s G / lam). Where
        none is found near the point, it is 0, which is one.
        """
        orthogonal = self._orthogonal(point)
        if orthogonal is None:
            return np.zeros(self.shape), 0.0, 0.0, None
        slope, models = orthogonal
        aligned = 0.0
        norm2 = 2 * self.design.ridge * float((models**2).sum())
        entropies = []
        for loss, rows in self._rows:
            c = self.c[rows]
            a = slope[rows]
            y = self.y[rows]
            if loss.entropic:
                entropies.append((loss, c, a, y))
            else:
                aligned += float(c @ (a * y))
                norm2 += float(c @ a**2)

        def entropy(s):
            return sum(float(c @ loss.dual(s * a, y)) for loss, c, a, y in entropies)

        gradient = self.correlation(slope, models)
        return gradient, aligned, norm2, entropy if entropies else None

    def afresh(self):
        """The same for another fit: what Newton's method learned in one does not enter the next."""
        fresh = copy.copy(self)
        fresh.free = self.free.afresh()
        return fresh

    def unbounded(self, point) -> bool:
        """Whether the free part grows without end: there is no finite optimum."""
        return separable(self, point)

    def parameters(self, point):
        """(coef (T, d), intercept (T,)) of the models a point stands for."""
        coef, intercept = self.design.parameters(point.V, point.u, self._own + point.b)
        return coef, intercept + self._shift

    def each(self, what, *arrays) -> np.ndarray:
        """A method or number of every sample's own loss, (M,)."""
        values = np.empty(len(self.y))
        for loss, rows in self._rows:
            part = getattr(loss, what)
            values[rows] = part(*(array[rows] for array in arrays)) if callable(part) else part
        return values

    def models(self, base, u) -> np.ndarray:
        """W (T, d); needed, and computed, only where there is a ridge."""
        return base + self.design.common(u) if self.design.ridge else base

    def correlation(self, slope, models) -> np.ndarray:
        """-sum_i c_i a_i x_i per task, and the ridge's part: (T, p)."""
        weighted = self.c * slope
        Xs = self.design.Xs
        if self.design.same:
            gradient = -weighted.reshape(self.design.T, -1) @ Xs[0]
        else:
            spans = pairwise(self.free.cuts)
            parts = [X.T @ weighted[a:b] for X, (a, b) in zip(Xs, spans, strict=True)]
            gradient = -np.stack(parts)
        gradient[:, : self.design.d] += 2 * self.design.ridge * models
        return gradient

    def _freed(self, V, base, linear, u, b):
        """The point at V, u and b sought from those given."""
        u, b, z = self.free.minimise(self, base, linear, u, b)
        return SampledPoint(self, V, base, linear, u, b, z)

    def _orthogonal(self, point):
        """(slopes (M,), models (T, d)) near the point's, orthogonal to all that is free; or None.

        The slopes are corrected by the smallest d (Z du + db), in the metric 1/d, that makes them
        orthogonal; d = ``room`` keeps them dual variables while |Z du + db| <= ``reach``. This
        needs neither a bound on the free parameters nor one class scaled to balance the other.
        """
        slope = point.slope
        models = self.models(point.base, point.u)
        room = self.each("room", slope)
        metric = self.free.metric(room)
        for _ in range(2):  # the second takes out what the rounding of the first left
            du, db = metric.solve(*self.free.pull(slope, models))
            move = self.free.shifted(0.0, du, db)
            if (np.abs(move) > self._reach).any():
                return None
            slope = slope - room * move
            models = models + self.design.common(du)
        left = np.abs(np.concatenate(self.free.pull(slope, models))).max(initial=0)
        # where planes separate the classes only 0 is orthogonal
        return None if left > 1e-9 * (self.c @ np.abs(slope)) else (slope, models)


def cheapest(design, ys, losses, penalty=None) -> QuadraticLoss | SharedLoss | SampledLoss:
    """The loss from residuals where all are squared, X is one and L21 picks features.

    The loss from Gram matrices where all are squared and these are small: no more than two copies
    of the data, or ``GRAM_ENTRIES``.
    """
    squared = not any(loss.binary for loss in losses)
    if squared and isinstance(penalty, L21) and SharedLoss.pays(design):
        return SharedLoss(design, ys)
    entries = 2 * design.p * sum(map(len, ys))
    small = design.T * design.p**2 <= max(entries, GRAM_ENTRIES)
    if small and not design.reduced and squared:
        return QuadraticLoss(design, ys)
    return SampledLoss(design, ys, losses)


def _without_means(design, ys, squared):
    """(own means (T,), common mean, targets): what intercepts take up of squared targets.

    A binary label has no mean to take out.
    """
    if not squared.all() and design.intercept != "free":
        return np.zeros(design.T), 0.0, ys
    centred, means, shift = centred_targets(design, ys)
    targets = [new if own else y for new, y, own in zip(centred, ys, squared, strict=True)]
    return np.where(squared, means, 0.0), shift, targets


def _rows_of_losses(losses, sizes):
    """[(loss, the samples of its tasks)]: all samples as a slice where there is one loss."""
    kinds = list(dict.fromkeys(losses))
    if len(kinds) == 1:
        return [(kinds[0], slice(None))]
    return [(kind, np.repeat([loss is kind for loss in losses], sizes)) for kind in kinds]
