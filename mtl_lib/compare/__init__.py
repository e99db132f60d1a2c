"""How tasks differ: measures of difference beside their nulls, and pairwise transfer."""

from mtl_lib.compare.shift import NAMES, SEES, Measured, measure, transfer

__all__ = ["NAMES", "SEES", "Measured", "measure", "transfer"]
