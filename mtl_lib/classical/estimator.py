"""LinearMTL: one linear model per task behind scikit-learn's interface."""
import functools
import numbers
import warnings

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import ThreadpoolController

from mtl_lib.classical import scores
from mtl_lib.classical.losses import INTERCEPTS, SquaredLoss
from mtl_lib.classical.solver import lambda_max, solve
from mtl_lib.tasks import TaskSet

LOSSES = {"squared": SquaredLoss}
WEIGHTINGS = ("mean", "sum")


class LinearMTL(RegressorMixin, BaseEstimator):
    """min sum_t c_t sum_i loss(y_ti, x_ti.w_t + b_t) + lam g(W) + ridge ||W||_F^2, certified.

    Parameters
    ----------
    penalty : g, an object of ``mtl_lib.classical.penalties``.
    lam : float > 0.
    loss : ``"squared"``: (y - z)^2 / 2.
    intercept : ``"free"`` (b_t unpenalised), ``"shared"`` (one b), ``"about_mean"`` (b_t = b_0 + e_t,
        e_t penalised as one more column), or None.
    about_mean : W = w_0 1' + V with w_0 free and the penalty on V (Evgeniou and Pontil 2004 for Ridge).
    ridge : rho >= 0.
    weighting : ``"mean"`` for c_t = 1/m_t (every task counts the same), ``"sum"`` for c_t = 1.
    tol : stop when the duality gap is at most ``tol`` times the objective.
    max_iter : ConvergenceWarning with the gap reached after so many iterations.

    Attributes
    ----------
    coef_ : (T, d); ``intercept_`` : (T,); ``task_names_`` : list of T names.
    objective_, dual_gap_ : primal objective and a certified bound on its distance to the optimum.
    n_iter_ : iterations; ``history_`` : dict of lists iteration, objective, gap, seconds, floats
        (numbers sent between nodes and server if each task were a node).
    task_covariance_ : (T, T), trace 1; MTRL only.

    Raises ValueError, naming the task, for NaN, infinity, an empty task, differing d or lengths.
    """

    def __init__(self, penalty=None, lam=1.0, loss="squared", intercept="free", about_mean=False, ridge=0.0,
                 weighting="mean", tol=1e-6, max_iter=10_000):
        self.penalty = penalty
        self.lam = lam
        self.loss = loss
        self.intercept = intercept
        self.about_mean = about_mean
        self.ridge = ridge
        self.weighting = weighting
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X, y=None, task=None):
        """Fit on a TaskSet, on lists of (m_t, d) and (m_t,), on one X with 2-D Y, or on (X, y, task ids)."""
        self._check_parameters()
        names, Xs, ys = as_tasks(X, y, task)
        self._single_label = is_one_table(X, task) and np.ndim(y) == 1
        return self._solve(names, self._problem(Xs, ys))

    def predict(self, X, task=None):
        """Predictions in the form the inputs have.

        TaskSet or list -> list of (m_t,); one X after a fit with 2-D Y -> (n, T), with 1-D y -> (n,);
        (X, task ids) -> (n,). Samples without a label are predicted too.
        Raises ValueError for a task that was not fitted and for another number of features.
        """
        check_is_fitted(self)
        names, Xs, _ = as_tasks(X, None, task, known=self.task_names_)
        made = self._predict(names, Xs)
        if isinstance(X, TaskSet) or is_list_of_tasks(X):
            return made
        if task is None:
            return made[0] if self._single_label else np.column_stack(made)
        ids, joined = np.asarray(task), np.empty(len(X))
        for name, values in zip(names, made):
            joined[ids == name] = values
        return joined

    def score(self, X, y=None, task=None):
        """Pooled explained variance of the predictions (``scores`` has the other definitions)."""
        check_is_fitted(self)
        names, Xs, ys = as_tasks(X, y, task, known=self.task_names_, labels=True)
        return scores.pooled_explained_variance(ys, self._predict(names, Xs))

    def lambda_max(self, X, y=None, task=None):
        """Smallest lam at which the penalised part is exactly 0 (norms), or where a path starts (squared norms)."""
        self._check_parameters()
        _, Xs, ys = as_tasks(X, y, task)
        return lambda_max(self._problem(Xs, ys), self.penalty)

    def _predict(self, names, Xs):
        for name, X in zip(names, Xs):
            if name not in self._position:
                raise ValueError(f"task {name!r} was not fitted; the fitted tasks are {self.task_names_[:3]} ... ({len(self.coef_)})")
            if X.shape[1] != self.n_features_in_:
                raise ValueError(f"X has {X.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} features as input")
        rows = [self._position[name] for name in names]
        return [X @ self.coef_[k] + self.intercept_[k] for X, k in zip(Xs, rows)]

    def _problem(self, Xs, ys):
        weights = np.array([1 / len(y) if self.weighting == "mean" else 1.0 for y in ys])
        free_mean = self.about_mean or self.penalty.free_mean
        return LOSSES[self.loss](Xs, ys, weights, self.intercept, free_mean, self.ridge)

    def _solve(self, names, problem, start=None):
        with _blas().limit(limits=1, user_api="blas"):
            solution = solve(problem, self.penalty, self.lam, start, self.tol, self.max_iter)
            self.coef_, self.intercept_ = problem.parameters(solution.V)
        self.task_names_, self._position = list(names), {name: k for k, name in enumerate(names)}
        self.objective_, self.dual_gap_ = solution.objective, solution.gap
        self.n_iter_, self.history_ = solution.iterations, solution.history
        self.n_features_in_ = self.coef_.shape[1]
        self.deviations_ = solution.V  # what the penalty sees: the warm start of a path
        if not solution.converged:
            warnings.warn(f"{type(self).__name__} stopped after {solution.iterations} iterations with a gap of {solution.gap:.2e} "
                          f"at objective {solution.objective:.6g} (tol {self.tol:g})", ConvergenceWarning, stacklevel=3)
        if hasattr(self.penalty, "covariance"):
            self.task_covariance_ = self.penalty.covariance(solution.V)
        return self

    def _check_parameters(self):
        missing = [part for part in ("value", "prox", "dual_norm", "kind") if not hasattr(self.penalty, part)]
        if missing or isinstance(self.penalty, type):
            missing = missing or ["parameters: it is a class"]
            raise ValueError(f"penalty {self.penalty!r} has no {missing[0]}; pass an object of mtl_lib.classical.penalties, for example Ridge()")
        for name, allowed in (("loss", tuple(LOSSES)), ("intercept", INTERCEPTS), ("weighting", WEIGHTINGS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} {getattr(self, name)!r}, allowed are {', '.join(map(repr, allowed))}")
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


def as_tasks(X, y=None, task=None, known=None, labels=None):
    """(names, Xs, ys) from every form of data ``LinearMTL`` takes.

    Parameters
    ----------
    known : names of the fitted tasks, for predictions; then labels are neither needed nor returned.
    labels : whether samples must have one; those of a TaskSet without it are left out.

    Raises ValueError, naming the task, for anything a fit could not use.
    """
    labels = known is None if labels is None else labels
    if labels and y is None and not isinstance(X, TaskSet):
        raise ValueError("LinearMTL requires y to be passed, but the target y is None")
    if isinstance(X, TaskSet):
        names, Xs, ys = X.names, [t.X for t in X], [t.y for t in X] if labels else None
        for k, t in enumerate(X if labels else ()):
            if t.loss not in LOSSES:
                raise ValueError(f"task {t.name!r}: loss {t.loss!r}, LinearMTL fits {', '.join(LOSSES)}")
            if t.weight is not None:
                raise ValueError(f"task {t.name!r}: weight {t.weight}; LinearMTL weighs tasks by weighting= only")
            if t.observed is not None and t.y.ndim == 1:
                Xs[k], ys[k] = Xs[k][t.observed], ys[k][t.observed]
    elif task is not None:
        X, ids = np.asarray(X), np.asarray(task)
        if len(ids) != len(X) or (y is not None and len(y) != len(X)):
            raise ValueError(f"{len(X)} rows of X, {len(ids)} task ids" + (f", {len(y)} labels" if y is not None else ""))
        names = np.unique(ids).tolist()
        Xs = [X[ids == name] for name in names]
        ys = None if y is None else [np.asarray(y)[ids == name] for name in names]
    elif is_list_of_tasks(X):
        names, Xs, ys = list(range(len(X))), [np.asarray(x) for x in X], y
        if ys is not None and len(ys) != len(Xs):
            raise ValueError(f"{len(Xs)} tasks in X, {len(ys)} in y")
    else:
        X = np.asarray(X)
        columns = None if y is None else np.asarray(y).reshape(len(y), -1).T
        names = known if known is not None else list(range(len(columns)))
        if columns is not None and len(columns) != len(names):
            raise ValueError(f"{len(columns)} columns of labels for {len(names)} fitted tasks")
        Xs, ys = [X] * len(names), columns
    if not len(names):
        raise ValueError("no task: at least one is needed")
    Xs = [_checked_inputs(name, x, len(Xs[0].T)) for name, x in zip(names, Xs)]
    return names, Xs, None if ys is None else [_checked_labels(name, label, x) for name, label, x in zip(names, ys, Xs)]


def is_one_table(X, task) -> bool:
    """Whether X is one table whose rows serve every task."""
    return task is None and not isinstance(X, TaskSet) and not is_list_of_tasks(X)


def is_list_of_tasks(X) -> bool:
    """Whether X is a list of one table per task, rather than one table."""
    return isinstance(X, (list, tuple)) and (len(X) == 0 or np.ndim(X[0]) == 2)


def _checked_inputs(name, X, d):
    if X.ndim != 2:
        raise ValueError(f"task {name!r}: X of shape {X.shape}, expected (samples, features)")
    if len(X) == 0:
        raise ValueError(f"task {name!r}: no samples")
    if X.shape[1] == 0:
        raise ValueError(f"task {name!r}: 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
    if X.shape[1] != d:
        raise ValueError(f"task {name!r}: {X.shape[1]} features, the first task has {d}")
    return _checked_numbers(name, X, "X")


def _checked_labels(name, y, X):
    y = np.asarray(y)
    if y.shape != (len(X),):
        raise ValueError(f"task {name!r}: y of shape {y.shape} for {len(X)} samples, expected ({len(X)},)")
    return _checked_numbers(name, y, "y")


def _checked_numbers(name, values, what):
    try:
        values = values.astype(float)
    except (TypeError, ValueError):
        raise ValueError(f"task {name!r}: {what} of type {values.dtype}, expected numbers") from None
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise ValueError(f"task {name!r}: {values[tuple(bad[0])]} in {what}, sample {bad[0][0]}")
    return values


@functools.cache
def _blas():
    """Small products are slower on two threads than on one; finding the libraries once is enough."""
    return ThreadpoolController()
