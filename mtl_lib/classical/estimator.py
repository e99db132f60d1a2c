"""LinearMTL: one linear model per task behind scikit-learn's interface."""

import functools
import numbers
import warnings

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import ThreadpoolController

from mtl_lib.classical import scores
from mtl_lib.classical.design import INTERCEPTS, Design
from mtl_lib.classical.general import cheapest
from mtl_lib.classical.losses import LINEAR_LOSSES
from mtl_lib.classical.penalties import Penalty, mean_direction
from mtl_lib.classical.solver import lambda_max
from mtl_lib.classical.training_data import is_list_of_tasks, read
from mtl_lib.classical.working_set import solve
from mtl_lib.tasks import TaskSet

WEIGHTINGS = ("mean", "sum")


class LinearMTL(RegressorMixin, BaseEstimator):
    """min sum_t c_t sum_i loss(y_ti, x_ti.w_t + b_t) + lam g(W) + ridge ||W||_F^2, certified.

    Parameters
    ----------
    penalty : g, an object of ``mtl_lib.classical.penalties``.
    lam : float > 0.
    loss : of data given as arrays; the tasks of a TaskSet carry their own, which may differ. ``"squared"``:
        (y - z)^2 / 2; ``"logistic"``: log(1 + exp(-y z)); ``"squared_hinge"``: max(0, 1 - y z)^2 / 2. Labels of the
        last two are 0 and 1, and stand for y = -1 and 1.
    intercept : ``"free"`` (b_t unpenalised), ``"shared"`` (one b), ``"about_mean"`` (b_t = b_0 + e_t,
        e_t penalised as one more column), or None.
    about_mean : W = w_0 1' + V with w_0 free and the penalty on V (Evgeniou and Pontil 2004 for Ridge).
    ridge : rho >= 0.
    weighting : ``"mean"`` for c_t = 1/m_t (every task counts the same), ``"sum"`` for c_t = 1; times ``Task.weight``.
    tol : stop when the duality gap is at most ``tol`` times the objective, or 1e-14 times that of the zero model, which is rounding.
    max_iter : ConvergenceWarning with the gap reached after so many iterations. One too where a logistic loss
        has no finite optimum, since what the penalty leaves free separates the classes.

    Attributes
    ----------
    coef_ : (T, d); ``intercept_`` : (T,); ``task_names_`` : list of T names.
    objective_, dual_gap_ : primal objective and a certified bound on its distance to the optimum.
    n_iter_ : iterations; ``history_`` : dict of lists iteration, objective, gap, seconds, floats
        (numbers sent between nodes and server if each task were a node; 0 while linear systems are solved in one place).
    task_covariance_ : (T, T), trace 1; MTRL only.
    parts_ : (2, T, p), the P and Q (L and S) of W = P + Q; Dirty and Robust only.

    Raises ValueError, naming the task, for NaN, infinity, an empty task, differing d or lengths, labels a loss
    does not take, a single class.
    """

    def __init__(
        self,
        penalty=None,
        lam=1.0,
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

    def fit(self, X, y=None, task=None, sample_weight=None):
        """Fit on a TaskSet, on lists of (m_t, d) and (m_t,), on one X with 2-D Y, or on (X, y, task ids).

        sample_weight : (n,) beside one X, a list of (m_t,) beside a list or TaskSet. A weight of 2 is the sample
        twice, of 0 is none: under ``weighting="mean"`` c_t = 1 / sum of the task's weights.
        """
        self._check_parameters()
        samples = read(X, y, task, sample_weight, self.loss)
        return self._solve(samples, self._problem(samples))

    def predict(self, X, task=None):
        """Predictions in the form the inputs have: numbers, or classes 0 and 1 for a binary loss.

        TaskSet or list -> list of (m_t,); one X after a fit with 2-D Y -> (n, T), with 1-D y -> (n,);
        (X, task ids) -> (n,). Samples without a label are predicted too.
        Raises ValueError for a task that was not fitted and for another number of features.
        """
        return self._mapped(
            X,
            task,
            lambda z, loss, name: (z > 0).astype(float) if LINEAR_LOSSES[loss].binary else z,
        )

    @available_if(lambda self: {self.loss, *getattr(self, "_losses", {}).values()} != {"squared"})
    def decision_function(self, X, task=None):
        """x.w_t + b_t, in the form ``predict`` has."""
        return self._mapped(X, task, lambda z, loss, name: z)

    @available_if(lambda self: "logistic" in {self.loss, *getattr(self, "_losses", {}).values()})
    def predict_proba(self, X, task=None):
        """Probability of class 1, in the form ``predict`` has. Raises ValueError for a task with another loss than logistic."""

        def probability(z, loss, name):
            if loss != "logistic":
                raise ValueError(f"task {name!r}: loss {loss} gives no probability")
            return expit(z)

        return self._mapped(X, task, probability)

    def score(self, X, y=None, task=None):
        """Pooled explained variance of the predictions (``scores`` has the other definitions); for binary losses
        the share of samples classified correctly. Raises ValueError for tasks of both kinds."""
        check_is_fitted(self)
        samples = read(X, y, task, loss=self.loss, known=self._losses, labels=True)
        made = [
            self._output(name, x, lambda z, loss, name: z)
            for name, x in zip(samples.names, samples.Xs, strict=True)
        ]
        binary = {LINEAR_LOSSES[loss].binary for loss in samples.losses}
        if len(binary) == 2:
            raise ValueError(
                "score: some tasks are regressions and some classifications; mtl_lib.classical.scores has one for each"
            )
        if binary == {True}:
            return scores.accuracy(samples.ys, [z > 0 for z in made])
        return scores.pooled_explained_variance(samples.ys, made)

    def lambda_max(self, X, y=None, task=None, sample_weight=None):
        """Smallest lam at which the penalised part is exactly 0 (norms), or where a path starts (squared norms)."""
        self._check_parameters()
        return lambda_max(self._problem(read(X, y, task, sample_weight, self.loss)), self.penalty)

    def _output(self, name, X, read_off):
        if name not in self._losses:
            raise ValueError(
                f"task {name!r} was not fitted; the fitted tasks are {self.task_names_[:3]} ... ({len(self.coef_)})"
            )
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} features as input"
            )
        k = self._position[name]
        return read_off(X @ self.coef_[k] + self.intercept_[k], self._losses[name], name)

    def _mapped(self, X, task, read_off):
        check_is_fitted(self)
        samples = read(X, None, task, loss=self.loss, known=self._losses)
        made = [
            self._output(name, x, read_off)
            for name, x in zip(samples.names, samples.Xs, strict=True)
        ]
        if isinstance(X, TaskSet) or is_list_of_tasks(X):
            return made
        if task is None:
            return made[0] if self._single_label else np.column_stack(made)
        ids, joined = np.asarray(task), np.empty(len(X))
        for name, values in zip(samples.names, made, strict=True):
            joined[ids == name] = values
        return joined

    def _problem(self, samples):
        """The loss as a function of what is penalised, everything free eliminated."""
        kept = [w > 0 for w in samples.weights]
        some = lambda values: [
            v if keep.all() else v[keep] for v, keep in zip(values, kept, strict=True)
        ]
        weights = [
            c * w / (w.sum() if self.weighting == "mean" else 1)
            for c, w in zip(samples.task_weights, some(samples.weights), strict=True)
        ]
        design = Design(
            some(samples.Xs),
            weights,
            self.intercept,
            self._null_space(len(samples.names)),
            self.ridge,
        )
        return cheapest(
            design, some(samples.targets), [LINEAR_LOSSES[loss] for loss in samples.losses]
        )

    def _null_space(self, T):
        own = self.penalty.null_space(T)
        if not self.about_mean:
            return own
        both, sigma, _ = np.linalg.svd(
            np.column_stack([own, mean_direction(T)]), full_matrices=False
        )
        return both[:, sigma > 1e-8]

    def _solve(self, samples, problem, start=None):
        with _blas().limit(limits=1, user_api="blas"):
            solution = solve(problem, self.penalty, self.lam, start, self.tol, self.max_iter)
            self.coef_, self.intercept_ = problem.parameters(solution.point)
            unbounded = problem.unbounded(solution.point)
        names = samples.names
        self.task_names_, self._position, self._losses = (
            list(names),
            {name: k for k, name in enumerate(names)},
            dict(zip(names, samples.losses, strict=True)),
        )
        self._single_label = samples.single
        self.objective_, self.dual_gap_ = solution.objective, solution.gap
        self.n_iter_, self.history_ = solution.iterations, solution.history
        self.n_features_in_ = self.coef_.shape[1]
        self.deviations_ = solution.point.V  # what the penalty sees
        self._variables = solution.U  # the warm start of a path
        if unbounded:
            warnings.warn(
                f"{type(self).__name__}: no finite optimum, what the penalty leaves free separates the classes; coefficients stopped "
                f"at {np.abs(self.coef_).max():.2g}, objective {solution.objective:.3g}, its infimum at most {solution.gap:.2e} below",
                ConvergenceWarning,
                stacklevel=3,
            )
        elif not solution.converged:
            warnings.warn(
                f"{type(self).__name__} stopped after {solution.iterations} iterations with a gap of {solution.gap:.2e} "
                f"at objective {solution.objective:.6g} (tol {self.tol:g})",
                ConvergenceWarning,
                stacklevel=3,
            )
        if hasattr(self.penalty, "covariance"):
            self.task_covariance_ = self.penalty.covariance(solution.point.V)
        if solution.U.ndim == 3:
            self.parts_ = solution.U
        return self

    def _check_parameters(self):
        if not isinstance(self.penalty, Penalty):
            raise ValueError(
                f"penalty {self.penalty!r}: pass an object of mtl_lib.classical.penalties, for example Ridge()"
            )
        for name, allowed in (
            ("loss", tuple(LINEAR_LOSSES)),
            ("intercept", INTERCEPTS),
            ("weighting", WEIGHTINGS),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} {getattr(self, name)!r}, allowed are {', '.join(map(repr, allowed))}"
                )
        for name in ("lam", "tol"):
            check_positive(name, getattr(self, name))
        if self.ridge != 0:
            check_positive("ridge", self.ridge, "0 or more")
        check_whole("max_iter", self.max_iter, 1)
        if not isinstance(self.about_mean, (bool, np.bool_)):
            raise ValueError(f"about_mean {self.about_mean!r}, allowed are True, False")


def check_positive(name, value, allowed="more than 0"):
    """Raise ValueError naming the parameter unless it is a positive finite number."""
    if not isinstance(value, numbers.Real) or not np.isfinite(value) or value <= 0:
        raise ValueError(f"{name} {value!r}, allowed is {allowed}")


def check_whole(name, value, least):
    """Raise ValueError naming the parameter unless it is a whole number of at least ``least``."""
    if not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"{name} {value!r}, allowed are whole numbers from {least}")


@functools.cache
def _blas():
    """Small products are slower on two threads than on one; finding the libraries once is enough."""
    return ThreadpoolController()
