"""Layers of a stack equal plain PyTorch, network by network; how they start; what they refuse."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mtl_lib.neural import (
    GRU,
    Conv,
    Dense,
    Head,
    LayerNorm,
    MeanPool,
    Network,
    Replicas,
    Residual,
    Tokens,
    predict,
    train,
)
from mtl_lib.stack import SGD, Stack
from mtl_lib.tasks import Inputs, Task, TaskSet

RNG = np.random.default_rng(0)
WORDS = np.where(np.arange(7) < RNG.integers(2, 8, (60, 1)), RNG.integers(1, 15, (60, 7)), 0)
FLAT = Inputs("flat", RNG.normal(size=(60, 12)))
IMAGES = Inputs("images", RNG.normal(size=(60, 2, 7, 6)), "image")
SENTENCES = Inputs("words", WORDS, "sequence")
LABELS = (RNG.random(60) < 0.5).astype(int)
TAGS = np.where(WORDS > 0, RNG.integers(0, 3, WORDS.shape), -100)

DEEP = [
    Dense(12, 8),
    Residual((LayerNorm(8), Dense(8, 8), Dense(8, 8, activation=False))),
    Residual((Dense(8, 5), Dense(5, 6, False)), Dense(8, 6, False), activation=False),
    LayerNorm(6),
]
FILTERS = [
    Conv(2, 3, stride=1),
    Residual((Conv(3, 3, stride=1), Conv(3, 3, stride=1, activation=False))),
    Residual(
        (Conv(3, 5), Conv(5, 5, stride=1, activation=False)),
        Conv(3, 5, size=1, activation=False),
    ),
    MeanPool(),
]


def deep(p, x):
    """``DEEP``, plainly."""
    h = F.relu(F.linear(x, p["0.weight"], p["0.bias"]))
    z = F.layer_norm(h, (8,), p["1.gain0"], p["1.bias0"])
    z = F.relu(F.linear(z, p["1.weight1"], p["1.bias1"]))
    h = F.relu(h + F.linear(z, p["1.weight2"], p["1.bias2"]))
    z = F.relu(F.linear(h, p["2.weight0"], p["2.bias0"]))
    z = F.linear(z, p["2.weight1"], p["2.bias1"])
    h = F.linear(h, p["2.weight2"], p["2.bias2"]) + z
    return F.layer_norm(h, (6,), p["3.gain"], p["3.bias"])


def filters(p, x):
    """``FILTERS``, plainly."""
    h = F.relu(F.conv2d(x, p["0.weight"], p["0.bias"], padding=1))
    z = F.relu(F.conv2d(h, p["1.weight0"], p["1.bias0"], padding=1))
    h = F.relu(h + F.conv2d(z, p["1.weight1"], p["1.bias1"], padding=1))
    z = F.relu(F.conv2d(h, p["2.weight0"], p["2.bias0"], stride=2, padding=1))
    z = F.conv2d(z, p["2.weight1"], p["2.bias1"], padding=1)
    h = F.relu(z + F.conv2d(h, p["2.weight2"], p["2.bias2"], stride=2))
    return h.flatten(2).mean(2)


def states(p, sentence, way):
    """States of torch's GRU cell after every token of one sentence without padding."""
    cell = [p[f"0.{part}{way}"] for part in ("inputs", "states", "bias_inputs", "bias_states")]
    h = cell[1].new_zeros(1, cell[1].shape[1])
    found = []
    for word in sentence:
        h = torch.gru_cell(p["0.table"][word][None], h, *cell)
        found.append(h[0])
    return torch.stack(found)


def reader(p, x):
    """The last states of ``GRU(..., both=True, last=True)``, sentence by sentence."""
    rows = []
    for sentence in x:
        words = sentence[sentence > 0]
        rows.append(torch.cat([states(p, words, 0)[-1], states(p, words.flip(0), 1)[-1]]))
    return torch.stack(rows)


def tagger(p, x):
    """All states of ``GRU(..., both=True)``, 0 at padding."""
    rows = []
    for sentence in x:
        words = sentence[sentence > 0]
        own = torch.cat([states(p, words, 0), states(p, words.flip(0), 1).flip(0)], 1)
        rows.append(F.pad(own, (0, 0, 0, len(sentence) - len(words))))
    return torch.stack(rows)


