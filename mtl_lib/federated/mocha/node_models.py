"""What every method with one linear model per node shares: parameters, data and predictions."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.validation import check_is_fitted

from mtl_lib import checks
from mtl_lib.federated.mocha.reading import DUAL_LOSSES, NodeData, read
from mtl_lib.federated.mocha.relationships import Relationship, relationship_of
from mtl_lib.federated.mocha.systems import Systems
from mtl_lib.federated.mocha.tables import check_columns, columns_of, table
from mtl_lib.tasks import BINARY, TaskSet


class NodeModels(BaseEstimator):
    """One linear model per node, without an intercept; ``Mocha`` explains the attributes."""

    name = "NodeModels"

    def __sklearn_tags__(self):
        """A classifier where the loss is binary: the parameter, or after a fit every node's."""
        tags = super().__sklearn_tags__()
        binary = all(loss in BINARY for loss in getattr(self, "losses_", [self.loss]))
        tags.estimator_type = "classifier" if binary else "regressor"
        tags.classifier_tags = ClassifierTags(multi_class=False) if binary else None
        tags.regressor_tags = None if binary else RegressorTags()
        return tags

    def decision_function(self, X) -> list[np.ndarray]:
        """The score x.w_t of every sample.

        Parameters
        ----------
        X : TaskSet or list
            Fitted nodes by their names, or the tables (n_t, d) of all nodes in the order of the
            fit.

        Returns
        -------
        list of np.ndarray
            (n_t,) per task or table.

        Raises
        ------
        ValueError
            Names the node, where it was not fitted, or its table has other columns or other values
            than finite numbers.
        """
        check_is_fitted(self)
        scores = []
        for name, x in self._tables(X):
            w = self.coef_[self._position(name, x.shape[1:])]
            scores.append(np.ascontiguousarray(x, float) @ w)
        return scores

    def predict(self, X) -> list[np.ndarray]:
        """Numbers for squared losses, classes (``classes_``) for the others.

        Parameters and errors are those of ``decision_function``.

        Returns
        -------
        list of np.ndarray
            (n_t,) per task or table.
        """
        scores = self.decision_function(X)
        names = X.names if isinstance(X, TaskSet) else self.task_names_
        losses = dict(zip(self.task_names_, self.losses_, strict=True))
        predictions = []
        for name, z in zip(names, scores, strict=True):
            positive = (z > 0).astype(int)
            predictions.append(self.classes_[positive] if losses[name] in BINARY else z)
        return predictions

    def _tables(self, X):
        """[(node, (n, d))] of what is to be predicted; the names of columns are checked."""
        if isinstance(X, TaskSet):
            pairs = [(task.name, task.X) for task in X]
            columns = [tuple(task.inputs.columns) for task in X]
        else:
            pairs = self._listed(X)
            columns = [
                columns_of(f"node {name!r}", x) for name, x in zip(self.task_names_, X, strict=True)
            ]
        self._check_columns([name for name, _ in pairs], columns)
        return pairs

    def _listed(self, X):
        """[(node, (n, d))] of the tables of all nodes."""
        if not isinstance(X, list | tuple | np.ndarray):
            raise ValueError(f"{self.name}: pass a TaskSet, or a list of tables (n_t, d)")
        if len(X) != len(self.coef_):
            raise ValueError(f"{self.name}: {len(X)} tables, fitted are {len(self.coef_)} nodes")
        return [
            (name, table(f"node {name!r}", x)) for name, x in zip(self.task_names_, X, strict=True)
        ]

    def _check_columns(self, names, columns):
        """ValueError for columns that are not those of the fit; as scikit-learn, a warning where
        only one of the two has names."""
        fitted = tuple(getattr(self, "feature_names_in_", ()))
        for name, own in zip(names, columns, strict=True):
            if fitted and own and name in self.task_names_:
                check_columns(f"node {name!r}", own, "the fit", fitted)
        if fitted and not all(columns):
            warnings.warn(
                f"X does not have valid feature names, but {self.name} was fitted with feature "
                "names",
                stacklevel=5,
            )
        if not fitted and any(columns):
            warnings.warn(
                f"X has feature names, but {self.name} was fitted without feature names",
                stacklevel=5,
            )

    def _position(self, name, shape):
        """Which row of ``coef_`` is the node's."""
        if name not in self.task_names_:
            fitted = ", ".join(map(repr, self.task_names_[:3]))
            raise ValueError(
                f"node {name!r} was not fitted; the {len(self.task_names_)} fitted nodes are "
                f"{fitted}{', ...' if len(self.task_names_) > 3 else ''}"
            )
        if shape != (self.n_features_in_,):
            raise ValueError(
                f"node {name!r}: samples of shape {shape}, fitted are {self.n_features_in_} numbers"
            )
        return self.task_names_.index(name)

    def _check_parameters(self) -> Relationship:
        """The relationship; ValueError, naming the parameter, for what no method here takes."""
        checks.positive(self.name, lam=self.lam)
        checks.seed(self.name, self.seed)
        checks.one_of(self.name, DUAL_LOSSES, loss=self.loss)
        if self.systems is not None and not isinstance(self.systems, Systems):
            raise ValueError(
                f"{self.name}: systems {self.systems!r}, allowed is None or a "
                "mtl_lib.federated.Systems"
            )
        return relationship_of(self.relationship)

    def _read(self, X, y) -> tuple[NodeData, Systems]:
        """The data of a fit, and the systems they run on."""
        data = read(self.name, X, y, self.loss)
        systems = self.systems or Systems()
        for name in systems.silent:
            if name not in data.tasks.names:
                raise ValueError(
                    f"{self.name}: silent node {name!r} is not among the {len(data.tasks)} nodes "
                    f"({data.tasks.names[0]!r}, ...)"
                )
        return data, systems

    def _keep_models(self, W, names, losses, columns=(), classes=None):
        """Set the attributes that predictions need."""
        self.coef_ = W
        self.task_names_ = list(names)
        self.losses_ = list(losses)
        self.n_features_in_ = W.shape[1]
        for attribute in ("feature_names_in_", "classes_"):
            if hasattr(self, attribute):
                delattr(self, attribute)
        if columns:
            self.feature_names_in_ = np.array(columns, dtype=object)
        if classes is not None:
            self.classes_ = classes
