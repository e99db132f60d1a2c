"""Inputs of a table one column of which holds sentences."""

import numpy as np

from mtl_lib.assay.inputs import NO_INPUT
from mtl_lib.assay.intake.encoder import Encoder
from mtl_lib.assay.intake.media import Grams
from mtl_lib.assay.intake.wide import WIDE, Components
from mtl_lib.assay.text import shown
from mtl_lib.tasks import Inputs

FEWEST = 20  # components of the sentences beside however many other inputs


class WithSentences:
    """The other inputs of a table, then principal components of hashed n-grams of its sentences.

    Parameters
    ----------
    encoder : Encoder
        Makes the other inputs of new rows.
    column : str
        The column of sentences.
    inputs : Inputs
        The other inputs of the table.
    sentences : np.ndarray
        (N,) its sentences, "" where one is missing.
    """

    def __init__(self, encoder: Encoder, column: str, inputs: Inputs, sentences: np.ndarray):
        self.encoder = encoder
        self.column = column
        self.alone = inputs.columns == (NO_INPUT,)
        self.grams = Grams()
        counts = self.grams(sentences)
        self.width = 0 if self.alone else inputs.array.shape[1]
        self.components = Components(counts, max(FEWEST, WIDE - self.width))
        self.inputs = self._joined(inputs.array, self.components(counts))

    @property
    def note(self) -> str:
        """What was done to the sentences."""
        return (
            f"column {shown(self.column)}: sentences as {self.grams.count} hashed counts of 2 to 4 "
            f"characters, of which {self.components.pca.n_components_} principal components keep "
            f"{self.components.explained:.0%} of the variance"
        )

    def columns(self, others: tuple[str, ...]) -> tuple[str, ...]:
        """The names of all inputs."""
        own = self.components.pca.n_components_
        named = tuple(f"{self.column} {k + 1}" for k in range(own))
        return named if self.alone else (*others, *named)

    def __call__(self, frame) -> np.ndarray:
        """(n, d) inputs of a data frame. Raises ValueError for a column that is not there."""
        if self.column not in [str(name) for name in frame.columns]:
            raise ValueError(f"new rows have no column {shown(self.column)}")
        texts = [
            "" if value is None or value != value else str(value) for value in frame[self.column]
        ]
        return self._joined(self.encoder(frame), self.components(self.grams(texts)))

    def _joined(self, others: np.ndarray, components: np.ndarray) -> np.ndarray:
        return np.hstack([others[:, : self.width], components])
