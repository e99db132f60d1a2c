"""Reader of idx files, the format of the MNIST family."""

import numpy as np

MAGIC = b"\0\0\x08"  # two zeros, then the code of unsigned bytes


def read(raw: bytes, what: str) -> np.ndarray:
    """The array of an idx file of bytes.

    Parameters
    ----------
    raw : bytes
        Two zeros, type 8, the number of axes (one byte), their lengths (big-endian, four bytes
        each), then the data.
    what : str
        What the file is called in a message.

    Returns
    -------
    np.ndarray
        uint8, of the stated shape.

    Raises
    ------
    ValueError
        For another magic number and for a wrong length.
    """
    if len(raw) < 4 or raw[:3] != MAGIC:
        begin = raw[:4].hex(" ")
        raise ValueError(f"{what}: begins with {begin}, expected an idx file of bytes (00 00 08)")
    axes = raw[3]
    start = 4 + 4 * axes
    shape = np.frombuffer(raw, ">u4", count=min(axes, (len(raw) - 4) // 4), offset=4)
    size = len(raw) - start
    if len(shape) != axes or int(np.prod(shape, dtype=object)) != size:
        lengths = tuple(map(int, shape))
        raise ValueError(f"{what}: {size} bytes of data for an idx file of shape {lengths}")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)
