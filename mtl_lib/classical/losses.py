"""The squared loss of all tasks, with every unpenalised direction eliminated exactly.

The model of task t is theta_t = P v_t + C u: v_t is penalised, u is common to all tasks and free.
Which columns P and C pick is all that an intercept rule or ``about_mean`` is:

=============  ==================================  ====================  =====================
intercept      columns                             penalised per task    common and free
=============  ==================================  ====================  =====================
None           X                                   X
"free"         X, centred inside each task         X
"shared"       X and a column of ones              X                     ones
"about_mean"   X and a column of ones              X and ones            ones
+ about_mean                                                             X as well
=============  ==================================  ====================  =====================

Eliminating u leaves f(V) = min over u of sum_t c_t ||y_t - B_t theta_t||^2 / 2 + rho ||W||_F^2,
a quadratic whose residual is orthogonal to all that is free: what makes its duality gap valid.
"""
import numpy as np

INTERCEPTS = ("free", "shared", "about_mean", None)


class SquaredLoss:
    """f(V) from the tasks' Gram matrices; one product gives gradient, value and certificate.

    Parameters
    ----------
    Xs, ys : lists of (m_t, d) and (m_t,) arrays.
    weights : (T,), c_t, the weight of one sample of task t.
    intercept : one of ``INTERCEPTS``.
    free_mean : whether the features' mean over tasks is common and free (``about_mean``).
    ridge : rho >= 0 in rho ||W||_F^2, the same as sqrt(2 rho / c_t) I appended to each X_t.
    """

    def __init__(self, Xs, ys, weights, intercept="free", free_mean=False, ridge=0.0):
        self.intercept, self.d = intercept, Xs[0].shape[1]
        self.ones = intercept in ("shared", "about_mean")
        self.x_means = np.array([X.mean(axis=0) for X in Xs])
        self.y_means = np.array([y.mean() for y in ys])
        self.y_shift = float(np.average(self.y_means, weights=weights * [len(y) for y in ys])) if self.ones else 0.0
        if self.ones:  # a free common intercept takes up any constant; far from 0 it would cost digits
            ys = [y - self.y_shift for y in ys]
        if intercept == "free":
            Xs = [_centred(X, mean) for X, mean in zip(Xs, self.x_means)]
            ys = [y - mean for y, mean in zip(ys, self.y_means)]
        if self.ones:
            Xs = [np.column_stack([X, np.ones(len(X))]) for X in Xs]
        features, width = np.arange(self.d), self.d + self.ones
        self._columns = (np.arange(width) if intercept == "about_mean" else features,
                         np.concatenate([features if free_mean else features[:0], np.arange(self.d, width)]))
        Xs, onto = self._in_blocks(Xs, weights, ridge)
        self._gram = np.stack([c * (X.T @ X) for c, X in zip(weights, Xs)]) + 2 * ridge * onto.T @ onto
        self._moment = np.stack([c * (X.T @ y) for c, X, y in zip(weights, Xs, ys)])
        self.energy = float(sum(c * (y @ y) for c, y in zip(weights, ys)))  # <y, y>

        p = len(self._columns[0])
        self.shape, self.penalised, self.common = (len(Xs), p), np.arange(p), np.arange(p, onto.shape[1])
        self._square = np.ascontiguousarray(self._gram[:, :p, :p])
        self._cross = np.ascontiguousarray(self._gram[:, :p, p:])
        self.curvature = float(np.linalg.eigvalsh(self._square)[:, -1].max())  # Lipschitz constant of the gradient
        zero = np.zeros(self.shape)
        self.value_at_zero = 0.5 * (self.energy - float((self.free_part(zero) ** 2).sum()))
        self.gradient_at_zero = self.gradient(zero)

    def _in_blocks(self, Xs, weights, ridge):
        """The designs [X_t P, Z_t], and the (d, p + r) map from their coefficients to w_t.

        Z is an orthonormal basis, over all tasks and the ridge's rows, of what is common and free. Taking it
        by SVD before any Gram matrix is formed keeps the elimination exact for columns in odd units or nearly
        collinear, where a Gram matrix would square the condition number and the gap be wrong.
        """
        penalised, common = self._columns
        width, T = self.d + self.ones, len(Xs)
        rows = [np.sqrt(c) * X[:, common] for c, X in zip(weights, Xs)]
        rows += [np.sqrt(2 * ridge * T) * np.eye(width)[: self.d, common]]
        Z, self._basis = _orthonormal(np.concatenate(rows))
        Zs = np.split(Z, np.cumsum([len(X) for X in Xs]))
        onto_free = Zs.pop() / np.sqrt(2 * ridge * T) if ridge else np.eye(width)[: self.d, common] @ self._basis
        designs = [np.column_stack([X[:, penalised], z / np.sqrt(c)]) for X, z, c in zip(Xs, Zs, weights)]
        return designs, np.column_stack([np.eye(width)[: self.d, penalised], onto_free])

    def free_part(self, V):
        """Coordinates of the optimal u for V in the orthonormal basis: sum_t Z_t' c_t (y_t - X_t P v_t), (r,)."""
        return self._moment[:, self.common].sum(axis=0) - np.einsum("tpc,tp->c", self._cross, V)

    def gradient(self, V):
        """Gradient of f, (T, p): minus the weighted correlation of residual and penalised columns."""
        product = np.matmul(self._square, V[:, :, None])[:, :, 0]
        if len(self.common):
            product += self._cross @ self.free_part(V)
        return product - self._moment[:, self.penalised]

    def value(self, V, gradient):
        """f(V), from its gradient: f is quadratic."""
        return self.value_at_zero + 0.5 * float((V * (gradient + self.gradient_at_zero)).sum())

    def alignment(self, V):
        """<r, y>, the residual against the target with the free directions taken out."""
        return 2 * self.value_at_zero + float((V * self.gradient_at_zero).sum())

    def ridge_solution(self, lam, mu=None):
        """argmin of f(V) + lam sum_t ||v_t - v_0||^2 + lam mu ||v_0||^2; v_0 = 0 where mu is None.

        Block elimination: each v_t given the common part, then the common part. O(T d^3).
        """
        T, p = self.shape
        common = self.common if mu is None else np.concatenate([self.common, self.penalised])
        inner = self._square + 2 * lam * np.eye(p)
        cross = self._gram[:, self.penalised[:, None], common]
        solved = np.linalg.solve(inner, np.concatenate([cross, self._moment[:, self.penalised, None]], axis=2))
        share, own = solved[:, :, :-1], solved[:, :, -1]  # v_t = own_t - share_t z
        if not len(common):
            return own
        left = (self._gram[:, common[:, None], common] - cross.transpose(0, 2, 1) @ share).sum(axis=0)
        right = (self._moment[:, common] - np.einsum("tpc,tp->tc", cross, own)).sum(axis=0)
        if mu is not None:
            inside = np.arange(len(self.common), len(common))
            left[inside, inside] += 2 * lam * mu
        z = _pseudo_inverse(left) @ right
        V = own - share @ z
        return V if mu is None else V + z[len(self.common):]

    def parameters(self, V):
        """(coef (T, d), intercept (T,)) of the models that V stands for."""
        theta = np.zeros((self.shape[0], self.d + self.ones))
        penalised, common = self._columns
        theta[:, penalised] += V
        theta[:, common] += self._basis @ self.free_part(V)
        coef = theta[:, : self.d]
        if self.intercept == "free":
            return coef, self.y_means - (self.x_means * coef).sum(axis=1)
        return coef, theta[:, self.d] + self.y_shift if self.ones else np.zeros(len(coef))


def _centred(X, mean):
    """X minus its column means; a constant column becomes exactly 0, not rounding that looks like data."""
    centred = X - mean
    constant = np.abs(centred).max(axis=0) <= 1e-13 * np.abs(mean)
    return np.where(constant, 0.0, centred)


def _orthonormal(A):
    """(U, R): U = A R orthonormal with the span of A; directions below 1e-12 of the columns' lengths are rounding."""
    lengths = np.linalg.norm(A, axis=0)
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    U, sigma, Vt = np.linalg.svd(A * scale, full_matrices=False)
    keep = sigma > 1e-12 * sigma.max(initial=0)
    return U[:, keep], scale[:, None] * (Vt[keep].T / sigma[keep])


def _pseudo_inverse(matrix):
    """Of a positive semidefinite matrix, scaled to a unit diagonal first, so that units do not decide what is 0.
    Collinear columns leave eigenvalues of rounding size, a few times 1e-16: the cut is well above them."""
    scale = 1 / np.sqrt(np.where(np.diag(matrix) > 0, np.diag(matrix), 1.0))
    return scale[:, None] * np.linalg.pinv(scale[:, None] * matrix * scale, rcond=1e-12, hermitian=True) * scale
