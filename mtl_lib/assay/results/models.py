"""The fitted model that a report hands over, for new rows."""

import numpy as np

from mtl_lib.assay.fitting import arms
from mtl_lib.assay.fitting.boosting import Boosted
from mtl_lib.assay.fitting.cells import Scale, make_cells
from mtl_lib.assay.fitting.folds import place
from mtl_lib.assay.fitting.kinds import kind_of
from mtl_lib.assay.fitting.newton import NewtonModels, Rows
from mtl_lib.assay.intake.sources import Source


class AssayModel:
    """Predicts for new rows of known tasks, and of unknown ones with the common model.

    It holds plain arrays, so that ``joblib.dump`` and ``joblib.load`` keep it.

    Parameters
    ----------
    source : Source
        The samples and how inputs are made.
    arm : str
        Which arm is fitted, on all samples.
    seed : int
        Seed of the splits that choose strengths.
    """

    def __init__(self, source: Source, arm: str, seed: int):
        problem = source.problem
        self.arm = arm
        self.names = problem.names
        self.columns = problem.columns
        self.classes = problem.classes
        self.kind = problem.kind
        self.task_column = source.task_column
        self._encoder = source.encoder
        self._steps = problem.steps
        self._scale = Scale.of(problem)
        self._common = None
        self._boosted = None
        if arm == arms.BOOSTING:
            self._boosted = Boosted(problem.kind, len(problem.names), seed, len(problem.classes))
            self._boosted.fit(problem.inputs(), problem.task, problem.y, problem.weight)
        else:
            self._fit(problem, seed)

    def _fit(self, problem, seed: int) -> None:
        """Models of all tasks, with strengths chosen on all samples."""
        places = place(problem, seed)
        kind = kind_of(problem)
        if problem.kind == "numbers":
            source = make_cells(problem, self._scale, places, False)
        else:
            source = Rows.of(problem, self._scale, places)
        pairs = [(source.train(f.train), source.held_out(f.test)) for f in source.folds]
        some = arms.LINEAR if problem.X.shape[1] else arms.arms_of(0)
        made = arms.choose(arms.Search(kind, pairs[: 5 if problem.kind == "numbers" else 1]), some)
        every = source.train(range(places.parts))
        self.strengths = made
        self._models = _of_each(arms.fit(kind, self.arm, every, made), len(self.names))
        self._common = _of_each(kind.common(every, made.penalty), 1)

    @property
    def coef_(self) -> np.ndarray:
        """(T, d) slopes in the units of the inputs; (C, T, d) for several classes."""
        scaled = self._models[..., 1:] / self._scale.x_sd
        if self.kind == "numbers":
            scaled = scaled * self._scale.y_sd[:, None]
        return scaled[0] if len(scaled) == 1 else scaled

    def predict(self, X, task=None) -> np.ndarray:
        """Predictions for new rows.

        Parameters
        ----------
        X : DataFrame or array_like
            New rows: a data frame with the columns of the table, or (n, d) inputs.
        task : array_like or str, optional
            The task of each row, or of all. Of a data frame the task column is read.

        Returns
        -------
        np.ndarray
            (n,) numbers or means; names of classes where labels are classes.

        Raises
        ------
        ValueError
            For a column that is missing, another number of inputs, or no task.
        """
        scores = self.scores(X, task)
        if self.kind in ("numbers", "counts"):
            return scores
        best = scores > 0.5 if self.kind == "two classes" else scores.argmax(axis=1)
        return np.array(self.classes)[np.asarray(best, int)]

    def scores(self, X, task=None) -> np.ndarray:
        """Numbers, means, the probability of the second class, or (n, C) probabilities."""
        inputs, codes = self._rows(X, task)
        known = codes >= 0
        if self._boosted is not None:
            if not known.all():
                raise ValueError("a task that was not fitted: boosting knows none but its own")
            return self._boosted.predict(inputs, codes)
        Z = np.column_stack(
            [np.ones(len(inputs)), (inputs - self._scale.x_mean) / self._scale.x_sd]
        )
        models = np.concatenate([self._models, self._common], axis=1)
        if self.kind == "numbers":
            linear = np.einsum("ij,ij->i", Z, models[0][codes])
            mean = np.append(self._scale.y_mean, self._scale.y_mean.mean())
            sd = np.append(self._scale.y_sd, self._scale.y_sd.mean())
            return linear * sd[codes] + mean[codes]
        return NewtonModels(self.kind, len(self.classes)).predicted(Z, codes, models)

    def _rows(self, X, task) -> tuple[np.ndarray, np.ndarray]:
        """(inputs (n, d), codes (n,) with -1 for an unknown task)."""
        is_frame = hasattr(X, "columns")
        if task is None and is_frame and self.task_column in [str(name) for name in X.columns]:
            task = X[self.task_column].tolist()
        if is_frame and self._encoder is not None:
            inputs = self._encoder(X)
        else:
            inputs = X
            if not self._steps:
                inputs = np.asarray(X, float).reshape(len(X), -1)
        for step in self._steps:
            inputs = step(inputs)
        if inputs.shape[1] != len(self.columns):
            raise ValueError(
                f"new rows have {inputs.shape[1]} inputs, expected {len(self.columns)}"
            )
        return inputs, self._codes(task, len(inputs))

    def _codes(self, task, count: int) -> np.ndarray:
        """(n,) codes of tasks by name, or by the value of the task column."""
        if task is None:
            raise ValueError("give task=: the task of each row, or one name for all")
        names = [task] * count if isinstance(task, str) else list(task)
        if len(names) != count:
            raise ValueError(f"{len(names)} tasks for {count} rows")
        place = {name: k for k, name in enumerate(self.names)}
        if self.task_column:
            short = {name.removeprefix(f"{self.task_column} "): k for name, k in place.items()}
            place = short | place
        return np.array([place.get(_word(name), -1) for name in names], int)


def _of_each(models, tasks: int) -> np.ndarray:
    """(C, tasks, d + 1) models of one label or C; one for all tasks is that of each."""
    models = np.asarray(models)
    if models.ndim < 3:
        models = models.reshape(1, -1, models.shape[-1])
    shared = models.shape[1] == 1 or tasks == 1
    return np.repeat(models[:, :1], tasks, axis=1) if shared else models


def _word(value) -> str:
    """A task as text: 12.0 is 12."""
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return str(value)
