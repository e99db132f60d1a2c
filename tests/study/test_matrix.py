"""The matrix: federations of every shift, cells, gains, and the rule that is read off them."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from mtl_lib.data.sources import fashion, watch
from study import matrix, stats
from study.federations import Fitted, by_unit, fitted
from study.matrix import worlds as worlds_module
from study.plots import matrix as plots


@pytest.fixture(scope="module")
def worlds():
    return matrix.Worlds(fashion.standin(0), watch.standin(0), clients=4, images=400, seed=0)


@pytest.mark.parametrize("shift", matrix.SHIFTS)
def test_every_shift_has_federations_whose_parts_share_no_sample(shift, worlds):
    one = worlds.federation(shift, 3)
    width, classes = worlds.sizes(shift)
    for parts in zip(one.train, one.valid, one.test, strict=True):
        assert all(p.X.shape[1] == width and p.y.max() < classes for p in parts)
        rows = [set(map(bytes, np.ascontiguousarray(p.X))) for p in parts]
        assert len(set.union(*rows)) == sum(map(len, rows))
    assert worlds.federation(shift, 3) is one
    if shift != worlds_module.NATURAL:  # a stand-in has one training window a recording
        assert not np.array_equal(worlds.federation(shift, 4).train[0].X, one.train[0].X)


def test_turned_pictures_lie_on_the_components_of_pictures_that_are_not(worlds):
    plain, turned = (worlds.tasks(s, 1) for s in ("IID", "features, turned"))
    first = plain.names[0]
    (same,) = turned.subset([first])
    np.testing.assert_allclose(plain.subset([first])[0].X, same.X, atol=1e-6)
    assert not np.allclose(plain[1].X.mean(0), turned[1].X.mean(0), atol=1e-3)


def test_windows_of_a_recording_are_cut_in_time():
    train, valid, test = worlds_module.by_time(watch.standin(0), 0, 1)
    for a, b, c in zip(train, valid, test, strict=True):
        for name in np.unique(a.groups):
            last = [part.rows[part.groups == name] for part in (a, b, c)]
            assert len(last[0]) == 1
            assert last[0].max() < last[1].min(initial=10**9) and last[0].max() < last[2].min()


def test_cells_are_the_arms_run_by_hand(worlds):
    arms = partial(matrix.rounds_of, rates=[0.3], counts=[2])
    solvers = matrix.fits([2], [0.1], [0.3])
    search = matrix.TuningBudget(solvers, rounds=2, budget=2, starts=2)
    scores, ends = matrix.cells(worlds, ["labels, strong"], [0, 1], arms, search)
    names = [*arms(4, 2), *solvers]
    assert sorted(set(scores["arm"])) == sorted(names) and len(scores) == 2 * len(names)
    assert scores["client"].between(0, 1).all() and set(ends["cell"]) == {"labels, strong"}
    one = worlds.federation("labels, strong", 1)
    predicted = matrix.arms.one_shot_fit(one.train, rank=2, ridge=0.1)(one.test)
    by_hand = np.mean([np.mean(p == t.y) for p, t in zip(predicted, one.test, strict=True)])
    (found,) = scores[(scores["arm"] == "one-shot low rank") & (scores["unit"] == 1)]["client"]
    assert found == pytest.approx(by_hand)


def test_fitted_arms_choose_on_the_tuning_federation_only(worlds):
    asked = []

    def fit(train, answer):
        asked.append(train)
        return lambda tasks: [np.full(len(t), answer) for t in tasks]

    arm = {"constant": Fitted(fit, [{"answer": k} for k in range(10)])}
    rows = fitted(arm, [("IID", 0)], worlds.federation)
    means = [
        np.mean([np.mean(t.y == k) for t in worlds.federation("IID", stats.tuning_seed(0)).valid])
        for k in range(10)
    ]
    assert rows["setting"].iloc[0] == {"answer": int(np.argmax(means))}
    assert sum(one is worlds.federation("IID", 0).train for one in asked) == 1


def test_a_gain_is_beyond_the_better_of_local_and_the_label_prior():
    rows = [
        {"arm": arm, "unit": (cell, seed), "value": value + 0.01 * seed, "n": 1}
        for cell, values in {"a": (0.5, 0.7, 0.8), "b": (0.6, 0.4, 0.5)}.items()
        for arm, value in zip((matrix.LOCAL, matrix.PRIOR, "X"), values, strict=True)
        for seed in (0, 1)
    ]
    gained = matrix.gains(by_unit(pd.DataFrame(rows)))
    means = gained.groupby(["cell", "arm"])["gain"].mean()
    assert means["a", "X"] == pytest.approx(0.1) and means["b", "X"] == pytest.approx(-0.1)
    assert means["a", matrix.PRIOR] == means["b", matrix.LOCAL] == 0


MEANS = pd.DataFrame(
    {"X": [5.0, 4, -3, -4], "Y": [-5.0, -4, 4, 5], "Z": [1.0, 1, 1, 1]}, index=list("abcd")
)
MEASURES = pd.DataFrame({"p(y)": [0.9, 0.8, 0.1, 0.0], "size": [np.nan] * 4}, index=list("abcd"))


def test_the_rule_takes_the_arm_of_the_nearest_other_shift():
    chosen = matrix.choices(MEANS, MEASURES).set_index("cell")
    assert list(chosen["nearest"]) == ["b", "a", "d", "c"]
    assert list(chosen["rule"]) == ["X", "X", "Y", "Y"] == list(chosen["best"])
    assert list(chosen["constant"]) == ["Y", "Y", "X", "X"]
    blind = matrix.choices(MEANS, MEASURES, permuted=True)
    assert list(blind["rule"]) != list(chosen["rule"])


def test_a_shift_never_sees_itself_in_the_rule():
    other = MEANS.copy()
    other.loc["a"] = [-100, -100, 100]
    told = matrix.choices(other, MEASURES).set_index("cell")
    assert told.loc["a", "rule"] == "X" and told.loc["a", "best"] == "Z"


def test_regrets_are_means_over_shifts():
    rows = MEANS.rename_axis("cell").reset_index().melt("cell", var_name="arm", value_name="gain")
    gained = pd.concat([rows.assign(seed=s, gain=rows["gain"] + s) for s in (0, 1)])
    taken = matrix.regrets(gained, matrix.choices(MEANS, MEASURES), "rule")
    assert list(taken["gain"]) == [4.5, 5.5] and list(taken["unit"]) == [0, 1]


def test_the_figure_has_a_number_in_every_cell():
    levels = MEANS.rename_axis("cell").reset_index().melt("cell", var_name="arm", value_name="mean")
    levels = levels.assign(mean=levels["mean"] / 100)
    levels = levels.assign(low=levels["mean"] - 0.01, high=levels["mean"] + 0.01)
    figure = plots.gains(levels, {c: f"{c} (50 %)" for c in "abcd"}, list("XYZ"), 0.005)
    texts = [t for t in figure.axes[0].texts if not t.get_text().startswith("±")]
    assert len(texts) == 12
    assert {t.get_text() for t in texts if t.get_weight() == "bold"} == {
        *("+5.0", "+4.0", "-3.0", "-4.0", "-5.0")
    }
