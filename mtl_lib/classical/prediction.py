"""What a fitted model does: predictions, probabilities and scores, in the form of the inputs."""

import numpy as np
from scipy.special import expit
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from mtl_lib import checks
from mtl_lib.classical import scores
from mtl_lib.classical.losses import LINEAR_LOSSES
from mtl_lib.classical.training_data import (
    FittedTasks,
    check_columns,
    is_list_of_tasks,
    is_one_table,
    read,
)
from mtl_lib.tasks import TaskSet


def _has_classes(model) -> bool:
    """Whether some task has, or would have, a binary loss."""
    return any(getattr(LINEAR_LOSSES.get(loss), "binary", False) for loss in _losses(model))


def _has_probabilities(model) -> bool:
    """Whether some task has, or would have, a logistic loss."""
    return "logistic" in _losses(model)


def _losses(model):
    """The loss of arrays, and those of the fitted tasks."""
    return {model.loss, *getattr(model, "_losses", {}).values()}


class Predictor:
    """Predictions of one linear model per task; a base of ``LinearMTL``."""

    def predict(self, X, task=None):
        """Predict numbers, or classes for a binary loss.

        Parameters
        ----------
        X : TaskSet, list of (m_t, d), or (n, d)
            Inputs. Samples of a TaskSet without a label are predicted too.
        task : (n,), optional
            Ids of the tasks that the rows of one X belong to.

        Returns
        -------
        list of (m_t,), or np.ndarray
            In the form the inputs have. TaskSet or list: a list. One X after a fit with 1-D y and
            no ids: (n,), else (n, T), a column per task. X with task ids: (n,). Classes are those
            of the fit (``classes_``); after a fit on a TaskSet they are 0.0 and 1.0.

        Raises
        ------
        ValueError
            For a task that was not fitted, another number of features, other columns.
        """

        def label(z, name):
            if not LINEAR_LOSSES[self._losses[name]].binary:
                return z
            return self.classes_[(z > 0).astype(int)]

        return self._mapped(X, task, label)

    @available_if(_has_classes)
    def decision_function(self, X, task=None):
        """x.w_t + b_t in the form that ``predict`` has; class 1 (``classes_[1]``) where it is > 0.

        Parameters and errors are those of ``predict``.
        """
        return self._mapped(X, task, lambda z, name: z)

    @available_if(_has_probabilities)
    def predict_proba(self, X, task=None):
        """Probability of class 1 (``classes_[1]``) in the form that ``predict`` has.

        One X after a fit with 1-D y and no ids has (n, 2), a column per class, as in scikit-learn.
        Parameters are those of ``predict``.

        Raises
        ------
        ValueError
            As ``predict``, and for a task with another loss than logistic.
        """

        def probability(z, name):
            if self._losses[name] != "logistic":
                raise ValueError(f"task {name!r}: loss {self._losses[name]} gives no probability")
            return expit(z)

        probabilities = self._mapped(X, task, probability)
        if is_one_table(X, task) and self._single_label:
            return np.column_stack([1 - probabilities, probabilities])
        return probabilities

    def score(self, X, y=None, task=None) -> float:
        """Pooled explained variance; for binary losses the share of samples classified correctly.

        ``mtl_lib.classical.scores`` has the other definitions. Data as in ``fit``.

        Raises
        ------
        ValueError
            As ``predict``, and for tasks of both kinds.
        """
        samples = self._read_known(X, y, task, labels=True)
        predictions = self._outputs(samples, lambda z, name: z)
        kinds = {LINEAR_LOSSES[loss].binary for loss in samples.losses}
        if len(kinds) == 2:
            raise ValueError(
                "score: some tasks are regressions and some classifications; "
                "mtl_lib.classical.scores has one for each"
            )
        if kinds == {True}:
            return scores.accuracy(samples.ys, [z > 0 for z in predictions])
        return scores.pooled_explained_variance(samples.ys, predictions)

    def __sklearn_tags__(self):
        """A classifier where ``loss`` is binary, else a regressor."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        if getattr(LINEAR_LOSSES.get(self.loss), "binary", False):
            tags.estimator_type = "classifier"
            tags.classifier_tags = ClassifierTags(multi_class=False)
        else:
            tags.estimator_type = "regressor"
            tags.regressor_tags = RegressorTags()
        return tags

    def _mapped(self, X, task, read_off):
        """``read_off(x.w_t + b_t, name)`` of all samples, in the form of the inputs."""
        samples = self._read_known(X, None, task, labels=False)
        parts = self._outputs(samples, read_off)
        if isinstance(X, TaskSet) or is_list_of_tasks(X):
            return parts
        if task is None:
            return parts[0] if self._single_label else np.column_stack(parts)
        ids = checks.ids(type(self).__name__, task, "task ids")
        joined = np.empty(len(ids), dtype=np.result_type(*parts))
        for name, values in zip(samples.names, parts, strict=True):
            joined[ids == name] = values
        return joined

    def _read_known(self, X, y, task, labels):
        """Samples of fitted tasks."""
        check_is_fitted(self)
        known = FittedTasks(self._losses, getattr(self, "classes_", None))
        samples = read(X, y, task, loss=self.loss, known=known, labels=labels)
        fitted = getattr(self, "feature_names_in_", None)
        fitted = None if fitted is None else tuple(fitted)
        check_columns(samples.columns, fitted, type(self).__name__, stacklevel=4 - labels)
        return samples

    def _outputs(self, samples, read_off):
        """``read_off`` of every task's samples."""
        outputs = []
        for name, X in zip(samples.names, samples.Xs, strict=True):
            if name not in self._losses:
                raise ValueError(
                    f"task {name!r} was not fitted; the fitted tasks are "
                    f"{self.task_names_[:3]} ... ({len(self.coef_)})"
                )
            if X.shape[1] != self.n_features_in_:
                raise ValueError(
                    f"X has {X.shape[1]} features, but {type(self).__name__} is expecting "
                    f"{self.n_features_in_} features as input"
                )
            k = self._position[name]
            outputs.append(read_off(X @ self.coef_[k] + self.intercept_[k], name))
        return outputs
