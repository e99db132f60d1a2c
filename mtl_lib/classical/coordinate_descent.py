"""L21 on one X by coordinate descent, which is scikit-learn's, on some of the features.

Where samples are many it runs on a square table in place of the columns: with the Cholesky factor R
of their Gram matrix, ||Y - X W'||^2 is ||B - R W'||^2 and a constant.
"""

import warnings

import numpy as np
from scipy.linalg import solve_triangular
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import enet_path

from mtl_lib.classical.penalties import L21
from mtl_lib.classical.shared import SharedLoss
from mtl_lib.classical.solver import ROUNDING

SWEEPS = 10  # between two looks at the gap
ROUNDS = 2  # of so many sweeps before their number is foretold
TIRED = 100  # sweeps to go: momentum is then faster


def applies(loss, penalty) -> bool:
    """Whether scikit-learn has a coordinate descent for them."""
    return isinstance(loss, SharedLoss) and isinstance(penalty, L21)


class CoordinateDescent:
    """Solves on a set of features that may grow.

    Parameters
    ----------
    loss : SharedLoss
        On all features.

    Attributes
    ----------
    tired : bool
        Whether the last set was given up.
    """

    fewest = 100  # features in a set: sweeps over columns that stay 0 are cheap
    sharper = 0.01  # a set is solved to this share of the gap on all features

    def __init__(self, loss):
        self._loss = loss
        self._features = np.zeros(0, dtype=int)  # in the order in which they came
        self._rows = np.zeros((0, len(loss.root)))  # their columns, times the roots of the weights
        self._gram = np.zeros((0, 0))
        self.tired = False

    def solve(self, chosen, V, lam: float, aim: float, objective: float, most: int):
        """Solve on the features ``chosen`` and all of the sets before.

        Parameters
        ----------
        chosen : (k,)
            Positions of features.
        V : (T, p)
            Where to start.
        lam : float
            The weight of the penalty.
        aim : float
            The gap to reach on the set, relative to ``objective``.
        most : int
            Most sweeps.

        Returns
        -------
        tuple
            (V, sweeps, numbers exchanged if each task were a node).
        """
        self._take_in(np.setdiff1d(chosen, self._features))
        W = np.asfortranarray(V[:, self._features])
        target = max(aim * abs(objective), 0.3 * ROUNDING * self._loss.scale)
        samples = len(self._table)
        ridge = 2 * self._loss.design.ridge
        options = {
            "l1_ratio": lam / (lam + ridge),
            "alphas": [(lam + ridge) / samples],
            "tol": target / max(float(np.vdot(self._targets, self._targets)), 1e-300),
        }
        sweeps = 0
        reached = False
        gaps = [np.inf]
        self.tired = False
        while not (reached or self.tired) and sweeps < most:
            now = min(SWEEPS, most - sweeps)
            W, gap, count = _sweep(self._table, self._targets, W, now, options)
            sweeps += count
            reached = count < now or gap <= target
            gaps.append(gap)
            self.tired = not reached and sweeps_left(gaps, target) > TIRED
        V = np.zeros_like(V)
        V[:, self._features] = W
        return V, sweeps, 2 * W.size * sweeps

    def _take_in(self, new):
        """More features."""
        if not len(new):
            return
        rows = self._loss.X[:, new].T * self._loss.root
        self._features = np.concatenate([self._features, new])
        small = 2 * len(self._features) <= len(self._loss.root)
        if small:
            beside = self._rows @ rows.T
            self._gram = np.block([[self._gram, beside], [beside.T, rows @ rows.T]])
        self._rows = np.concatenate([self._rows, rows])
        self._table = self._rows.T
        self._targets = np.asfortranarray(self._loss.targets)
        if small:
            self._make_square()

    def _make_square(self):
        """The smallest table with the same least squares; none where columns are collinear."""
        try:
            factor = np.linalg.cholesky(self._gram)
        except np.linalg.LinAlgError:
            return
        moments = self._rows @ self._loss.targets
        self._targets = np.asfortranarray(solve_triangular(factor, moments, lower=True))
        self._table = np.asfortranarray(factor.T)


def sweeps_left(gaps, target: float) -> float:
    """Sweeps until ``target`` if the gap goes on to fall as it did last; 0 in the first rounds.

    Parameters
    ----------
    gaps : list of float
        Every ``SWEEPS`` sweeps, the first for none.
    target : float
        The gap to reach.
    """
    if len(gaps) <= ROUNDS:
        return 0.0
    before, now = gaps[-2:]
    if now >= before:
        return np.inf
    return SWEEPS * np.log(target / now) / np.log(now / before)


def _sweep(table, targets, W, most, options):
    """(W (T, k), gap, sweeps) after up to ``most`` sweeps; fewer where the gap is small enough."""
    with warnings.catch_warnings(), config_context(skip_parameter_validation=True):
        warnings.simplefilter("ignore", ConvergenceWarning)
        _, coefs, gaps, counts = enet_path(
            table,
            targets,
            coef_init=W,
            max_iter=most,
            precompute=False,  # several targets make no use of a Gram matrix
            check_input=False,
            return_n_iter=True,
            **options,
        )
    return coefs[:, :, 0], float(gaps[0]) * len(table), counts[0]