KINDS = {
    "dense": (DEEP, deep, FLAT, Head(6)),
    "conv": (FILTERS, filters, IMAGES, Head(5)),
    "reader": ([GRU(15, 4, 6, both=True, last=True)], reader, SENTENCES, Head(6)),
    "tagger": ([GRU(15, 4, 6, both=True)], tagger, SENTENCES, Head(6, 3, pool="token")),
}


def sets(kind, count):
    """One task on rows of its own in every replica."""
    made = []
    for k in range(count):
        rows = np.random.default_rng(k).permutation(60)[: 10 + 3 * k]
        is_tagged = kind == "tagger"
        y = TAGS[rows] if is_tagged else np.where(rows == rows[0], 1, LABELS[rows])
        y = y if is_tagged else np.where(rows == rows[1], 0, y)
        loss = "token_ce" if is_tagged else "logistic"
        made.append(TaskSet([Task("t", KINDS[kind][2], rows, y, loss)]))
    return made


def loss(kind, z, y):
    """The mean over samples; of tags, over a sentence's tokens first."""
    if kind != "tagger":
        return F.binary_cross_entropy_with_logits(z[:, 0], y.double())
    each = F.cross_entropy(z.transpose(1, 2), y, ignore_index=-100, reduction="none")
    return (each.sum(1) / (y != -100).sum(1)).mean()


def plainly(kind, params, tasks, rate, steps):
    """One network after full-batch gradient descent."""
    forward = KINDS[kind][1]
    p = {name.removeprefix("trunk."): nn.Parameter(value.clone()) for name, value in params.items()}
    x = torch.as_tensor(tasks[0].X)
    y = torch.as_tensor(tasks[0].y)
    for _ in range(steps):
        z = F.linear(forward(p, x), p["head.t.weight"], p["head.t.bias"])
        grads = torch.autograd.grad(loss(kind, z, y), list(p.values()))
        with torch.no_grad():
            for value, grad in zip(p.values(), grads, strict=True):
                value -= rate * grad
    return p


@pytest.mark.parametrize("kind", KINDS)
def test_replicas_of_every_layer_equal_the_plain_loop(kind):
    trunk, _, _, head = KINDS[kind]
    net = Network(trunk, {"t": head})
    data = sets(kind, 3)
    rates = np.array([0.1, 0.2, 0.4])
    run = {"steps": 4, "batch_size": 60, "dtype": torch.float64}
    trained = train(net, data, optimizer=SGD(rates), seeds=[0, 1, 2], **run).stack.params
    start = Stack.init(net, [0, 1, 2], dtype=torch.float64).params
    for k, tasks in enumerate(data):
        own = {name: value[k] for name, value in start.items()}
        for name, value in plainly(kind, own, tasks, rates[k], 4).items():
            kept = trained[name if name.startswith("head.") else f"trunk.{name}"][k]
            torch.testing.assert_close(kept, value.detach(), rtol=1e-10, atol=1e-12)
            moves = not torch.equal(kept, own[name if "head." in name else f"trunk.{name}"])
            assert moves or "table" in name, name


@pytest.mark.parametrize("kind", KINDS)
def test_prediction_is_the_forward_pass_of_training(kind):
    trunk, forward, _, head = KINDS[kind]
    net = Network(trunk, {"t": head})
    stack = Stack.init(net, [4, 5], dtype=torch.float64)
    data = sets(kind, 2)
    z = predict(net, stack, Replicas(data, torch.float64), "t")
    for k, tasks in enumerate(data):
        p = {name.removeprefix("trunk."): value[k] for name, value in stack.params.items()}
        h = forward(p, torch.as_tensor(tasks[0].X))
        plain = F.linear(h, p["head.t.weight"], p["head.t.bias"])
        plain = plain[..., 0] if plain.shape[-1] == 1 else plain
        np.testing.assert_allclose(z[k, : len(tasks[0])], plain, atol=1e-12)


def growth(layers, x):
    """How the mean square changes from the first layer's outputs to the last's, per layer."""
    squares = []
    for seed in range(5):
        h = x
        rng = np.random.default_rng(seed)
        outputs = []
        for layer in layers:
            p = [torch.as_tensor(value)[None] for value in layer.draw(rng).values()]
            h = layer(*p, h)
            outputs.append(float((h**2).mean()))
        squares.append(np.log(outputs[-1] / outputs[0]) / (len(layers) - 1))
    return np.exp(np.mean(squares))


