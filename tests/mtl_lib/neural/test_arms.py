"""Arms see the same draws; scores pair them by draw and by what was tested."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mtl_lib.neural import Dense, Head, Network, arms, scores, train
from mtl_lib.stack import Adam, Stack
from mtl_lib.tasks import Inputs, Task, TaskSet
from mtl_lib.transforms import constant, permuted

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 6))
INPUTS = Inputs("x", X)
SHARED = TaskSet(
    [
        Task("a", INPUTS, np.arange(400), (X[:, 0] > 0).astype(int), "ce"),
        Task("b", INPUTS, np.arange(400), X[:, 0] + X[:, 1]),
    ]
)
OWN = TaskSet([SHARED[0].take(np.arange(200)), SHARED[1].take(np.arange(200, 400))])
NET = Network([Dense(6, 8)], {"a": Head(8, 2), "b": Head(8)})
RUN = {"steps": 30, "batch_size": 10}


def score(task, z):
    return (
        scores.right(z, task.y) if task.loss == "ce" else scores.skill("squared", z, task.y, task.y)
    )


def draws(tasks, seeds=(0, 1), sizes=(30,)):
    return {(n, s): arms.first_rows(tasks, n, s) for n in sizes for s in seeds}


def test_alone_is_a_network_of_one_task():
    single = Network(NET.trunk, {"b": Head(8)})
    z = arms.answers(arms.fit(arms.Arm(NET, "alone"), draws(OWN), 0.01, **RUN), OWN, "b")
    for key, draw in draws(OWN).items():
        begun = Stack.init(
            NET, [key[-1]]
        )  # heads are drawn in their order: take this start, without the other head
        start = Stack(
            {name: value for name, value in begun.params.items() if not name.startswith("head.a")},
            single,
        )
        alone = train(
            single, [draw.subset(["b"])], optimizer=Adam(0.01), seeds=[key[-1]], start=start, **RUN
        )
        assert np.allclose(
            arms.answers(
                [arms.Part(single, alone.stack, [key], [("b",)], alone.settled)], OWN, "b"
            )[key],
            z[key],
            atol=1e-5,
        )


def test_alone_on_shared_rows_leaves_the_other_head_where_it_was():
    (part,) = arms.fit(arms.Arm(NET, "alone"), draws(SHARED), 0.01, **RUN)
    for k, (key, task) in enumerate(zip(part.keys, part.tasks, strict=True)):
        begun = Stack.init(NET, [key[-1]]).params
        for name in "ab":
            assert torch.equal(
                part.stack.params[f"head.{name}.weight"][k], begun[f"head.{name}.weight"][0]
            ) == ((name,) != task)


@pytest.mark.parametrize("tasks", [SHARED, OWN], ids=["shared", "own"])
def test_an_arm_alone_stays_alone_where_weights_are_given(tasks):
    """On shared rows they are multiplied with the 0 of the other tasks."""
    weights = {"a": 1.0, "b": 1.0}
    plain = arms.fit(arms.Arm(NET, "alone"), draws(tasks), 0.01, **RUN)
    given = arms.fit(arms.Arm(NET, "alone"), draws(tasks), 0.01, weights=weights, **RUN)
    option = arms.Arm(NET, "alone", options={"weights": weights})
    for parts in (given, arms.fit(option, draws(tasks), 0.01, **RUN)):
        for part, other in zip(plain, parts, strict=True):
            for name, value in part.stack.params.items():
                assert torch.equal(value, other.stack.params[name])


def test_permuted_arm_spoils_the_other_tasks_only():
    parts = arms.fit(arms.Arm(NET, "permuted"), draws(SHARED), 0.01, **RUN)
    by_hand = TaskSet(
        [
            permuted(SHARED[0].take(arms.first_rows(SHARED, 30, 1)[0].rows), 1),
            arms.first_rows(SHARED, 30, 1)[1],
        ]
    )
    trained = train(NET, [by_hand], optimizer=Adam(0.01), seeds=[1], **RUN)
    (part,) = parts
    index = next(
        j
        for j, (key, task) in enumerate(zip(part.keys, part.tasks, strict=True))
        if key == (30, 1) and task == ("b",)
    )
    assert torch.allclose(
        part.stack.params["trunk.0.weight"][index],
        trained.stack.params["trunk.0.weight"][0],
        atol=1e-6,
    )


def test_an_arm_may_answer_some_of_the_tasks():
    every = arms.fit(arms.Arm(NET, "permuted"), draws(SHARED), 0.01, **RUN)
    one = arms.fit(arms.Arm(NET, "permuted", only=("b",)), draws(SHARED), 0.01, **RUN)
    found = arms.scored({"every": every, "one": one}, SHARED, score)
    assert found.tasks == ["a", "b"] and {
        task for arm, task, _ in found.values if arm == "one"
    } == {"b"}
    for key in draws(SHARED):
        assert np.allclose(found.values["one", "b", key], found.values["every", "b", key])
    with pytest.raises(ValueError, match="arm 'one' answers none of 'a', but 'b'"):
        arms.scored({"one": one}, SHARED.subset(["a"]), score)
    with pytest.raises(ValueError, match="only 'c', tasks are 'a', 'b'"):
        arms.fit(arms.Arm(NET, "alone", only=("c",)), draws(SHARED), 0.01, **RUN)
    with pytest.raises(ValueError, match="but one network answers all tasks"):
        arms.Arm(NET, only=("a",))


def test_constant_arm_leaves_nothing_to_learn_from_the_other_tasks():
    (part,) = arms.fit(arms.Arm(NET, "constant"), draws(SHARED), 0.01, **RUN)
    draw = arms.first_rows(SHARED, 30, 1)
    for task, by_hand in (
        ("a", TaskSet([draw[0], constant(draw[1])])),
        ("b", TaskSet([constant(draw[0]), draw[1]])),
    ):
        trained = train(NET, [by_hand], optimizer=Adam(0.01), seeds=[1], **RUN)
        index = list(zip(part.keys, part.tasks, strict=True)).index(((30, 1), (task,)))
        for name, value in trained.stack.params.items():
            assert torch.allclose(part.stack.params[name][index], value[0], atol=1e-6)


def test_draws_are_nested_and_keep_shared_rows_together():
    small, large = arms.first_rows(SHARED, 20, 3), arms.first_rows(SHARED, 50, 3)
    assert set(small[0].rows) < set(large[0].rows) and (small[0].rows == small[1].rows).all()
    own = arms.first_rows(OWN, 20, 3)
    assert not set(own[0].rows) & set(own[1].rows)
    with pytest.raises(ValueError, match="draw: 500 samples of task 'a', it has 400"):
        arms.first_rows(SHARED, 500, 0)


def test_scores_table_and_contrast_agree():
    found, table = arms.compared(
        arms.usual(NET),
        draws(SHARED, range(6)),
        draws(SHARED, [100]),
        SHARED,
        SHARED,
        score,
        (0.003, 0.03),
        **RUN,
    )
    assert (
        list(table.columns) == [0.003, 0.03]
        and table.loc[("joint", 30), 0.03] != table.loc[("joint", 30), 0.003]
    )
    both = found.contrast("joint", "separate", "b", size=30)
    wide = found.table().query("task == 'b'").pivot(index="seed", columns="arm", values="score")
    assert np.allclose(both["pairs"]["a"], wide["joint"]) and np.allclose(
        both["pairs"]["b"], wide["separate"]
    )
    units = len(both["pairs"])
    items = both["items"].groupby("unit")[["a", "b"]].mean()
    assert (units, len(items)) == (6, 400)
    assert np.allclose(both["pairs"][["a", "b"]].mean(), items.mean())
    mean = found.contrast("joint", "separate", size=30)["pairs"]
    assert np.allclose(
        mean["a"], found.table().query("arm == 'joint'").groupby("seed")["score"].mean()
    )
    with pytest.raises(ValueError, match="no 'joint' of task 'a' where"):
        found.contrast("joint", "separate", "a", size=99)


def test_tested_units_are_groups():
    values = {
        (arm, "t", (s,)): np.arange(6.0) + (arm == "a") * np.array([0, 0, 0, 3, 3, 3])
        for arm in "ab"
        for s in range(3)
    }
    items = arms.Scores(values, ("seed",), {"t": np.array([7, 7, 7, 9, 9, 9])}).contrast(
        "a", "b", "t"
    )["items"]
    by = (items["a"] - items["b"]).groupby(items["unit"]).mean()
    assert by.to_dict() == {7: 0.0, 9: 3.0}


def test_a_test_set_by_draw():
    sets = {key: SHARED.subset(["a", "b"]) for key in draws(SHARED)}
    one = arms.scored({"x": arms.fit(arms.Arm(NET), draws(SHARED), 0.01, **RUN)}, SHARED, score)
    other = arms.scored({"x": arms.fit(arms.Arm(NET), draws(SHARED), 0.01, **RUN)}, sets, score)
    assert all(np.array_equal(value, other.values[key]) for key, value in one.values.items())


def test_unknown_way():
    with pytest.raises(
        ValueError, match="arm: way 'apart', allowed are together, each, alone, permuted"
    ):
        arms.Arm(NET, "apart")


def test_gains_apart_is_a_difference_of_differences():
    def values(seed):
        return {
            (arm, "t", (s,)): np.random.default_rng([seed, s, k]).normal(size=5)
            for k, arm in enumerate("ab")
            for s in range(3)
        }

    one, other = (arms.Scores(values(seed), ("seed",), {}) for seed in (0, 1))
    apart = arms.gains_apart(one, other, "a", "b", "t")
    for s in range(3):
        expected = [
            np.mean(found.values["a", "t", (s,)] - found.values["b", "t", (s,)])
            for found in (one, other)
        ]
        assert np.allclose(apart["pairs"].set_index("unit").loc[s, ["a", "b"]], expected)
    assert np.isclose(
        (apart["items"]["a"] - apart["items"]["b"]).mean(),
        (apart["pairs"]["a"] - apart["pairs"]["b"]).mean(),
    )


def test_every_size_is_trained_at_its_own_best_rate():
    two = draws(SHARED, (0, 1), (30, 60))
    table = arms.tuned(
        {"joint": arms.Arm(NET)},
        draws(SHARED, [100], (30, 60)),
        SHARED,
        score,
        (0.003, 0.03),
        **RUN,
    )
    assert list(table.index) == [("joint", 30), ("joint", 60)] and table.notna().all(axis=None)
    table.loc[("joint", 30)], table.loc[("joint", 60)] = [1.0, 0.0], [0.0, 1.0]  # as if found so
    z = arms.answers(arms.fit_tuned("joint", arms.Arm(NET), two, table, **RUN), SHARED, "b")
    for size, rate in ((30, 0.003), (60, 0.03)):
        expected = arms.answers(
            arms.fit(
                arms.Arm(NET), {key: one for key, one in two.items() if key[0] == size}, rate, **RUN
            ),
            SHARED,
            "b",
        )
        assert all(np.array_equal(value, z[key]) for key, value in expected.items())


def test_heads_that_start_at_zero_let_equal_tasks_help_each_other():
    """Of few samples two drawn heads change the trunk in directions that have nothing in common."""
    rng = np.random.default_rng(0)
    sets, tests = {}, {}
    for seed in range(12):
        rule = rng.normal(size=40) / np.sqrt(40)
        X = rng.normal(size=(60 + 60 + 400, 40))
        y = (X @ rule + 0.3 * rng.normal(size=len(X)) > 0).astype(int)
        inputs = Inputs(f"x {seed}", X)
        rows = np.split(np.arange(len(X)), [60, 120])
        tasks = [Task(n, inputs, r, y[r], "logistic") for n, r in zip("abc", rows, strict=True)]
        sets[(seed,)] = TaskSet(tasks[:2])
        tests[(seed,)] = TaskSet([replace(tasks[2], name="a")])
    accuracy = {}
    for start in ("zero", "torch"):
        heads = {name: Head(16, start=start) for name in "ab"}
        net = Network([Dense(40, 16), Dense(16, 16)], heads)
        for way in ("together", "alone"):
            parts = arms.fit(arms.Arm(net, way), sets, 0.01, steps=60, batch_size=20)
            found = arms.answers(parts, tests, "a")
            right = [np.mean((found[k].ravel() > 0) == tests[k]["a"].y) for k in sets]
            accuracy[start, way] = np.mean(right)
    assert accuracy["zero", "together"] > accuracy["zero", "alone"] + 0.03
    assert accuracy["zero", "together"] > accuracy["torch", "together"]
