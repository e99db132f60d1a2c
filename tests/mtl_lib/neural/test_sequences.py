"""Sequences, shared rows, masks, and heads at depths: what each must give, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mtl_lib.neural import (
    Bag,
    Conv,
    Dense,
    Head,
    Network,
    Replicas,
    Tokens,
    features,
    predict,
    train,
)
from mtl_lib.stack import SGD, Adam, Stack
from mtl_lib.tasks import Inputs, Task, TaskSet

RNG = np.random.default_rng(0)
FLAT = Inputs("flat", RNG.normal(size=(200, 12)))
IMAGES = Inputs("images", RNG.normal(size=(200, 1, 8, 8)), "image")
LABELS = (RNG.random(200) < 0.5).astype(int)
ONE = TaskSet([Task("one", FLAT, np.arange(30), np.arange(30) % 2, "logistic")])


def run(net, data, steps=5, **options):
    return train(
        net,
        data,
        steps=steps,
        batch_size=8,
        optimizer=SGD(0.1),
        seeds=range(len(data)),
        dtype=torch.float64,
        **options,
    )


WORDS = Inputs(
    "words",
    np.where(np.arange(9) < RNG.integers(3, 10, (60, 1)), RNG.integers(1, 20, (60, 9)), 0),
    "sequence",
)
MANY = (RNG.random((60, 4)) < 0.5).astype(int)
TAGS = np.where(WORDS.array > 0, RNG.integers(0, 3, (60, 9)), -100)


def language(observed=None):
    rows = np.arange(60)
    return TaskSet(
        [
            Task("tags", WORDS, rows, TAGS[rows], "token_ce", observed=observed),
            Task("intent", WORDS, rows, LABELS[:60][rows], "logistic"),
            Task("many", WORDS, rows, MANY[rows], "bce"),
        ]
    )


TALK = Network(
    [Tokens(20, 5, 8)],
    {
        "tags": Head(8, 3, pool="token"),
        "intent": Head(8, pool="max"),
        "many": Head(8, 4, pool="max", specific=(6,)),
    },
)


def test_tokens_equal_a_plain_window_network():
    stack = Stack.init(TALK, [3], dtype=torch.float64)
    p = {name: value[0] for name, value in stack.params.items()}
    z = predict(TALK, stack, Replicas([language()], torch.float64), "tags")[0]
    for i, j in ((0, 0), (5, 2), (17, 1)):
        around = [
            p["trunk.0.table"][WORDS.array[i, k]]
            if 0 <= k < 9 and WORDS.array[i, k]
            else torch.zeros(5, dtype=torch.float64)
            for k in (j - 1, j, j + 1)
        ]
        h = torch.relu(p["trunk.0.weight"] @ torch.cat(around) + p["trunk.0.bias"])
        assert np.allclose(z[i, j], (p["head.tags.weight"] @ h + p["head.tags.bias"]).numpy())


def test_padding_changes_nothing():
    longer = replace(WORDS, array=np.pad(WORDS.array, ((0, 0), (0, 4))))
    tags, *others = language()
    more_tags = np.pad(tags.y, ((0, 0), (0, 4)), constant_values=-100)
    padded = [
        replace(tags, inputs=longer, y=more_tags),
        *(replace(task, inputs=longer) for task in others),
    ]
    short, long = run(TALK, [language()], steps=12), run(TALK, [TaskSet(padded)], steps=12)
    for name, value in short.stack.params.items():
        torch.testing.assert_close(value, long.stack.params[name], rtol=1e-10, atol=1e-12)


def test_a_bag_is_a_weighted_mean_and_learns_what_came_last():
    rng = np.random.default_rng(1)
    ids = rng.integers(1, 12, (300, 6))
    bag, inputs = (
        Bag(12, 7, 6),
        Inputs("seen", np.where(np.arange(6) < rng.integers(0, 5, (300, 1)), 0, ids), "sequence"),
    )
    net = Network([bag], {"last": Head(7, 12)})
    tasks = TaskSet([Task("last", inputs, np.arange(300), inputs.array[:, -1], "ce")])
    stack = Stack.init(net, [0], dtype=torch.float64)
    h, table = (
        features(net, stack, Replicas([tasks], torch.float64), "last")[0],
        stack.params["trunk.0.table"][0].numpy(),
    )
    for i in (0, 1, 2):
        assert np.allclose(h[i], table[inputs.array[i][inputs.array[i] > 0]].mean(0))
    position = train(
        net, [tasks], steps=300, batch_size=64, optimizer=Adam(0.05), seeds=[0]
    ).stack.params["trunk.0.position"][0]
    assert position[-1] > position[:-1].max() + 1


def test_all_labels_observed_is_no_mask():
    tasks = language()
    masked = TaskSet([replace(t, observed=np.ones(t.y.shape, bool)) for t in tasks])
    params = run(TALK, [tasks]).stack.params
    for name, value in run(TALK, [masked]).stack.params.items():
        assert torch.equal(value, params[name])


def test_labels_that_are_not_observed_cannot_matter():
    tasks, seen = language(), RNG.random(60) < 0.6
    hidden, spoilt = [], []
    for t in tasks:
        mask = np.repeat(seen[:, None], t.y.shape[1], 1) if t.y.ndim > 1 else seen
        hidden.append(replace(t, observed=mask))
        spoilt.append(replace(t, observed=mask, y=np.where(mask, t.y, 1)))
    a, b = (run(TALK, [TaskSet(some)], steps=15) for some in (hidden, spoilt))
    assert all(torch.equal(value, b.stack.params[name]) for name, value in a.stack.params.items())


def test_tasks_on_the_same_rows_are_one_forward_pass(monkeypatch):
    passed = []  # samples of every pass through the first layer
    whole = TALK.forward

    def forward(params, place, layer, h):
        if place == "trunk.0":
            passed.append(h.shape[1])
        return whole(params, place, layer, h)

    monkeypatch.setattr(TALK, "forward", forward)
    run(TALK, [language(), language()], steps=4)
    width = passed[0]
    assert passed == [width] * 4
    passed.clear()
    own = TaskSet(
        [
            replace(t, rows=np.roll(t.rows, k), y=np.roll(t.y, k, 0))
            for k, t in enumerate(language())
        ]
    )
    run(TALK, [own], steps=4)
    assert passed == [len(own) * width] * 4


def test_a_weight_of_one_is_a_network_of_that_task():
    tasks = language()
    weights = {name: torch.tensor([float(name == "tags")]) for name in tasks.names}
    net = Network(TALK.trunk, {"tags": TALK.heads["tags"]})
    both, alone = (
        run(TALK, [tasks], steps=10, weights=weights),
        run(net, [tasks.subset(["tags"])], steps=10),
    )
    for name, value in alone.stack.params.items():
        torch.testing.assert_close(value, both.stack.params[name], rtol=1e-12, atol=1e-14)


def test_specific_layers_and_depths_cost_what_they_say():
    net = Network(
        [Conv(1, 4), Dense(4 * 4 * 4, 10), Dense(10, 6)],
        {
            "deep": Head(6, 3),
            "early": Head(64, 2, depth=1),
            "own": Head(10, 1, depth=2, specific=(5,)),
        },
    )
    assert net.parameters() == 4 * 9 + 4 + 64 * 10 + 10 + 10 * 6 + 6 + (6 * 3 + 3) + (
        64 * 2 + 2
    ) + (10 * 5 + 5 + 5 + 1)
    conv = 2 * 9 * 4 * 16
    assert net.flops((1, 8, 8), ["early"]) == conv + 2 * 64 * 2
    assert net.flops((1, 8, 8), ["own"]) == conv + 2 * 640 + 2 * (50 + 5)
    assert net.flops((1, 8, 8), ["deep", "early"]) == conv + 2 * (640 + 60) + 2 * (18 + 128)
    assert TALK.flops((9,), ["tags", "intent"]) == 2 * 9 * 15 * 8 + 9 * 2 * 24 + 2 * 8
    assert {name for name in Stack.init(net, [0]).params if not net.shared(name)} == {
        f"{place}.{part}"
        for place in ("head.deep", "head.early", "specific.own.0", "head.own")
        for part in ("weight", "bias")
    }


@pytest.mark.parametrize(
    "make, said",
    [
        (
            lambda: Network([Dense(4, 4)], {"a": Head(4, depth=2)}),
            "head 'a': depth 2, the trunk has 1 layers",
        ),
        (
            lambda: Network([Dense(4, 4)], {"a": Head(4, pool="mean")}),
            "head 'a': pool 'mean', allowed are",
        ),
        (
            lambda: run(
                Network([Dense(9, 4)], {"intent": Head(4)}), [language().subset(["intent"])]
            ),
            "trunk.0: Dense: whole numbers, ids need Bag or Tokens first",
        ),
        (
            lambda: run(Network([Tokens(20, 5, 8)], {"one": Head(4)}), [ONE]),
            "trunk.0: numbers of type float64, ids are whole numbers",
        ),
        (
            lambda: run(Network([Dense(12, 4)], {"one": Head(4, pool="max")}), [ONE]),
            "head 'one': pool 'max' needs a vector per token",
        ),
        (
            lambda: run(
                TALK, [TaskSet([replace(t, y=np.where(t.y == 2, 7, t.y)) for t in language()])]
            ),
            "task 'tags': labels from 0 to 7, the head has 3 outputs",
        ),
        (
            lambda: run(TALK, [language(np.zeros((60, 9), bool))]),
            "task 'tags': no label, at least one is needed",
        ),
        (
            lambda: run(
                Network([Tokens(20, 5, 8)], {"tags": Head(8, 3)}), [language().subset(["tags"])]
            ),
            "task 'tags': loss token_ce, the head has pool None",
        ),
        (
            lambda: run(
                Network([Tokens(6, 5, 8)], {"intent": Head(8, pool="max")}),
                [language().subset(["intent"])],
            ),
            "trunk.0: id .*, the vocabulary has 6",
        ),
        (
            lambda: run(
                Network(
                    [Dense(12, 4)],
                    {"one": Head(4), "two": Head(4)},
                    encoders={"flat": [Dense(12, 12)]},
                ),
                [
                    TaskSet(
                        [
                            Task("one", FLAT, np.arange(9), np.arange(9) % 2, "logistic"),
                            Task("two", IMAGES, np.arange(9), np.arange(9) % 2, "logistic"),
                        ]
                    )
                ],
            ),
            "inputs 'images': no encoder",
        ),
        (
            lambda: run(
                Network(
                    [Dense(12, 4)],
                    {"one": Head(4), "two": Head(4)},
                    encoders={name: [Dense(12, 12)] for name in ("flat", "images")},
                ),
                [
                    TaskSet(
                        [
                            Task("one", FLAT, np.arange(9), np.arange(9) % 2, "logistic"),
                            Task("two", IMAGES, np.arange(9), np.arange(9) % 2, "logistic"),
                        ]
                    )
                ],
            ),
            "encoder.images.0: Dense: inputs of 64 numbers, the layer takes 12",
        ),
        (lambda: TaskSet([*language(), language()[0]]), "task name 'tags' occurs twice"),
    ],
)
def test_bad_networks_and_sequences_get_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)
