"""What cannot be meant is refused in one line, and what is asked of a network has its own size."""

import numpy as np
import pytest
import torch

from mtl_lib.neural import (
    Bag,
    Conv,
    Dense,
    Head,
    Network,
    RelatedHeads,
    Replicas,
    Tokens,
    arms,
    entities,
    features,
    predict,
    relationship_network,
    scores,
    train,
)
from mtl_lib.stack import SGD, Adam, Stack
from mtl_lib.tasks import Inputs, Task, TaskSet

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4))
INPUTS = Inputs("x", X)
HEADS = {"a": Head(5, 3), "b": Head(5)}
NET = Network([Dense(4, 5)], HEADS)
BOTH = TaskSet(
    [
        Task("a", INPUTS, np.arange(40), np.arange(40) % 3, "ce"),
        Task("b", INPUTS, np.arange(40), X[:, 0]),
    ]
)


def on(rows, tasks=BOTH):
    return TaskSet([task.take(rows) for task in tasks])


def task(y, loss="ce", name="a", **more):
    return TaskSet([Task(name, INPUTS, np.arange(len(y)), np.asarray(y), loss, **more)])


def run(sets, net=NET, seeds=(0,), **options):
    options = {"steps": 2, "batch_size": 4, "optimizer": SGD(0.1)} | options
    return train(net, sets, seeds=seeds, **options)


def fitted(draws=None, **arm):
    draws = {(40, 0): BOTH, (40, 1): BOTH} if draws is None else draws
    return arms.fit(arms.Arm(NET, **arm), draws, 0.01, steps=2, batch_size=4)


def score(task, z):
    if task.loss == "ce":
        return scores.right(z, task.y)
    return scores.skill("squared", z, task.y, BOTH["b"].y)


def test_every_draw_is_answered_on_its_own_test_set():
    tests = {(40, 0): on(np.arange(20)), (40, 1): on(np.arange(39, -1, -1))}
    parts = fitted()
    for name, outputs in (("a", (3,)), ("b", ())):
        z = arms.answers(parts, tests, name)
        assert {key: value.shape for key, value in z.items()} == {
            (40, 0): (20, *outputs),
            (40, 1): (40, *outputs),
        }
        alone = arms.answers(parts, BOTH, name)
        np.testing.assert_allclose(z[40, 0], alone[40, 0][:20], atol=1e-6)
        np.testing.assert_allclose(z[40, 1], alone[40, 1][::-1], atol=1e-6)
    found = arms.scored({"joint": parts}, tests, score)
    assert [len(value) for value in found.values.values()] == [20, 40, 20, 40]
    assert found.table()["score"].notna().all()


def test_tested_units_are_those_of_the_draws_own_test_set():
    tests = {}
    for key, rows in (((40, 0), np.arange(6)), ((40, 1), np.arange(9))):
        parts = [
            Task(t.name, t.inputs, t.rows[rows], t.y[rows], t.loss, groups=rows % (3 + key[1]))
            for t in BOTH
        ]
        tests[key] = TaskSet(parts)
    found = {"x": fitted(), "y": fitted(again=5)}
    items = arms.scored(found, tests, score, grouped=True).contrast("x", "y", "b")["items"]
    assert items.groupby("seed")["unit"].agg(list).tolist() == [[0, 1, 2], [0, 1, 2, 3]]


def test_networks_that_a_penalty_ties_are_those_of_one_draw():
    """On own rows as well: the networks of a draw stand side by side."""
    own = TaskSet([BOTH["a"].take(np.arange(20)), BOTH["b"].take(np.arange(20, 40))])
    draws = {(20, 0): own, (20, 1): own}
    tied = {"penalty": relationship_network.tied(2, 0.1)}
    (part,) = fitted(draws, way="alone", options=tied)
    assert part.keys == [(20, 0), (20, 0), (20, 1), (20, 1)]
    assert part.tasks == [("a",), ("b",)] * 2
    assert len(fitted(draws, way="alone")) == 2


