"""Methods that become another one when a parameter is at the end of its range."""

import numpy as np
import pytest
import torch
from all_methods import METHODS
from comparing import assert_same

from mtl_lib.federated import (
    IFCA,
    SCAFFOLD,
    DFedEM,
    FedAvg,
    FedEM,
    FedProx,
    PerFedAvg,
    join,
    simulate,
)
from mtl_lib.federated.engine.simulation import participants
from mtl_lib.stack import MLP, SGD
from mtl_lib.tasks import TaskSet

NET, RULE = MLP((6, 4, 1)), SGD(0.1, momentum=0.9, weight_decay=0.01)


def run(method, tasks, **others):
    setting = {
        "rounds": 4,
        "batch_size": 4,
        "local_epochs": 2,
        "participation": 0.6,
        "seed": 3,
        "eval_every": 0,
        "dtype": torch.float64,
    }
    return simulate(method, tasks, **{**setting, **others})


@pytest.mark.parametrize("over", ["participants", "all"])
@pytest.mark.parametrize("weights", ["samples", "clients"])
def test_fedprox_without_pull_per_fedavg_without_step_and_ifca_with_one_model_are_fedavg(
    weights, over, clients
):
    fedavg = run(FedAvg(NET, RULE, weights=weights, over=over), clients()).state.server["model"]
    options = {"weights": weights, "over": over}
    for method in (
        FedProx(NET, RULE, mu=0.0, **options),
        PerFedAvg(NET, RULE, alpha=0.0, order="exact", **options),
        IFCA(NET, RULE, models=1, **options),
    ):
        assert_same(run(method, clients()).state.server["model"], fedavg)


def test_scaffold_with_one_client_is_fedavg(clients):
    tasks = clients(sizes=(23,))
    same = [
        run(method, tasks, participation=1.0).state.server["model"]
        for method in (SCAFFOLD(NET, RULE), FedAvg(NET, RULE))
    ]
    assert_same(*same)


def test_the_first_round_of_scaffold_is_fedavgs(clients):
    """All controls start at 0."""
    assert_same(
        *(
            run(method, clients(), rounds=1).state.server["model"]
            for method in (SCAFFOLD(NET, RULE), FedAvg(NET, RULE))
        )
    )


@pytest.mark.parametrize("weights", ["samples", "clients"])
@pytest.mark.parametrize("loss", ["logistic", "ce", "squared"])
def test_dfedem_with_shares_of_all_clients_is_fedem(loss, weights, clients):
    tasks, net = clients(loss), MLP((6, 3)) if loss == "ce" else NET
    rule = SGD(0.02, momentum=0.9, weight_decay=0.01)
    a = run(
        DFedEM(
            net,
            rule,
            components=3,
            graph="complete",
            mixing="average",
            weights=weights,
            keep_memory=True,
        ),
        tasks,
        participation=1.0,
        eval_every=1,
    )
    b = run(
        FedEM(net, rule, components=3, weights=weights, keep_memory=True),
        tasks,
        participation=1.0,
        eval_every=1,
    )
    for name in tasks.names:
        at = a.state.names.index(name)
        assert_same(
            {key: p[at] for key, p in a.state.server["model"].items()}, b.state.server["model"]
        )
    assert_same({"pi": a.state.of(tasks.names)["pi"]}, {"pi": b.state.of(tasks.names)["pi"]})
    np.testing.assert_allclose(a.table["value"], b.table["value"], rtol=0, atol=1e-10)


def test_metropolis_weights_are_symmetric_and_keep_the_mean(clients):
    """The path a - b - c: degrees 1, 2, 1, hence 1/3 on both edges, by hand."""
    tasks = clients(sizes=(8, 8, 8))
    method = DFedEM(
        NET, RULE, components=2, graph={"client 0": ["client 1"], "client 1": ["client 2"]}
    )
    server = run(method, tasks, rounds=0).state.server
    everyone, n = torch.arange(3), torch.tensor([8.0, 8.0, 8.0], dtype=torch.float64)
    np.testing.assert_allclose(
        method._mixing(server["edges"], everyone, n),
        np.array([[2, 1, 0], [1, 1, 1], [0, 1, 2]]) / 3,
        atol=1e-15,
    )
    np.testing.assert_allclose(
        method._mixing(server["edges"], everyone[:2], n[:2]),
        np.array([[2, 1], [1, 2]]) / 3,
        atol=1e-15,
    )


def test_a_client_of_dfedem_that_sits_out_keeps_its_components(clients):
    tasks, method = clients(), DFedEM(NET, RULE, components=2)
    before, after = (run(method, tasks, rounds=rounds).state for rounds in (0, 1))
    took_part = {before.names[k] for k in participants(before.names, 0.6, 3, 1)}
    for k, name in enumerate(before.names):
        same = all(
            torch.equal(a[k], b[k])
            for a, b in zip(
                before.server["model"].values(), after.server["model"].values(), strict=True
            )
        )
        assert same == (name not in took_part)


def test_dfedem_of_a_client_without_weight_leaves_the_others_as_they_are(clients):
    whole = clients(weight=[1, 1, 1, 1, 1, 1, 0])
    method = DFedEM(NET, RULE, components=2, mixing="average")
    a, b = (
        run(method, tasks, participation=1.0, eval_every=2).table
        for tasks in (whole, TaskSet(list(whole)[:-1]))
    )
    a = a[a["client"] != whole.names[-1]]
    np.testing.assert_allclose(a["value"], b["value"], rtol=0, atol=1e-10)


def test_clients_alone_on_the_graph_learn_alone(clients):
    """No edges: a client's components do not depend on the others' data."""
    whole = clients()
    alone = run(DFedEM(NET, RULE, components=2, graph={}), whole, participation=1.0)
    fewer = run(
        DFedEM(NET, RULE, components=2, graph={}), TaskSet(list(whole)[:3]), participation=1.0
    )
    for name in whole.names[:3]:
        at, of = alone.state.names.index(name), fewer.state.names.index(name)
        assert_same(
            *(
                {key: p[k] for key, p in s.state.server["model"].items()}
                for s, k in ((alone, at), (fewer, of))
            )
        )


def test_a_new_client_joins(clients):
    """What a newcomer gets depends on its own data.

    D-FedEM says that it has no neighbours.
    """
    new = clients(sizes=(9,), seed=1, part="new").permute([0])
    new = TaskSet([type(t)("new", t.inputs, t.rows, t.y, t.loss) for t in new])
    for name, make in METHODS.items():
        if name.startswith(
            (
                "FedAvg",
                "FedProx",
                "SCAFFOLD",
                "Ditto",
                "FedEM",
                "Per-",
                "pFedMe",
                "FedRep",
                "IFCA",
                "Label",
            )
        ):
            method = make()
            state = join(method, run(method, clients()).state, new, batch_size=4)
            assert method.predict(state, "new", new[0].X).isfinite().all(), name
    state = run(DFedEM(MLP((6, 1)), RULE, components=2), clients()).state
    with pytest.raises(ValueError, match="client 'new' did not train and has no neighbours"):
        join(DFedEM(MLP((6, 1)), RULE, components=2), state, new)
