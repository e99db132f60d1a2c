"""Triples and pairs of classes of notebook 03c: who is trained on what, known answers, nulls."""

import numpy as np
import pytest

from mtl_lib.data.features.triples import FIRST, SECOND
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet
from study import same_loss, trunk
from study.same_loss import PLANS, Together, Triples, pictures
from study.same_loss.pairs import shuffled_groups

CLASSES = ("p", "q", "r", "s")
RUN = {"steps": 300, "batch_size": 16, "patience": 3, "check": 10}


def images(purpose, per_class=80, width=6, distance=1.8):
    """Four classes of Gaussian numbers; p and q are near each other, r and s far away."""
    centres = np.zeros((4, width))
    centres[0, 0] = distance
    centres[2:, 1] = 6.0
    centres[3, 2] = 6.0
    y = np.repeat(np.arange(4), per_class)
    x = centres[y] + stream(0, "test images", purpose).standard_normal((len(y), width))
    inputs = Inputs("numbers", x.astype(np.float32))
    return TaskSet([Task("class", inputs, np.arange(len(y)), y, "ce", meta={"classes": CLASSES})])


PARTS = tuple(images(purpose) for purpose in ("train", "validation", "test"))
NETS = same_loss.networks(6, 64)


def triples(parts=PARTS, seeds=(0,), **options):
    options = {"validated": 40, "tested": 80, **options}
    return Triples(parts, list(seeds), [0.003, 0.01], RUN, **options)


def test_candidates_are_all_triples_once_and_begin_as_asked():
    found = same_loss.candidates(CLASSES, 3, (("q", "r", "p"),))
    assert found[0] == ("q", "r", "p") and len(found) == len(set(found)) == 6 * 2
    assert all(a < b and c not in (a, b) for a, b, c in found)
    assert sorted(found) == sorted(same_loss.candidates(CLASSES, 4))


def test_thirds_keeps_so_many_of_every_pair():
    found = same_loss.thirds(same_loss.candidates(CLASSES, 0), 1, 4)
    assert len({names[:2] for names in found}) == len(found) == 4


@pytest.mark.parametrize("name", PLANS)
def test_every_arm_trains_on_what_it_says_and_is_asked_one_task(name):
    plan = PLANS[name]
    names = ("p", "q", "r")
    drawn = plan.images(PARTS[0], names, 8, 0, 4)
    whole = PLANS["joint"].images(PARTS[0], names, 8, 0, 4)
    assert drawn.names == plan.trains()
    assert plan.asked(PARTS[1], names, 40, 0).names == [plan.task]
    if plan.network == "both":
        assert len(drawn[SECOND]) == (8 if plan.as_small else 32)
        constant = len(set(drawn[SECOND].y)) == 1
        assert constant == (plan.labels == "constant")
    if FIRST in drawn.names:
        count = 8 + (16 if plan.told else 0)
        assert len(drawn[FIRST]) == count
        np.testing.assert_array_equal(drawn[FIRST].rows[:8], whole[FIRST].rows)


def test_room_is_found_where_there_is_some_and_triples_without_are_left_out():
    asked = triples(times=4)
    asked_of = [("p", "q", "r"), ("p", "r", "q"), ("p", "q", "s"), ("r", "s", "p")]
    room = asked.room([("p", "q", "r"), ("r", "s", "p")], 4, 3)
    assert room.loc["p/q/r", "separate"] < 0.95 < room.loc["r/s/p", "separate"]
    assert asked.with_room(asked_of, 4, 3, 0.0, 0.95) == [("p", "q", "r"), ("p", "q", "s")]
    assert asked.with_room(asked_of, 4, 3, 0.9, 0.95) == asked_of


