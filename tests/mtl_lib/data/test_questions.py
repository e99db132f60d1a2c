"""Questions about pictures, few codes for many ids, related heads, turned pictures."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from mtl_lib.data.features import sequences, triples
from mtl_lib.data.features.questions import GROUPS, questions
from mtl_lib.data.generated.heads import answers, related
from mtl_lib.data.generated.images import turned
from mtl_lib.data.sources import fashion, mnist, movielens
from mtl_lib.tasks import Inputs, Task, TaskSet
from mtl_lib.transforms import one_label_each, permuted

PICTURES = triples.grey([fashion.standin(0)])


def test_four_questions_about_the_same_pictures():
    four = questions(PICTURES)
    assert four.names == ["class", "group", "ink", "asymmetry"] and four.regime == (
        "shared",
        "different",
    )
    assert [t.loss for t in four] == ["ce", "ce", "squared", "squared"]
    names, groups = four["class"].meta["classes"], four["group"].meta["classes"]
    for y, g in zip(four["class"].y[:50], four["group"].y[:50], strict=True):
        assert names[y] in GROUPS[groups[g]]
    for name in ("ink", "asymmetry"):
        assert abs(four[name].y.mean()) < 1e-5 and abs(four[name].y.std() - 1) < 1e-5
    ink = PICTURES[0].X.sum(axis=(1, 2, 3))
    assert np.corrcoef(ink, four["ink"].y)[0, 1] > 0.99999
    mirrored = PICTURES.map_inputs(lambda a: a[..., ::-1].copy())
    assert np.allclose(questions(mirrored)["asymmetry"].y, four["asymmetry"].y, atol=1e-4)


def test_another_class_has_no_group():
    with pytest.raises(ValueError, match="questions: class '0', allowed are T-shirt"):
        questions(triples.grey([mnist.standin(0)]))


def test_the_commonest_ids_keep_a_code():
    ids = np.array([[5, 5, 9], [5, 9, 0], [3, 0, 0], [7, 9, 0]])
    inputs = Inputs("seen", ids, "sequence")
    tasks = TaskSet(
        [
            Task(
                "next",
                inputs,
                np.arange(4),
                np.array([4, 8, 6, 2]),
                "ce",
                meta={"classes": tuple("abcdefghi")},
            ),
            Task("r", inputs, np.arange(4), np.ones(4)),
        ]
    )
    coded = sequences.commonest(tasks, 2, np.arange(3), "next")
    assert coded[0].inputs.array.tolist() == [
        [2, 2, 3],
        [2, 3, 0],
        [1, 0, 0],
        [1, 3, 0],
    ]  # 5 and 9 are the commonest of the first three rows
    assert coded["next"].observed.tolist() == [True, True, False, False] and coded["next"].y[
        :2
    ].tolist() == [0, 1]
    assert coded["next"].meta["classes"] == ("e", "i") and coded["r"].observed is None
    with pytest.raises(
        ValueError, match="codes of 'seen': keep 99, allowed is a whole number from 1 to 3"
    ):
        sequences.commonest(tasks, 99, np.arange(3))


def test_films_have_codes_of_the_training_users():
    films = movielens.standin(0, length=10)
    pool = films.split("samples", 0.6, 0)[0]
    coded = sequences.commonest(films, 30, pool[0].rows, "next film")
    assert (
        coded[0].inputs.array.max() == 31
        and coded["next film"].y.max() == 29
        and coded.regime == films.regime
    )
    ids, counts = np.unique(films[0].inputs.array[pool[0].rows], return_counts=True)
    assert (coded[0].inputs.array == 2).sum() == (
        films[0].inputs.array == ids[1:][np.argmax(counts[1:])]
    ).sum()


def test_related_heads_and_their_answers():
    W, covariance = related(2000, 1, spread=0.5)
    assert W.shape == (2000, 4) and np.allclose(
        covariance, [[1, 1, -1, 0], [1, 1.25, -1, 0], [-1, -1, 1.25, 0], [0, 0, 0, 1]]
    )
    assert np.abs(W.T @ W - covariance).max() < 0.12
    X = np.random.default_rng(0).normal(size=(5000, 2000)) / np.sqrt(2000)
    assert abs((answers(X, W[:, 0], 0, "first", 0.5) - X @ W[:, 0]).std() - 0.5) < 0.02


def test_turned_pictures_are_turned_and_disjoint():
    task = mnist.standin(3)[0].take(np.arange(60))
    known = turned(task, 3)
    digit, angle = known.tasks
    assert known.tasks.regime == ("own", "different") and len(digit) + len(angle) == 60
    assert (known.truth["angle"][digit.rows] == 0).all() and np.abs(
        known.truth["angle"]
    ).max() <= 45
    k = angle.rows[0]
    again = ndimage.rotate(
        task.X[k].astype(np.float32) / 255, known.truth["angle"][k], reshape=False, order=1
    )
    assert np.allclose(angle.inputs.array[k], np.clip(again, 0, 1)) and np.allclose(
        angle.y[0], known.truth["angle"][k] / 45
    )
    assert np.allclose(digit.inputs.array[digit.rows[0]], task.X[digit.rows[0]] / 255)
    with pytest.raises(ValueError, match="has 1 image"):
        turned(task.take(np.arange(1)), 3)


def test_permuted_labels_keep_their_margins_and_nothing_else():
    task = questions(PICTURES)["class"]
    other = permuted(task, 0)
    assert (
        (np.sort(other.y) == np.sort(task.y)).all()
        and (other.y == task.y).mean() < 0.2
        and other.inputs is task.inputs
    )
    tags = np.where(np.arange(6) < [[2], [6], [4]], [[1, 2, 0, 0, 1, 2]], -100)
    words = Task("t", Inputs("w", np.ones((3, 6), int), "sequence"), np.arange(3), tags, "token_ce")
    mixed = permuted(words, 1)
    assert (
        ((mixed.y < 0) == (tags < 0)).all()
        and (np.sort(mixed.y.ravel()) == np.sort(tags.ravel())).all()
        and (mixed.y != tags).any()
    )
    seen = replace(task, observed=np.arange(len(task)) % 3 == 0)
    dealt = permuted(seen, 0)
    assert (np.sort(dealt.y[dealt.observed]) == np.sort(seen.y[seen.observed])).all()


def test_one_label_each():
    four = one_label_each(questions(PICTURES), 0)
    there = np.array([t.observed for t in four])
    assert (there.sum(axis=0) == 1).all() and np.ptp(there.sum(axis=1)) <= 1
    with pytest.raises(ValueError, match="one label each: own inputs"):
        one_label_each(
            TaskSet(
                [t.take(np.arange(9 * k, 9 * k + 5)) for k, t in enumerate(questions(PICTURES))]
            ),
            0,
        )
