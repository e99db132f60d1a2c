"""Fully connected layers behind the gains and shifts of a norm."""

import numpy as np

from mtl_lib.stack.layers import MLP

GAIN = "norm.weight"
SHIFT = "norm.bias"


class NormedMLP(MLP):
    """An ``MLP`` whose inputs are x * gain + shift, one gain and shift per input.

    That is what a norm layer learns; what it measures, means and deviations, is not part of the
    net. The map is folded into the first layer: weight0 * gain, and bias0 + weight0 shift. So
    models still share the mini-batches of a client. Parameters are ``norm.weight`` and
    ``norm.bias`` (K, in), which start at 1 and 0, and those of the ``MLP``.

    Parameters
    ----------
    sizes, activation
        As ``MLP``; every layer has a bias.
    """

    def __init__(self, sizes, activation: str = "relu"):
        super().__init__(sizes, activation)

    def __repr__(self) -> str:
        return f"Normed{super().__repr__()}"

    def draw(self, rng):
        inputs = self.sizes[0]
        return {GAIN: np.ones(inputs), SHIFT: np.zeros(inputs)} | super().draw(rng)

    def __call__(self, params, x):
        return super().__call__(_folded(params), x)

    def grads(self, params, x, y, w, loss, value: bool = True):
        """Loss and gradients as of ``MLP.grads``, by the chain rule through the folded layer."""
        total, folded = super().grads(_folded(params), x, y, w, loss, value)
        outer = folded["weight0"]
        delta = folded["bias0"]
        own = {
            GAIN: (outer * params["weight0"]).sum(1),
            SHIFT: (delta[:, :, None] * params["weight0"]).sum(1),
            "weight0": outer * params[GAIN][:, None] + delta[:, :, None] * params[SHIFT][:, None],
        }
        return total, {name: (folded | own)[name] for name in params}


def _folded(params: dict) -> dict:
    """Parameters of the ``MLP`` without a norm that gives the same scores."""
    weight = params["weight0"]
    shift = (weight * params[SHIFT][:, None]).sum(-1)
    rest = {name: p for name, p in params.items() if name not in (GAIN, SHIFT)}
    own = {"weight0": weight * params[GAIN][:, None], "bias0": params["bias0"] + shift}
    return rest | own
