"""Methods that become another one when a parameter is at the end of its range."""

import pytest
import torch
from all_methods import METHODS
from comparing import assert_same

from mtl_lib.federated import (
    IFCA,
    SCAFFOLD,
    FedAvg,
    FedProx,
    PerFedAvg,
    join,
    simulate,
)
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


def test_a_new_client_joins(clients):
    """What a newcomer gets depends on its own data."""
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
                "FedPer",
                "FedBN",
                "IFCA",
                "Label",
            )
        ):
            method = make()
            state = join(method, run(method, clients()).state, new, batch_size=4)
            assert method.predict(state, "new", new[0].X).isfinite().all(), name