def test_networks_reach_the_plain_level_and_told_beats_separate():
    asked = triples(seeds=range(4), validated=100)
    names = ["separate", "separate again", "told", "joint, task 2"]
    table, rates = asked.compare(names, NETS, [("p", "q", "r")], [16])
    level = table.groupby(["task", "arm"])["auc"].mean()
    plain = asked.plain([("p", "q", "r")], [16])["auc"].mean()
    assert level[FIRST, "separate"] > plain - 0.1
    assert level[FIRST, "told"] > level[FIRST, "separate"]
    assert level[SECOND, "joint"] > 0.95 and len(rates) == len(names)


def test_no_arm_sees_test_images_when_it_chooses_or_stops():
    upside_down = images("test")
    turned = TaskSet([upside_down[0].take(np.arange(len(upside_down[0]))[::-1])])
    rate_tables = [
        triples((*PARTS[:2], test)).compare(["joint"], NETS, [("p", "q", "r")], [8])[1]
        for test in (PARTS[2], turned)
    ]
    assert rate_tables[0].equals(rate_tables[1])


def test_pairs_share_no_image_and_a_class_that_runs_out_is_named():
    tasks = same_loss.pair_tasks(PARTS[0], [("p", "q"), ("p", "q"), ("q", "r")], 20, 0)
    assert tasks.names == ["p|q", "p|q (2)", "q|r"]
    rows = np.concatenate([task.rows for task in tasks])
    assert len(set(rows.tolist())) == len(rows) == 60
    with pytest.raises(ValueError, match="class 'p' has 80 images, 160"):
        same_loss.pair_tasks(PARTS[0], [("p", "q"), ("p", "q")], 160, 0)


def test_predictions_of_known_gains_and_of_nothing():
    rng = np.random.default_rng(0)
    gains = rng.standard_normal((6, 6))
    repeated = np.stack([gains] * 4)
    found = same_loss.predictions({"right": gains, "wrong": -gains}, repeated, "abcdef", 0)
    mean = found.groupby("measure")["correlation"].mean()
    assert mean["right"] == pytest.approx(1) and mean["wrong"] == pytest.approx(-1)
    assert mean["half of the draws"] == pytest.approx(1) and mean["permuted"] < 0.9


def test_together_measures_pairs_and_groups():
    pairs = [("p", "q"), ("p", "q"), ("r", "s")]
    together = Together(PARTS, pairs, 8, 20, 20, [0, 1], 8, 0.01, RUN)
    assert together.gains().shape == (2, 3, 3)
    assert {values.shape for values in together.cheap().values()} == {(3, 3)}
    grouped = together.grouped({"alone": [[0], [1], [2]], "alone again": [[0], [1], [2]]})
    assert len(grouped) == 2 * 2 * 3 and set(grouped["task"]) == {"p|q", "p|q (2)", "r|s"}


def test_groups_at_random_keep_their_sizes():
    found = shuffled_groups([[0, 1, 2], [3], [4, 5]], 0)
    assert [len(group) for group in found] == [3, 1, 2]
    assert sorted(sum(found, [])) == list(range(6))


def test_superclass_triples_are_inside_one_kind_and_c_is_not():
    kind = {name: k for k, own in trunk.SUPERCLASSES.items() for name in own.split()}
    found = pictures.superclass_triples(0)
    assert len(found) == 200 and len(pictures.superclass_triples(0, left_out=True)) == 40
    for a, b, c in found:
        assert kind[a] == kind[b] != kind[c]
    unseen = {name for names in pictures.superclass_triples(0, left_out=True) for name in names}
    assert unseen <= set(trunk.LEFT_OUT)


def test_pictures_of_superclasses_and_what_the_trunk_makes_of_them():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(100), 10)
    x = rng.integers(0, 256, (len(y), 32, 32, 3)).astype(np.uint8)
    parts = pictures.superclass_parts(0, loaded=(x, y))
    assert parts[0][0].X.shape[1:] == (3, 8, 8) and sum(len(part[0]) for part in parts) == 1000
    seen_by_trunk = pictures.superclass_parts(0, True, (x, y))
    assert seen_by_trunk[0][0].X.shape[1:] == (120,)
    assert sum(len(part[0]) for part in seen_by_trunk) == 200
