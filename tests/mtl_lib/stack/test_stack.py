"""The stack: closed-form gradients, optimisers and averaging, model by model against torch."""

import numpy as np
import pytest
import textbook
import torch
from torch import nn

from mtl_lib.stack import MLP, SGD, STACK_LOSSES, Adam, Module, Stack
from mtl_lib.stream import stream

D, B = 5, 7
NETS = {
    "linear": MLP((D, 3)),
    "one output": MLP((D, 1)),
    "no bias": MLP((D, 4, 3), bias=False),
    "relu": MLP((D, 4, 3)),
    "tanh": MLP((D, 6, 4, 3), "tanh"),
}
OPTIMISERS = {
    "SGD": (lambda: SGD(0.1), lambda p: torch.optim.SGD(p, 0.1)),
    "momentum, decay": (
        lambda: SGD(0.1, 0.9, 0.1),
        lambda p: torch.optim.SGD(p, 0.1, 0.9, weight_decay=0.1),
    ),
    "Adam": (lambda: Adam(0.01), lambda p: torch.optim.Adam(p, 0.01)),
    "Adam, decay": (
        lambda: Adam(0.01, weight_decay=0.1),
        lambda p: torch.optim.Adam(p, 0.01, weight_decay=0.1),
    ),
}


def draw(purpose, *shape):
    return torch.as_tensor(stream(0, purpose).normal(size=shape))


def stack(net, K=4, loss="squared"):
    return Stack.init(net, range(K), loss, torch.float64)


def labels(loss, L, net, purpose="labels"):
    if loss == "ce":
        return torch.as_tensor(stream(0, purpose).integers(0, net.sizes[-1], (L, B)))
    y = draw(purpose, L, B) if net.sizes[-1] == 1 else draw(purpose, L, B, net.sizes[-1])
    return y if loss == "squared" else (y > 0).double()


def cases():
    return [
        (name, loss, L)
        for name, net in NETS.items()
        for loss in STACK_LOSSES
        for L in (1, 2, 4)
        if (net.sizes[-1] > 1) == (loss == "ce") or (loss == "squared")
    ]


