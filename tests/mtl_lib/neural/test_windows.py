"""Filters in closed form against the grouped convolution and its autograd."""

import pytest
import torch

from mtl_lib.neural import Conv
from mtl_lib.neural.layers import windows
from mtl_lib.neural.layers.base import Layer


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("sides", [(7, 8), (5, 2), (1, 1)])
@pytest.mark.parametrize("activation", [True, False])
@pytest.mark.parametrize("cache", [1, 2**21], ids=["one by one", "together"])
def test_closed_form(size, stride, sides, activation, cache, monkeypatch):
    monkeypatch.setattr(windows, "CACHE", cache)
    layer = Conv(2, 3, size, stride, activation)
    draw = torch.Generator().manual_seed(0)
    weight = torch.randn(4, 3, 2, size, size, generator=draw, dtype=torch.float64)
    bias = torch.randn(4, 3, generator=draw, dtype=torch.float64)
    h = torch.randn(4, 6, 2, *sides, generator=draw, dtype=torch.float64)
    found, kept = layer.forward([weight, bias], h)
    expected, tape = Layer.forward(layer, [weight, bias], h)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found, layer(weight, bias, h))
    delta = torch.randn(expected.shape, generator=draw, dtype=torch.float64)
    for wanted in (True, False):
        ours = [torch.empty_like(weight), torch.empty_like(bias)]
        theirs = [torch.empty_like(weight), torch.empty_like(bias)]
        below = layer.backward([weight, bias], kept, delta, ours, wanted)
        below_them = Layer.backward(layer, [weight, bias], tape, delta, theirs, wanted)
        torch.testing.assert_close(ours, theirs)
        assert (below is None) == (not wanted)
        if wanted:
            torch.testing.assert_close(below, below_them)


def test_pictures_of_another_number_of_channels_are_refused():
    layer = Conv(2, 3)
    weights = [torch.zeros(1, 3, 2, 3, 3), torch.zeros(1, 3)]
    with pytest.raises(ValueError, match="the layer takes"):
        layer.forward(weights, torch.zeros(1, 4, 1, 8, 8))
