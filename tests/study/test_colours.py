"""Pictures of a hundred classes are dealt whole, and the net reads them."""

import numpy as np
import pytest

from mtl_lib.federated import FedAvg, simulate
from mtl_lib.stack import SGD
from study import colours

WORLDS = colours.Colours(*colours.standin(0), clients=4, images=2000, alpha=0.4)


def test_means_of_four_pixels():
    picture = np.zeros((1, 32, 32, 3), np.uint8)
    picture[0, :2, :2, 1] = [[100, 200], [200, 100]]
    small = colours.halved(picture)
    assert small.shape == (1, 3, 16, 16)
    assert small[0, 1, 0, 0] == pytest.approx((150 - 128) / 64)
    assert small[0, 0, 0, 0] == pytest.approx(-2)


@pytest.mark.parametrize("world", ["Dirichlet", "IID"])
def test_no_picture_is_on_two_sides(world):
    parts = WORLDS.federation(world, 3)
    rows = np.concatenate([t.rows for p in (parts.train, parts.valid, parts.test) for t in p])
    assert len(rows) == len(np.unique(rows)) == 2000


def test_only_the_dealt_classes_differ_between_clients():
    shares = {}
    for world in ("Dirichlet", "IID"):
        train = WORLDS.federation(world, 3).train
        counts = np.array([np.bincount(t.y, minlength=100) for t in train])
        shares[world] = (counts / counts.sum(1, keepdims=True)).std(0).mean()
    assert shares["Dirichlet"] > 2 * shares["IID"]


def test_the_net_learns_the_stand_in():
    parts = WORLDS.federation("IID", 3)
    run = {"rounds": 10, "batch_size": 32, "local_epochs": 1, "eval_every": 10, "seed": 3}
    history = simulate(FedAvg(colours.small_net(), SGD(0.3)), parts.train, test=parts.test, **run)
    rows = history.table[history.table["measure"] == "accuracy"]
    right = rows[rows["split"] == "test"].groupby("round")["value"].mean()
    assert right.iloc[-1] > 3 * right.iloc[0]
    count = sum(p.numel() for p in colours.small_net().module.parameters())
    assert f"{count:,}" in colours.small_net.__doc__
