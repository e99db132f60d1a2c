"""Which tasks together: identical, opposite and unrelated tasks, plain look-aheads, groups."""

import numpy as np
import pytest
import torch

from mtl_lib.neural import Dense, Head, Network, affinity, train
from mtl_lib.stack import SGD, Adam, Stack
from mtl_lib.tasks import Inputs, Task, TaskSet

NAMES = ["one", "same", "opposite", "unrelated"]
RNG = np.random.default_rng(1)
WIDTH = 20
W, V = np.linalg.qr(RNG.normal(size=(WIDTH, 2)))[0].T * 2
INPUTS = Inputs("x", RNG.normal(size=(1200, WIDTH)))
VECTORS = {"one": W, "same": W, "opposite": -W, "unrelated": V}
OWN = Network([Dense(WIDTH, 1, False)], {name: Head(1, start="torch") for name in NAMES})
COMMON = Network(
    [Dense(WIDTH, 1, False)], {"all": Head(1, start="torch")}, dict.fromkeys(NAMES, "all")
)


def drawn(seed, n):
    """The four tasks on rows of their own."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(1200)[: 4 * n].reshape(4, n)
    tasks = []
    for name, own in zip(NAMES, rows, strict=True):
        noise = rng.normal(size=n)
        tasks.append(Task(name, INPUTS, own, INPUTS.array[own] @ VECTORS[name] + noise))
    return TaskSet(tasks)


def error(task, z):
    return -((z[0] - task.y) ** 2)


def test_look_aheads_and_cosines_are_those_of_plain_torch():
    net = Network([Dense(WIDTH, 5), Dense(5, 4)], {name: Head(4, start="torch") for name in NAMES})
    sets = [drawn(seed, 12) for seed in (0, 1)]
    run = {"batch_size": 12, "dtype": torch.float64, "optimizer": SGD(0.1), "steps": 1}
    found = affinity.watched(net, sets, seeds=[3, 4], rate=0.05, **run)
    start = Stack.init(net, [3, 4], dtype=torch.float64).params
    for k, tasks in enumerate(sets):
        p = {name: value[k].clone().requires_grad_() for name, value in start.items()}
        shared = [p[name] for name in p if name.startswith("trunk")]
        before = losses(p, tasks)
        grads = [torch.autograd.grad(loss, shared, retain_graph=True) for loss in before]
        flat = torch.stack([torch.cat([g.flatten() for g in own]) for own in grads])
        unit = flat / flat.norm(dim=1, keepdim=True)
        np.testing.assert_allclose(found.cosine[k], unit @ unit.T, atol=1e-12)
        names = [name for name in p if name.startswith("trunk")]
        for s, own in enumerate(grads):
            steps = zip(names, own, strict=True)
            moved = p | {name: p[name] - 0.05 * slope for name, slope in steps}
            for t, after in enumerate(losses(moved, tasks)):
                plain = 1 - float((after / before[t]).detach())
                assert found.lookahead[k, s, t] == pytest.approx(plain, abs=1e-10)


def losses(p, tasks):
    """The mean loss of every task, by plain torch."""
    found = []
    for task in tasks:
        h = torch.as_tensor(task.X)
        for k in range(2):
            h = torch.relu(h @ p[f"trunk.{k}.weight"].T + p[f"trunk.{k}.bias"])
        z = h @ p[f"head.{task.name}.weight"][0] + p[f"head.{task.name}.bias"]
        found.append(((z - torch.as_tensor(task.y)) ** 2).mean() / 2)
    return found


def test_one_head_for_all_knows_the_same_the_opposite_and_the_unrelated_task():
    """Where the score itself is shared, the signs are known: +, - and about 0."""
    run = {"batch_size": 200, "optimizer": SGD(1e-6), "steps": 1}
    found = affinity.watched(COMMON, [drawn(s, 200) for s in range(4)], seeds=range(4), **run)
    cosine = found.cosine.mean(0)
    ahead = found.lookahead.mean(0)
    assert found.names == NAMES
    assert np.allclose(np.diagonal(found.cosine, axis1=1, axis2=2), 1)
    assert cosine[0, 1] > 0.7 and cosine[0, 2] < -0.7 and abs(cosine[0, 3]) < 0.35
    for s, t in ((0, 1), (1, 0)):
        assert ahead[s, t] > 0 > ahead[s, 2]
        assert abs(ahead[s, 3]) < 0.5 * ahead[s, t]


@pytest.fixture(scope="module")
def gains():
    """Gains of every pair, with heads of their own and with one head for all."""
    draws = {(seed,): drawn(seed, 32) for seed in range(5)}
    test = drawn(99, 250)
    run = {"steps": 120, "batch_size": 32, "score": error}
    return {
        name: affinity.pair_gains(net, draws, 0.06, test, **run)
        for name, net in (("own", OWN), ("common", COMMON))
    }


def median(gains):
    """Over draws: two heads that start with opposite signs may end beside the optimum."""
    return np.median(gains, axis=0)


def test_pairs_gain_what_their_relation_gives(gains):
    own, common = median(gains["own"]), median(gains["common"])
    assert gains["own"].shape == (5, 4, 4)
    assert min(own[0, 1], own[1, 0]) > 0.2
    assert min(own[0, 2], own[2, 0]) > 0.2  # a head of one's own turns the sign
    assert max(own[0, 3], own[3, 0]) < 0  # one direction cannot serve both
    assert common[0, 1] > 0.2 and common[0, 2] < -0.5 and common[3, 0] < 0
    assert np.abs(np.diagonal(own)).max() < 0.2  # chance


def test_groups_of_the_measured_gains_are_the_related_tasks(gains):
    assert affinity.groups(median(gains["own"])) == [[0, 1, 2], [3]]
    assert affinity.groups(median(gains["common"])) == [[0, 1], [2], [3]]


def test_a_gain_is_a_network_of_two_minus_one_of_one():
    draws = {(5,): drawn(5, 16)}
    test = drawn(99, 50)
    run = {"steps": 20, "batch_size": 16}
    found = affinity.pair_gains(OWN, draws, 0.03, test, error, **run)
    scores = {}
    for names in (["one"], ["one", "unrelated"]):
        tasks = draws[5,].subset(names)
        stack = train(OWN, [tasks], seeds=[5], optimizer=Adam(0.03), **run).stack
        p = {name: value[0].double().numpy() for name, value in stack.params.items()}
        h = test["one"].X @ p["trunk.0.weight"].T + p["trunk.0.bias"]
        z = h @ p["head.one.weight"][0] + p["head.one.bias"]
        scores[len(names)] = -((z - test["one"].y) ** 2).mean()
    assert found[0, 3, 0] == pytest.approx(scores[2] - scores[1], abs=1e-4)


def partitions(items):
    """All ways to deal items into groups."""
    if not items:
        yield []
        return
    first, *rest = items
    for other in partitions(rest):
        yield [[first], *other]
        for k in range(len(other)):
            yield [*other[:k], [first, *other[k]], *other[k + 1 :]]


@pytest.mark.parametrize("seed", range(4))
def test_groups_are_the_best_ones_where_blocks_are_clear(seed):
    rng = np.random.default_rng(seed)
    block = rng.permutation([0, 0, 0, 1, 1, 2])
    matrix = np.where(block[:, None] == block, 1.0, -1.0) + 0.2 * rng.normal(size=(6, 6))
    found = affinity.groups(matrix)
    best = max(partitions(list(range(6))), key=lambda some: affinity.total(matrix, some))
    assert sorted(found) == sorted(sorted(group) for group in best)
    assert all(len(set(block[group])) == 1 for group in found)


def test_a_given_number_of_groups_is_kept():
    matrix = -np.ones((5, 5))
    matrix[0, 1] = matrix[1, 0] = 0.5
    assert affinity.groups(matrix) == [[0, 1], [2], [3], [4]]
    assert len(affinity.groups(matrix, most=2)) == 2
    assert affinity.groups(np.ones((3, 3)), most=3) == [[0, 1, 2]]
    assert affinity.total(matrix, [[0, 1], [2, 3], [4]]) == pytest.approx(1.0 - 2.0)


def test_agreement_does_not_hang_on_one_task():
    gains = np.random.default_rng(0).normal(size=(5, 5))
    whole, without = affinity.agreement(gains**3, gains)
    assert whole == pytest.approx(1) and np.allclose(without, 1) and without.shape == (5,)
    assert affinity.agreement(-gains, gains)[0] == pytest.approx(-1)
    led = -gains
    led[0], gains[0] = 10.0, 10.0 + np.arange(5)  # only the first task's row agrees
    whole, without = affinity.agreement(led, gains)
    assert without[0] == pytest.approx(-1) and whole > without[0]
    assert np.isnan(affinity.agreement(np.ones((4, 4)), gains[:4, :4])[0])


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: affinity.groups([[1.0, 2.0]]), "groups: shape (1, 2)"),
        (lambda: affinity.groups([[0, np.nan], [1, 0]]), "not finite"),
        (lambda: affinity.groups(np.ones((2, 2)), most=0), "groups: most 0"),
        (lambda: affinity.agreement(np.ones((2, 2)), np.ones((2, 2))), "three tasks or more"),
        (lambda: affinity.Look(0), "Look: every 0"),
        (lambda: affinity.Look(rate=-1.0), "Look: rate -1.0"),
        (
            lambda: affinity.watched(
                OWN, [drawn(0, 5)], seeds=[0], optimizer=SGD(0.1), steps=4, batch_size=2,
                sampling="cycle",
            ),
            "shows one task at a time",
        ),
        (
            lambda: affinity.pair_gains(
                OWN, {(0,): drawn(0, 5).subset(["one"])}, 0.1, drawn(1, 5), error
            ),
            "task 'one' alone",
        ),
    ],
)  # fmt: skip
def test_bad_calls_get_one_line(make, said):
    with pytest.raises(ValueError) as caught:
        make()
    assert said in str(caught.value) and "\n" not in str(caught.value)
