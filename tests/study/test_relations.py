"""Relations that are known: how what is found is judged, and who chooses what."""

import numpy as np
import pytest

from mtl_lib.data.generated import heads
from mtl_lib.neural import Dense, Head, Network, arms, relationship_network
from mtl_lib.tasks import Inputs, Task, TaskSet
from study import relations

D = 6
RNG = np.random.default_rng(0)
FEATURES = {
    name: RNG.normal(size=(n, D)) for name, n in (("train", 4000), ("valid", 60), ("test", 50))
}
IMPOSED = relations.Imposed(FEATURES, tested=40)
PRIORS = relations.priors(D, [0.05, 0.25, 1.0], [0.1, 1.0])
MANY = [900] * 4


def test_agreement_sees_the_pattern_and_not_the_size():
    truth = IMPOSED.truth
    faint = np.eye(4) + 0.01 * (truth - np.eye(4))
    assert relations.agreement(truth, truth) == pytest.approx(1)
    assert relations.agreement(faint, truth) == pytest.approx(1)
    assert relations.agreement(2 * np.eye(4) - truth, truth) == pytest.approx(-1)
    assert relations.agreement(np.eye(4), truth) == 0


def test_judged_tells_the_unrelated_task_apart():
    found = IMPOSED.judged(IMPOSED.truth)
    pairs = [abs(IMPOSED.truth[0, 1]), abs(IMPOSED.truth[0, 2]), abs(IMPOSED.truth[1, 2])]
    assert found["related"] == pytest.approx(np.mean(pairs))
    assert found["unrelated"] == 0 and found["apart"] == found["related"]
    turned = np.eye(4) - (IMPOSED.truth - np.eye(4))
    assert IMPOSED.judged(turned)["related"] == pytest.approx(-found["related"])


def test_with_many_samples_every_prior_finds_the_heads_and_their_relation():
    Xs, ys = IMPOSED.data(MANY, relations.SAME, seed=3)
    W = IMPOSED.weights(3)
    true = relations.of_heads(W)
    for name in ("l2 heads", "oracle covariance", "task covariance"):
        found, relation = PRIORS[name].fit(Xs, ys, *PRIORS[name].grid[0])
        assert np.abs(found - W).max() < 0.1
        assert relations.agreement(relation, true) > 0.9, name


def test_strangers_are_not_related():
    size = 400
    wide = relations.Imposed({name: RNG.normal(size=(9, size)) for name in FEATURES})
    related = wide.judged(relations.of_heads(wide.weights(1)))
    strangers = wide.judged(relations.of_heads(wide.weights(1, strangers=True)))
    assert related["apart"] > 0.7 and abs(strangers["related"]) < 0.15


def test_readings_share_pictures_or_do_not():
    sizes = [5, 3, 3, 3]
    same, _ = IMPOSED.data(sizes, relations.SAME, seed=0)
    own, _ = IMPOSED.data(sizes, relations.OWN, seed=0)
    assert (same[1] == same[0][:3]).all() and [len(X) for X in own] == sizes
    rows = np.concatenate(own)
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_a_choice_is_the_best_on_validation_data_of_its_draw():
    prior = PRIORS["l2 heads"]
    Xs, ys = IMPOSED.data([12] * 4, relations.SAME, seed=7)
    by_setting = {
        setting: IMPOSED.skills(prior.fit(Xs, ys, *setting)[0], 7, "valid").mean()
        for setting in prior.grid
    }
    chosen = IMPOSED.choose(prior, [12] * 4, relations.SAME, 7)
    assert chosen == max(by_setting, key=by_setting.get)


def test_arms_have_equally_many_settings_and_ends_are_seen():
    assert {len(prior.grid) for prior in PRIORS.values()} == {6}
    prior = PRIORS["task covariance"]
    assert prior.at_end((0.05, 1.0)) and prior.at_end((0.25, 0.1))
    three = relations.Prior(prior.fit, [(a, b) for a in (1, 2, 3) for b in (1, 2, 3)])
    assert not three.at_end((2, 2)) and three.at_end((2, 3))
    assert not relations.Prior(prior.fit, [(1,)]).at_end((1,))


def test_the_relation_of_networks_is_what_updates_settle_on():
    X = RNG.normal(size=(40, 3))
    table = Inputs("x", X)
    tasks = TaskSet([Task(name, table, np.arange(40), X[:, 0]) for name in heads.NAMES])
    net = Network([Dense(3, 5)], {name: Head(5) for name in heads.NAMES})
    (part,) = arms.fit(arms.Arm(net), {(40, 0): tasks, (40, 1): tasks}, 0.01, steps=3, batch_size=8)
    found = relations.of_networks(part, nu=1.0)
    more = relations.of_networks(part, nu=1.0, sweeps=400)
    assert list(found) == [(40, 0), (40, 1)]
    for key, relation in found.items():
        assert np.diag(relation) == pytest.approx(1)
        assert relation == pytest.approx(more[key], abs=0.02)
    weights = [part.stack.params[f"head.{name}.weight"][0, 0].numpy() for name in heads.NAMES]
    W = np.stack(weights, -1)[:, None, :]
    only = relationship_network.update(
        W, relationship_network.covariances(W.shape), 1.0, modes=(2,)
    )
    alone = relations.of_networks(part, nu=1.0, modes=(2,))[40, 0]
    assert alone == pytest.approx(relationship_network.correlations(only[2]))
