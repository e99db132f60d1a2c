"""Every source: the stand-in has the real columns and sizes; the real data are what their card says."""
import numpy as np
import pytest

from mtl_lib.data import exam, hsb82, radon

SOURCES = [exam, hsb82, radon]
FACTS = {exam: (65, 4059, 2, 198, 8), hsb82: (160, 7185, 14, 67, 3), radon: (85, 919, 1, 116, 1)}


def check(tasks, source):
    count, samples, smallest, largest, width = FACTS[source]
    assert (len(tasks), tasks.sizes.sum(), tasks.sizes.min(), tasks.sizes.max()) == (count, samples, smallest, largest)
    assert tasks[0].X.shape[1] == width == len(tasks[0].inputs.columns)
    assert tasks.regime == ("own", "same")


@pytest.mark.parametrize("source", SOURCES, ids=lambda m: m.__name__)
def test_standin(source):
    tasks = source.standin(3)
    check(tasks, source)
    assert np.array_equal(tasks[0].y, source.standin(3)[0].y) and not np.array_equal(tasks[0].y, source.standin(4)[0].y)
    assert "simulated" in tasks.name


@pytest.mark.parametrize("source", SOURCES, ids=lambda m: m.__name__)
def test_card(source):
    assert all(vars(source.CARD).values())
    assert str(FACTS[source][0]) in source.CARD.tasks and f"{FACTS[source][1]:,}" in source.CARD.tasks


@pytest.mark.data
@pytest.mark.parametrize("source", SOURCES, ids=lambda m: m.__name__)
def test_real(source):
    tasks = source.load()
    check(tasks, source)
    assert tasks[0].inputs.columns == source.standin(0)[0].inputs.columns


@pytest.mark.data
def test_known_numbers_of_the_real_data():
    y = np.concatenate([task.y for task in exam.load()])
    assert y.mean() == pytest.approx(-0.000114, abs=1e-5) and y.std() == pytest.approx(1, abs=5e-3)
    one = hsb82.load()["school 1224"]
    assert len(one) == 47 and one.y[0] == pytest.approx(5.876)
    aitkin = radon.load()["county 1"]
    assert aitkin.y[0] == pytest.approx(0.788457, abs=1e-6) and aitkin.X[0, 0] == 1
