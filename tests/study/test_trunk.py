"""The trunk that has seen the world: its classes, deal, folding, script on a small run, file."""

import json

import numpy as np
import pytest
import torch

from mtl_lib.neural import Head, Network, arms, train
from mtl_lib.stack import SGD
from mtl_lib.tasks import Inputs, Task, TaskSet
from study import trunk
from study.trunk import __main__ as script
from study.trunk import images, measuring
from study.trunk.kept import WEIGHTS, layers, read, saved, scaled, scores
from study.trunk.net import Net
from study.trunk.training import rate, trained

RNG = np.random.default_rng(0)


def pictures(per_class=40):
    """100 classes of pictures; the first three that the trunk sees differ by their colours."""
    y = np.repeat(np.arange(100), per_class)
    x = RNG.integers(0, 256, (len(y), 32, 32, 3)).astype(np.uint8)
    for k, name in enumerate(trunk.SEEN[:3]):
        x[y == trunk.CLASSES.index(name), :, :, k] //= 3
    return x, y


X, Y = pictures()


def test_no_question_uses_a_class_that_the_trunk_sees():
    assert len(trunk.CLASSES) == 100 and len(set(trunk.CLASSES)) == 100
    assert trunk.CLASSES[0] == "apple" and trunk.CLASSES[-1] == "worm"
    assert len(trunk.SEEN) == 80 and not set(trunk.SEEN) & set(trunk.LEFT_OUT)
    assert set(trunk.LEFT_OUT) >= {"man", "woman", "boy", "girl", "baby", "wolf", "fox"}
    for classes in trunk.SUPERCLASSES.values():
        assert len({name in trunk.LEFT_OUT for name in classes.split()}) == 1
        assert len(classes.split()) == 5


def test_test_pictures_do_not_train():
    x = X.copy()
    seen = np.flatnonzero(trunk.CLASSES.index(trunk.SEEN[5]) == Y)
    x[seen[1:]] = x[seen[0]]  # 40 copies: none of them may be on both sides
    train_set, test_set = images.dealt(x, Y, seed=3, tested=10)
    assert len(train_set.x) == 80 * 30 and len(test_set.x) == 79 * 10
    assert set(train_set.y) == set(range(80)) and 5 not in test_set.y
    known = {picture.tobytes() for picture in train_set.x}
    assert not known & {picture.tobytes() for picture in test_set.x}
    again = images.dealt(x, Y, seed=3, tested=10)[1]
    assert np.array_equal(again.x, test_set.x)


def test_shaken_pictures_are_moved_or_mirrored():
    x = np.arange(3 * 8 * 8).reshape(1, 3, 8, 8).repeat(200, 0)
    moved = images.shaken(x, np.random.default_rng(0), reach=1)
    around = np.pad(x[0], ((0, 0), (1, 1), (1, 1)), mode="edge")
    windows = [around[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)]
    allowed = {w.tobytes() for own in windows for w in (own, own[:, :, ::-1])}
    found = {picture.tobytes() for picture in moved}
    assert found == allowed


def test_the_rate_rises_and_falls():
    rates = [rate(done) for done in np.linspace(0, 1, 101)]
    assert rates[0] == 0 and rates[-1] == pytest.approx(0) and max(rates) == pytest.approx(0.2)
    assert np.argmax(rates) == 15


@pytest.fixture(scope="module")
def net():
    """A network after a few updates, so that its normalisation has something to fold."""
    train_set, _ = images.dealt(X, Y, seed=0, tested=10)
    small = images.first(train_set, 5)
    return trained(small, 5, epochs=2, seed=1, told=lambda line: None)


def test_folded_weights_are_the_network_without_normalisation(net, tmp_path):
    path = tmp_path / "weights.npz"
    saved(net.folded(), path)
    x = images.dealt(X, Y, seed=0, tested=10)[1].x[:20]
    with torch.no_grad():
        plain = net(torch.as_tensor(scaled(x))).numpy()
    assert np.abs(plain).max() > 0.1
    np.testing.assert_allclose(scores(path, x), plain, atol=0.02 * np.abs(plain).max())


def test_arms_take_the_folded_weights(net):
    known = {name: v for name, v in net.folded().items() if name.startswith("trunk.")}
    network = Network(layers(), {"t": Head(120)})
    ways = arms.pretrained(network, known, rank=1)
    inputs = Inputs("pictures", scaled(X[:6].transpose(0, 3, 1, 2)), "image")
    tasks = TaskSet([Task("t", inputs, np.arange(6), np.arange(6) % 2, "logistic")])
    for arm in ways.values():
        options = {"optimizer": SGD(0.01), "steps": 1, "batch_size": 6, "seeds": [0]}
        assert len(train(arm.network, [tasks], **options, **(arm.options or {})).stack) == 1


def test_the_script_reproduces_its_accuracy(monkeypatch, tmp_path):
    monkeypatch.setattr(images, "load", lambda: (X, Y))
    monkeypatch.setattr(images, "TESTED", 10)
    monkeypatch.setattr(images.dealt, "__defaults__", (10,))
    monkeypatch.setattr("study.trunk.training.BATCH", 30)
    found = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        words = ["--epochs", "4", "--classes", "3", "--out", str(tmp_path / folder)]
        script.main(words)
        found.append(json.loads((tmp_path / folder / "trunk.json").read_text()))
    assert found[0] == found[1]
    assert found[0]["accuracy"] > 0.8 and found[0]["classes"] == 3
    script.main([*words, "--measure"])
    assert json.loads((tmp_path / "two" / "trunk.json").read_text()) == found[0]


def test_the_committed_weights_are_those_that_were_measured():
    facts = trunk.facts()
    halves = read(WEIGHTS)
    assert WEIGHTS.stat().st_size <= 1_000_000
    assert facts["weights"] == sum(values.size for values in halves.values()) <= 300_000
    assert facts["classes"] == 80 and facts["left_out"] == list(trunk.LEFT_OUT)
    assert all(
        values.dtype == np.float16 and np.isfinite(values).all() for values in halves.values()
    )
    known = trunk.weights()
    assert set(known) == {
        f"trunk.{k}.{part}" for k, layer in enumerate(layers()) for part in layer.parts
    }
    assert facts["accuracy"] > 2 * facts["accuracy_of_logistic_regression_on_block_means"]


@pytest.mark.data
def test_the_committed_accuracy_is_found_again():
    try:
        x, y = images.load()
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    _, test_set = images.dealt(x, y, script.SEED)
    assert measuring.accuracy(WEIGHTS, test_set) == pytest.approx(
        trunk.facts()["accuracy"], abs=0.01
    )


def test_weights_of_another_hash_are_refused(monkeypatch):
    monkeypatch.setattr("study.trunk.kept.facts", lambda: {"sha256": "0" * 64})
    with pytest.raises(ValueError, match="weights.npz: SHA-256"):
        trunk.weights()


def test_data_that_are_missing_or_another_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("MTL_DATA_MIRROR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="MTL_DATA_MIRROR"):
        images.load()
    (tmp_path / images.FILE).write_bytes(b"something else")
    with pytest.raises(ValueError, match="cifar100.npz: SHA-256"):
        images.load()


def test_a_network_has_fewer_weights_than_it_may():
    assert sum(value.size for value in Net(80).folded().values()) <= 300_000