# entry -> what trains or scores on the labels of a task
ENTRIES = {
    "train": lambda tasks: run([tasks]),
    "predict": lambda tasks: predict(NET, Stack.init(NET, [0]), Replicas([tasks]), "a"),
    "answers": lambda tasks: arms.answers(fitted(), tasks, "a"),
    "scored": lambda tasks: arms.scored({"x": fitted()}, tasks, score),
    "tuned": lambda tasks: arms.tuned(
        {"x": arms.Arm(NET)}, {(40, 0): BOTH}, tasks, score, [0.1], steps=2, batch_size=4
    ),
    "compared": lambda tasks: arms.compared(
        {"x": arms.Arm(NET)},
        {(40, 0): BOTH},
        {(40, 9): BOTH},
        BOTH,
        tasks,
        score,
        [0.1],
        steps=2,
        batch_size=4,
    ),
}
# A head knows its outputs; the form of labels is the task's own affair, which names itself.
LABELS = {
    "a class beyond the head": ([0, 1, 2, 7], "labels from 0 to 7, the head has 3 outputs"),
    "a negative class": ([0, 1, 2, -1], "label -1"),
    "halves": ([0, 0.5, 1, 1.5], "label 0.5"),
    "text": (["x", "y", "x", "z"], "x"),
    "objects": (np.array([0, "y", 1, 2], object), ""),
    "dates": (np.array(["2020-01-01"] * 4, "datetime64[D]"), "2020"),
    "several": ([[0, 1], [1, 2], [0, 1], [2, 2]], r"\(4, 2\)"),
    "none": (np.array([0, 1, None, 2]), "2"),
}


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("entry", ENTRIES)
def test_labels_that_a_head_has_no_output_for(entry, labels):
    y, said = LABELS[labels]
    with pytest.raises(ValueError, match=f"task 'a': .*{said}") as caught:
        ENTRIES[entry](task(y))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("head", [Head(5, 2), Head(5), Head(5, 4)])
def test_a_head_has_an_output_for_every_label_of_a_sample(head):
    with pytest.raises(ValueError, match=f"3 labels per sample, the head has {head.outputs}"):
        run([task(np.eye(3), "bce")], Network([Dense(4, 5)], {"a": head}))


DRAWS = {(40, 0): BOTH}
IDS = Inputs("ids", np.array([[1, 2, 3], [4, 5, 0], [1, -2, 0]]), "sequence")
SPOKEN = TaskSet([Task("w", IDS, np.arange(3), np.arange(3) % 2, "ce")])


