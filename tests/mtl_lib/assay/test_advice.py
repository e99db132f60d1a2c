"""The rule, its thresholds, and that a data set never judges itself."""

import numpy as np
import pandas as pd
import pytest

from mtl_lib import compare
from mtl_lib.assay import advice
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet


def problems(rows):
    return pd.DataFrame(rows, columns=["data", "ratio", *advice.ARMS])


CLEAR = problems(
    [
        ("a", 1.0, 3, 2, 1),
        ("b", 1.2, 3, 2, 1),
        ("c", 3.0, 2, 1, 3),
        ("d", 4.0, 2, 1, 3),
        ("e", 20.0, 1, 2, 3),
        ("f", 30.0, 1, 2, 3),
    ]
)


def test_choose():
    assert advice.choose([0.5, 1.5, 1.99, 9.0], 1.5, 9.0).tolist() == [
        "pooled",
        "mean-regularised",
        "mean-regularised",
        "single task",
    ]


def test_regret_is_the_distance_to_the_best_arm():
    assert advice.regret(CLEAR, "pooled").tolist() == [0, 0, 2, 2, 2, 2]
    assert advice.regret(CLEAR, ["single task", *["pooled"] * 5]).tolist() == [2, 0, 2, 2, 2, 2]


def test_thresholds_find_the_clear_rule():
    low, high = advice.thresholds(CLEAR)
    assert 1.2 < low < 3.0 and 4.0 < high < 20.0
    assert advice.leave_one_out(CLEAR)["regret of the advice"].sum() == 0


def test_without_anything_to_learn_the_rule_is_mean_regularised():
    low, high = advice.thresholds(CLEAR.assign(**dict.fromkeys(advice.ARMS, 1.0)))
    assert set(advice.choose(CLEAR["ratio"], low, high)) == {"mean-regularised"}


def test_a_data_set_with_many_problems_counts_once():
    many = pd.concat(
        [problems([("big", 1.0, 1, 2, 3)] * 50), problems([(name, 1.1, 3, 2, 1) for name in "abc"])]
    )
    assert advice.choose(1.1, *advice.thresholds(many)) == "pooled"


def test_a_data_set_never_judges_itself():
    table = advice.leave_one_out(CLEAR)
    for name in CLEAR["data"]:
        inside = CLEAR["data"] == name
        flipped = CLEAR.copy()
        flipped.loc[inside, list(advice.ARMS)] = flipped.loc[inside, list(advice.ARMS)].to_numpy()[
            :, ::-1
        ]
        assert (
            advice.leave_one_out(flipped).loc[inside, "advice"].tolist()
            == table.loc[inside, "advice"].tolist()
        )
    with pytest.raises(ValueError, match="1 data sets"):
        advice.leave_one_out(CLEAR[:1])


def excess_of_pooling(spread: float, seed: int) -> tuple[float, float]:
    """(ratio of the measure, true error of pooled minus separate least squares).

    The weights of the T tasks spread.
    """
    T, m, d = 30, 20, 4
    draw = stream(seed, "test-advice", str(spread))
    X, w = draw.standard_normal((T, m, d)), spread * draw.standard_normal((T, d))
    y = np.einsum("tmd,td->tm", X, w) + draw.standard_normal((T, m))
    inputs = Inputs("x", X.reshape(-1, d))
    tasks = TaskSet([Task(f"t{t}", inputs, np.arange(m * t, m * t + m), y[t]) for t in range(T)])
    own = np.array([np.linalg.lstsq(X[t], y[t], rcond=None)[0] for t in range(T)])
    one = np.linalg.lstsq(X.reshape(-1, d), y.ravel(), rcond=None)[0]
    excess = np.square(one - w).sum(axis=1).mean() - np.square(own - w).sum(axis=1).mean()
    return compare.measure(tasks, seed, permutations=49)["p(y|x)"].ratio, excess


def test_break_even_is_where_theory_puts_it():
    """Below ratio 2 pooling wins, above separating; away from the border, where chance decides."""
    for spread, sign in ((0.0, -1), (0.12, -1), (0.5, 1), (1.0, 1)):
        for seed in range(3):
            ratio, excess = excess_of_pooling(spread, seed)
            assert np.sign(excess) == sign and np.sign(ratio - advice.BREAK_EVEN) == sign
