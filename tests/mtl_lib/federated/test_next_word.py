"""Tables of counts: known answers, what the mixture must not do, and one line for bad input."""

import numpy as np
import pytest

from mtl_lib.data.generated.language import eating
from mtl_lib.federated import next_word
from mtl_lib.tasks import Inputs, Task, TaskSet

V = 4


def clients(*said) -> TaskSet:
    """One client per list of (before, next)."""
    tasks = []
    for k, pairs in enumerate(said):
        x, y = np.array(pairs).T
        tasks.append(
            Task(
                f"client {k}",
                Inputs(f"words {k}", x[:, None], "sequence"),
                np.arange(len(x)),
                y,
                "ce",
            )
        )
    return TaskSet(tasks)


@pytest.fixture
def spoken():
    return next_word.count(clients([(1, 2), (1, 2), (1, 3), (2, 1)], [(1, 3), (1, 3), (3, 3)]), V)


def test_counts_by_hand(spoken):
    pooled = spoken.pooled()
    assert pooled[1].tolist() == [0, 0, 2, 3] and pooled.sum() == 7 == spoken.n.sum()
    pair, total = spoken.seen(
        next_word.count(clients([(1, 2), (2, 2)], [(1, 2), (3, 3), (2, 1)]), V)
    )
    assert pair.tolist() == [2, 0, 0, 0, 1] and total.tolist() == [3, 1, 2, 0, 1]


def test_shrinking_interpolates_between_own_and_global(spoken):
    towards = next_word.smoothed(spoken.pooled(), np.full(V, 1 / V), 1.0)
    p = next_word.shrunk(spoken, spoken, towards, 3.0)
    own = spoken.n / spoken.seen(spoken)[1]
    weight = spoken.seen(spoken)[1] / (spoken.seen(spoken)[1] + 3)
    assert np.allclose(p, weight * own + (1 - weight) * towards[spoken.before, spoken.word])
    assert np.allclose(
        next_word.shrunk(spoken, spoken, towards, 1e12), towards[spoken.before, spoken.word]
    )
    assert np.allclose(next_word.shrunk(spoken, spoken, towards, 0.0), own)


def test_probabilities_sum_to_one(spoken):
    every = next_word.Counts(
        spoken.names, V, *np.indices((2, V, V)).reshape(3, -1), np.ones(2 * V * V)
    )
    towards = next_word.smoothed(spoken.pooled(), np.full(V, 1 / V), 1.0)
    found = next_word.mixture(spoken, 2, np.full(V, 1 / V), 1.0, seed=0)
    for p in (next_word.shrunk(spoken, every, towards, 2.0), found.probability(every)):
        assert np.allclose(p.reshape(2 * V, V).sum(axis=1), 1)


def test_one_component_is_the_global_table(spoken):
    found = next_word.mixture(spoken, 1, np.full(V, 1 / V), 1.0, seed=0)
    assert np.allclose(
        found.tables[0], next_word.smoothed(spoken.pooled(), np.full(V, 1 / V), 1.0)
    ) and np.allclose(found.pi, 1)


@pytest.mark.parametrize("components", [2, 3, 5])
def test_the_objective_never_falls(components):
    known = eating(T=20, n=30, seed=1)
    train = next_word.count(known.tasks, len(known.truth["words"]))
    found = next_word.mixture(
        train, components, np.full(train.words, 1 / train.words), 0.5, seed=2, rounds=60, tol=0
    )
    assert len(found.objective) > 5 and np.diff(found.objective).min() > -1e-9 * abs(
        found.objective[0]
    )


def test_separated_tables_are_recovered():
    first, second = [(1, 2)] * 50 + [(2, 1)] * 50, [(1, 3)] * 50 + [(2, 3)] * 50
    train = next_word.count(clients(first, second, first, second, first + second), V)
    found = next_word.mixture(train, 2, np.full(V, 1 / V), 1e-6, seed=0)
    m = int(np.argmax(found.pi[0]))
    assert np.allclose(found.pi[:, m], [1, 0, 1, 0, 0.5], atol=1e-3)
    assert np.allclose(found.tables[m, 1], [0, 0, 1, 0], atol=1e-3) and np.allclose(
        found.tables[1 - m, 1], [0, 0, 0, 1], atol=1e-3
    )


def test_a_permutation_of_clients_permutes_the_weights():
    known = eating(T=8, n=40, seed=3)
    size, order = len(known.truth["words"]), np.array([3, 1, 0, 2, 7, 6, 5, 4])

    def fit(tasks):
        return next_word.mixture(
            next_word.count(tasks, size), 2, np.full(size, 1 / size), 1.0, seed=0
        )

    one, other = fit(known.tasks), fit(known.tasks.permute(order))
    assert np.allclose(one.pi[order], other.pi, atol=1e-8) and np.allclose(
        one.tables, other.tables, atol=1e-8
    )


def test_dealing_keeps_sizes_and_the_global_table(spoken):
    null = next_word.dealt(spoken, 0)
    assert np.array_equal(null.pooled(), spoken.pooled())
    assert np.array_equal(np.bincount(null.client, null.n), np.bincount(spoken.client, spoken.n))


def test_log_loss_by_hand(spoken):
    found = next_word.log_loss(np.full(len(spoken.n), 0.25), spoken)
    assert np.isnan(found[0]) and np.allclose(found[1:], np.log(4))


def test_bad_input(spoken):
    with pytest.raises(ValueError, match="'client 0': word 3, allowed are codes below 3"):
        next_word.count(clients([(1, 3)]), 3)
    with pytest.raises(ValueError, match="table inputs and loss squared"):
        next_word.count(
            TaskSet([Task("a", Inputs("x", np.ones((2, 1))), np.arange(2), np.ones(2))]), 3
        )
    with pytest.raises(ValueError, match="3 components for 2 clients"):
        next_word.mixture(spoken, 3, np.full(V, 1 / V), 1.0, seed=0)
    with pytest.raises(ValueError, match="same clients and words"):
        spoken.seen(next_word.count(clients([(1, 2)]), V))
