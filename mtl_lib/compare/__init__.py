"""How tasks differ: measures of difference beside their nulls, and pairwise transfer."""

from mtl_lib.compare.measures import NAMES, SEES, measure
from mtl_lib.compare.permutation import Measured
from mtl_lib.compare.transfer import transfer

__all__ = ["NAMES", "SEES", "Measured", "measure", "transfer"]