@pytest.mark.parametrize(
    "make, said",
    [
        # seeds
        (lambda: run([BOTH], seeds=None), "train: seeds None, one whole number per replica"),
        (lambda: run([BOTH], seeds=[None]), "train: seeds 0 is missing"),
        (lambda: run([BOTH], seeds=[0.9]), "train: seed 0.9, allowed is a whole number"),
        (lambda: run([BOTH], seeds=[True]), "train: seed True, allowed is a whole number"),
        (lambda: run([BOTH], seeds=["0"]), "train: seed '0', allowed is a whole number"),
        (lambda: run([BOTH], seeds=0), r"train: seeds of shape \(\)"),
        (lambda: fitted({(40, 0.9): BOTH}), "seed 0.9, allowed is a whole"),
        (lambda: fitted({(40, None): BOTH}), "seed None, allowed is a whole"),
        (lambda: fitted({7: BOTH}), "fit: key 7 of a draw, a tuple that ends with a seed"),
        (lambda: fitted(again=0.5), "arm: again 0.5"),
        (lambda: arms.first_rows(BOTH, 5, None), "draw: seed None"),
        (lambda: arms.first_rows(BOTH, 5, 0.9), "draw: seed 0.9"),
        (lambda: arms.first_rows(BOTH, 0, 0), "draw: n 0, allowed is a whole number, 1 or more"),
        # no replica
        (lambda: run([], seeds=[]), "no replica: at least one is needed"),
        (lambda: Replicas([]), "no replica: at least one is needed"),
        (lambda: run(BOTH, seeds=[0, 1]), "one TaskSet, a list of them is needed"),
        (lambda: run([BOTH["a"]]), "replica 0: Task, a TaskSet is needed"),
        (lambda: fitted({}), "fit: no draw"),
        # heads and tasks
        (lambda: run([task([0, 1], name="z")]), "task 'z': the network has no head for it"),
        (lambda: Network([Dense(4, 5)], HEADS, {"a": "a"}), "head 'b': no task reads it"),
        (lambda: Network([], HEADS, links={"z": abs}), "link 'z': no such task"),
        (
            lambda: predict(NET, Stack.init(NET, [0]), Replicas([BOTH]), "z"),
            "task 'z': no such task",
        ),
        (
            lambda: predict(NET, Stack.init(NET, [0, 1]), Replicas([BOTH]), "a"),
            "predict: 2 networks for 1 replicas",
        ),
        (
            lambda: features(NET, Stack.init(NET, [0, 1]), Replicas([BOTH]), "a"),
            "features: 2 networks for 1 replicas",
        ),
        (
            lambda: features(NET, Stack.init(NET, [0]), Replicas([BOTH]), "z"),
            "features: no task 'z'",
        ),
        (
            lambda: features(NET, Stack.init(NET, [0]), Replicas([BOTH]), "a", 5),
            "features: depth 5, the trunk has 1 layers",
        ),
        (lambda: arms.answers(fitted(), BOTH, "z"), "answers: task 'z', no network answers it"),
        # options
        (lambda: run([BOTH], chunk=0), "train: chunk 0"),
        (lambda: run([BOTH], batch_size=2.5), "train: batch_size 2.5"),
        (lambda: run([BOTH], steps=True), "train: steps True"),
        (lambda: run([BOTH], optimizer=0.1), "train: optimizer 0.1, allowed are SGD and Adam"),
        (lambda: run([BOTH], optimizer=SGD([0.1, 0.2])), "train: 2 learning rates for 1 replicas"),
        (lambda: run([BOTH], weights={"a": [1, 2]}), "task 'a': 2 weights for 1 replicas"),
        (lambda: run([BOTH], weights={"a": np.nan}), "task 'a': weights nan"),
        (lambda: run([BOTH], weights={"a": None}), "task 'a': weights None"),
        (lambda: run([BOTH], weights={"z": 1}), "weights: task 'z' is not among"),
        (lambda: run([BOTH], start=Stack.init(NET, [0, 1])), "2 networks in start, 1 replicas"),
        (lambda: Adam([0.1, np.nan]), "learning rate"),
        (
            lambda: arms.fit(
                arms.Arm(NET, "alone"), DRAWS, 0.1, steps=1, batch_size=4, weights={"z": 1}
            ),
            "weights: task 'z' is not among",
        ),
        # test sets
        (lambda: arms.scored({"x": fitted()}, {}, score), "test sets: none, at least one"),
        (lambda: arms.scored({"x": fitted()}, None, score), "test set None, allowed are"),
        (lambda: arms.answers(fitted(), None, "a"), "test set None, allowed are"),
        (lambda: arms.answers(fitted(), {(1, 1): BOTH}, "a"), r"none for draw \(40, 0\)"),
        (lambda: arms.tuned({}, DRAWS, BOTH, score, [0.1]), "tuned: 0 arms, one is needed"),
        (
            lambda: arms.tuned({"x": arms.Arm(NET)}, DRAWS, BOTH, score, []),
            "tuned: arm .x.: 1 settings, 0 rates",
        ),
        (
            lambda: arms.tuned(
                {"x": arms.Arm(NET)}, DRAWS, {}, score, [0.1], steps=1, batch_size=4
            ),
            "test sets: none, at least one is needed",
        ),
        (
            lambda: arms.scored({"x": fitted()}, BOTH, lambda t, z: np.ones((40, 40))),
            "score of task 'a': 1600 values for 40 samples",
        ),
        # inputs of one name
        (lambda: Replicas([BOTH, named_x(X[::-1])]), "two different arrays are called 'x'"),
        (lambda: Replicas([BOTH, named_x(X[:, ::-1])]), "two different arrays are called 'x'"),
        (lambda: Replicas([BOTH, named_x(X[:, :2])]), "inputs 'x' of two shapes"),
        (
            lambda: arms.scored({"x": fitted()}, hidden(5), score),
            "score of task 'a': 5 labels of the test set are hidden",
        ),
        # contrasts
        (lambda: contrast(fitted(), where={"depth": 1}), "contrast: no 'depth' in keys"),
        (lambda: contrast(fitted({(40, 0): BOTH})), r"no 'y' of task 'b' for draw \(40, 1\)"),
        (lambda: grouped([0, 1], [1, 0]).contrast("x", "y"), "tasks 'a' and 'b' have other groups"),
        (
            lambda: arms.gains_apart(of_seeds([0, 1]), of_seeds([0, 2]), "x", "y", "a"),
            "gains_apart: the two comparisons have other pairs",
        ),
        # layers
        (lambda: Dense(0, 3), "Dense: inputs 0"),
        (lambda: Conv(1, 2, size=4), "Conv: size 4, allowed is an odd number"),
        (lambda: Tokens(9, 2, 3, size=2), "Tokens: size 2, allowed is an odd number"),
        (lambda: Head(4, 0), "Head: outputs 0"),
        (lambda: run([SPOKEN], Network([Tokens(9, 2, 3)], {"w": Head(3, 2, pool="max")})), "id -2"),
        (lambda: run([SPOKEN], Network([Bag(9, 2, 4)], {"w": Head(2, 2)})), "takes \\(4,\\)"),
        # priors
        (lambda: RelatedHeads("ab"), "RelatedHeads: heads 'ab', a list of names is needed"),
        (lambda: RelatedHeads([]), "a list of names is needed"),
        (lambda: RelatedHeads(["a"], -1.0), "RelatedHeads: strength -1.0"),
        (lambda: RelatedHeads(["a"], every=0), "RelatedHeads: every 0"),
        (lambda: RelatedHeads(["a"], modes=(3,)), "mode 3, allowed are 0 to 2"),
        (lambda: run([BOTH], penalty=RelatedHeads(["z"])), "no head 'z', the networks have"),
        (lambda: run([BOTH], penalty=RelatedHeads(["a", "b"])), "head 'b' of shape"),
        (lambda: run([BOTH], penalty=RelatedHeads(["a"], [1.0, 2.0])), "strength of 2 networks"),
        (
            lambda: run([BOTH], penalty=RelatedHeads(["a"], sigmas=[np.eye(2)] * 3)),
            "covariances of shapes",
        ),
        (
            lambda: run([BOTH], penalty=relationship_network.tied(2, 1.0)),
            "tied: 1 networks in groups of 2",
        ),
        (
            lambda: run([BOTH], penalty=relationship_network.tied(1, [1.0, 2.0])),
            "tied: 1 networks in groups of 1, strength for 2 groups",
        ),
        (lambda: relationship_network.tied(0, 1.0), "tied: tasks 0"),
        (
            lambda: relationship_network.update(np.ones((2, 2)), [np.eye(2)] * 2, modes=(5,)),
            "mode 5, allowed are 0 to 1",
        ),
        (
            lambda: relationship_network.update(np.ones((2, 3)), [np.eye(2)] * 2),
            "covariances of shapes",
        ),
        (
            lambda: relationship_network.ridge_heads([X], [X[:, 0]], [np.eye(4), np.eye(1)], 0),
            "ridge_heads: noise 0",
        ),
        (
            lambda: relationship_network.related_heads([X, X[:, :2]], [X[:, 0]] * 2, 1.0),
            "task 1: inputs of shape",
        ),
        # scores
        (lambda: scores.auc(np.array([0, np.nan]), [0, 1]), r"score \(1,\) is NaN"),
        (lambda: scores.accuracy(np.array([[np.nan, 1]]), [0, 1]), r"score \(0, 0\) is NaN"),
        (lambda: scores.auc([0.1, 0.2], [1, 2]), "auc: label 2, allowed are 0 and 1"),
        (lambda: scores.accuracy([0.1, 0.2], [1, 2]), "accuracy: label 2"),
        (lambda: scores.right(np.eye(3)[None], [0, 1, 3]), "right: label 3, .* from 0 to 2"),
        (lambda: scores.right(np.eye(3)[None], [0, 1, 1.5]), "right: label 1.5"),
        (lambda: scores.skill("hinge", X[:, :1].T, [0], [0]), "skill: loss 'hinge', allowed are"),
        (lambda: scores.skill("token_ce", X[None], [0], [0]), "skill: loss 'token_ce'"),
        (lambda: scores.skill("ce", np.eye(3)[None], [0, 1, 2], [0, 5]), "skill: label 5"),
        (lambda: scores.skill("logistic", np.eye(2), [-1, 1], [0, 1]), "skill: label -1"),
        (lambda: scores.delta_m({}, {}), "delta_m: no value"),
        (lambda: scores.delta_m({("t", "m"): 1.0}, {("t", "m"): 1.0}, ("error",)), "no measure"),
        (lambda: scores.delta_m({("t", "m"): np.nan}, {("t", "m"): 1.0}), "'m' of task 't' is nan"),
        # entities
        (lambda: entities.spans("BIO"), "tags 'BIO', a list with one per token is needed"),
        (lambda: entities.typed(["B", "I"], ["x"]), "typed: 1 types for 2 tokens"),
        (lambda: entities.spelled([[0, 3]], ["O", "B"], [2]), "sentence 0 has code 3"),
        (lambda: entities.spelled([[0, -1]], ["O", "B"], [2]), "sentence 0 has code -1"),
        (lambda: entities.spelled([[0, 1]], ["O", "B"], [3]), "sentence 0 of length 3"),
        (lambda: entities.spelled([[0.0, 1]], ["O", "B"], [2]), "whole numbers .* are needed"),
        (lambda: entities.counts([set()], []), "counts: 0 predicted sentences, 1 there"),
        (lambda: entities.counts([["O"]], [["O"]]), "sentence 0 is a list, a set"),
        (lambda: entities.f1([1, 2, 3]), r"f1: counts of shape \(3,\)"),
        (lambda: entities.f1([[3, 2, 4]]), "more right than predicted or there"),
        (lambda: entities.by_sentence(np.zeros((0, 3))), "by_sentence: no sentence"),
    ],
)
def test_what_cannot_be_meant_gets_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


