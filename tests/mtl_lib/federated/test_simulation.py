"""Who takes part, what is recorded, and bad input: one clear line naming the client."""

import numpy as np
import pandas as pd
import pytest
import torch

from mtl_lib.federated import (
    Centralized,
    Clients,
    Ditto,
    FedAvg,
    FedAvgPlus,
    FedEM,
    Local,
    join,
    metrics,
    simulate,
)
from mtl_lib.federated.engine.simulation import participants
from mtl_lib.stack import MLP, SGD, tree_leaves
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

NET, RULE = MLP((6, 1)), SGD(0.1)


def task(name, n=4, d=6, y=None, loss="logistic", **others):
    X = stream(0, "inputs", name).normal(size=(n, d))
    return Task(
        name, Inputs(name, X), np.arange(n), np.arange(n) % 2 if y is None else y, loss, **others
    )


def test_participants_are_drawn_afresh_by_name():
    names = [f"c{k}" for k in range(10)]
    chosen = [participants(names, 0.3, 0, r) for r in range(1, 40)]
    assert (
        all(len(who) == 3 and (np.diff(who) > 0).all() for who in chosen)
        and len({tuple(who) for who in chosen}) > 20
    )
    mirrored = participants(names[::-1], 0.3, 0, 1)
    assert {names[::-1][k] for k in mirrored} == {names[k] for k in chosen[0]}


