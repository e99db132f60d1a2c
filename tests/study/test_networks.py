"""Experiments with networks: who chooses on which draw, what becomes an A/A check, what decides."""

import numpy as np
import pandas as pd
import pytest

from mtl_lib.neural import Dense, Head, Network, arms, scores
from mtl_lib.tasks import Inputs, Task, TaskSet
from study import networks, record

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4))
TASKS = TaskSet(
    [
        Task("a", Inputs("x", X), np.arange(300), (X[:, 0] > 0).astype(int), "ce"),
        Task("b", Inputs("x", X), np.arange(300), X[:, 0] + X[:, 1]),
    ]
)
PARTS = TASKS.split("samples", 0.6, 0) + TASKS.split("samples", 0.5, 1)[1:]
NET = Network([Dense(4, 6)], {"a": Head(6, 2), "b": Head(6)})
SEEDS = range(3)
MARGIN = 0.01


def score(task, z):
    if task.loss == "ce":
        return scores.right(z, task.y)
    return scores.skill("squared", z, task.y, task.y)


def compared(rec):
    trials = networks.Trials(rec, SEEDS, MARGIN)
    run = {"steps": 4, "batch_size": 8}
    return trials.compare("toy", arms.usual(NET), PARTS, [20], score, [0.01, 0.1], **run)


def declared(rec, arm="joint", baseline="separate"):
    return rec.declare(
        id="3-x",
        section="3",
        unit="draw",
        margin=MARGIN,
        statement="s",
        arms=(arm, baseline),
        measure="accuracy",
        scope="toy",
        null="n",
    )


def test_every_draw_and_every_repeat_chooses_on_a_draw_of_its_own():
    trials = networks.Trials(record.open("x"), SEEDS, MARGIN, count=2)
    keys = [(20, s) for s in SEEDS]
    seeds = {arm: [key[-1] for key in trials.others(TASKS, [20], arm)] for arm in ("m", "m again")}
    assert {key[:2] for key in trials.others(TASKS, [20], "m")} == set(keys)
    everybody = [*SEEDS, *seeds["m"], *seeds["m again"]]
    assert len(set(everybody)) == len(everybody) == 3 + 2 * 6
    assert networks.tuning_seed("m", 1) in seeds["m"]
    assert networks.tuning_seed("m again", 1, count=2) in seeds["m again"]


def test_a_network_of_one_task_chooses_its_own_rate():
    owners, tried = networks.each_its_own(arms.usual(NET), TASKS.names)
    assert owners["separate: a"] == "separate" and owners["joint"] == "joint"
    assert {label for label, arm in owners.items() if arm == "joint, constant"} == {
        "joint, constant: a",
        "joint, constant: b",
    }
    assert tried["separate again: b"][""] == arms.Arm(NET, "alone", 10_000, only=("b",))
    penalised = {"tied": {0.1: arms.Arm(NET, "alone", options={"penalty": abs})}}
    assert networks.each_its_own(penalised, TASKS.names) == ({"tied": "tied"}, penalised)
    few = {"null": arms.Arm(NET, "constant", only=("b",))}
    assert list(networks.each_its_own(few, TASKS.names)[1]) == ["null: b"]


def test_repeats_become_checks_and_means_become_metrics():
    rec = record.open("x")
    found = compared(rec)
    assert set(rec.panels) == {"toy/a/20/separate", "toy/b/20/separate"}
    again = found.level("separate again", "a", size=20) - found.level("separate", "a", size=20)
    assert rec.panels["toy/a/20/separate"].tested.effect == pytest.approx(again.mean())
    joint = found.level("joint", "b", size=20)
    assert rec.metrics["toy/b/20/joint"]["value"] == pytest.approx(joint.mean())
    assert rec.metrics["tuning/toy/at-end"]["value"] == 1  # two rates: both are ends
    gains = found.gains("separate").set_index(["task", "arm"])["mean"]
    assert gains["a", "separate again"] == pytest.approx(again.mean())


def test_a_claim_is_decided_by_the_arms_that_it_declares():
    rec = record.open("x")
    found = compared(rec)
    claim = declared(rec)
    best = found.level("joint", "b", size=20) + 1
    control = networks.pairs(best, found.level("separate", "b", size=20))
    found.decide(claim, "b", figure="f", null="joint, constant", control=control, size=20)
    result = claim.claim.result
    levels = [found.level(arm, "b", size=20) for arm in ("joint", "separate", "joint, constant")]
    means = [level.mean() for level in levels]
    assert result["levels"] == pytest.approx(means[:2])
    assert result["null"].effect == pytest.approx(means[0] - means[2])
    assert result["headroom"] == pytest.approx(means[0] + 1 - means[1])
    assert result["panel"] is rec.panels["toy/b/20/separate"]
    assert result["n_items"] == len(PARTS[2][1])


def test_a_baseline_that_was_not_trained_again_decides_nothing():
    rec = record.open("x")
    found = compared(rec)
    with pytest.raises(ValueError, match="panel 'toy/a/20/joint' is not recorded"):
        found.decide(declared(rec, "separate", "joint"), "a", figure="f", size=20)


def test_a_level_is_one_number_per_draw():
    found = compared(record.open("x"))
    with pytest.raises(ValueError, match="toy: 0 scores of 'none'"):
        found.level("none", "a")


def test_pairs_take_a_number_for_every_unit():
    table = networks.pairs(pd.Series({0: 0.5, 1: 0.7}), 0.1)
    assert table.to_dict("list") == {
        "unit": [0, 1],
        "a": [0.5, 0.7],
        "b": [0.1, 0.1],
        "seed": [0, 1],
    }
    assert networks.pairs(1.0, pd.Series({3: 0.5}))["a"].tolist() == [1.0]


def test_a_slug_is_a_name_that_the_record_takes():
    assert networks.slug("Joint, constant/R² of 400, 10") == "joint--constant/r--of-400--10"
