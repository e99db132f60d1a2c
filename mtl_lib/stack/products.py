"""Batched products of K models, where almost all the time of small networks goes."""

import numpy as np
import torch

KINDS = (torch.float32, torch.float64)
NARROW = (2, 3)  # rows or columns of a product, which OpenBLAS has no kernel for
DEEP = 32  # terms of every sum; of fewer, and of longer narrow products, OpenBLAS is faster still
LONG = 1024  # columns or rows of a narrow product


def product(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
    """The products of K pairs of matrices, (K, m, p) for a (K, m, n) and b (K, n, p).

    On a CPU they are NumPy's: with the pinned arithmetic PyTorch's MKL takes its oldest kernels,
    which are 2.5 to 3.5 times slower than OpenBLAS under the same pin; without it both are equally
    fast. Narrow products of many terms are PyTorch's, which then are 1.1 to 2.9 times as fast
    under the pin and without it; so are all where a gradient is recorded, and elsewhere than on a
    CPU.

    Parameters
    ----------
    a, b : torch.Tensor
        Rows or columns of every matrix side by side in memory; else NumPy is slow.
    out : torch.Tensor, optional
        Where the products are written; not where a gradient is recorded.
    """
    by_torch = not a.is_cpu or a.requires_grad or b.requires_grad or a.dtype not in KINDS
    if by_torch or _narrow(a.shape[1], b.shape[2], a.shape[2]):
        return torch.bmm(a, b) if out is None else torch.bmm(a, b, out=out)
    if a.shape[2] == 1:  # NumPy has no fast product of one column
        return torch.mul(a, b, out=out)
    if out is None:
        out = torch.empty(a.shape[0], a.shape[1], b.shape[2], dtype=a.dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # models that diverge are found by others
        np.matmul(a.numpy(), b.numpy(), out=out.numpy())
    return out


def _narrow(rows: int, columns: int, terms: int) -> bool:
    """Whether a product on a CPU is PyTorch's."""
    return min(rows, columns) in NARROW and max(rows, columns) <= LONG and terms >= DEEP
