"""Stale gradients end where the certified solver does, later the older they are."""

import numpy as np
import pytest
from dealt import dealt

from mtl_lib.classical import L21, Clustered, Dirty, LinearMTL, Ridge, TraceNorm
from mtl_lib.classical.distributed import delayed
from mtl_lib.data.generated.linear import linear


def problem(penalty, loss="squared", share=0.2):
    tasks = linear("low rank", 6, 5, [20, 25, 30, 20, 25, 30], 1.0, 0, loss=loss).tasks
    model = LinearMTL(penalty, tol=1e-10, intercept="free")
    return model.set_params(
        lam=share * model.lambda_max(tasks) / (1 if penalty.kind == "norm" else 10)
    ), tasks


@dealt(
    "penalty, delay, loss",
    [Ridge(), L21(), TraceNorm(), Clustered(2), Dirty(0.5)],
    [0, 1, 6],
    ["squared", "logistic"],
)
def test_ends_at_the_certified_optimum(penalty, delay, loss):
    model, tasks = problem(penalty, loss)
    best = model.fit(tasks).objective_
    history = delayed(model, tasks, delay=delay, iterations=4000, seed=0)
    assert abs(history["objective"][-1] - best) <= 1e-6 * best
    assert history["objective"][0] > 1.001 * best


def test_older_gradients_need_more_rounds_and_floats_count_both_ways():
    model, tasks = problem(TraceNorm())
    best = model.fit(tasks).objective_
    needed = []
    for delay in (0, 3, 12):
        history = delayed(model, tasks, delay=delay, iterations=1000, seed=0)
        assert history["floats"] == [2 * 6 * 5 * k for k in range(1001)] and history[
            "iteration"
        ] == list(range(1001))
        needed.append(int(np.argmax(np.array(history["objective"]) <= best * (1 + 1e-4))))
    assert 0 < needed[0] < needed[1] < needed[2]


def test_without_delay_the_objective_never_rises():
    model, tasks = problem(L21(), "logistic")
    objective = np.array(delayed(model, tasks, delay=0, iterations=200, seed=0)["objective"])
    assert (np.diff(objective) <= 1e-12 * objective[0]).all()


def test_the_order_of_tasks_changes_nothing_and_the_seed_does():
    model, tasks = problem(TraceNorm())

    def run(X, y, names, seed):
        ids = np.repeat(names, [len(v) for v in y])
        given = (np.concatenate(X), np.concatenate(y), ids)
        return delayed(model, *given, delay=4, iterations=30, seed=seed)["objective"]

    parts = [t.X for t in tasks], [t.y for t in tasks], list(tasks.names)
    turned = [part[::-1] for part in parts]
    assert np.allclose(run(*parts, 0), run(*turned, 0), rtol=1e-12)
    assert not np.allclose(run(*parts, 0), run(*parts, 1), rtol=1e-9)


@pytest.mark.parametrize(
    "options, said",
    [
        ({"about_mean": True}, "about_mean True"),
        ({"intercept": "shared"}, "'shared'"),
        ({"intercept": "about_mean"}, "'about_mean'"),
    ],
)
def test_what_belongs_to_no_node_is_refused(options, said):
    model, tasks = problem(TraceNorm())
    with pytest.raises(ValueError, match=said):
        delayed(model.set_params(**options), tasks, delay=1, iterations=5, seed=0)


@pytest.mark.parametrize(
    "options, said",
    [({"delay": -1, "iterations": 5}, "delay -1"), ({"delay": 1, "iterations": 0}, "iterations 0")],
)
def test_bad_counts_are_refused(options, said):
    model, tasks = problem(TraceNorm())
    with pytest.raises(ValueError, match=said):
        delayed(model, tasks, seed=0, **options)
