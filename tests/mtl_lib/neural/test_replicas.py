"""Replicas are the plain loop, whatever else is in the stack; bad input gets one line."""

from dataclasses import replace

import numpy as np
import pytest
import textbook
import torch

from mtl_lib.neural import Conv, Dense, Head, Network, Replicas, features, predict, train
from mtl_lib.stack import SGD, Adam, Stack
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

RNG = np.random.default_rng(0)
FLAT, IMAGES = (
    Inputs("flat", RNG.normal(size=(200, 12))),
    Inputs("images", RNG.normal(size=(200, 1, 8, 8)), "image"),
)
LABELS = (RNG.random(200) < 0.5).astype(int)
KINDS = {"mlp": (["dense", "dense"], FLAT), "cnn": (["conv", "conv", "dense"], IMAGES)}


def network(kind, tasks=("one", "two"), **options):
    trunk = [Dense(12, 9), Dense(9, 7)] if kind == "mlp" else [Conv(1, 3), Conv(3, 5), Dense(20, 7)]
    return Network(trunk, {name: Head(7) for name in tasks}, **options)


def sets(kind, count, names=("one", "two"), n=(17, 40)):
    """Task sets of different sizes on rows of their own."""
    made = []
    for k in range(count):
        rng = np.random.default_rng(100 + k)
        rows = [rng.permutation(200)[: rng.integers(*n)] for _ in names]
        made.append(
            TaskSet(
                [
                    Task(
                        name,
                        KINDS[kind][1],
                        r,
                        np.where(np.arange(len(r)) < 2, np.arange(len(r)), LABELS[r]),
                        "logistic",
                    )
                    for name, r in zip(names, rows, strict=True)
                ]
            )
        )
    return made


def run(net, data, seeds=None, lr=0.1, steps=5, optimizer=SGD, **options):
    seeds = range(len(data)) if seeds is None else seeds
    return train(
        net,
        data,
        steps=steps,
        batch_size=8,
        optimizer=optimizer(lr),
        seeds=list(seeds),
        dtype=torch.float64,
        **options,
    )


def plainly(net, kind, tasks, seed, lr, steps=5, batch_size=8, weight=1.0):
    """The textbook's parameters of one replica."""
    start = {
        name: value[0].numpy()
        for name, value in Stack.init(net, [seed], dtype=torch.float64).params.items()
    }
    draw = {t.name: stream(seed, "batches", t.name) for t in tasks}
    orders = {
        t.name: draw[t.name].permuted(np.tile(np.arange(len(t)), (steps, 1)), axis=1).ravel()
        for t in tasks
    }

    def batch(t, step):
        index = orders[t.name][step * batch_size : (step + 1) * batch_size]
        return torch.as_tensor(t.X[index]), torch.as_tensor(t.y[index]).double(), weight

    batches = [{t.name: batch(t, step) for t in tasks} for step in range(steps)]
    return textbook.replica(KINDS[kind][0], start, batches, lr)


def assert_same(stack, k, params, tolerance):
    for name, value in params.items():
        assert np.abs(stack.params[name][k].numpy() - value).max() < tolerance, name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 7])
