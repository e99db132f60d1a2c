"""The squared loss of all tasks from their Gram matrices, everything free eliminated exactly.

Eliminating the free u of ``design`` leaves f(V) = min over u of
sum_t c_t ||y_t - X_t v_t - Z_t u||^2 / 2 + rho ||W||_F^2, a quadratic whose residual is orthogonal
to all that is free: what makes its duality gap valid. One product per evaluation yields gradient,
value and certificate.
"""

from dataclasses import dataclass

import numpy as np

from mtl_lib.classical.systems import BlockSystems

INVERSES = 4_000_000  # entries, 32 MB: up to here they may be larger than the data


@dataclass
class QuadraticPoint:
    """V (T, p) with the gradient of f there."""

    V: np.ndarray
    gradient: np.ndarray


class QuadraticLoss:
    """f(V) for squared losses.

    Parameters
    ----------
    design : Design
        The columns.
    ys : list of (m_t,)
        Targets.
    """

    def __init__(self, design, ys):
        self.design = design
        self.shape = (design.T, design.p)
        ys, self._own, self._shift = centred_targets(design, ys)
        square = self._moments(ys)
        self.curvature = self._largest_curvature(square)
        energy = float(sum(c @ y**2 for c, y in zip(design.weights, ys, strict=True)))
        self.scale = 0.5 * energy  # the objective of the zero model
        self._value_at_zero = 0.5 * (energy - float((self._common_moment**2).sum()))
        self._clear_rounding()
        self._gradient_at_zero = self.at(np.zeros(self.shape)).gradient
        self.design = design.without_samples()

    def _moments(self, ys):
        """All products of columns and targets; returns the Gram matrices, one where X is one."""
        design = self.design
        rows = list(zip(design.Xs, design.Zs, design.weights, ys, strict=True))
        distinct = rows[:1] if design.same else rows
        square = np.empty((len(distinct), design.p, design.p))
        for gram, (X, _, c, _) in zip(square, distinct, strict=True):
            np.matmul(X.T, c[:, None] * X, out=gram)
        self._cross = np.stack([X.T @ (c[:, None] * Z) for X, Z, c, _ in rows])
        self._moment = np.stack([X.T @ (c * y) for X, _, c, y in rows])
        self._common_moment = sum(Z.T @ (c * y) for _, Z, c, y in rows)
        features = range(design.d)
        square[:, features, features] += 2 * design.ridge
        if design.ridge:
            common = np.tensordot(design.null, design.lift, 1)
            self._cross[:, : design.d] += 2 * design.ridge * common
        self._square = np.broadcast_to(square, (design.T, *square.shape[1:]))
        return square

    def _largest_curvature(self, square):
        """Lipschitz constant of the gradient.

        Where samples are few it comes from their products; the ridge must then act on all columns.
        """
        design = self.design
        alike = not design.ridge or design.d == design.p
        if alike and max(map(len, design.Xs)) < design.p:
            rows = list(zip(design.Xs, design.weights, strict=True))
            distinct = rows[:1] if design.same else rows
            return max(largest_eigenvalue(X, c) for X, c in distinct) + 2 * design.ridge
        return float(np.linalg.eigvalsh(square)[:, -1].max())

    def _clear_rounding(self):
        """Where the free part explains all that a column could, the rest becomes exactly 0.

        It is rounding, and a small enough lam would follow it without end.
        """
        left = self.at(np.zeros(self.shape)).gradient
        lengths = np.sqrt(np.einsum("tpp->tp", self._square) * 2 * self.scale)
        self._moment += np.where(np.abs(left) <= 1e-14 * lengths, left, 0.0)

    def free_part(self, V) -> np.ndarray:
        """The optimal u for V: sum_t Z_t' c_t (y_t - X_t v_t), (r,)."""
        return self._common_moment - V.ravel() @ self._cross.reshape(V.size, -1)

    def at(self, V, near=None) -> QuadraticPoint:
        """The point at V (T, p)."""
        if self.design.same:
            product = V @ self._square[0]
        else:
            product = np.matmul(self._square, V[:, :, None])[:, :, 0]
        if self._cross.shape[2]:
            product += self._cross @ self.free_part(V)
        return QuadraticPoint(V, product - self._moment)

    def extrapolate(self, new, old, momentum) -> QuadraticPoint:
        """The point at new + momentum (new - old), without a product: gradients are affine."""
        return QuadraticPoint(
            new.V + momentum * (new.V - old.V),
            new.gradient + momentum * (new.gradient - old.gradient),
        )

    def bend(self, at, to) -> float:
        """2 (f(to) - f(at) - <f'(at), to - at>)."""
        return float(np.vdot(to.V - at.V, to.gradient - at.gradient))

    def value(self, point) -> float:
        """f at a point."""
        gradients = point.gradient + self._gradient_at_zero
        return self._value_at_zero + 0.5 * float((point.V * gradients).sum())

    def dual(self, point):
        """(G, <r, y>, <r, r>, None) of the residual r, y with the free directions taken out."""
        aligned = 2 * self._value_at_zero + float((point.V * self._gradient_at_zero).sum())
        return point.gradient, aligned, 2 * self.value(point), None

    def afresh(self):
        """The same for another fit: nothing here remembers one."""
        return self

    def unbounded(self, point) -> bool:
        """Whether the free part grows without end: never under squared losses."""
        return False

    def parameters(self, point):
        """(coef (T, d), intercept (T,)) of the models a point stands for."""
        coef, intercept = self.design.parameters(point.V, self.free_part(point.V), self._own)
        return coef, intercept + self._shift

    @property
    def mean_square(self) -> np.ndarray:
        """The mean Gram matrix of the tasks, (p, p)."""
        return self._square.mean(axis=0)

    def bent(self, V) -> np.ndarray:
        """The second derivative of f along V, (T, p)."""
        return self.at(V).gradient - self._gradient_at_zero

    @property
    def order_of_systems(self) -> int | None:
        """Of the matrices that ``shifted`` inverts; None where they would outgrow the data."""
        T, p = self.shape
        samples = sum(map(len, self.design.weights))
        small = self.design.same or T * p**2 <= max(samples * p, INVERSES)
        return p if small else None

    def shifted(self, rho: float) -> BlockSystems:
        """What solves systems in H + rho I, H the second derivative of f. O(T p^3)."""
        return BlockSystems(
            self._square, self._cross, self._gradient_at_zero, rho, self.design.same
        )

    def ridge_solution(self, A, mu=None) -> np.ndarray:
        """argmin of f(V) + sum_t (v_t - v_0)' A (v_t - v_0) / 2 + mu ||v_0||^2 / 2, (T, p).

        Block elimination: each v_t given the common part, then the common part. O(T p^3).

        Parameters
        ----------
        A : float or (p, p)
            The metric of the deviations.
        mu : float, optional
            The weight of v_0; where it is None, v_0 = 0.
        """
        p = self.shape[1]
        cross = self._cross
        corner = np.eye(cross.shape[2])
        right = self._common_moment
        if mu is not None:
            both = cross.sum(axis=0)
            mean_corner = self._square.sum(axis=0) + mu * np.eye(p)
            corner = np.block([[corner, both.T], [both, mean_corner]])
            cross = np.concatenate([cross, self._square], axis=2)
            right = np.concatenate([right, self._moment.sum(axis=0)])
        inner = self._square + (A if np.ndim(A) else A * np.eye(p))
        solved = np.linalg.solve(inner, np.concatenate([cross, self._moment[:, :, None]], axis=2))
        share = solved[:, :, :-1]  # v_t = own_t - share_t z
        own = solved[:, :, -1]
        if not len(right):
            return own
        left = corner - np.tensordot(cross, share, ((0, 1), (0, 1)))
        z = _pseudo_inverse(left) @ (right - np.einsum("tpc,tp->c", cross, own))
        V = own - share @ z
        return V if mu is None else V + z[self._cross.shape[2] :]