@pytest.mark.parametrize(
    ("batch_size", "epochs", "steps"),
    [(4, 2, None), (None, 3, None), (7, 1, None), (4, 1, 5), (100, 1, 9)],
)
def test_batches_cover_every_epoch_once(batch_size, epochs, steps, clients):
    data = Clients.of(clients(), torch.float64)
    who = np.array([1, 2, 4, 6])
    batches = data.batches(who, batch_size, epochs, 0, 1, steps=steps)
    seen, taken = [[] for _ in who], np.zeros(4, int)
    for batch in batches:
        taken[: batch.active] += 1
        for k in range(batch.active):
            real = batch.w[k] > 0
            assert batch.w[k].sum() == pytest.approx(1)
            rows = batch.rows[k][real]
            assert torch.equal(batch.x[k][real], batches.x[rows]) and torch.equal(
                batch.y[k][real], batches.y[rows]
            )
            assert (batches.of[rows] == k).all()
            seen[k].append(rows.tolist())
    for k, size in enumerate(data.sizes[who]):
        per_epoch = -(-size // min(batch_size or size, size))
        assert taken[k] == (epochs * per_epoch if steps is None else steps)
        first, start = sum(seen[k][:per_epoch], []), data.sizes[who][:k].sum()
        if len(seen[k]) >= per_epoch:
            assert sorted(first) == list(range(start, start + size))


def test_history_is_long_and_complete(clients):
    tasks, test = (
        clients(),
        clients(part="test", sizes=(9, 9, 9, 9, 9, 9, 9)).subset(["client 2", "client 0"]),
    )
    history = simulate(FedAvg(NET, RULE), tasks, test, test, rounds=5, batch_size=4, eval_every=2)
    assert list(history.table.columns) == ["round", "client", "split", "measure", "value", "n"]
    assert (
        list(history.table["round"].unique()) == [0, 2, 4, 5]
        and np.isfinite(history.table["value"]).all()
    )
    assert history.table.groupby("split")["client"].nunique().to_dict() == {
        "train": 7,
        "valid": 2,
        "test": 2,
    }
    assert not history.table.duplicated(["round", "client", "split", "measure"]).any()


def test_measures_are_those_of_predict(clients):
    tasks = clients("ce")
    method = FedEM(MLP((6, 3)), RULE, components=2)
    history = simulate(method, tasks, rounds=2, batch_size=4, dtype=torch.float64)
    last = history.table.query("round == 2").set_index(["client", "measure"])["value"]
    for t in tasks:
        z = method.predict(history.state, t.name, t.X)
        assert last[t.name, "accuracy"] == pytest.approx((z.argmax(-1).numpy() == t.y).mean())
        assert last[t.name, "loss"] == pytest.approx(
            torch.nn.functional.cross_entropy(z, torch.as_tensor(t.y)).item()
        )


@pytest.mark.parametrize(
    ("method", "up", "down"),
    [
        (FedAvg(NET, RULE), 7, 7),
        (Local(NET, RULE), 0, 0),
        (Ditto(NET, RULE, lam=1.0), 7, 7),
        (FedEM(NET, RULE, components=3), 21, 21),
    ],
    ids=lambda v: getattr(v, "name", v),
)
def test_bytes_of_a_round(method, up, down, clients):
    sent = simulate(method, clients(), rounds=2, batch_size=4, participation=0.6).bytes
    assert sent.to_dict("list") == {
        "round": [1, 2],
        "up": [4 * 4 * up] * 2,
        "down": [4 * 4 * down] * 2,
    }  # four of seven, float32


def test_a_run_repeats_bit_for_bit(clients):
    a, b = (
        simulate(FedEM(NET, RULE), clients(), rounds=3, batch_size=4, participation=0.6)
        for _ in range(2)
    )
    assert a.table.equals(b.table)


def test_training_does_not_touch_a_former_state(clients):
    method = Ditto(NET, RULE, lam=1.0)
    history = simulate(method, clients(), rounds=1, batch_size=4)
    before = [leaf.clone() for leaf in tree_leaves(history.state.clients)]
    simulate(method, clients(), rounds=3, batch_size=4)
    assert all(
        torch.equal(a, b) for a, b in zip(before, tree_leaves(history.state.clients), strict=True)
    )


def test_unlabelled_samples_are_left_out():
    observed = np.array([True, True, False, True])
    assert list(Clients.of(TaskSet([task("a", observed=observed), task("b")])).sizes) == [4, 3]


def run(tasks, method=None, **others):
    return lambda: simulate(
        method or FedAvg(NET, RULE), TaskSet(tasks), **{**{"rounds": 2, "batch_size": 2}, **others}
    )


BAD = {
    "no labels": (run([task("a"), task("b", observed=np.zeros(4, bool))]), "'b'.*no sample"),
    "one class": (
        run([task("a", y=np.ones(4, int)), task("b", y=np.ones(4, int))]),
        "'a'.*one class 1.*needs two",
    ),
    "sizes differ": (run([task("a"), task("b", d=5)]), "'b'.*5.*'a'.*6"),
    "losses differ": (run([task("a"), task("b", loss="squared")]), "'b'.*squared.*'a'.*logistic"),
    "loss of no stack": (run([task("a", loss="hinge")]), "'a'.*hinge.*allowed"),
    "beyond float32": (
        run(
            [
                task("a"),
                Task(
                    "b",
                    Inputs("b", np.full((2, 6), 1e300)),
                    np.arange(2),
                    np.array([0, 1]),
                    "logistic",
                ),
            ]
        ),
        "'b'.*not finite",
    ),
    "weight": (lambda: run([task("a", weight=-1.0)])(), "'a'.*weight -1"),
    "all weights 0": (run([task("a", weight=0.0), task("b", weight=0.0)]), "weight 0.*'a'"),
    "net width": (run([task("a")], FedAvg(MLP((5, 1)), RULE)), "'a'.*6 numbers.*takes 5"),
    "net outputs": (
        run([task("a")], FedAvg(MLP((6, 2)), RULE)),
        "'a'.*1 labels per sample.*2 outputs",
    ),
    "label without output": (
        run([task("a", y=np.array([0, 1, 0, 2]), loss="ce")], FedAvg(MLP((6, 2)), RULE)),
        "'a'.*label 2.*0 to 1",
    ),
    "ce with one output": (
        run([task("a", loss="ce")], FedAvg(MLP((6, 1)), RULE)),
        "'a'.*ce needs two outputs",
    ),
    "nobody": (
        run([task("a"), task("b")], participation=0.1),
        "0.1 of 2 clients samples nobody.*0.25",
    ),
    "participation": (run([task("a")], participation=1.5), "participation 1.5"),
    "participation NaN": (run([task("a")], participation=float("nan")), "participation nan"),
    "rounds": (run([task("a")], rounds=-1), "rounds -1"),
    "batch size": (run([task("a")], batch_size=0), "batch_size 0"),
    "chunk": (run([task("a")], chunk=0), "chunk 0"),
    "diverges": (
        run(
            [task("a", loss="squared"), task("b", n=9, loss="squared")],
            FedAvg(NET, SGD(1e4)),
            rounds=50,
        ),
        "'[ab]' diverged in round",
    ),
    "diverges alone": (
        run(
            [task("a"), task("b", loss="logistic")],
            Local(NET, SGD(0.1, weight_decay=1e20)),
            rounds=50,
        ),
        "'[ab]' diverged in round",
    ),
    "more components than clients": (
        run([task("a"), task("b")], FedEM(NET, RULE, components=3)),
        "3 components for 2 clients.*'a'",
    ),
    "no likelihood": (
        run(
            [task("a", loss="squared_hinge"), task("b", loss="squared_hinge")],
            FedEM(NET, RULE, components=2),
        ),
        "squared_hinge.*'a'.*no likelihood",
    ),
    "weights": (lambda: FedAvg(NET, RULE, weights="size"), "weights 'size'"),
    "over": (lambda: FedEM(NET, RULE, over="some"), "FedEM: over 'some'"),
    "lam": (lambda: Ditto(NET, RULE, lam=-1.0), "lam -1"),
    "personal steps": (lambda: FedAvgPlus(NET, RULE, personal_steps=-1), "personal_steps -1"),
    "components": (lambda: FedEM(NET, RULE, components=0), "components 0"),
    "stranger in test": (
        lambda: simulate(
            FedAvg(NET, RULE),
            TaskSet([task("a")]),
            test=TaskSet([task("z")]),
            rounds=1,
            batch_size=2,
        ),
        "'z' of the test data",
    ),
    "test of other width": (
        lambda: simulate(
            FedAvg(NET, RULE),
            TaskSet([task("a")]),
            test=TaskSet([task("a", d=5)]),
            rounds=1,
            batch_size=2,
        ),
        "'a' of the test data.*5.*6",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line(name):
    make, words = BAD[name]
    with pytest.raises(ValueError, match=words) as error:
        make()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "method",
    [Local(NET, RULE), Ditto(NET, RULE, lam=1.0), FedEM(NET, RULE, components=1)],
    ids=lambda m: m.name,
)
def test_a_stranger_has_no_prediction_until_it_joins(method):
    state = simulate(method, TaskSet([task("a"), task("b")]), rounds=1, batch_size=2).state
    with pytest.raises(ValueError, match="'z' did not train"):
        method.predict(state, "z", np.zeros((2, 6)))
    if state.server:
        joined = join(method, state, TaskSet([task("z")]))
        assert method.predict(joined, "z", np.zeros((2, 6))).shape == (2,)


def test_a_client_with_one_class_is_fine_among_others(clients):
    tasks = TaskSet([task("a", y=np.ones(4, int)), task("b")])
    for method in (
        Local(NET, RULE),
        FedAvg(NET, RULE),
        FedEM(NET, RULE, components=2),
        Centralized(NET, RULE),
    ):
        assert np.isfinite(simulate(method, tasks, rounds=2, batch_size=2).table["value"]).all()


def test_summaries_of_clients():
    values, n = np.arange(1, 12) / 11, np.r_[np.ones(10), 10]
    assert metrics.client_mean(values) == pytest.approx(6 / 11)
    assert metrics.sample_mean(values, n) == pytest.approx((values[:10].sum() + 10) / 20)
    assert metrics.bottom_decile(values) == pytest.approx(2 / 11) and metrics.worst(
        values
    ) == pytest.approx(1 / 11)
    one = pd.DataFrame(
        {
            "round": 0,
            "split": "test",
            "measure": "accuracy",
            "client": range(11),
            "value": values,
            "n": n,
        }
    )
    frame = pd.concat([one, one.assign(measure="loss")])
    rows = metrics.summary(frame).set_index("measure")
    assert rows.loc["accuracy", "bottom_decile"] == pytest.approx(2 / 11) and rows.loc[
        "loss", "bottom_decile"
    ] == pytest.approx(10 / 11)
    assert rows.loc["loss", "worst"] == 1


def test_share_that_loses_against_local():
    local = pd.DataFrame(
        {"client": list("abcd"), "measure": "accuracy", "value": [0.5, 0.5, 0.5, 0.5]}
    )
    other = pd.DataFrame(
        {"client": list("dcba"), "measure": "accuracy", "value": [0.4, 0.5, 0.6, 0.7]}
    )
    assert metrics.losing_share(other, local) == 0.25
    assert (
        metrics.losing_share(other.assign(measure="loss"), local.assign(measure="loss"), "loss")
        == 0.5
    )
    with pytest.raises(ValueError, match="each client once"):
        metrics.losing_share(pd.concat([other, other]), local)
