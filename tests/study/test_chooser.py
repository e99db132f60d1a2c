"""Every way through the chooser is short and ends at things that exist."""

import copy

import pytest
from pydantic import ValidationError

from mtl_lib import classical
from study.guide import chooser, names

RAW = names.yaml(chooser.FILE)
CHOOSER = chooser.load()
WAYS = list(CHOOSER.paths())


def changed(*keys, value):
    """The chooser with one value replaced."""
    raw = copy.deepcopy(RAW)
    place = raw
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return chooser.Chooser.model_validate(raw)


def test_the_file_has_no_fault():
    assert chooser.faults(CHOOSER) == []


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " > ".join(way[0])[:60])
def test_a_way_has_at_most_five_answers_and_ends(way):
    said, end = way
    assert 1 <= len(said) <= chooser.MOST_ANSWERS and end in CHOOSER.ends


def test_every_situation_and_every_notebook_is_reached():
    first = {said[0] for said, _ in WAYS}
    assert first == {answer.say for answer in CHOOSER.questions[chooser.FIRST].answers}
    assert len(first) == 5
    reached = {CHOOSER.ends[end].notebook for _, end in WAYS}
    led_to = {name.split("_")[0] for name in reached}
    numbers = {name.split("_")[0] for name in names.notebooks()} - {"00"}
    # "02a" is a closer look at what "02" begins with
    assert {number for number in numbers if not {number, number[:2]} & led_to} == set()


def test_every_reading_of_the_atlas_has_an_end():
    assert {end.reading for end in CHOOSER.ends.values()} == {*chooser.FILTERS["reading"]}


def test_the_calls_of_baselines_make_estimators():
    calls = [baseline.call for baseline in CHOOSER.baselines.values() if baseline.call]
    assert len(calls) == len(set(calls)) == 4
    for call in calls:
        made = eval(call, vars(classical))
        assert isinstance(made, (classical.LinearMTLCV, classical.PooledLevels))


def test_every_baseline_is_used():
    used = {name for end in CHOOSER.ends.values() for name in end.baselines}
    assert used == set(CHOOSER.baselines)


END = ("ends", "grouped-table")


@pytest.mark.parametrize(
    "keys, value, fault",
    [
        (("questions", "start", "answers", 0, "to"), "nowhere", "no place 'nowhere'"),
        (("questions", "sites", "answers", 0, "to"), "sites", "more than 5 answers"),
        (("questions", "sites", "answers", 0, "to"), "sites-unknown", "no answer leads there"),
        ((*END, "reading"), "4", "no reading '4'"),
        ((*END, "notebook"), "09_none", "no notebook '09_none'"),
        ((*END, "baselines"), ["alone", "pooled", "best"], "no baseline 'best'"),
        ((*END, "sets"), ["exam", "radon", "nothing"], "no entry of the atlas 'nothing'"),
        ((*END, "sets"), ["exam", "exam", "radon"], "'exam' twice"),
        ((*END, "claims"), ["1-none"], "no claim '1-none'"),
        ((*END, "atlas"), {"reading": "1", "size": "more"}, "filter size = 'more'"),
        ((*END, "atlas"), {"reading": "1", "partition": "made"}, "its filters leave"),
        (("baselines", "alone", "code"), ["mtl_lib.classical.Rigde"], "no code"),
        (("baselines", "alone", "code"), ["mtl_libs.classical"], "no code"),
    ],
)
def test_a_fault_is_found(keys, value, fault):
    lines = chooser.faults(changed(*keys, value=value))
    assert any(fault in line for line in lines), lines


@pytest.mark.parametrize(
    "keys, value",
    [
        ((*END, "sets"), ["exam", "radon"]),
        ((*END, "claims"), []),
        ((*END, "reading"), 1),
        ((*END, "colour"), "red"),
        (("questions", "start", "answers"), []),
        (("baselines", "alone", "why"), ""),
    ],
)
def test_the_schema_refuses(keys, value):
    with pytest.raises(ValidationError):
        changed(*keys, value=value)
