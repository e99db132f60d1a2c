"""Tuning: every draw may have its own tuning draw, and whatever can be one stack gives the same."""

import numpy as np
import pandas as pd
import pytest
import torch

from mtl_lib.neural import Dense, Head, Network, arms, scores
from mtl_lib.neural.relationship_network import tied
from mtl_lib.stack import Adam
from mtl_lib.tasks import Inputs, Task, TaskSet

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 6))
INPUTS = Inputs("x", X)
SHARED = TaskSet(
    [
        Task("a", INPUTS, np.arange(400), (X[:, 0] > 0).astype(int), "ce"),
        Task("b", INPUTS, np.arange(400), X[:, 0] + X[:, 1] ** 2),
    ]
)
OWN = TaskSet([SHARED[0].take(np.arange(200)), SHARED[1].take(np.arange(200, 400))])
NET = Network([Dense(6, 8)], {"a": Head(8, 2), "b": Head(8)})
RUN = {"steps": 25, "batch_size": 10, "dtype": torch.float64}
RATES = (0.05, 0.1, 0.2)


def score(task, z):
    if task.loss == "ce":
        return scores.right(z, task.y)
    return scores.skill("squared", z, task.y, SHARED["b"].y)


def drawn(tasks, seeds=range(3), sizes=(20, 40)):
    return {(n, s): arms.first_rows(tasks, n, s) for n in sizes for s in seeds}


def nested(tasks, draws, count=1):
    return {key: arms.first_rows(tasks, key[0], key[-1]) for key in arms.tuning_keys(draws, count)}


@pytest.mark.parametrize("tasks", [SHARED, OWN], ids=["shared", "own"])
def test_nested_tuning_is_tuning_of_every_draw_by_itself(tasks):
    """The rate of a draw is the one that is best on its own tuning draws, found one by one."""
    draws = drawn(tasks)
    found, table = arms.compared(
        arms.usual(NET), draws, nested(tasks, draws, 2), tasks, tasks, score, RATES, **RUN
    )
    assert table.index.names == ["arm", "size", "seed"] and len(table) == 5 * 6
    for name, arm in arms.usual(NET).items():
        for key, draw in draws.items():
            n, s = key
            means = []
            for rate in RATES:
                others = {(n, t): arms.first_rows(tasks, n, t) for t in (s + 1000, s + 2000)}
                fitted = {"": arms.fit(arm, others, rate, **RUN)}
                means.append(arms.scored(fitted, tasks, score).table()["score"].mean())
            np.testing.assert_allclose(table.loc[(name, *key)], means, atol=1e-9)
            fitted = {"": arms.fit(arm, {key: draw}, RATES[int(np.argmax(means))], **RUN)}
            alone = arms.scored(fitted, tasks, score).values
            for task in tasks.names:
                np.testing.assert_allclose(
                    found.values[name, task, key], alone["", task, key], atol=1e-6
                )
    assert arms.choices(table)["learning rate"].nunique() > 1


def test_one_tuning_draw_for_all_is_the_same_rule_with_a_shorter_key():
    draws = drawn(SHARED)
    others = drawn(SHARED, [1000])
    one = {"joint": arms.Arm(NET)}
    table = arms.tuned(one, others, SHARED, score, RATES, **RUN)
    longer = {(n, s, 1000): others[n, 1000] for n, s in draws}
    nested_table = arms.tuned(one, longer, SHARED, score, RATES, **RUN)
    for n, s in draws:
        np.testing.assert_allclose(
            nested_table.loc[("joint", n, s)], table.loc[("joint", n)], atol=1e-12
        )


def test_settings_and_rates_are_chosen_together():
    """Weight decays of one arm, pulls of another: the best pair of each draw, found one by one."""
    settings = {
        "shared": {decay: arms.Arm(NET, decay=decay) for decay in (0.0, 0.3)},
        "tied": {
            pull: arms.Arm(NET, "alone", options={"penalty": tied(2, pull)}) for pull in (0.01, 1.0)
        },
        "plain": arms.Arm(NET),
    }
    draws = drawn(SHARED, range(2), (20,))
    others = nested(SHARED, draws)
    found, table = arms.compared(settings, draws, others, SHARED, SHARED, score, RATES[:2], **RUN)
    assert table.columns.names == ["setting", "learning rate"]
    assert table.loc["plain"].notna().sum(axis=1).tolist() == [2, 2]
    chosen = arms.choices(table)
    for (name, *key), row in chosen.iterrows():
        key = tuple(key)
        tuning = {key[:1] + (key[1] + 1000,): others[(*key, key[1] + 1000)]}
        variants = settings[name] if isinstance(settings[name], dict) else {"": settings[name]}
        means = {}
        for setting, arm in variants.items():
            for rate in RATES[:2]:
                fitted = {"": arms.fit(arm, tuning, rate, **RUN)}
                scored = arms.scored(fitted, SHARED, score)
                means[setting, rate] = scored.table()["score"].mean()
        assert max(means, key=means.get) == (row["setting"], row["learning rate"])
        best = variants[row["setting"]]
        fitted = {"": arms.fit(best, {key: draws[key]}, row["learning rate"], **RUN)}
        for (_, task, _), value in arms.scored(fitted, SHARED, score).values.items():
            np.testing.assert_allclose(found.values[name, task, key], value, atol=1e-6)


