"""Equality of what federations leave."""

import numpy as np

from mtl_lib.federated.engine.method import leaves


def assert_same(a, b, atol=1e-10):
    """Every tensor of two nested dicts of one form."""
    for one, other in zip(leaves(a), leaves(b), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)