@pytest.mark.parametrize(("name", "loss", "L"), cases())
def test_closed_forms_equal_autograd(name, loss, L):
    net, x, w = NETS[name], draw("inputs", L, B, D), draw("weights", 4, B).abs()
    models, y = stack(NETS[name], loss=loss), labels(loss, L, NETS[name])
    value, grads = models.grads(x, y, w)
    for k in range(4):
        leaves = {key: p[k : k + 1].clone().requires_grad_() for key, p in models.params.items()}
        one = STACK_LOSSES[loss].value(net(leaves, x[k * L // 4][None]), y[k * L // 4][None])[0]
        theirs = torch.autograd.grad((w[k] * one).sum(), list(leaves.values()))
        torch.testing.assert_close(value[k], (w[k] * one).sum().detach(), rtol=1e-12, atol=1e-12)
        for key, g in zip(leaves, theirs, strict=True):
            torch.testing.assert_close(grads[key][k], g[0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("L", [1, 2, 4])
def test_any_module_equals_the_dense_layers_it_is_made_of(L):
    dense, plain = (
        stack(NETS["relu"], loss="ce"),
        nn.Sequential(nn.Linear(D, 4), nn.ReLU(), nn.Linear(4, 3)).double(),
    )
    names = dict(
        zip([name for name, _ in plain.named_parameters()], dense.params.values(), strict=True)
    )
    module, x, y, w = (
        Stack(names, Module(plain), "ce"),
        draw("inputs", L, B, D),
        labels("ce", L, NETS["relu"]),
        draw("weights", 4, B),
    )
    for ours, theirs in zip(dense.grads(x, y, w), module.grads(x, y, w), strict=True):
        for a, b in zip(
            *(list(v.values()) if isinstance(v, dict) else [v] for v in (ours, theirs)), strict=True
        ):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_losses_are_the_known_ones():
    z, y = draw("scores", 2, B), (draw("labels", 2, B) > 0).double()
    torch.testing.assert_close(
        STACK_LOSSES["logistic"].value(z, y),
        nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none"),
    )
    torch.testing.assert_close(
        STACK_LOSSES["squared"].value(z, y), nn.functional.mse_loss(z, y, reduction="none") / 2
    )
    torch.testing.assert_close(
        STACK_LOSSES["squared_hinge"].value(z, y), torch.clamp(1 - (2 * y - 1) * z, min=0) ** 2 / 2
    )
    z, classes = (
        draw("scores", 2, B, 3),
        torch.as_tensor(stream(0, "classes").integers(0, 3, (2, B))),
    )
    torch.testing.assert_close(
        STACK_LOSSES["ce"].value(z, classes),
        nn.functional.cross_entropy(z.transpose(1, 2), classes, reduction="none"),
    )


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
def test_labels_0_1_and_minus_1_1_are_the_same(loss):
    net = NETS["one output"]
    models, x, y, w = (
        stack(net, loss=loss),
        draw("inputs", 4, B, D),
        labels(loss, 4, net),
        draw("weights", 4, B),
    )
    for a, b in zip(
        models.grads(x, y, w)[1].values(), models.grads(x, 2 * y - 1, w)[1].values(), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_a_sample_of_weight_0_is_padding():
    models, x, y, w = (
        stack(NETS["relu"], loss="ce"),
        draw("inputs", 4, B, D),
        labels("ce", 4, NETS["relu"]),
        torch.ones(4, B).double(),
    )
    w[:, 5:] = 0
    other = x.clone()
    other[:, 5:] = 1e3
    for a, b in zip(
        models.grads(x, y, w)[1].values(), models.grads(other, y, w)[1].values(), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "net",
    [MLP((D, 4, 3)), Module(nn.Sequential(nn.Linear(D, 4), nn.ReLU(), nn.Linear(4, 3)))],
    ids=["dense", "module"],
)
def test_a_model_depends_on_its_seed_only(net):
    a, b = Stack.init(net, [0, 1, 2]), Stack.init(net, [7, 2, 0])
    for p, q in zip(a.params.values(), b.params.values(), strict=True):
        assert torch.equal(p[0], q[2]) and torch.equal(p[2], q[1]) and not torch.equal(p[0], p[1])


def test_initial_weights_are_uniform_on_one_over_root_fan_in():
    p = Stack.init(MLP((25, 400, 3)), [0]).params
    for value, bound in ((p["weight0"], 0.2), (p["bias0"], 0.2), (p["weight1"], 0.05)):
        assert (
            value.abs().max() <= bound
            and value.abs().max() > 0.98 * bound
            and abs(value.mean()) < 0.05 * bound
        )


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers_follow_torch_and_leave_inactive_models_alone(name):
    """Each model steps on its own calendar; torch has one optimiser per model, for its steps."""
    ours, theirs = OPTIMISERS[name]
    models, rule = stack(NETS["relu"]), ours()
    plain = [[p[k].clone().requires_grad_() for p in models.params.values()] for k in range(4)]
    rules = [theirs(p) for p in plain]
    for step in range(12):
        active = (
            torch.as_tensor([step % (k + 1) == 0 for k in range(4)])
            if step % 3
            else (step // 3) % 5
        )
        who = range(active) if isinstance(active, int) else active.nonzero()[:, 0].tolist()
        grads = {key: draw(f"gradient/{step}/{key}", *p.shape) for key, p in models.params.items()}
        rule.step(models, grads, active)
        for k in who:
            for p, key in zip(plain[k], grads, strict=True):
                p.grad = grads[key][k]
            rules[k].step()
    for k in range(4):
        for p, q in zip(models.params.values(), plain[k], strict=True):
            torch.testing.assert_close(p[k], q.detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rule", [SGD, Adam])
def test_a_learning_rate_per_model(rule):
    grads = {key: draw(key, *p.shape) for key, p in stack(NETS["relu"]).params.items()}
    rates, together = torch.tensor([0.1, 0.0, 0.3, 1.0]), stack(NETS["relu"])
    rule(rates).step(together, grads)
    for k, rate in enumerate(rates.tolist()):
        alone = stack(NETS["relu"])
        rule(rate).step(alone, grads)
        for p, q in zip(together.params.values(), alone.params.values(), strict=True):
            torch.testing.assert_close(p[k], q[k], rtol=1e-7, atol=1e-9)


def test_decay_may_spare_biases():
    models = stack(NETS["linear"])
    before = models.take(range(4)).params
    SGD(0.1, weight_decay=0.5, decay_bias=False).step(
        models, {key: torch.zeros_like(p) for key, p in models.params.items()}
    )
    assert torch.equal(models.params["bias0"], before["bias0"])
    torch.testing.assert_close(models.params["weight0"], 0.95 * before["weight0"])


def test_take_copies_and_mix_averages():
    models = stack(NETS["relu"])
    taken = models.take([2, 2, 0])
    A = torch.tensor([[0.5, 0.5, 0, 0], [0, 0, 0, 1.0]])
    mixed = models.mix(A)
    for key, p in models.params.items():
        assert torch.equal(taken.params[key], p[[2, 2, 0]])
        torch.testing.assert_close(mixed.params[key], torch.stack([(p[0] + p[1]) / 2, p[3]]))
        taken.params[key].zero_()
        assert p.abs().sum() > 0


@pytest.mark.parametrize("batch_size", [None, 4])
def test_replicas_equal_plain_training(batch_size):
    """K seeds of one network, each trained on its own shuffles."""
    x, y, K = draw("inputs", 30, D), torch.as_tensor(stream(0, "labels").integers(0, 3, 30)), 3
    models, rule = Stack.init(MLP((D, 4, 3)), range(K), "ce", torch.float64), SGD(0.1, 0.9)
    for order in zip(
        *(textbook.minibatches(30, batch_size, 4, seed, "all", 1) for seed in range(K)), strict=True
    ):
        index = torch.stack(order)
        rule.step(
            models,
            models.grads(
                x[index], y[index], torch.full(index.shape, 1 / index.shape[1], dtype=x.dtype)
            )[1],
        )
    for k in range(K):
        plain = textbook.network((D, 4, 3), k)
        batches = textbook.minibatches(30, batch_size, 4, k, "all", 1)
        textbook.train(plain, x, y, "ce", torch.optim.SGD(plain.parameters(), 0.1, 0.9), batches)
        for ours, theirs in zip(models.params.values(), plain.parameters(), strict=True):
            np.testing.assert_allclose(ours[k], theirs.detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: MLP((3,)), "sizes"),
        (lambda: MLP((3, 0)), "sizes"),
        (lambda: MLP((3, 1), "sigmoid"), "sigmoid"),
        (lambda: Stack({}, None, "hinge"), "hinge"),
        (lambda: SGD(-1), "learning rate"),
        (lambda: SGD(float("nan")), "learning rate"),
        (lambda: SGD(0.1, momentum=-1), "momentum"),
        (lambda: Adam(0.1, weight_decay=float("inf")), "weight_decay"),
        (lambda: Module(nn.BatchNorm1d(3)), "buffer"),
        (lambda: stack(MLP((4, 1)))(torch.zeros(1, 2, 3).double()), "inputs of 3"),
        (lambda: MLP((3, 2.5)), "MLP: sizes 2.5, allowed is a whole number, 1 or more"),
        (lambda: MLP((3, 1), bias=None), "MLP: bias None, allowed are True, False"),
        (lambda: SGD(torch.tensor([0.1, -1])), "SGD: learning rate -1.0, allowed is"),
        (lambda: SGD(torch.ones(2, 2)), "SGD: learning rates of shape"),
        (lambda: SGD("0.1"), "SGD: learning rate '0.1', allowed is"),
        (lambda: SGD(True), "SGD: learning rate True, allowed is"),
        (lambda: SGD(0.1, decay_bias=0), "SGD: decay_bias 0, allowed are True, False"),
        (lambda: Adam(0.1, betas=(0.9, 1)), "Adam: betas 1, allowed is 0 or more and less than 1"),
        (lambda: Adam(0.1, eps=-1), "Adam: eps -1, allowed is a finite number, 0 or more"),
        (lambda: Stack.init(MLP((3, 1)), [-1]), "seed -1, allowed is a whole number, 0 or more"),
    ],
    ids=range(20),
)
def test_bad_arguments_are_one_line(make, words):
    with pytest.raises(ValueError, match=words) as error:
        make()
    assert "\n" not in str(error.value)


# --- shapes that PyTorch would spread against each other --------------------------------------

SHAPES = {
    "labels (L, B, 1)": lambda y, w: (y[..., None], w),
    "labels (L, 1, B)": lambda y, w: (y[:, None], w),
    "labels (L, 1)": lambda y, w: (y[:, :1], w),
    "labels (B,)": lambda y, w: (y[0], w),
    "labels of another batch": lambda y, w: (y[:, :-1], w),
    "weights (K, B, 1)": lambda y, w: (y, w[..., None]),
    "weights (B,)": lambda y, w: (y, w[0]),
    "weights (K, 1)": lambda y, w: (y, w[:, :1]),
}
ARCHITECTURES = {
    "dense": lambda outputs: MLP((D, outputs)),
    "module": lambda outputs: Module(nn.Linear(D, outputs).double()),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("loss", STACK_LOSSES)
@pytest.mark.parametrize("net", ARCHITECTURES)
@pytest.mark.parametrize("value", [True, False])
def test_labels_and_weights_are_never_spread(shape, loss, net, value):
    outputs = 3 if loss == "ce" else 1
    models = stack(ARCHITECTURES[net](outputs), loss=loss)
    y, w = SHAPES[shape](labels(loss, 4, MLP((D, outputs))), torch.ones(4, B).double())
    with pytest.raises(ValueError, match="shape .*, allowed") as error:
        models.grads(draw("inputs", 4, B, D), y, w, value)
    assert "\n" not in str(error.value)
    if "labels" in shape:
        with pytest.raises(ValueError, match="labels .*of shape .*, allowed"):
            models.losses(draw("inputs", 4, B, D), y)


def test_batches_that_are_not_shared_evenly_are_refused():
    y, w = labels("squared", 3, NETS["one output"]), torch.ones(3, B).double()
    with pytest.raises(ValueError, match=r"shape \(3, 7\) for 4 models, allowed"):
        stack(NETS["one output"]).grads(draw("inputs", 3, B, D), y, w)


def test_several_outputs_of_the_squared_loss_need_as_many_labels():
    models, w = stack(NETS["linear"]), torch.ones(4, B).double()
    with pytest.raises(ValueError, match="labels of shape"):
        models.grads(draw("inputs", 4, B, D), labels("squared", 4, NETS["one output"]), w)


# --- what is written ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "MLP((6, 1))",
        "MLP((6, 4, 1), 'tanh', bias=False)",
        "SGD(0.1)",
        "SGD(0.1, momentum=0.9)",
        "SGD(0.1, momentum=0.9, weight_decay=0.01, decay_bias=False)",
        "Adam(0.001)",
        "Adam(0.001, betas=(0.8, 0.99), eps=1e-06, weight_decay=0.1)",
    ],
)
def test_a_repr_is_what_one_would_type(text):
    names = {"MLP": MLP, "SGD": SGD, "Adam": Adam}
    made = eval(text, names)
    assert repr(made) == text
    assert repr(getattr(made, "fresh", lambda: made)()) == text


def test_a_repr_of_much_is_a_summary():
    assert repr(SGD(torch.tensor([0.1, 0.3]))) == "SGD(<2 rates from 0.1 to 0.3>)"
    assert repr(Module(nn.Linear(D, 2))) == "Module(Linear with 12 parameters)"
    assert repr(stack(MLP((D, 1)))) == "Stack(4 models of MLP((5, 1)), loss 'squared')"


def test_an_optimiser_that_begins_afresh_leaves_the_other_its_memory():
    rule, models = SGD(0.1, 0.9), stack(NETS["linear"])
    rule.step(models, models.params)
    memory = dict(rule.state)
    assert memory and rule.fresh().state == {}
    assert rule.fresh(memory).state is memory and rule.state.keys() == memory.keys()