def centred_targets(design, ys):
    """What intercepts take up is taken out of squared targets first; far from 0 it costs digits.

    Free intercepts take up the mean of each task, a common one the mean of all.

    Returns
    -------
    tuple
        (targets without the means, the tasks' own means (T,), the common mean).
    """
    means = np.array([c @ y / c.sum() for c, y in zip(design.weights, ys, strict=True)])
    totals = [c.sum() for c in design.weights]
    own = means if design.intercept == "free" else np.zeros(design.T)
    shift = float(np.average(means, weights=totals)) if design.ones else 0.0
    return [y - mean - shift for y, mean in zip(ys, own, strict=True)], own, shift


def largest_eigenvalue(X, c) -> float:
    """Of X' diag(c) X, from the smaller of its two Gram matrices."""
    X = np.sqrt(c)[:, None] * X
    return float(np.linalg.eigvalsh(X.T @ X if X.shape[0] >= X.shape[1] else X @ X.T)[-1])


def _pseudo_inverse(matrix):
    """Of a positive semidefinite matrix, scaled to a unit diagonal: units do not decide what is 0.

    Collinear columns leave eigenvalues of rounding size, a few times 1e-16: the cut is well above.
    """
    scale = 1 / np.sqrt(np.where(np.diag(matrix) > 0, np.diag(matrix), 1.0))
    scaled = scale[:, None] * matrix * scale
    return scale[:, None] * np.linalg.pinv(scaled, rcond=1e-12, hermitian=True) * scale