def test_an_arm_may_have_data_and_rates_of_its_own():
    first = {"a": arms.Arm(Network(NET.trunk, {"a": Head(8, 2)}))}
    both = first | {"b": arms.Arm(Network(NET.trunk, {"b": Head(8)}))}
    draws = {name: drawn(SHARED.subset([name]), range(2), (20,)) for name in both}
    others = {name: nested(SHARED.subset([name]), draws[name]) for name in both}
    test = {name: SHARED.subset([name]) for name in both}
    rates = {"a": [0.01], "b": [0.003, 0.1]}
    found, table = arms.compared(both, draws, others, test, test, score, rates, **RUN)
    alone, _ = arms.compared(
        first, draws["a"], others["a"], test["a"], test["a"], score, [0.01], **RUN
    )
    for key, value in alone.values.items():
        np.testing.assert_allclose(found.values[key], value, atol=1e-12)
    assert table.loc["b"].notna().sum(axis=1).tolist() == [2, 2]
    assert {task for _, task, _ in found.values} == {"a", "b"}


@pytest.mark.parametrize("tasks", [SHARED, OWN], ids=["shared", "own"])
def test_networks_of_a_comparison_stop_as_they_would_alone(tasks):
    """Training that stops early, in one stack of all arms and rates, and one by one."""
    patient = RUN | {"steps": 120, "check": 5, "patience": 2}
    draws = drawn(tasks, range(2), (20,))
    found, table = arms.compared(
        arms.usual(NET), draws, nested(tasks, draws), SHARED, SHARED, score, [0.1, 0.03], **patient
    )
    chosen = arms.choices(table)["learning rate"]
    for name, arm in arms.usual(NET).items():
        for key, draw in draws.items():
            parts = arms.fit(arm, {key: draw}, chosen[(name, *key)], validation=SHARED, **patient)
            for (_, task, _), value in arms.scored({"": parts}, SHARED, score).values.items():
                np.testing.assert_allclose(found.values[name, task, key], value, atol=1e-6)


def test_keys_of_tuning_draws():
    assert arms.tuning_keys([(20, 0), (20, 3)], 2, 10) == [
        (20, 0, 10),
        (20, 0, 20),
        (20, 3, 13),
        (20, 3, 23),
    ]
    for draws, apart in (([(0,), (5,)], 5), ([(0,), (1,)], 1)):
        with pytest.raises(ValueError, match="their tuning draws would meet others"):
            arms.tuning_keys(draws, 2, apart)


def test_choices_say_which_lie_at_an_end():
    names = ["arm", "size"]
    rows = pd.MultiIndex.from_tuples([("x", 1), ("x", 2), ("y", 1), ("z", 1)], names=names)
    columns = pd.Index([0.1, 0.01, 1.0], name="learning rate")
    none = np.nan
    values = [[0.5, 0.2, 0.1], [0.1, 0.2, 0.0], [none, 0.3, 0.2], [none, 0.3, none]]
    chosen = arms.choices(pd.DataFrame(values, rows, columns))
    assert chosen["learning rate"].tolist() == [0.1, 0.01, 0.01, 0.01]
    assert chosen["at_end"].tolist() == [False, True, True, False]
    assert set(chosen["setting"]) == {""}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: arms.fit_tuned("x", arms.Arm(NET), drawn(SHARED), TABLE, **RUN),
            r"fit_tuned: no rate of arm 'x' for \(40,\), there are \(20,\)",
        ),
        (
            lambda: arms.fit_tuned("y", arms.Arm(NET), drawn(SHARED), TABLE, **RUN),
            "fit_tuned: no rate for arm 'y'",
        ),
        (
            lambda: arms.fit(arms.Arm(NET), drawn(SHARED), 0.1, patience=2, **RUN),
            "patience: no validation data",
        ),
        (
            lambda: arms.tuned({"x": {}}, drawn(SHARED), SHARED, score, [0.1], **RUN),
            "tuned: arm 'x': 0 settings, 1 rates",
        ),
        (
            lambda: arms.tuned({"x": arms.Arm(NET)}, {"y": drawn(SHARED)}, SHARED, score, [0.1]),
            "arm 'x': no data of its own, there are those of 'y'",
        ),
        (
            lambda: arms.fit(arms.Arm(NET), drawn(SHARED), 0.1, weights={"a": [1, 2]}, **RUN),
            r"weights: task 'a': \[1, 2\], an arm takes one number",
        ),
        (lambda: arms.Arm(NET, decay=-1), "arm: decay -1"),
        (lambda: arms.tuning_keys([3]), "tuning_keys: key 3 of a draw"),
    ],
)
def test_what_cannot_be_tuned_is_refused(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


TABLE = pd.DataFrame(
    [[1.0, 0.0]],
    pd.MultiIndex.from_tuples([("x", 20)], names=["arm", "size"]),
    pd.Index([0.1, 0.01], name="learning rate"),
)


def test_a_given_optimiser_is_used_as_it_is():
    draws = drawn(SHARED, [0], (20,))
    one = arms.fit(arms.Arm(NET), draws, Adam(0.03, weight_decay=0.1), **RUN)
    other = arms.fit(arms.Arm(NET, decay=0.1), draws, 0.03, **RUN)
    for name, value in one[0].stack.params.items():
        assert torch.equal(value, other[0].stack.params[name])