def test_replicas_equal_the_plain_loop(kind, count):
    net, data, lr = (
        network(kind),
        sets(kind, count),
        torch.linspace(0.05, 0.4, count, dtype=torch.float64),
    )
    trained = run(net, data, lr=lr)
    for k, tasks in enumerate(data):
        assert_same(trained.stack, k, plainly(net, kind, tasks, k, float(lr[k])), 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_one_task_is_plain_training(kind):
    net, data = network(kind, ["one"]), sets(kind, 3, ["one"])
    trained = run(net, data, seeds=[5, 5, 9])
    for k, tasks in enumerate(data):
        assert_same(trained.stack, k, plainly(net, kind, tasks, [5, 5, 9][k], 0.1), 1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_adding_a_replica_changes_no_other(kind, optimizer):
    data = sets(kind, 5)
    few, more = (
        run(network(kind), part, seeds=seeds, lr=0.01, optimizer=optimizer)
        for part, seeds in ((data[1:3], [1, 2]), (data, range(5)))
    )
    assert_same(
        few.stack, 0, {name: value[1].numpy() for name, value in more.stack.params.items()}, 1e-12
    )
    assert_same(
        few.stack, 1, {name: value[2].numpy() for name, value in more.stack.params.items()}, 1e-12
    )


def test_two_identical_tasks_with_one_head_are_one_task_at_twice_the_rate():
    """Batches are keyed by the task's name: the twins see all their samples in every update."""
    head = {"both": Head(7)}
    twins = Network([Dense(12, 9), Dense(9, 7)], head, {"one": "both", "two": "both"})
    alone = Network([Dense(12, 9), Dense(9, 7)], head, {"one": "both"})
    (tasks,) = sets("mlp", 1, ["one"], n=(30, 31))
    pair = TaskSet([tasks[0], replace(tasks[0], name="two")])
    options = {"steps": 20, "batch_size": 30, "seeds": [3], "dtype": torch.float64}
    joint = train(twins, [pair], optimizer=SGD(0.1), **options)
    single = train(alone, [tasks], optimizer=SGD(0.2), **options)
    assert_same(
        joint.stack,
        0,
        {name: value[0].numpy() for name, value in single.stack.params.items()},
        1e-10,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_of_weight_0_leaves_the_trunk_alone(kind):
    data = sets(kind, 3)
    joint = run(network(kind), data, weights={"two": 0.0})
    alone = run(network(kind, ["one"]), [tasks.subset(["one"]) for tasks in data])
    rounding = 1e-14 if kind == "cnn" else 0.0  # filters sum over places and pictures together
    for name, value in alone.stack.params.items():
        torch.testing.assert_close(joint.stack.params[name], value, rtol=0, atol=rounding)
    untouched = Stack.init(network(kind), [0, 1, 2], dtype=torch.float64).params
    assert torch.equal(joint.stack.params["head.two.weight"], untouched["head.two.weight"])


def test_weights_per_replica_and_a_weighting_of_ones_own():
    data = sets("mlp", 3)
    mixed = run(network("mlp"), data, weights={"two": torch.tensor([1.0, 0.0, 0.5])})
    for k, weight in enumerate((1.0, 0.0, 0.5)):
        one = run(network("mlp"), data[k : k + 1], seeds=[k], weights={"two": weight})
        assert_same(
            mixed.stack,
            k,
            {name: value[0].numpy() for name, value in one.stack.params.items()},
            1e-12,
        )
    plain, summed = (
        run(network("mlp"), data),
        run(network("mlp"), data, weighting=lambda losses: losses.sum(1)),
    )
    assert all(
        torch.equal(plain.stack.params[name], value) for name, value in summed.stack.params.items()
    )


def test_a_tasks_own_weight_counts():
    data, (plain, half) = sets("mlp", 2), (1.0, 0.5)
    weighed = [
        TaskSet([one, replace(two, weight=weight)])
        for (one, two), weight in zip(data, (plain, half), strict=True)
    ]
    own = run(network("mlp"), weighed, weights={"one": 2.0}).stack.params
    given = run(network("mlp"), data, weights={"one": 2.0, "two": [plain, half]}).stack.params
    for name, value in given.items():
        torch.testing.assert_close(own[name], value, rtol=1e-12, atol=1e-14)


def test_masks_all_true_are_no_mask_and_hidden_labels_do_not_matter():
    data = sets("mlp", 2)
    shown = [TaskSet([replace(t, observed=np.ones(len(t), bool)) for t in tasks]) for tasks in data]
    one, two = run(network("mlp"), data), run(network("mlp"), shown)
    assert all(
        torch.equal(one.stack.params[name], value) for name, value in two.stack.params.items()
    )
    hidden = np.arange(len(data[0][0])) % 3 != 1
    masked = [
        TaskSet(
            [replace(tasks[0], y=np.where(hidden, tasks[0].y, fill), observed=hidden), tasks[1]]
        )
        for tasks, fill in ((data[0], 0), (data[0], 1))
    ]
    one, two = (run(network("mlp"), [tasks]) for tasks in masked)
    assert all(
        torch.equal(one.stack.params[name], value) for name, value in two.stack.params.items()
    )


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_head_leaves_deeper_layers_alone(depth):
    net = Network([Dense(12, 9), Dense(9, 7)], {"one": Head([12, 9, 7][depth], depth=depth)})
    trained, start = (
        run(net, sets("mlp", 2, ["one"])),
        Stack.init(net, [0, 1], dtype=torch.float64).params,
    )
    for k in range(2):
        assert torch.equal(
            trained.stack.params[f"trunk.{k}.weight"], start[f"trunk.{k}.weight"]
        ) == (k >= depth)


def test_encoders_bring_own_inputs_into_one_trunk():
    wide = Inputs("wide", RNG.normal(size=(50, 30)))
    net = Network(
        [Dense(9, 7)],
        {"one": Head(7), "two": Head(7)},
        encoders={"flat": [Dense(12, 9)], "wide": [Dense(30, 9)]},
    )
    tasks = TaskSet(
        [sets("mlp", 1)[0]["one"], Task("two", wide, np.arange(50), LABELS[:50], "logistic")]
    )
    trained, start = run(net, [tasks]), Stack.init(net, [0], dtype=torch.float64).params
    assert all(not torch.equal(value, start[name]) for name, value in trained.stack.params.items())


@pytest.mark.parametrize(
    "sampling, updates, seen",
    [("equal", (6, 6), (60, 60)), ("cycle", (3, 3), (30, 30)), ("proportional", (6, 6), (90, 30))],
)
def test_sampling_and_its_counts(sampling, updates, seen):
    one, two = (
        Task(name, FLAT, np.arange(n), np.arange(n) % 2, "logistic")
        for name, n in (("one", 60), ("two", 20))
    )
    trained = train(
        network("mlp"),
        [TaskSet([one, two])],
        steps=6,
        batch_size=10,
        optimizer=SGD(0.1),
        seeds=[0],
        sampling=sampling,
    )
    assert tuple(trained.updates[name][0] for name in ("one", "two")) == updates
    assert tuple(trained.seen[name][0] for name in ("one", "two")) == seen


def test_predictions_are_the_networks_own_and_nan_beyond_a_replicas_samples():
    data, net = sets("cnn", 3), network("cnn")
    stack = run(net, data).stack
    z = predict(net, stack, Replicas(data, torch.float64), "two", chunk=2)
    for k, tasks in enumerate(data):
        alone = predict(net, stack.take([k]), Replicas([tasks], torch.float64), "two")[0]
        assert (
            np.allclose(z[k][: len(tasks["two"])], alone, atol=1e-12)
            and np.isnan(z[k][len(tasks["two"]) :]).all()
        )


GOOD = TaskSet([Task("one", FLAT, np.arange(20), np.arange(20) % 2, "logistic")])
NET = Network([Dense(12, 9)], {"one": Head(9)})


def changed(**changes):
    return TaskSet([replace(GOOD[0], **changes)])


@pytest.mark.parametrize(
    "make, said",
    [
        (
            lambda: Network([Dense(12, 9)], {"one": Head(9, depth=2)}),
            "head 'one': depth 2, the trunk has 1 layers",
        ),
        (lambda: Network([], {"one": Head(9)}, {"one": "other"}), "task 'one': no head 'other'"),
        (lambda: run(NET, []), "no replica"),
        (lambda: run(NET, [changed(name="two")]), "task 'two': the network has no head"),
        (lambda: run(NET, [GOOD, changed(name="two")], seeds=[0, 1]), "replica with tasks"),
        (
            lambda: run(NET, [GOOD, changed(loss="squared")], seeds=[0, 1]),
            "task 'one': loss squared",
        ),
        (lambda: run(NET, [changed(loss="hinge")]), "loss 'hinge', allowed here are"),
        (lambda: run(NET, [changed(y=np.zeros(20, int))]), "one class, 0; loss logistic needs two"),
        (lambda: run(NET, [changed(observed=np.zeros(20, bool))]), "no label"),
        (
            lambda: run(
                Network([Dense(12, 9)], {"one": Head(9, 2)}),
                [changed(y=np.arange(20) % 3, loss="ce")],
            ),
            "labels from 0 to 2, the head has 2 outputs",
        ),
        (
            lambda: run(Network([Dense(12, 9)], {"one": Head(9, 3)}), [GOOD]),
            "1 labels per sample, the head has 3 outputs",
        ),
        (
            lambda: run(Network([Dense(13, 9)], {"one": Head(9)}), [GOOD]),
            "trunk.0: Dense: inputs of 12 numbers, the layer takes 13",
        ),
        (lambda: run(network("cnn", ["one"]), [GOOD]), r"trunk.0: Conv: inputs of shape \(12,\)"),
        (
            lambda: run(Network([Dense(12, 9)], {"one": Head(9)}, encoders={"other": []}), [GOOD]),
            "inputs 'flat': no encoder",
        ),
        (
            lambda: run(
                NET, [GOOD, changed(inputs=Inputs("flat", np.ones((20, 5))))], seeds=[0, 1]
            ),
            "'flat' of two shapes",
        ),
        (lambda: run(NET, [GOOD], weights={"two": 1.0}), "weights: task 'two'"),
        (lambda: run(NET, [GOOD], sampling="random"), "sampling 'random'"),
        (lambda: run(NET, [GOOD], seeds=[0, 1]), "2 seeds for 1 replicas"),
        (lambda: run(NET, [GOOD], steps=-1), "steps -1"),
        (
            lambda: train(NET, [GOOD], steps=1, batch_size=0, optimizer=SGD(0.1), seeds=[0]),
            "batch_size 0",
        ),
        (
            lambda: run(NET, [changed(y=np.arange(20) * 1e6, loss="squared")], lr=1e3, steps=60),
            "diverged",
        ),
        (lambda: TaskSet([GOOD[0], GOOD[0]]), "occurs twice"),
        (lambda: Inputs("x", np.full((2, 2), np.nan)), "NaN or infinity"),
    ],
)
def test_bad_input_gets_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_chunks_change_nothing():
    data, lr = sets("mlp", 5), torch.linspace(0.01, 0.2, 5, dtype=torch.float64)
    weights = {"two": torch.linspace(0, 1, 5)}
    whole, cut = (
        run(network("mlp"), data, lr=lr, weights=weights, chunk=chunk) for chunk in (5, 2)
    )
    for name, value in whole.stack.params.items():
        assert torch.allclose(cut.stack.params[name], value, atol=1e-14, rtol=0), name
    assert all(np.array_equal(cut.seen[name], whole.seen[name]) for name in whole.seen)


def test_one_head_read_two_ways():
    """A softmax of three classes.

    From three scores, A against B is z_A - z_B, and A or B against C log(e^z_A + e^z_B) - z_C.
    """
    links = {
        "one": lambda z: z[..., 0] - z[..., 1],
        "two": lambda z: torch.logsumexp(z[..., :2], -1) - z[..., 2],
    }
    net = Network(
        [Dense(12, 9)], {"three": Head(9, 3)}, {"one": "three", "two": "three"}, links=links
    )
    data = sets("mlp", 2)
    stack = run(net, data).stack
    x = torch.tensor(FLAT.array[:5]).expand(2, 5, 12)
    h = net.features(stack.params, x)
    z = torch.baddbmm(
        stack.params["head.three.bias"][:, None],
        h[-1],
        stack.params["head.three.weight"].transpose(1, 2),
    )
    p = torch.softmax(z, -1)
    assert torch.allclose(torch.sigmoid(net.scores(stack.params, h, "two")), p[..., 0] + p[..., 1])
    assert torch.allclose(
        torch.sigmoid(net.scores(stack.params, h, "one")), p[..., 0] / (p[..., 0] + p[..., 1])
    )


def test_features_are_what_the_head_reads():
    data, net = sets("mlp", 2, n=(20, 21)), network("mlp")
    stack = run(net, data).stack
    made = features(net, stack, Replicas(data, torch.float64), "one")
    weight, bias = (
        stack.params["head.one.weight"][1].numpy(),
        stack.params["head.one.bias"][1].numpy(),
    )
    assert np.allclose(
        made[1] @ weight[0] + bias, predict(net, stack, Replicas(data, torch.float64), "one")[1]
    )


def test_a_replica_with_fewer_samples_than_a_batch_is_not_padded_into_its_loss():
    small, large = sets("mlp", 1, n=(5, 6))[0], sets("mlp", 2, n=(20, 30))[1]
    together, alone = run(network("mlp"), [small, large]), run(network("mlp"), [small])
    assert_same(
        together.stack,
        0,
        {name: value[0].numpy() for name, value in alone.stack.params.items()},
        1e-12,
    )
    assert together.seen["one"].tolist() == [25, 40]
