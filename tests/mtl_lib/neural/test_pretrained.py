"""A trunk that was trained before: frozen is training on its features, adapters are plain LoRA."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mtl_lib.neural import (
    Aggregator,
    Conv,
    Dense,
    Head,
    LowRank,
    MeanPool,
    Network,
    Replicas,
    Residual,
    arms,
    predict,
    train,
)
from mtl_lib.neural.layers import adapted
from mtl_lib.stack import SGD, Adam, Stack
from mtl_lib.tasks import Inputs, Task, TaskSet

RNG = np.random.default_rng(0)
IMAGES = Inputs("images", RNG.normal(size=(40, 2, 6, 6)), "image")
TRUNK = [
    Conv(2, 3, stride=1),
    Residual(
        (Conv(3, 4), Conv(4, 4, stride=1, activation=False)), Conv(3, 4, size=1, activation=False)
    ),
    MeanPool(),
    Dense(4, 5),
]
NET = Network(TRUNK, {"one": Head(5), "two": Head(5, specific=(3,))})
DRAWN = Stack.init(Network(TRUNK, {"one": Head(5)}), [11], dtype=torch.float64).params
WEIGHTS = {
    name: value[0].numpy() + 0.1 for name, value in DRAWN.items() if name.startswith("trunk")
}
LABELS = RNG.integers(0, 2, (2, 40))


def drawn(seed, n=12):
    """Two tasks on rows of their own."""
    rows = np.random.default_rng(seed).permutation(40)[: 2 * n].reshape(2, n)
    return TaskSet(
        [
            Task(name, IMAGES, own, labels[own], "logistic")
            for name, own, labels in zip(("one", "two"), rows, LABELS, strict=True)
        ]
    )


SETS = [drawn(0), drawn(1)]
RUN = {"steps": 4, "batch_size": 12, "dtype": torch.float64, "seeds": [0, 1]}


@pytest.mark.parametrize("optimizer", [SGD(0.2), Adam(0.05, weight_decay=0.1)])
def test_frozen_is_training_on_the_features(optimizer):
    frozen = arms.pretrained(NET, WEIGHTS)["frozen"]
    trained = train(NET, SETS, optimizer=optimizer, **RUN, **frozen.options).stack.params
    for name, value in WEIGHTS.items():
        assert all(np.array_equal(own, value) for own in trained[name].numpy()), name
    params = {name: torch.as_tensor(value)[None] for name, value in WEIGHTS.items()}
    x = torch.tensor(IMAGES.array)[None]
    made = Inputs("images", Network(TRUNK, {}).features(params, x)[-1][0].numpy())
    above = Network([], NET.heads)
    start = Stack.init(NET, [0, 1], dtype=torch.float64).params
    heads = Stack({n: p for n, p in start.items() if not n.startswith("trunk")}, above)
    sets = [TaskSet([replace(task, inputs=made) for task in tasks]) for tasks in SETS]
    plain = train(above, sets, optimizer=optimizer, start=heads, **RUN).stack.params
    for name, value in plain.items():
        torch.testing.assert_close(trained[name], value, rtol=1e-10, atol=1e-12)


def test_features_are_those_of_the_trunk():
    seen = arms.featured(SETS[0], TRUNK, WEIGHTS, chunk=7)
    params = {name: torch.as_tensor(value).float()[None] for name, value in WEIGHTS.items()}
    x = torch.tensor(IMAGES.array).float()[None]
    np.testing.assert_allclose(
        seen["two"].inputs.array, Network(TRUNK, {}).features(params, x)[-1][0], atol=1e-5
    )
    assert np.array_equal(seen["two"].rows, SETS[0]["two"].rows)
    assert seen["one"].inputs.array.shape == (40, 5)


def adapted_forward(p, x):
    """The adapted trunk and one head, plainly."""

    def summed(place, k):
        weight = p[f"trunk.{place}.weight{k}"]
        product = p[f"trunk.{place}.up{k}"] @ p[f"trunk.{place}.down{k}"]
        return weight + product.view_as(weight), p[f"trunk.{place}.bias{k}"]

    h = F.relu(F.conv2d(x, *summed(0, ""), padding=1))
    z = F.relu(F.conv2d(h, *summed(1, 0), stride=2, padding=1))
    z = F.conv2d(z, *summed(1, 1), padding=1)
    h = F.relu(z + F.conv2d(h, *summed(1, 2), stride=2))
    h = F.relu(F.linear(h.mean((2, 3)), *summed(3, "")))
    return F.linear(h, p["head.one.weight"], p["head.one.bias"])[:, 0]


def test_adapters_equal_a_plain_loop():
    arm = arms.pretrained(Network(TRUNK, {"one": Head(5)}), WEIGHTS, rank=2)["adapters"]
    sets = [tasks.subset(["one"]) for tasks in SETS]
    trained = train(arm.network, sets, optimizer=SGD(0.3), **RUN, **arm.options).stack.params
    start = Stack.init(arm.network, [0, 1], dtype=torch.float64).params
    for k, tasks in enumerate(sets):
        p = {name: nn.Parameter(value[k].clone()) for name, value in start.items()}
        for name, value in WEIGHTS.items():
            p[name] = torch.as_tensor(value)
        learning = [name for name in p if name not in WEIGHTS]
        x, y = (torch.as_tensor(values) for values in (tasks[0].X, tasks[0].y))
        for _ in range(4):
            loss = F.binary_cross_entropy_with_logits(adapted_forward(p, x), y.double())
            grads = torch.autograd.grad(loss, [p[name] for name in learning])
            with torch.no_grad():
                for name, grad in zip(learning, grads, strict=True):
                    p[name] -= 0.3 * grad
        for name, value in p.items():
            torch.testing.assert_close(trained[name][k], value.detach(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("way", ["frozen", "adapters", "tuned"])
def test_every_way_begins_with_the_trunk_that_is_known(way):
    arm = arms.pretrained(NET, WEIGHTS)[way]
    begun = train(arm.network, SETS, optimizer=SGD(0.1), **{**RUN, "steps": 0}, **arm.options)
    params = {name: torch.as_tensor(value)[None] for name, value in WEIGHTS.items()}
    x = torch.as_tensor(SETS[1]["one"].X)[None]
    h = Network(TRUNK, {}).features(params, x)[-1][0]
    own = begun.stack.params
    z = F.linear(h, own["head.one.weight"][1], own["head.one.bias"][1])[:, 0]
    asked = predict(arm.network, begun.stack, Replicas(SETS, torch.float64), "one")
    np.testing.assert_allclose(asked[1], z, atol=1e-12)
    moved = train(arm.network, SETS, optimizer=SGD(0.1), **RUN, **arm.options).stack.params
    kept = [np.array_equal(moved[name][0].numpy(), value) for name, value in WEIGHTS.items()]
    assert all(kept) if way != "tuned" else not any(kept)


def test_a_drawn_adapter_changes_nothing_and_can_learn():
    block = adapted(TRUNK[1], 2)
    own = block.draw(np.random.default_rng(0))
    ups = [part for part in own if part.startswith("up")]
    assert len(ups) == 3 and not any(own[part].any() for part in ups)
    assert all(own[part.replace("up", "down")].any() for part in ups)
    assert not own["weight1"].any()


def test_an_aggregator_sees_only_what_learns():
    arm = arms.pretrained(NET, WEIGHTS)["adapters"]
    shown = []

    def rule(jacobians):
        shown.append(jacobians.shape[2])
        return jacobians.sum(1)

    options = arm.options | {"aggregator": rule}
    balanced = train(arm.network, SETS, optimizer=SGD(0.1), **RUN, **options).stack.params
    plain = train(arm.network, SETS, optimizer=SGD(0.1), **RUN, **arm.options).stack.params
    adapters = [name for name in plain if name.rsplit(".")[-1].startswith(("up", "down"))]
    assert set(shown) == {sum(plain[name][0].numel() for name in adapters)}
    for name, value in plain.items():
        torch.testing.assert_close(balanced[name], value, rtol=1e-10, atol=1e-12)
    mean = arm.options | {"aggregator": Aggregator("Sum")}
    assert train(arm.network, SETS, optimizer=SGD(0.1), **RUN, **mean)


def test_arms_of_a_trunk_are_compared_like_others():
    own = arms.pretrained(NET, WEIGHTS, way="alone")
    draws = {(0,): drawn(0), (1,): drawn(1)}
    for arm in own.values():
        parts = arms.fit(arm, draws, 0.01, steps=2, batch_size=6)
        assert arms.answers(parts, drawn(5), "two")[(1,)].shape == (12,)


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: arms.pretrained(NET, WEIGHTS, rank=0), "pretrained: rank 0"),
        (lambda: arms.pretrained(NET, {"head.one.bias": [0.0]}), "'head.one.bias' is no weight"),
        (lambda: arms.pretrained(NET, {"trunk.9.bias": [0.0]}), "'trunk.9.bias' is no weight"),
        (lambda: LowRank(MeanPool(), 2), "LowRank: layer MeanPool()"),
        (lambda: LowRank(Dense(2, 2), 0), "LowRank: rank 0"),
        (lambda: begun(known={"trunk.0.bias": np.zeros(4)}), "'trunk.0.bias' of shape (4,)"),
        (lambda: begun(known={"nothing": np.zeros(4)}), "'nothing' of shape (4,)"),
        (lambda: begun(fixed=("nothing",)), "no parameter 'nothing'"),
        (lambda: begun(fixed=tuple(Stack.init(NET, [0]).params)), "fixed: all parameters"),
    ],
)
def test_bad_calls_get_one_line(make, said):
    with pytest.raises(ValueError) as caught:
        make()
    assert said in str(caught.value) and "\n" not in str(caught.value)


def begun(**options):
    return train(NET, SETS, optimizer=SGD(0.1), **{**RUN, "steps": 0}, **options)
