"""Wide inputs as a few principal components, learned without labels."""

import numpy as np
from sklearn.decomposition import PCA

WIDE = 60  # inputs beyond which components take their place


class Components:
    """Principal components of standardised inputs.

    Parameters
    ----------
    X : np.ndarray
        (N, d) inputs.
    count : int
        How many components.
    """

    def __init__(self, X: np.ndarray, count: int = WIDE):
        self.shape = X.shape[1]
        self.mean = X.mean(axis=0)
        sd = X.std(axis=0)
        self.sd = np.where(sd > 1e-10 * (np.abs(self.mean) + 1e-200), sd, 1.0)
        count = min(count, len(X) - 1)
        self.pca = PCA(count, svd_solver="randomized", random_state=0)
        self.pca.fit((X - self.mean) / self.sd)

    @property
    def explained(self) -> float:
        """Share of the inputs' variance that is kept."""
        return float(self.pca.explained_variance_ratio_.sum())

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """(n, count) components of inputs (n, ...)."""
        X = np.asarray(X, float).reshape(len(X), -1)
        if X.shape[1] != self.shape:
            raise ValueError(f"new rows have {X.shape[1]} inputs, expected {self.shape}")
        return self.pca.transform((X - self.mean) / self.sd)


def narrowed(X: np.ndarray, columns: tuple[str, ...]) -> tuple[np.ndarray, tuple, tuple, tuple]:
    """(inputs, their names, steps that made them, notes)."""
    if X.shape[1] <= WIDE:
        return X, columns, (), ()
    step = Components(X)
    made = step(X)
    names = tuple(f"component {k + 1}" for k in range(made.shape[1]))
    note = (
        f"{X.shape[1]} inputs became {made.shape[1]} principal components, learned without "
        f"labels, that keep {step.explained:.0%} of their variance"
    )
    return made, names, (step,), (note,)
