"""What is penalised and what is free: the columns of every task under an intercept rule and a penalty.

The model of task t is theta_t = P v_t + C_t u: v_t is penalised, u is common to all tasks and free.
Which columns P and C_t pick is all that an intercept rule, ``about_mean`` or a penalty's null space is:

=============  ==================================  ====================  =====================
intercept      columns                             penalised per task    common and free
=============  ==================================  ====================  =====================
None           X                                   X
"free"         X, centred inside each task         X
"shared"       X and a column of ones              X                     ones
"about_mean"   X and a column of ones              X and ones            ones
+ null space                                                             n_tj times the penalised
=============  ==================================  ====================  =====================

A penalty's null space is spanned by columns n_j (T,) with g(W + n_j a') = g(W) for every a: 1 for
``about_mean`` and a connected graph, one indicator per part of a graph in several parts.
"""

import copy

import numpy as np

INTERCEPTS = ("free", "shared", "about_mean", None)


class Design:
    """The penalised columns of every task, and an orthonormal basis of what is common and free.

    Parameters
    ----------
    Xs : list of (m_t, d).
    weights : list of (m_t,), positive: c_t times the weight of each sample.
    intercept : one of ``INTERCEPTS``.
    null_space : (T, q), orthonormal columns.
    ridge : rho >= 0 in rho ||W||_F^2, the same as sqrt(2 rho / c_t) I appended to each X_t.

    Attributes
    ----------
    Xs : list of (m_t, p); ``Zs`` : list of (m_t, r) with sum_t Z_t' c_t Z_t and the ridge's part = I.
    same : whether all tasks have one X and the same weights; then one product serves all of them.
    lift : (q, d, r): coefficients of u in w_t are sum_j n_tj lift_j u.
    """

    def __init__(self, Xs, weights, intercept="free", null_space=None, ridge=0.0):
        self.intercept, self.ridge, self.weights = intercept, ridge, weights
        self.T, self.d = len(Xs), Xs[0].shape[1]
        self.null = np.zeros((self.T, 0)) if null_space is None else null_space
        self.ones = intercept in ("shared", "about_mean")
        self.same = all(X is Xs[0] for X in Xs) and all(
            np.array_equal(c, weights[0]) for c in weights
        )
        if self.same:
            Xs, weights = Xs[:1], weights[:1]
        means = np.array([c @ X / c.sum() for X, c in zip(Xs, weights, strict=True)])
        if intercept == "free":
            Xs = [_centred(X, mean) for X, mean in zip(Xs, means, strict=True)]
        if intercept == "about_mean":
            Xs = [np.column_stack([X, np.ones(len(X))]) for X in Xs]
        self.x_means = np.broadcast_to(means, (self.T, self.d))
        self.Xs, self.p = Xs * self.T if self.same else Xs, Xs[0].shape[1]
        self._eliminate()

    def _eliminate(self):
        """The basis by SVD, before any Gram matrix is formed: exact for columns in odd units or nearly
        collinear, where a Gram matrix would square the condition number and the gap be wrong."""
        q = self.null.shape[1]
        feature = np.tile(np.arange(self.p) < self.d, q)
        rows = [
            np.sqrt(c)[:, None]
            * np.column_stack(
                [*(n * X for n in own), *[np.ones((len(X), 1))] * self.ones, X[:, :0]]
            )
            for X, c, own in zip(self.Xs, self.weights, self.null, strict=True)
        ]
        rows += [np.sqrt(2 * self.ridge) * np.eye(q * self.p + self.ones)[: q * self.p][feature]]
        Z, self._basis = _orthonormal(np.concatenate(rows))
        *Zs, last = np.split(Z, np.cumsum([len(X) for X in self.Xs]))
        self.Zs = [z / np.sqrt(c)[:, None] for z, c in zip(Zs, self.weights, strict=True)]
        lift = last / np.sqrt(2 * self.ridge) if self.ridge else self._basis[: q * self.p][feature]
        self.lift = lift.reshape(q, self.d, Z.shape[1])

    def on(self, chosen):
        """The same with some of the penalised columns only, (k,) increasing; for penalties that see every direction."""
        part = copy.copy(self)
        Xs = [X[:, chosen] for X in (self.Xs[:1] if self.same else self.Xs)]
        part.Xs = Xs * self.T if self.same else Xs
        part.p, part.d = len(chosen), np.count_nonzero(chosen < self.d)
        part.lift = self.lift[:, : part.d]  # of no direction: empty
        return part

    def common(self, u):
        """The part of every w_t that u stands for, (T, d)."""
        return self.null @ (self.lift @ u)

    def pull(self, W):
        """The adjoint of ``common``: (r,)."""
        return np.einsum("qdr,qd->r", self.lift, self.null.T @ W)

    def parameters(self, V, u, own):
        """(coef (T, d), intercept (T,)) for v_t, u and, with free intercepts, those of the centred data."""
        q, free = self.null.shape[1], self._basis @ u
        theta = V + self.null @ free[: q * self.p].reshape(q, self.p)
        coef, intercept = theta[:, : self.d], np.zeros(self.T)
        if self.intercept == "free":
            intercept = own - (self.x_means * coef).sum(axis=1)
        if self.intercept == "about_mean":
            intercept = theta[:, self.d]
        return coef, intercept + free[-1] if self.ones else intercept


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
