"""Labels, weights and scores in every form are (n,), or refused in one line.

Every entry of the room that takes one value per sample is tried with every form.
"""

import numpy as np
import pandas as pd
import pytest
import torch

from mtl_lib.neural import (
    Dense,
    Head,
    Network,
    RelatedHeads,
    Replicas,
    arms,
    entities,
    predict,
    relationship_network,
    scores,
    train,
)
from mtl_lib.stack import SGD, Adam
from mtl_lib.tasks import Inputs, Task, TaskSet

RNG = np.random.default_rng(0)
N = 24
X = RNG.normal(size=(N, 3))
INPUTS = Inputs("x", X)
Z = RNG.normal(size=(2, N))
BINARY = np.arange(N) % 2
CODES = np.arange(N) % 3
REAL = np.round(4 * X[:, 0]) / 4  # the same in float32
WORDS = np.array(["B-x", "I-x", "O", "B-y", "O", "O"] * (N // 6))
KINDS = np.array(["x", "x", "O", "y", "O", "z"] * (N // 6))

FORMS = {
    "column": lambda y: y[:, None],
    "list": lambda y: y.tolist(),
    "list of lists": lambda y: y[:, None].tolist(),
    "series": lambda y: pd.Series(y, index=np.arange(len(y))[::-1] + 7),
    "frame": lambda y: pd.DataFrame({"y": y}, index=np.arange(len(y))[::-1]),
    "objects": lambda y: y.astype(object),
    "strided": lambda y: np.repeat(y, 2)[::2],
    "read-only": lambda y: np.lib.stride_tricks.as_strided(y, writeable=False),
    "small": lambda y: y.astype({"f": "f4", "i": "i1", "U": "U9"}[y.dtype.kind]),
    "other numbers": lambda y: y.astype({"f": "f8", "i": "f4", "U": "U3"}[y.dtype.kind]),
}


def trained(y, loss, outputs=1, **options):
    """Answers of two networks that were trained on these labels."""
    tasks = [TaskSet([Task("t", INPUTS, np.arange(N), y, loss)])] * 2
    net = Network([Dense(3, 4)], {"t": Head(4, outputs)})
    options = {"seeds": [0, 1], "optimizer": SGD(0.1), "dtype": torch.float64} | options
    stack = train(net, tasks, steps=5, batch_size=8, **options).stack
    return predict(net, stack, Replicas(tasks, torch.float64), "t")


def asked(y, loss, outputs, score):
    """Scores of an arm on a test set with these labels."""
    tasks = TaskSet([Task("t", INPUTS, np.arange(N), y, loss)])
    known = {"squared": REAL, "ce": CODES}[loss]
    plain = TaskSet([Task("t", INPUTS, np.arange(N), known, loss)])
    arm = arms.Arm(Network([Dense(3, 4)], {"t": Head(4, outputs)}))
    parts = arms.fit(arm, {(N, 0): plain}, 0.01, steps=5, batch_size=8)
    return arms.scored({"a": parts}, tasks, score).values["a", "t", (N, 0)]


def penalty_of(rule):
    params = {f"head.{name}.weight": torch.ones(N, 1, 2) for name in "ab"}
    return rule(params | {"trunk.0.weight": torch.arange(2.0 * N).reshape(N, 2)}).numpy()


ONE_HOT = Z[:, :, None] * np.array([1.0, -1.0, 0.3])
SIGMAS = relationship_network.covariances((3, 2))
POSITIVE = np.abs(REAL)
# entry point -> (function of the labels, plain labels)
ENTRIES = {
    "auc": (lambda y: scores.auc(Z, y), BINARY),
    "placements": (lambda y: scores.placements(Z, y), BINARY),
    "accuracy": (lambda y: scores.accuracy(Z, y), BINARY),
    "accuracy of signs": (lambda y: scores.accuracy(Z, y), 2 * BINARY - 1),
    "right": (lambda y: scores.right(ONE_HOT, y), CODES),
    "skill, squared": (lambda y: scores.skill("squared", Z, y, REAL), REAL),
    "skill, logistic": (lambda y: scores.skill("logistic", Z, y, BINARY), BINARY),
    "skill, hinge": (lambda y: scores.skill("squared_hinge", Z, y, BINARY), BINARY),
    "skill, ce": (lambda y: scores.skill("ce", ONE_HOT, y, CODES), CODES),
    "skill, bce": (lambda y: scores.skill("bce", Z, y, BINARY), BINARY),
    "skill, known": (lambda y: scores.skill("squared", Z, REAL, y), REAL),
    "skill, known classes": (lambda y: scores.skill("ce", ONE_HOT, CODES, y), CODES),
    "train, squared": (lambda y: trained(y, "squared"), REAL),
    "train, logistic": (lambda y: trained(y, "logistic"), BINARY),
    "train, hinge": (lambda y: trained(y, "squared_hinge"), BINARY),
    "train, ce": (lambda y: trained(y, "ce", 3), CODES),
    "scored, squared": (
        lambda y: asked(y, "squared", 1, lambda t, z: scores.skill("squared", z, t.y, REAL)),
        REAL,
    ),
    "scored, ce": (lambda y: asked(y, "ce", 3, lambda t, z: scores.right(z, t.y)), CODES),
    "ridge_heads": (
        lambda y: relationship_network.ridge_heads([X, X], [y, REAL], SIGMAS, 0.3),
        REAL,
    ),
    "related_heads": (
        lambda y: relationship_network.related_heads([X, X], [REAL, y], 0.3)[0],
        REAL,
    ),
    "RelatedHeads, strength": (lambda y: penalty_of(RelatedHeads(["a", "b"], y)), POSITIVE),
    "tied, strength": (lambda y: penalty_of(relationship_network.tied(1, y)), POSITIVE),
}
TEXTS = {
    "entities": (lambda y: sorted(entities.spans(y)), WORDS),
    "runs": (lambda y: sorted(entities.runs(y)), KINDS),
    "typed, boundaries": (lambda y: entities.typed(y, KINDS), WORDS),
    "typed, types": (lambda y: entities.typed(WORDS, y), KINDS),
}
PER_REPLICA = {
    "weights": (lambda v: trained(REAL, "squared", weights={"t": v}), np.array([0.5, 2.0])),
    "rates": (lambda v: trained(REAL, "squared", optimizer=_with_rates(v)), np.array([0.25, 0.5])),
    "seeds": (lambda v: trained(REAL, "squared", seeds=v), np.array([3, 9])),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("entry", [*ENTRIES, *TEXTS])
def test_every_form_is_the_plain_one(entry, form):
    function, y = (ENTRIES | TEXTS)[entry]
    form = FORMS[form](y)
    before = np.array(form, copy=True)
    np.testing.assert_array_equal(function(form), function(y))
    np.testing.assert_array_equal(np.asarray(form), before)


@pytest.mark.parametrize("form", ["column", "list", "series", "objects", "strided", "read-only"])
@pytest.mark.parametrize("entry", PER_REPLICA)
def test_values_per_replica_in_every_form(entry, form):
    function, values = PER_REPLICA[entry]
    np.testing.assert_array_equal(function(FORMS[form](values)), function(values))


def _with_rates(rates):
    """An optimiser that was given its rates later, so that ``train`` has to read them."""
    optimizer = Adam(0.1)
    optimizer.lr = rates
    return optimizer


def spoilt(y, value):
    y = y.astype(object)
    y[3] = value
    return y


BAD = {
    "a row": lambda y: y[None],
    "two columns": lambda y: np.stack([y, y], 1),
    "too few": lambda y: y[:-1],
    "NaN": lambda y: spoilt(y, np.nan),
    "None": lambda y: spoilt(y, None),
    "text": lambda y: np.where(y == y[0], "yes", "no"),
    "text among numbers": lambda y: spoilt(y, "?"),
    "a scalar": lambda y: y[0],
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("entry", ENTRIES)
def test_another_form_is_refused_in_one_line(entry, bad):
    function, y = ENTRIES[entry]
    if (entry, bad) in ALLOWED:
        pytest.skip(ALLOWED[entry, bad])
    with pytest.raises((ValueError, TypeError)) as caught:
        function(BAD[bad](y))
    assert "\n" not in str(caught.value)


ALLOWED = {
    **{("skill, known", bad): "labels of any number of samples" for bad in ("too few",)},
    ("skill, known classes", "too few"): "labels of any number of samples",
    ("RelatedHeads, strength", "a scalar"): "one strength for all",
    ("tied, strength", "a scalar"): "one strength for all",
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("entry", ["entities", "runs", "typed, boundaries", "typed, types"])
def test_tags_of_another_form_are_refused(entry, bad):
    function, y = TEXTS[entry]
    if (entry, bad) in {("entities", "too few"), ("runs", "too few")}:
        pytest.skip("sentences of any length")
    if bad in ("text", "text among numbers") and entry in ("runs", "typed, types"):
        pytest.skip("a type may be any word")
    with pytest.raises(ValueError) as caught:
        function(BAD[bad](y))
    assert "\n" not in str(caught.value)
