"""Towers have the depth they say, and differ only in how they begin."""

import numpy as np
import pytest
import torch

from mtl_lib.stack import Stack
from mtl_lib.tasks import Inputs, Task, TaskSet
from study import towers


@pytest.mark.parametrize("design", towers.DESIGNS)
def test_a_tower_has_its_hidden_layers_and_a_head_in_the_middle(design):
    net = towers.tower(design, 6, 5, 7, 3)
    assert len(net.trunk) == 6
    assert net.depth(towers.CLASS) == 6 and net.depth(towers.MIDDLE) == 3
    assert net.parameters() == 6 * 7 + 5 * 7 * 8 + 2 * 3 * 8


def test_a_residual_tower_starts_as_its_first_layer():
    nets = {depth: towers.tower("residual", depth, 5, 7, 3) for depth in (2, 9)}
    drawn = {depth: net.draw(np.random.default_rng(0)) for depth, net in nets.items()}
    assert not any(np.any(v) for name, v in drawn[9].items() if name.startswith("trunk.5"))
    assert np.array_equal(drawn[2]["trunk.0.weight"], drawn[9]["trunk.0.weight"])


def test_signals_fade_in_old_draws_only():
    x = np.random.default_rng(0).standard_normal((1, 200, 32)).astype(np.float32)
    size = {}
    for design in towers.DESIGNS:
        net = towers.tower(design, 10, 32, 32, 3)
        stack = Stack.init(net, [0])
        h = torch.as_tensor(x)
        for place, layer in net.trunk_layers():
            h = layer(*(stack.params[f"{place}.{part}"] for part in layer.parts), h)
        size[design] = float(h.std(1).mean())
    assert size["old draw"] < 0.05 * min(size["He draw"], size["residual"])


def test_arms_and_their_null():
    rng = np.random.default_rng(0)
    inputs = Inputs("x", rng.standard_normal((40, 5)).astype(np.float32), "table")
    task = Task("kind", inputs, np.arange(40), rng.integers(0, 3, 40), "ce")
    twice = towers.asked_twice(TaskSet([task], "x"))
    assert twice.names == [towers.CLASS, towers.MIDDLE]
    null = towers.shuffled(twice)
    assert np.array_equal(null[towers.CLASS].y, task.y)
    assert not np.array_equal(null[towers.MIDDLE].y, task.y)
    assert np.array_equal(np.sort(null[towers.MIDDLE].y), np.sort(task.y))
    net = towers.tower("He draw", 2, 5, 4, 3)
    assert list(towers.arms({"He draw": net}, 0.3, checked=False)) == [
        "He draw, none",
        "He draw, auxiliary",
    ]
    assert len(towers.arms({"He draw": net}, 0.3, checked=True)) == 4
    with pytest.raises(ValueError, match="design"):
        towers.tower("new", 2, 5, 4, 3)
