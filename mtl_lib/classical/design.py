"""What is penalised and what is free, under an intercept rule and a penalty.

The model of task t is theta_t = P v_t + C_t u: v_t is penalised, u is common to all tasks and
free. Which columns P and C_t pick is all that an intercept rule, ``about_mean`` or a penalty's
null space is:

=============  ==========================  ====================  =====================
intercept      columns                     penalised per task    common and free
=============  ==========================  ====================  =====================
None           X                           X
"free"         X, centred inside each task X
"shared"       X and a column of ones      X                     ones
"about_mean"   X and a column of ones      X and ones            ones
+ null space                                                     n_tj times the penalised
=============  ==========================  ====================  =====================

A penalty's null space is spanned by columns n_j (T,) with g(W + n_j a') = g(W) for every a: 1 for
``about_mean`` and a connected graph, one indicator per part of a graph in several parts.
"""

import copy

import numpy as np

from mtl_lib.classical.free_columns import orthonormal_basis

INTERCEPTS = ("free", "shared", "about_mean", None)


class Design:
    """The penalised columns of every task, and an orthonormal basis of what is common and free.

    Parameters
    ----------
    Xs : list of (m_t, d)
        Inputs.
    weights : list of (m_t,)
        Positive: c_t times the weight of each sample.
    intercept : str or None
        One of ``INTERCEPTS``.
    null_space : np.ndarray, optional
        (T, q), orthonormal columns.
    ridge : float
        rho >= 0 in rho ||W||_F^2, the same as sqrt(2 rho / c_t) I appended to each X_t.

    Attributes
    ----------
    T, d, p : int
        Tasks, features, penalised columns.
    Xs : list of (m_t, p)
        The penalised columns.
    Zs : list of (m_t, r)
        What is common and free: sum_t Z_t' c_t Z_t and the ridge's part = I.
    same : bool
        Whether all tasks have one X and the same weights; then one product serves all of them.
    lift : (q, d, r)
        Coefficients of u: those in w_t are sum_j n_tj lift_j u.
    """

    def __init__(self, Xs, weights, intercept="free", null_space=None, ridge=0.0):
        self.intercept = intercept
        self.ridge = ridge
        self.weights = weights
        self.T = len(Xs)
        self.d = Xs[0].shape[1]
        self.null = np.zeros((self.T, 0)) if null_space is None else null_space
        self.ones = intercept in ("shared", "about_mean")
        one_table = all(X is Xs[0] for X in Xs)
        self.same = one_table and all(_equal(c, weights[0]) for c in weights)
        if self.same:
            Xs = Xs[:1]
            weights = weights[:1]
        means = np.zeros((1, self.d))
        if intercept == "free":
            means = np.array([c @ X / c.sum() for X, c in zip(Xs, weights, strict=True)])
            Xs = [_centred(X, mean) for X, mean in zip(Xs, means, strict=True)]
        if intercept == "about_mean":
            Xs = [np.column_stack([X, np.ones(len(X))]) for X in Xs]
        self.x_means = np.broadcast_to(means, (self.T, self.d))
        self.Xs = Xs * self.T if self.same else Xs
        self.p = Xs[0].shape[1]
        self._eliminate()

    def _eliminate(self):
        """The basis of what is common and free."""
        q = self.null.shape[1]
        if not q and not self.ones:
            self.Zs = [np.zeros((len(X), 0)) for X in self.Xs]
            self.lift = np.zeros((0, self.d, 0))
            self._basis = np.zeros((0, 0))
            self._seen = None
            return
        rows = [
            np.sqrt(c)[:, None] * self._free_columns(X, own)
            for X, c, own in zip(self.Xs, self.weights, self.null, strict=True)
        ]
        of_penalised = np.tile(np.arange(self.p) < self.d, q)
        is_feature = np.append(of_penalised, [False] * self.ones).astype(bool)
        free = orthonormal_basis(np.concatenate(rows), is_feature, self.ridge)
        Zs = np.split(free.Z, np.cumsum([len(X) for X in self.Xs])[:-1])
        self.Zs = [z / np.sqrt(c)[:, None] for z, c in zip(Zs, self.weights, strict=True)]
        self._basis = free.basis
        self._seen = free.seen
        self.lift = free.lift.reshape(q, self.d, free.Z.shape[1])

    def _free_columns(self, X, own):
        """The columns of one task that are common and free; ``own`` (q,) is its row of ``null``."""
        ones = [np.ones((len(X), 1))] * self.ones
        return np.column_stack([*(n * X for n in own), *ones, X[:, :0]])

    def on(self, chosen):
        """The same with some of the penalised columns only, for penalties that see everything.

        Parameters
        ----------
        chosen : (k,)
            Increasing positions of columns.
        """
        part = copy.copy(self)
        Xs = [X[:, chosen] for X in (self.Xs[:1] if self.same else self.Xs)]
        part.Xs = Xs * self.T if self.same else Xs
        part.p = len(chosen)
        part.d = np.count_nonzero(chosen < self.d)
        part.lift = self.lift[:, : part.d]  # of no direction: empty
        return part

    def without_samples(self):
        """The same where no sample is needed any more: a centred copy of the data is let go."""
        light = copy.copy(self)
        light.Xs = []
        light.Zs = [Z[:0].copy() for Z in self.Zs]
        return light

    @property
    def reduced(self) -> bool:
        """Whether u holds only what the samples see: see ``free_columns``."""
        return self._seen is not None

    def penalised(self, V) -> np.ndarray:
        """The models without u, (T, d)."""
        W = V[:, : self.d]
        return W - self.unseen(V) if self.reduced else W

    def unseen(self, V) -> np.ndarray:
        """What the free part takes out of W where no sample sees it, (T, d)."""
        means = (self.null.T @ V[:, : self.d]).ravel()
        left = means - self._seen @ (self._seen.T @ means)
        return self.null @ left.reshape(-1, self.d)

    def common(self, u) -> np.ndarray:
        """The part of every w_t that u stands for, (T, d)."""
        return self.null @ (self.lift @ u)

    def pull(self, W) -> np.ndarray:
        """The adjoint of ``common``: (r,)."""
        return np.einsum("qdr,qd->r", self.lift, self.null.T @ W)

    def parameters(self, V, u, own) -> tuple[np.ndarray, np.ndarray]:
        """The models that v_t and u stand for.

        Parameters
        ----------
        V : (T, p)
            What is penalised.
        u : (r,)
            What is common and free.
        own : (T,)
            Free intercepts of the centred data.

        Returns
        -------
        tuple
            (coef (T, d), intercept (T,)).
        """
        q = self.null.shape[1]
        free = self._basis @ u
        theta = V + self.null @ free[: q * self.p].reshape(q, self.p)
        coef = theta[:, : self.d]
        if self.reduced:
            coef = coef - self.unseen(V)
        intercept = np.zeros(self.T)
        if self.intercept == "free":
            intercept = own - (self.x_means * coef).sum(axis=1)
        if self.intercept == "about_mean":
            intercept = theta[:, self.d]
        return coef, intercept + free[-1] if self.ones else intercept


def _equal(a, b):
    """Whether two vectors of weights are the same."""
    return a is b or np.array_equal(a, b)


def _centred(X, mean):
    """X minus its column means.

    A constant column becomes exactly 0, not rounding that looks like data.
    """
    centred = X - mean
    size = np.maximum(centred.max(axis=0), -centred.min(axis=0))
    constant = size <= 1e-13 * np.abs(mean)
    if constant.any():
        centred[:, constant] = 0.0
    return centred
