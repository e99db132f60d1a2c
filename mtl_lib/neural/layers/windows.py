"""What a filter sees at every place of a picture, with the mini-batch last in memory.

Every offset inside a filter is then one copy of long runs, and a convolution one batched product.
"""

import math

import torch

CACHE = 2**21  # bytes of windows at a time; 8 networks of the benchmark at 64 pictures


class Windows:
    """The windows of pictures (K, channels, H, W, B), zero beyond the edge.

    Parameters
    ----------
    shape : tuple of int
        (H, W, B).
    size : int
        Height and width of a filter, odd.
    stride : int
        Places from one filter to the next.

    Attributes
    ----------
    sides : list of int
        Places of the filter along height and width.
    places : int
        Places times pictures.
    """

    def __init__(self, shape: tuple, size: int, stride: int):
        self.size = size
        self.stride = stride
        self.sides = [-(-side // stride) for side in shape[:2]]
        self.places = math.prod(self.sides) * shape[2]
        self._offsets = []
        for row in range(size):
            for column in range(size):
                place = _seen(row - size // 2, shape[0], self.sides[0], stride)
                across = _seen(column - size // 2, shape[1], self.sides[1], stride)
                self._offsets.append((row, column, place, across))

    def parts(self, h: torch.Tensor) -> list[slice]:
        """The networks, as many at a time as the cache holds windows of."""
        bytes_each = h.shape[1] * self.size**2 * self.places * h.element_size()
        count = max(1, CACHE // max(1, bytes_each))
        return [slice(k, k + count) for k in range(0, len(h), count)]

    def of(self, h: torch.Tensor) -> torch.Tensor:
        """The windows (k, channels size^2, places) of k networks' pictures."""
        windows = h.new_zeros(*h.shape[:2], self.size, self.size, *self.sides, h.shape[4])
        for row, column, (to_row, from_row), (to_column, from_column) in self._offsets:
            windows[:, :, row, column, to_row, to_column] = h[:, :, from_row, from_column]
        return windows.view(len(h), -1, self.places)

    def add(self, windows: torch.Tensor, h: torch.Tensor) -> None:
        """The adjoint of ``of``: every window is added to where it came from in h."""
        shape = *h.shape[:2], self.size, self.size, *self.sides, h.shape[4]
        windows = windows.view(shape)
        for row, column, (to_row, from_row), (to_column, from_column) in self._offsets:
            h[:, :, from_row, from_column] += windows[:, :, row, column, to_row, to_column]


def _seen(offset: int, side: int, places: int, stride: int) -> tuple[slice, slice]:
    """(the places whose window has something at an offset, what it is) along one side."""
    first = max(0, -(offset // stride))
    stop = min(places, (side - 1 - offset) // stride + 1)
    start = first * stride + offset
    return slice(first, stop), slice(start, start + max(0, stop - first) * stride, stride)
