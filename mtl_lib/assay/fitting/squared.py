"""Models of numbers: squared loss, from Gram matrices alone."""

import numpy as np

from mtl_lib.assay.fitting import mixed
from mtl_lib.assay.fitting.arms import Strengths


class SquaredModels:
    """Squared loss on augmented Gram matrices (T, p, p). Models are (T, p - 1) or (p - 1,).

    Strengths are prior variances over the noise variance: 1 / lambda.
    """

    name = "nMSE"
    slopes_alone = (1e-6, 1e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0, 1e3)
    penalties = (0.0, 1e-3, 0.01, 0.1)
    intercepts = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0, 100.0, 1e4)
    slopes = (0.0, 1e-3, 0.004, 0.015, 0.06, 0.25, 1.0, 10.0, 100.0, 1e4)

    @staticmethod
    def inner(fold) -> tuple:
        """All inner pairs: they cost little."""
        return fold.inner

    @staticmethod
    def counts(gram: np.ndarray) -> np.ndarray:
        """(T,) samples, or their weight."""
        return gram[:, 0, 0]

    @staticmethod
    def has_inputs(gram: np.ndarray) -> bool:
        """Whether there are inputs."""
        return gram.shape[-1] > 2

    @staticmethod
    def losses(gram: np.ndarray, models: np.ndarray) -> np.ndarray:
        """(T,) sums of squared residuals."""
        return mixed.squared_errors(gram, models)

    @staticmethod
    def alone(gram: np.ndarray, slope: float) -> np.ndarray:
        """A ridge model per task."""
        return mixed.alone(gram, slope)

    @staticmethod
    def common(gram: np.ndarray, penalty: float) -> np.ndarray:
        """One model for all tasks."""
        return mixed.common(gram, penalty)

    @staticmethod
    def means(gram: np.ndarray, intercept: float) -> np.ndarray:
        """Models without inputs: means shrunk to their common mean."""
        small = gram[:, [0, -1]][:, :, [0, -1]]
        models = np.zeros((len(gram), gram.shape[-1] - 1))
        root = mixed.diagonal_root(intercept, 0.0, 1)
        models[:, :1] = mixed.about_mean(small, root, 0.0)[1]
        return models

    @staticmethod
    def about(gram: np.ndarray, intercept: float, slope: float, penalty: float) -> np.ndarray:
        """Models about a common one, intercepts and slopes each with a strength."""
        root = mixed.diagonal_root(intercept, slope, gram.shape[-1] - 1)
        return mixed.about_mean(gram, root, penalty)[1]

    @staticmethod
    def learned(gram: np.ndarray, made: Strengths) -> np.ndarray:
        """The covariance of the tasks' models, learned from the strengths chosen."""
        width = gram.shape[-1] - 1
        start = mixed.diagonal_root(max(made.intercept, 0.03), max(made.slope, 0.01), width)
        return mixed.learned_covariance(gram, start, made.penalty)

    @staticmethod
    def low_rank(gram: np.ndarray, covariance: np.ndarray, rank: int, penalty: float) -> np.ndarray:
        """Models that leave the common one in a few learned directions."""
        return mixed.about_mean(gram, mixed.root_of(covariance, rank), penalty)[1]