def contrast(other, where=()):
    found = arms.scored({"x": fitted(), "y": other}, BOTH, score)
    return found.contrast("x", "y", "b", **dict(where))


def named_x(array):
    """Both tasks on other inputs of the same name."""
    other = Inputs("x", array)
    return TaskSet([Task(t.name, other, t.rows, t.y, t.loss) for t in BOTH])


def hidden(count):
    seen = np.arange(40) >= count
    return TaskSet([Task(t.name, INPUTS, t.rows, t.y, t.loss, observed=seen) for t in BOTH])


def of_seeds(seeds, groups=None):
    values = {(arm, t, (s,)): np.arange(2.0) for arm in "xy" for t in "ab" for s in seeds}
    return arms.Scores(values, ("seed",), groups or {})


def grouped(first, second):
    return of_seeds([0], {"a": np.array(first), "b": np.array(second)})


NAMES = {c.__name__: c for c in (Dense, Conv, Bag, Tokens, Head, Network, RelatedHeads)}


@pytest.mark.parametrize(
    "thing, typed",
    [
        (Dense(3, 4), "Dense(3, 4)"),
        (Dense(3, 4, False), "Dense(3, 4, activation=False)"),
        (Conv(1, 8, 5), "Conv(1, 8, size=5)"),
        (Bag(9, 4, 3), "Bag(9, 4, 3)"),
        (Tokens(9, 4, 3), "Tokens(9, 4, 3)"),
        (Head(7), "Head(7)"),
        (Head(8, 3, pool="token"), "Head(8, outputs=3, pool='token')"),
        (Head(9, depth=0, specific=(5,)), "Head(9, depth=0, specific=(5,))"),
        (NET, "Network([Dense(4, 5)], {'a': Head(5, outputs=3), 'b': Head(5)})"),
        (
            Network([], {"h": Head(2)}, {"t": "h"}, {"x": [Dense(4, 2)]}),
            "Network([], {'h': Head(2)}, tasks={'t': 'h'}, encoders={'x': [Dense(4, 2)]})",
        ),
    ],
    ids=str,
)
def test_repr_is_what_one_types(thing, typed):
    assert repr(thing) == typed and repr(eval(typed, NAMES)) == typed


