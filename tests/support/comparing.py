"""Equality of what federations leave."""

import numpy as np

from mtl_lib.stack import tree_leaves


def assert_same(a, b, atol=1e-10):
    """Every tensor of two nested dicts of one form."""
    for one, other in zip(tree_leaves(a), tree_leaves(b), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)
