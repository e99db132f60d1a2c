"""What a penalty is: the class to derive from."""

import numpy as np

SYSTEMS = 100  # linear systems, after which a fit goes on by proximal steps


class Penalty:
    """A penalty g(W) on the models W (T, d), one row per task.

    A penalty is a small class with ``kind`` and three methods: ``value``, ``prox`` and
    ``dual_norm``. All losses, intercept rules, paths and certificates then work with it. The other
    methods have defaults, right for a penalty that sees every direction of W.

    A penalty may also have ``feature_norms(G)``, (p,), where g is a sum over features: a fit with
    very many features then works on few of them at a time. And ``covariance(W)``, (T, T), where g
    stands for a covariance of tasks: it becomes ``task_covariance_``.

    Attributes
    ----------
    kind : str
        ``"norm"`` where g is a norm N, ``"squared"`` where g = N^2.
    """

    kind: str

    def value(self, W) -> float:
        """g(W)."""
        raise NotImplementedError(f"{type(self).__name__} has no value")

    def prox(self, W, step: float) -> np.ndarray:
        """argmin over Z of ||Z - W||_F^2 / 2 + step g(Z), of the shape of W."""
        raise NotImplementedError(f"{type(self).__name__} has no prox")

    def dual_norm(self, G) -> float:
        """N*(G), the dual of the norm N; it is what certifies a solution."""
        raise NotImplementedError(f"{type(self).__name__} has no dual_norm")

    def null_space(self, T: int) -> np.ndarray:
        """Directions that g does not see: they are eliminated exactly, never penalised.

        Returns
        -------
        np.ndarray
            (T, q), orthonormal columns n with g(W + n a') = g(W) for every a.
        """
        return np.zeros((T, 0))

    def variables(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the variables that the prox acts on, for W of ``shape``."""
        return shape

    def total(self, U) -> np.ndarray:
        """W from the variables U."""
        return U

    def systems(self, loss, lam: float, start):
        """Approach the optimum under squared losses by linear systems, where they lead to it.

        Parameters
        ----------
        loss : QuadraticLoss
            The sum of losses.
        lam : float
            The weight of g.
        start : np.ndarray or None
            W to start from, (T, p).

        Returns
        -------
        iterator
            Over W, each nearer to the optimum; empty where proximal steps are the way.
        """
        return iter(())


class OverFeatures(Penalty):
    """A norm that is a sum over features: its dual norm is the largest of the features' own."""

    kind = "norm"

    def feature_norms(self, G) -> np.ndarray:
        """N*_j(G_j), the dual norm of every feature, (p,)."""
        raise NotImplementedError(f"{type(self).__name__} has no feature_norms")

    def dual_norm(self, G):
        return float(self.feature_norms(G).max())