def test_repr_of_a_prior_and_of_data():
    rule = RelatedHeads(["a", "b"], [0.5, 1.0], every=None, nu=0.1, modes=(2,))
    assert repr(eval(repr(rule), NAMES)) == repr(rule)
    assert repr(Replicas([BOTH, BOTH])) == "<Replicas: 2 of tasks 'a', 'b'>"
    assert len(repr(fitted())) < 400


def test_one_label_of_bce_is_the_logistic_loss():
    y = np.arange(40) % 2
    net = Network([Dense(4, 5)], {"b": Head(5)})
    params = [
        run([task(labels, loss, "b")], net, dtype=torch.float64).stack.params
        for labels, loss in ((y, "logistic"), (y[:, None], "bce"))
    ]
    for name, value in params[0].items():
        torch.testing.assert_close(params[1][name], value)


def test_sequences_of_one_token_are_sequences():
    ids = Inputs("ids", np.arange(1, 9)[:, None] % 4, "sequence")
    net = Network([Tokens(9, 2, 3)], {"t": Head(3, 2, pool="token")})
    tasks = TaskSet([Task("t", ids, np.arange(8), np.arange(8)[:, None] % 2, "token_ce")])
    assert predict(net, run([tasks], net).stack, Replicas([tasks]), "t").shape == (1, 8, 1, 2)