def test_he_keeps_the_mean_square_and_torchs_draw_divides_it_by_six():
    x = torch.as_tensor(RNG.normal(size=(1, 64, 128)))
    assert growth([Dense(128, 128)] * 6, x) == pytest.approx(1, abs=0.06)
    pictures = torch.as_tensor(RNG.normal(size=(1, 8, 16, 9, 9)))
    assert growth([Conv(16, 16, stride=1)] * 4, pictures) == pytest.approx(0.9, abs=0.2)  # border
    # the biases of torch's draw, uniform too, keep a floor: without them the factor is 1 / 6
    without = [Dense(128, 128, start="torch")] * 3
    assert growth(without, 1000 * x) == pytest.approx(1 / 6, abs=0.02)


def test_a_deep_residual_network_starts_as_a_shallow_one():
    block = Residual((Dense(9, 9), Dense(9, 9, activation=False)))
    x = torch.as_tensor(RNG.normal(size=(1, 20, 12)))
    outputs = []
    for depth in (0, 12):
        net = Network([Dense(12, 9), *[block] * depth], {"t": Head(9)})
        params = Stack.init(net, [3], dtype=torch.float64).params
        outputs.append(net.features(params, x)[-1])
    assert torch.equal(*outputs)


def test_a_shortcut_starts_as_before_a_relu():
    block = Residual((Dense(64, 96, False),), Dense(64, 96, False))
    drawn = block.draw(np.random.default_rng(0))
    assert not drawn["weight0"].any() and not drawn["bias1"].any()
    assert np.mean(drawn["weight1"] ** 2) == pytest.approx(2 / 64, rel=0.05)


def test_operations_are_counted():
    assert DEEP[1].flops((8,)) == (2 * 8 + 2 * 2 * 64, (8,))
    assert FILTERS[2].flops((3, 7, 6)) == (2 * 12 * (27 * 5 + 45 * 5 + 15), (5, 4, 3))
    assert GRU(15, 4, 6, last=True).flops((7,)) == (7 * 2 * 3 * 6 * (4 + 6), (6,))
    assert GRU(15, 4, 6, both=True).flops((7,)) == (7 * 2 * 2 * 3 * 3 * (4 + 3), (7, 6))


def test_networks_with_blocks_count_their_numbers():
    net = Network(FILTERS, {"t": Head(5)})
    blocks = (54 + 3) + 2 * (81 + 3) + (135 + 5) + (225 + 5) + (15 + 5)
    assert net.parameters() == blocks + 6


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: Dense(3, 4, start="xavier"), "Dense: start 'xavier'"),
        (lambda: Conv(3, 4, stride=0), "Conv: stride 0"),
        (lambda: Tokens(9, 4, 3, start=""), "Tokens: start ''"),
        (lambda: LayerNorm(0), "LayerNorm: width 0"),
        (lambda: Residual(()), "a tuple of layers is needed"),
        (lambda: Residual((Dense(3, 3),)), "last layer Dense(3, 3) has a ReLU"),
        (lambda: Residual((Dense(3, 3, False),), Dense(3, 3)), "shortcut Dense(3, 3) has a ReLU"),
        (lambda: Residual((MeanPool(),)), "MeanPool() has no weights"),
        (lambda: GRU(9, 4, 5, both=True), "GRU: outputs 5, two directions"),
        (lambda: GRU(9, 4, 5, last=1), "GRU: last 1"),
        (lambda: asked([LayerNorm(4)], FLAT), "the last axis needs 4"),
        (lambda: asked([MeanPool()], FLAT), "MeanPool: inputs of shape (12,)"),
        (lambda: asked([Residual((Dense(12, 3, False),))], FLAT), "what is added has (12,)"),
        (lambda: asked([GRU(5, 4, 6, last=True)], SENTENCES), "id 14, the vocabulary has 5"),
        (lambda: asked([GRU(5, 4, 6, last=True)], FLAT), "ids are whole numbers"),
    ],
)
def test_bad_layers_get_one_line(make, said):
    with pytest.raises(ValueError) as caught:
        make()
    assert said in str(caught.value) and "\n" not in str(caught.value)


def asked(trunk, inputs):
    """What a network of this trunk says to a few samples."""
    tasks = TaskSet([Task("t", inputs, np.arange(8), np.arange(8) % 2, "logistic")])
    net = Network(trunk, {"t": Head(6)})
    return predict(net, Stack.init(net, [0]), Replicas([tasks]), "t")
