"""Early stopping: every replica stops for itself, as it would alone, and keeps its best weights."""

import numpy as np
import pytest
import torch

from mtl_lib.neural import Dense, Head, Network, Replicas, arms, predict, train
from mtl_lib.stack import SGD, Adam
from mtl_lib.tasks import Inputs, Task, TaskSet

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 6))
INPUTS = Inputs("x", X)
NOISY = X[:, 0] + RNG.normal(size=120)
POOL = TaskSet(
    [
        Task("a", INPUTS, np.arange(120), (NOISY > 0).astype(int), "ce"),
        Task("b", INPUTS, np.arange(120), NOISY + X[:, 1]),
    ]
)
NET = Network([Dense(6, 16)], {"a": Head(16, 2), "b": Head(16)})
RUN = {"steps": 200, "batch_size": 8, "check": 7, "patience": 3, "dtype": torch.float64}


def part(first, n=24):
    return TaskSet([task.take(np.arange(first, first + n)) for task in POOL])


SETS = [part(0), part(24), part(48, 20)]
VALIDATION = part(72, 48)
RATES = [0.1, 0.01, 0.03]


def mean_losses(trained, sets, weights=(1.0, 1.0)):
    """(K,) weighted mean losses on data, by numpy."""
    data = Replicas(sets, torch.float64)
    z, y = predict(NET, trained.stack, data, "a"), data.of["a"].y.numpy()
    margin = np.take_along_axis(z, y[..., None], 2)[..., 0] - np.log(np.exp(z).sum(-1))
    z, y = predict(NET, trained.stack, data, "b"), data.of["b"].y.numpy()
    return weights[0] * -margin.mean(1) + weights[1] * ((z - y) ** 2).mean(1) / 2


@pytest.mark.parametrize("rule", [Adam, SGD])
@pytest.mark.parametrize("chunk", [64, 2])
def test_replicas_stop_as_they_would_alone(rule, chunk):
    rates = [3 * rate for rate in RATES] if rule is SGD else RATES
    together = train(
        NET,
        SETS,
        seeds=[0, 1, 2],
        validation=VALIDATION,
        optimizer=rule(np.array(rates)),
        chunk=chunk,
        **RUN,
    )
    assert len(set(together.best)) > 1
    for k, (tasks, rate) in enumerate(zip(SETS, rates, strict=True)):
        alone = train(NET, [tasks], seeds=[k], validation=[VALIDATION], optimizer=rule(rate), **RUN)
        assert alone.best[0] == together.best[k]
        assert alone.updates["a"][0] == together.updates["a"][k]
        for name, value in alone.stack.params.items():
            torch.testing.assert_close(together.stack.params[name][k], value[0], rtol=0, atol=1e-10)


def test_the_weights_that_are_kept_are_those_of_the_best_check():
    """A textbook loop: train to every check anew, and look at the validation loss there."""
    stopped = train(
        NET, SETS[:1], seeds=[0], validation=VALIDATION, optimizer=Adam(RATES[0]), **RUN
    )
    losses = []
    for steps in range(7, RUN["steps"] + 1, 7):
        run = {"steps": steps, "batch_size": 8, "dtype": torch.float64}
        plain = train(NET, SETS[:1], seeds=[0], optimizer=Adam(RATES[0]), **run)
        losses.append(mean_losses(plain, [VALIDATION])[0])
        if len(losses) - 1 - np.argmin(losses) == RUN["patience"]:
            break
    best = 7 * (1 + int(np.argmin(losses)))
    assert stopped.best.tolist() == [best] and stopped.updates["a"].tolist() == [steps]
    assert best < steps < RUN["steps"]
    np.testing.assert_allclose(mean_losses(stopped, [VALIDATION]), min(losses), rtol=1e-12)


def test_what_is_watched_decides():
    """Watching one task is not watching the other; by default both count as they weigh."""
    run = RUN | {"patience": 1, "check": 2}
    options = {"seeds": [0], "validation": VALIDATION, "optimizer": Adam(0.05)}
    watched = {
        name: train(NET, SETS[:1], watch={name: 1.0}, **options, **run).best[0] for name in "ab"
    }
    assert watched["a"] != watched["b"]
    own = train(NET, SETS[:1], weights={"a": 0.0}, **options, **run).best[0]
    same = train(NET, SETS[:1], weights={"a": 0.0}, watch={"b": 2.0}, **options, **run).best[0]
    assert own == same


def test_patience_that_is_never_lost_changes_the_weights_only_to_the_best():
    """A replica that goes on improving takes all updates."""
    run = {"steps": 30, "batch_size": 24, "optimizer": SGD(0.01), "seeds": [0]}
    plain = train(NET, SETS[:1], **run)
    patient = train(NET, SETS[:1], validation=SETS[0], patience=1, check=10, **run)
    assert patient.best.tolist() == plain.best.tolist() == [30]
    for name, value in plain.stack.params.items():
        assert torch.equal(value, patient.stack.params[name])


def test_a_replica_that_diverges_stops_at_its_last_finite_weights():
    run = {"steps": 400, "batch_size": 24, "check": 1, "patience": 2, "dtype": torch.float64}
    wild = train(
        NET,
        SETS[:2],
        seeds=[0, 1],
        validation=VALIDATION,
        optimizer=SGD(np.array([0.01, 50.0])),
        **run,
    )
    assert wild.updates["a"][1] <= 4 < wild.updates["a"][0]
    assert np.isfinite(mean_losses(wild, [VALIDATION] * 2)).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"patience": 3}, "train: patience without validation data"),
        ({"patience": 0, "validation": VALIDATION}, "train: patience 0, allowed is None or a"),
        ({"patience": 3, "check": 0, "validation": VALIDATION}, "train: check 0, allowed is a"),
        ({"patience": 3, "validation": [VALIDATION] * 2}, "2 validation sets for 1 replicas"),
        (
            {"patience": 3, "validation": VALIDATION, "watch": {"z": 1.0}},
            "watch: task 'z' is not among",
        ),
        (
            {"patience": 3, "validation": VALIDATION, "watch": {"a": 0.0}},
            "watch: replica 0 has weight 0 on all of",
        ),
        (
            {"patience": 3, "validation": VALIDATION, "watch": {"a": [1.0, 2.0]}},
            "watch: task 'a': 2 weights for 1 replicas",
        ),
    ],
)
def test_what_cannot_stop_is_refused(options, said):
    with pytest.raises(ValueError, match=said) as caught:
        train(NET, SETS[:1], seeds=[0], steps=2, batch_size=4, optimizer=SGD(0.1), **options)
    assert "\n" not in str(caught.value)


def test_a_network_that_was_cut_off_has_not_settled():
    """The second runs out of updates while its validation loss still falls."""
    run = {"validation": VALIDATION, "seeds": [0, 0], **RUN, "steps": 60}
    trained = train(NET, [part(0), part(0)], optimizer=Adam(np.array([0.3, 1e-5])), **run)
    assert trained.settled.tolist() == [True, False]
    parts = arms.fit(arms.Arm(NET), {(0,): part(0)}, 1e-5, VALIDATION, **{**RUN, "steps": 60})
    assert [own.settled.tolist() for own in parts] == [[False]]
    blind = train(NET, [part(0)], optimizer=Adam(0.3), steps=5, batch_size=8, seeds=[0])
    assert not blind.settled.any()
