"""Any losses, also mixed across tasks, from the samples themselves: two products per iteration.

f(V) = min over u and b of sum_t c_t sum_i L_t(y_ti, x_ti.v_t + z_ti.u + b_t) + rho ||W||_F^2, with b = 0 unless
intercepts are free. Newton's method eliminates u and b; it keeps its matrix from one point to the next
while that still converges fast, and falls back on the losses' curvature bound, which always descends.
Used for losses that are not quadratic, and for the squared loss where tasks have fewer samples than
features, when Gram matrices would be larger than the data.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mtl_lib.classical.quadratic import QuadraticLoss, centred_targets
from mtl_lib.classical.separation import separable

GRAM_ENTRIES = (
    4_000_000  # 32 MB: up to here Gram matrices are used even where they are larger than the data
)
FREE_STEPS = (
    50  # of Newton per point; reached only where no finite optimum exists, as for separable classes
)
SLOW = 0.01  # a step that gains more than this share of the last one's gain calls for a new Newton matrix


@dataclass
class Point:
    """V (T, p), linear = x.v (M,), the free u (r,) and b (T,), the predictions z (M,)."""

    loss: "SampledLoss"
    V: np.ndarray
    linear: np.ndarray
    u: np.ndarray
    b: np.ndarray
    z: np.ndarray

    @cached_property
    def slope(self):
        return self.loss._each("slope", self.z, self.loss.y)

    @cached_property
    def gradient(self):
        return self.loss._correlation(self.slope, self.loss._models(self.V, self.u))


class SampledLoss:
    """f(V) for any losses.

    Parameters
    ----------
    design : the columns; ``ys`` : list of (m_t,), -1 and 1 where the loss is binary.
    losses : list of T objects of ``losses``.
    """

    def __init__(self, design, ys, losses):
        self.design, self.shape = design, (design.T, design.p)
        self._own, self._shift = np.zeros(design.T), 0.0
        squared = np.array([not loss.binary for loss in losses])
        if squared.all() or design.intercept == "free":  # a binary label has no mean to take out
            centred, means, self._shift = centred_targets(design, ys)
            ys = [new if own else y for new, y, own in zip(centred, ys, squared, strict=True)]
            self._own = np.where(squared, means, 0.0)
        sizes = [len(y) for y in ys]
        self.y, self.c = np.concatenate(ys), np.concatenate(design.weights)
        self.Z, self.task = np.concatenate(design.Zs), np.repeat(np.arange(design.T), sizes)
        self.cuts = np.cumsum([0, *sizes])
        kinds = list(dict.fromkeys(losses))
        self._rows = [
            (
                kind,
                slice(None)
                if len(kinds) == 1
                else np.repeat([loss is kind for loss in losses], sizes),
            )
            for kind in kinds
        ]
        self._reach = self._each("reach")
        self.losses = losses
        self._quadratic = squared.all()
        self.scale = float(
            self.c @ self._each("value", np.zeros(len(self.y)), self.y)
        )  # the objective of the zero model
        self._stiffness = float(
            (self.c * self._each("bound")) @ (self.Z**2).sum(axis=1)
        ) + 2 * design.ridge * float((design.lift**2).sum())
        self._newton = self._bound = self._metric(self._each("bound"))

    @cached_property
    def curvature(self):
        """Lipschitz constant of the gradient."""
        rows = list(zip(self.design.Xs, self.design.weights, strict=True))[
            : 1 if self.design.same else None
        ]
        largest = [c.max() * _largest_eigenvalue(X, c / c.max()) for X, c in rows]
        return max(np.array([loss.bound for loss in self.losses]) * largest) + 2 * self.design.ridge

    def on(self, chosen):
        """The loss where only the ``chosen`` columns are used."""
        return cheapest(self.design.on(chosen), np.split(self.y, self.cuts[1:-1]), self.losses)

    def at(self, V, near=None):
        """The point at V (T, p); the free part is sought from that of ``near``."""
        Xs = self.design.Xs
        linear = (
            (V @ Xs[0].T).ravel()
            if self.design.same
            else np.concatenate([X @ v for X, v in zip(Xs, V, strict=True)])
        )
        start = (np.zeros(self.Z.shape[1]), np.zeros(len(V))) if near is None else (near.u, near.b)
        return self._freed(V, linear, *start)

    def extrapolate(self, new, old, momentum):
        """The point at new + momentum (new - old), without another product."""
        beyond = [
            a + momentum * (a - b)
            for a, b in ((new.V, old.V), (new.linear, old.linear), (new.u, old.u), (new.b, old.b))
        ]
        return self._freed(*beyond)

    def bend(self, at, to):
        """2 (f(to) - f(at) - <f'(at), to - at>), sample by sample, so that nothing large cancels."""
        apart = (
            self._each("value", to.z, self.y)
            - self._each("value", at.z, self.y)
            + at.slope * (to.z - at.z)
        )
        moved = self._models(to.V, to.u) - self._models(at.V, at.u)
        return 2 * float(self.c @ apart) + 2 * self.design.ridge * float((moved**2).sum())

    def value(self, point):
        return self._value(point.V, point.u, point.z)

    def dual(self, point):
        """(G, A, Q, entropy): a dual variable near the point, orthogonal to all that is free.

        The dual objective at s times it is s A - s^2 Q / 2 + entropy(s) - lam g*(s G / lam). The slopes a are
        corrected by the smallest d (Z du + db), in the metric 1/d, that makes them orthogonal; d = ``room``
        keeps them dual variables while |Z du + db| <= ``reach``, else 0 is returned, which is one. This
        needs neither a bound on the free parameters nor one class scaled to balance the other.
        """
        room = self._each("room", point.slope)
        metric, slope, models = self._metric(room), point.slope, self._models(point.V, point.u)
        for _ in range(2):  # the second takes out what the rounding of the first left
            du, db = self._solve(metric, *self._pull(slope, models))
            move = self._shifted(0.0, du, db)
            if (np.abs(move) > self._reach).any():
                return np.zeros(self.shape), 0.0, 0.0, None
            slope, models = slope - room * move, models + self.design.common(du)
        left = np.abs(np.concatenate(self._pull(slope, models))).max(initial=0)
        if left > 1e-9 * (
            self.c @ np.abs(slope)
        ):  # as where planes separate the classes: only a = 0 is orthogonal
            return np.zeros(self.shape), 0.0, 0.0, None
        aligned, norm2, entropies = 0.0, 2 * self.design.ridge * float((models**2).sum()), []
        for loss, rows in self._rows:
            c, a, y = self.c[rows], slope[rows], self.y[rows]
            if loss.entropic:
                entropies.append((loss, c, a, y))
            else:
                aligned, norm2 = aligned + float(c @ (a * y)), norm2 + float(c @ a**2)
        entropy = (
            (lambda s: sum(float(c @ loss.dual(s * a, y)) for loss, c, a, y in entropies))
            if entropies
            else None
        )
        return self._correlation(slope, models), aligned, norm2, entropy

    def unbounded(self, point):
        """Whether the free part grows without end: there is no finite optimum."""
        return separable(self, point)

    def parameters(self, point):
        """(coef (T, d), intercept (T,)) of the models a point stands for."""
        coef, intercept = self.design.parameters(point.V, point.u, self._own + point.b)
        return coef, intercept + self._shift

    def _each(self, what, *arrays):
        """A method or number of every sample's own loss, (M,)."""
        out = np.empty(len(self.y))
        for loss, rows in self._rows:
            part = getattr(loss, what)
            out[rows] = part(*(array[rows] for array in arrays)) if callable(part) else part
        return out

    def _models(self, V, u):
        """W (T, d); needed, and computed, only where there is a ridge."""
        return (
            V[:, : self.design.d] + self.design.common(u)
            if self.design.ridge
            else np.zeros((len(V), self.design.d))
        )

    def _correlation(self, slope, models):
        """-sum_i c_i a_i x_i per task, and the ridge's part: (T, p)."""
        weighted = self.c * slope
        if self.design.same:
            gradient = -weighted.reshape(self.design.T, -1) @ self.design.Xs[0]
        else:
            gradient = -np.stack(
                [
                    X.T @ weighted[a:b]
                    for X, a, b in zip(self.design.Xs, self.cuts, self.cuts[1:], strict=False)
                ]
            )
        gradient[:, : self.design.d] += 2 * self.design.ridge * models
        return gradient

    def _value(self, V, u, z):
        return float(self.c @ self._each("value", z, self.y)) + self.design.ridge * float(
            (self._models(V, u) ** 2).sum()
        )

    def _shifted(self, linear, u, b):
        z = linear + self.Z @ u if len(u) else linear
        return z + b[self.task] if self.design.intercept == "free" else z + np.zeros(len(self.y))

    def _freed(self, V, linear, u, b):
        """The point at V, u and b sought from those given."""
        z = self._shifted(linear, u, b)
        if not len(u) and self.design.intercept != "free":
            return Point(self, V, linear, u, b, z)
        value, last = self._value(V, u, z), np.inf
        for _ in range(FREE_STEPS):
            pull = self._pull(self._each("slope", z, self.y), self._models(V, u))
            du, db, drop = self._step(pull)
            fresh = False
            if drop > SLOW * last or len(u) <= 1 and not self._quadratic:
                self._newton, fresh = self._metric(self._each("curvature", z, self.y)), True
                du, db, drop = self._step(pull)
            z_new = self._shifted(linear, u + du, b + db)
            if drop > 1e-6 * value:  # far: a step may be too long, but for the bound's
                trial = self._value(V, u + du, z_new)
                if trial > value - 0.1 * drop:
                    self._newton = self._bound
                    du, db, drop = self._step(pull)
                    z_new = self._shifted(linear, u + du, b + db)
                    trial = self._value(V, u + du, z_new)
                value = trial
            u, b, z, last = u + du, b + db, z_new, drop
            if (
                drop <= (1e-13 if fresh else 1e-20) * value
            ):  # a gap feels the gradient's error, sqrt(drop), not its square
                break
        return Point(self, V, linear, u, b, z)

    def _step(self, pull):
        """A Newton step, and twice what it gains in the quadratic model."""
        du, db = self._solve(self._newton, *pull)
        return du, db, float(pull[0] @ du + pull[1] @ db)

    def _pull(self, slope, models):
        """Minus the gradients in u (r,) and b (T,)."""
        weighted = self.c * slope
        pull = self.Z.T @ weighted - 2 * self.design.ridge * self.design.pull(models)
        return pull, np.add.reduceat(
            weighted, self.cuts[:-1]
        ) if self.design.intercept == "free" else np.zeros(len(self.cuts) - 1)

    def _metric(self, curvature):
        """The second derivative in (u, b), b eliminated: (inverse in u, what couples u and b, inverse in b).

        A part 1e-17 of the bound's is added, so that steps stay finite where curvature vanishes, as between separable classes.
        """
        weighted, r = self.c * curvature, self.Z.shape[1]
        lift = self.design.lift.reshape(self.design.null.shape[1] * self.design.d, r)
        inner = self.Z.T @ (weighted[:, None] * self.Z) + 2 * self.design.ridge * lift.T @ lift
        couple, inverse = np.zeros((len(self.cuts) - 1, r)), np.zeros(len(self.cuts) - 1)
        if self.design.intercept == "free":
            total = np.add.reduceat(weighted, self.cuts[:-1])
            inverse = 1 / (total + 1e-17 * np.add.reduceat(self.c, self.cuts[:-1]))
            couple = np.add.reduceat(weighted[:, None] * self.Z, self.cuts[:-1], axis=0)
            inner -= couple.T @ (inverse[:, None] * couple)
        scale = max(1e-13 * np.trace(inner), 1e-17 * self._stiffness, np.finfo(float).tiny)
        return np.linalg.inv(inner + scale * np.eye(r)), couple, inverse

    @staticmethod
    def _solve(metric, pull_u, pull_b):
        inner, couple, inverse = metric
        du = inner @ (pull_u - couple.T @ (inverse * pull_b))
        return du, inverse * (pull_b - couple @ du)


def cheapest(design, ys, losses):
    """The loss from Gram matrices where all are squared and these take no more than two copies of the data, or little."""
    small = design.T * design.p**2 <= max(2 * design.p * sum(map(len, ys)), GRAM_ENTRIES)
    return (
        QuadraticLoss(design, ys)
        if small and not any(loss.binary for loss in losses)
        else SampledLoss(design, ys, losses)
    )


def _largest_eigenvalue(X, c):
    """Of X' diag(c) X, from the smaller of its two Gram matrices."""
    X = np.sqrt(c)[:, None] * X
    return float(np.linalg.eigvalsh(X.T @ X if X.shape[0] >= X.shape[1] else X @ X.T)[-1])
