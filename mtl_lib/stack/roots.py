"""Square roots that round alike on every processor."""

import torch


def square_root(x: torch.Tensor) -> torch.Tensor:
    """The square root by operations that round alike on every processor.

    On a CPU ``torch.sqrt`` is MKL's, which refines the processor's own estimate of 1/sqrt(x). These
    estimates differ between makers, and with them the last bit of some roots. ``torch.rsqrt``
    divides by an exact root.

    Parameters
    ----------
    x : torch.Tensor
        Not negative, of any shape. 0 has the root 0.

    Returns
    -------
    torch.Tensor
        A new tensor of that shape.
    """
    return x.rsqrt().reciprocal_()
