"""LinearMTL: one linear model per task behind scikit-learn's interface."""

import functools
import inspect
import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import ThreadpoolController

from mtl_lib import checks
from mtl_lib.classical.design import INTERCEPTS, Design
from mtl_lib.classical.general import cheapest
from mtl_lib.classical.losses import LINEAR_LOSSES
from mtl_lib.classical.penalties import L21, Penalty, Ridge, mean_direction
from mtl_lib.classical.prediction import Predictor
from mtl_lib.classical.solver import lambda_max
from mtl_lib.classical.training_data import kept, read
from mtl_lib.classical.working_set import solve

WEIGHTINGS = ("mean", "sum")
OPTIONAL = ("classes_", "feature_names_in_", "task_covariance_", "parts_")  # not of every fit


class LinearMTL(Predictor, BaseEstimator):
    """min sum_t c_t sum_i loss(y_ti, x_ti.w_t + b_t) + lam g(W) + ridge ||W||_F^2, certified.

    Parameters
    ----------
    penalty : Penalty, optional
        g, an object of ``mtl_lib.classical.penalties``; by default ``Ridge()``, every task on its
        own.
    lam : float
        The weight of g, more than 0. The default, 0.1, suits standardised inputs and targets
        under ``weighting="mean"``: Ridge then shrinks a coefficient by a sixth, 1 / (1 + 2 lam).
        ``LinearMTLCV`` chooses it.
    loss : str
        Of data given as arrays; the tasks of a TaskSet carry their own, which may differ.
        ``"squared"``: (y - z)^2 / 2; ``"logistic"``: log(1 + exp(-y z)); ``"squared_hinge"``:
        max(0, 1 - y z)^2 / 2. Labels of the last two are two values over all tasks together:
        whole numbers, True and False, or text. The larger (alphabetically last) is class 1 and
        stands for y = 1, the other for y = -1. The labels of a TaskSet are 0 and 1.
    intercept : str or None
        ``"free"`` (b_t unpenalised), ``"shared"`` (one b), ``"about_mean"`` (b_t = b_0 + e_t, e_t
        penalised as one more column), or None. Under ``"free"`` a task of a binary loss needs
        samples of both classes.
    about_mean : bool
        W = 1 w_0' + V with w_0 free and the penalty on V (Evgeniou and Pontil 2004 for Ridge).
    ridge : float
        rho >= 0.
    weighting : str
        ``"mean"`` for c_t = 1/m_t (every task counts the same), ``"sum"`` for c_t = 1; times
        ``Task.weight``.
    tol : float
        Stop when the duality gap is at most ``tol`` times the objective, or 1e-14 times that of
        the zero model, which is rounding.
    max_iter : int
        ConvergenceWarning with the gap reached after so many iterations. One too where a logistic
        loss has no finite optimum, since what the penalty leaves free separates the classes.

    Attributes
    ----------
    coef_ : (T, d)
    intercept_ : (T,)
    task_names_ : list
        T names: of the TaskSet, positions in the list, columns of y, or sorted task ids.
    classes_ : (2,)
        The labels of classes 0 and 1; where a loss is binary only.
    n_features_in_ : int
    feature_names_in_ : (d,)
        Names of the columns, where X came with names (a frame, a TaskSet).
    objective_, dual_gap_ : float
        Primal objective, and a certified bound on its distance to the optimum.
    n_iter_ : int
    history_ : dict of lists
        iteration, objective, gap, seconds, floats (numbers sent between nodes and server if each
        task were a node; 0 while linear systems are solved in one place).
    deviations_ : (T, p)
        V, what the penalty sees.
    task_covariance_ : (T, T)
        Of trace 1; MTRL only.
    parts_ : (2, T, p)
        The P and Q (L and S) of W = P + Q; Dirty and Robust only.

    Raises
    ------
    ValueError
        Naming the task, for NaN, infinity, an empty task, differing d, columns or lengths, labels
        that a loss does not take.

    Notes
    -----
    ``mtl_lib.federated.Mocha`` minimises sum_t (1/m_t) sum_i loss + (lam / 2) tr(W' Sigma^-1 W).
    With a learned Sigma its lam is twice that of ``MTRL()`` here, under ``weighting="mean"`` and
    ``intercept=None``; for ``MeanRegularized(mu)`` it is 2 lam / (T (1 + 1/mu)).
    """

    def __init__(
        self,
        penalty=None,
        lam=0.1,
        loss="squared",
        intercept="free",
        about_mean=False,
        ridge=0.0,
        weighting="mean",
        tol=1e-6,
        max_iter=10_000,
    ):
        self.penalty = penalty
        self.lam = lam
        self.loss = loss
        self.intercept = intercept
        self.about_mean = about_mean
        self.ridge = ridge
        self.weighting = weighting
        self.tol = tol
        self.max_iter = max_iter

    def __repr__(self, N_CHAR_MAX=None):
        """What one would type: the penalty first, then the parameters that are not the default."""
        defaults = inspect.signature(type(self)).parameters
        given = []
        for name, value in self.get_params(deep=False).items():
            value = value.item() if isinstance(value, np.generic) else value
            if name != "penalty" and repr(value) != repr(defaults[name].default):
                given.append(f"{name}={value!r}")
        order = list(defaults)
        given.sort(key=lambda text: order.index(text.split("=")[0]))
        first = [] if self.penalty is None else [repr(self.penalty)]
        return f"{type(self).__name__}({', '.join(first + given)})"

    def fit(self, X, y=None, task=None, sample_weight=None):
        """Fit on a TaskSet, on lists, on one X with 2-D y, or on (X, y, task ids).

        Parameters
        ----------
        X : TaskSet, list of (m_t, d), or (n, d)
            Inputs. Frames have their columns compared, task by task and at predictions.
        y : list of (m_t,), (n, T) or (n,)
            Labels, in any form that is a vector: lists, Series (by position), (m_t, 1).
        task : (n,), optional
            Ids of the tasks that the rows of one X belong to. What they are called, and the order
            of rows, changes nothing but the order of ``task_names_``.
        sample_weight : optional
            (n,) beside one X, a list of (m_t,) beside a list or TaskSet. A weight of 2 is the
            sample twice, of 0 is none: under ``weighting="mean"`` c_t = 1 / sum of the task's
            weights.

        Returns
        -------
        LinearMTL
            Itself, fitted.
        """
        samples = self._samples(X, y, task, sample_weight)
        return self._solve(samples, self._problem(samples))

    def lambda_max(self, X, y=None, task=None, sample_weight=None) -> float:
        """Smallest lam at which the penalised part is exactly 0, for norms.

        For squared norms, where a path starts. Data as in ``fit``.
        """
        samples = self._samples(X, y, task, sample_weight)
        return lambda_max(self._problem(samples), self._penalty)

    @property
    def _penalty(self):
        """The penalty in use."""
        return Ridge() if self.penalty is None else self.penalty

    def _samples(self, X, y, task, sample_weight):
        """The data as one, all parameters checked."""
        self._check_parameters()

        def made():
            return read(X, y, task, sample_weight, self.loss)

        bare = y is None and task is None and sample_weight is None
        samples = kept(X, "samples", made) if bare else made()
        samples.check_classes(self.intercept)
        return samples

    def _problem(self, samples):
        """The loss as a function of what is penalised, everything free eliminated.

        Made once of the same samples for all penalties with the same null space.
        """
        null_space = self._null_space(len(samples.names))
        picks = isinstance(self._penalty, L21)
        rules = (self.intercept, self.ridge, self.weighting, picks, null_space.tobytes())
        if rules not in samples.problems:
            Xs, targets, weights = _weighed(samples, self.weighting)
            design = Design(Xs, weights, self.intercept, null_space, self.ridge)
            losses = [LINEAR_LOSSES[loss] for loss in samples.losses]
            samples.problems[rules] = cheapest(design, targets, losses, self._penalty)
        return samples.problems[rules].afresh()

    def _null_space(self, T):
        """What neither the penalty nor ``about_mean`` sees, (T, q)."""
        own = self._penalty.null_space(T)
        if not self.about_mean:
            return own
        columns = np.column_stack([own, mean_direction(T)])
        both, sigma, _ = np.linalg.svd(columns, full_matrices=False)
        return both[:, sigma > 1e-8]

    def _solve(self, samples, problem, start=None):
        """Solve, and write down what a fit says; called by what the user calls."""
        with _blas().limit(limits=1, user_api="blas"):
            solution = solve(problem, self._penalty, self.lam, start, self.tol, self.max_iter)
            self.coef_, self.intercept_ = problem.parameters(solution.point)
            unbounded = problem.unbounded(solution.point)
        self._remember(samples)
        self.objective_ = solution.objective
        self.dual_gap_ = solution.gap
        self.n_iter_ = solution.iterations
        self.history_ = solution.history
        self.deviations_ = solution.point.V
        self._variables = solution.U  # the warm start of a path
        if hasattr(self._penalty, "covariance"):
            self.task_covariance_ = self._penalty.covariance(solution.point.V)
        if solution.U.ndim == 3:
            self.parts_ = solution.U
        message = self._doubt(solution, unbounded)
        if message:
            warnings.warn(message, ConvergenceWarning, stacklevel=3)
        return self

    def _remember(self, samples):
        """What predictions need to know of the data."""
        for name in OPTIONAL:
            vars(self).pop(name, None)
        self.task_names_ = list(samples.names)
        self._position = {name: k for k, name in enumerate(samples.names)}
        self._losses = dict(zip(samples.names, samples.losses, strict=True))
        self._single_label = samples.single
        self.n_features_in_ = self.coef_.shape[1]
        if samples.columns is not None:
            self.feature_names_in_ = np.array(samples.columns, dtype=object)
        if samples.classes is not None:
            self.classes_ = samples.classes

    def _doubt(self, solution, unbounded):
        """What a warning says of the solution; empty where it is certified."""
        name = type(self).__name__
        if unbounded:
            return (
                f"{name}: no finite optimum, what the penalty leaves free separates the classes; "
                f"coefficients stopped at {np.abs(self.coef_).max():.2g}, objective "
                f"{solution.objective:.3g}, its infimum at most {solution.gap:.2e} below"
            )
        if not solution.converged:
            return (
                f"{name} stopped after {solution.iterations} iterations with a gap of "
                f"{solution.gap:.2e} at objective {solution.objective:.6g} (tol {self.tol:g})"
            )
        return ""

    def _check_parameters(self):
        """One line for the first parameter that is not allowed."""
        owner = type(self).__name__
        if self.penalty is not None and not isinstance(self.penalty, Penalty):
            raise ValueError(
                f"{owner}: penalty {self.penalty!r}, allowed is an object of "
                "mtl_lib.classical.penalties, for example Ridge()"
            )
        checks.one_of(owner, tuple(LINEAR_LOSSES), loss=self.loss)
        checks.one_of(owner, INTERCEPTS, intercept=self.intercept)
        checks.one_of(owner, WEIGHTINGS, weighting=self.weighting)
        checks.positive(owner, lam=self.lam, tol=self.tol)
        checks.not_negative(owner, ridge=self.ridge)
        checks.whole(owner, 1, max_iter=self.max_iter)
        checks.flag(owner, about_mean=self.about_mean)


def _weighed(samples, weighting):
    """(Xs, targets, c_t times the weight of each sample), without samples of weight 0.

    Tasks that have one table and one vector of weights go on to have them.
    """
    kept = {}
    Xs = []
    targets = []
    weights = []
    rows = zip(samples.Xs, samples.targets, samples.weights, samples.task_weights, strict=True)
    for X, target, weight, c in rows:
        key = (id(X), id(weight), float(c))
        if key not in kept:
            kept[key] = _without_zeros(X, c * weight, weight.sum() if weighting == "mean" else 1)
        table, share, keep = kept[key]
        Xs.append(table)
        targets.append(target[keep])
        weights.append(share)
    return Xs, targets, weights


def _without_zeros(X, weight, total):
    """(rows of X, their weights over the total, which rows) of positive weight."""
    keep = weight > 0
    if keep.all():
        return X, weight / total, slice(None)
    return X[keep], weight[keep] / total, keep


@functools.cache
def _blas():
    """BLAS, found once; small products are slower on two threads than on one."""
    return ThreadpoolController()
