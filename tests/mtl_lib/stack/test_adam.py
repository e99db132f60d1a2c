"""Adam's two ways, the fused kernel and elementary steps, are one rule; its root is exact."""

import numpy as np
import pytest
import torch

from mtl_lib.stack import MLP, Adam, Stack
from mtl_lib.stream import stream

K = 7
NET = MLP((5, 9, 3))
MASK = torch.as_tensor([True, False, True, True, False, False, True])
ACTIVE = {
    "all": [None] * 12,
    "counts": [7, 3, 5, 0, 7, 1, 2, 6, 7, 4, 3, 5],
    "masks": [MASK, ~MASK, MASK.flip(0), None, MASK & MASK.roll(1), ~MASK] * 2,
}
RATES = {
    "one": 0.03,
    "groups": torch.tensor([0.1, 0.1, 0.01, 0.01, 0.01, 0.03, 0.03], dtype=torch.float64),
    "own": np.linspace(0.01, 0.1, K),
}
DECAY = {
    "none": {},
    "all": {"weight_decay": 0.1},
    "weights": {"weight_decay": 0.1, "decay_bias": False},
}


def slopes(stack, step):
    """Gradients of very different sizes, some of them 0."""
    grads = {}
    for name, p in stack.params.items():
        values = stream(0, "gradient", name, step).normal(size=p.shape)
        size = 10.0 ** stream(1, "size", name, step).integers(-6, 3, p.shape)
        grads[name] = torch.as_tensor(values * size * (np.abs(values) > 0.1), dtype=p.dtype)
    return grads


def stepped(rule, active, dtype, way):
    """A stack after steps of one way, and the rule with its memory."""
    stack = Stack.init(NET, range(K), dtype=dtype)
    rule = rule.fresh()
    for step, who in enumerate(active):
        grads = slopes(stack, step)
        if way == "elementary":  # columns side by side in memory: the kernel cannot read them
            grads = {name: _transposed(g) for name, g in grads.items()}
        rule.step(stack, grads, who)
    return stack, rule


def _transposed(g):
    return g.transpose(0, -1).contiguous().transpose(0, -1)


@pytest.mark.parametrize("decay", DECAY)
@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("active", ACTIVE)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_kernel_is_the_elementary_rule(dtype, active, rates, decay):
    rule = Adam(RATES[rates], **DECAY[decay])
    ours, fused = stepped(rule, ACTIVE[active], dtype, "kernel")
    plain, elementary = stepped(rule, ACTIVE[active], dtype, "elementary")
    ulps = 12 * torch.finfo(dtype).eps if dtype == torch.float32 else 1e-12
    for name, p in ours.params.items():
        scale = plain.params[name].abs().max()
        assert (p - plain.params[name]).abs().max() <= ulps * scale, name
        for part, value in fused.state[name].items():
            other = elementary.state[name][part]
            assert (value - other).abs().max() <= ulps * other.abs().max().clamp(min=1e-30), part
    assert fused._plan is not None and elementary._plan is None


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_inactive_models_keep_every_bit(dtype):
    stack, rule = stepped(Adam(RATES["own"]), [None, None], dtype, "kernel")
    before = stack.take(range(K)).params
    memory = {n: {part: v.clone() for part, v in own.items()} for n, own in rule.state.items()}
    rule.step(stack, slopes(stack, 9), MASK)
    for name, p in stack.params.items():
        assert torch.equal(p[~MASK], before[name][~MASK])
        assert not torch.equal(p[MASK], before[name][MASK])
        for part, value in rule.state[name].items():
            assert torch.equal(value[~MASK], memory[name][part][~MASK])
            assert not torch.equal(value[MASK], memory[name][part][MASK])


def test_rates_may_change_between_steps():
    stack, rule = stepped(Adam(0.1), [None], torch.float64, "kernel")
    before = stack.take(range(K)).params
    rule.lr = np.array([0.0] * 6 + [1.0])
    rule.step(stack, slopes(stack, 1))
    for name, p in stack.params.items():
        assert torch.equal(p[:6], before[name][:6]) and not torch.equal(p[6], before[name][6])


def _roots_used(squares: np.ndarray) -> np.ndarray:
    """-1 over the kernel's root of half the squares: what a step of this size leaves of a 0."""
    values = torch.as_tensor(squares).clone()
    p, g = torch.zeros_like(values), torch.zeros_like(values)
    mean, steps = torch.full_like(values, 2.0), torch.ones((), dtype=values.dtype)
    halves = {"lr": 0.5, "beta1": 0.5, "beta2": 0.5, "eps": 0.0, "weight_decay": 0.0}
    rule = {"amsgrad": False, "maximize": False}
    torch._fused_adam_([p], [g], [mean], [values], [], [steps], **halves, **rule)
    return p.numpy()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_kernels_root_is_correctly_rounded(kind):
    """Every seventh float32 from 1 to 4, where all mantissas are; MKL's root would not do."""
    if kind is np.float32:
        squares = np.arange(0x3F800000, 0x40800000, 7, dtype=np.uint32).view(np.float32)
    else:
        squares = stream(0, "squares").uniform(1, 4, 2**20)
    roots = np.sqrt(squares / 2)
    if kind is np.float32:
        exact = np.sqrt(squares.astype(float) / 2).astype(np.float32)
        np.testing.assert_array_equal(roots, exact)
    scale = kind(np.sqrt(0.5))
    assert np.array_equal(_roots_used(squares), -1 / (roots / scale))
    other = np.nextafter(roots, kind(9))  # a root that is off by one digit would be seen
    assert np.mean(_roots_used(squares) != -1 / (other / scale)) > 0.5
    for n in (1, 3, 7, 9, 17):  # whatever the length, as at the ends of arrays
        assert np.array_equal(_roots_used(squares[-n:]), -1 / (roots[-n:] / scale))
