"""The protocol names code that exists, and its example is computed, never typed."""

import copy

import numpy as np
import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from mtl_lib.classical import LinearMTLCV, PooledLevels
from mtl_lib.data import grouped
from mtl_lib.data.generated.linear import linear
from study.guide import example, names, protocol

RAW = names.yaml(protocol.FILE)
MEASURED = names.yaml(protocol.MEASURED)
SMALL = example.ExampleSettings(splits=2, pilot=1, n_lams=3, folds=2, permutations=19)


def changed(**changes):
    """The protocol with its first step changed."""
    raw = copy.deepcopy(RAW)
    raw["steps"][0] |= changes
    return protocol.Protocol.model_validate(raw)


def test_the_file_has_no_fault():
    assert protocol.faults(protocol.load(), MEASURED) == []


@pytest.mark.parametrize(
    "changes, fault",
    [
        ({"code": ["mtl_lib.tasks.TaskSets"]}, "no code 'mtl_lib.tasks.TaskSets'"),
        ({"here": "{unit[school][tasks]} tasks"}, "no place"),
        ({"here": "148 tasks"}, "the figure '148' is typed"),
        ({"table": "means"}, "no table 'means'"),
        ({"name": "split"}, "its name occurs twice"),
    ],
)
def test_a_fault_is_found(changes, fault):
    lines = protocol.faults(changed(**changes), MEASURED)
    assert any(fault in line for line in lines), lines


def test_another_form_is_refused():
    with pytest.raises(ValidationError):
        changed(colour="red")
    with pytest.raises(ValidationError):
        protocol.Protocol.model_validate({**RAW, "steps": RAW["steps"][:7]})


def test_no_notebook_uses_the_example():
    tables = [table for name, table in grouped.TABLES.items() if name.startswith("scotland")]
    for path in (names.ROOT / "notebooks").glob("*.ipynb"):
        text = path.read_text()
        assert "data import grouped" not in text and not any(t.item in text for t in tables)


def test_the_four_baselines_are_there_with_one_budget():
    tasks = example.scaled(linear("common mean", T=6, d=3, m=20, noise=1.0, seed=0).tasks)
    for arm in (example.ALONE, example.POOLED, example.MEAN, example.PRIOR):
        model = example.fitted(tasks, arm, 0, SMALL)
        assert isinstance(model, (LinearMTLCV, PooledLevels))
        assert len(model.lams_) in (1, SMALL.n_lams)


def test_the_null_keeps_sizes_and_pairs_of_input_and_target():
    tasks = linear("common mean", T=4, d=2, m=10, noise=1.0, seed=0).tasks
    dealt = example.shuffled(tasks, seed=1)
    assert list(dealt.sizes) == list(tasks.sizes)
    pairs = [
        sorted((*x, y) for task in one for x, y in zip(task.X, task.y, strict=True))
        for one in (tasks, dealt)
    ]
    assert np.allclose(*pairs)
    assert not all(np.array_equal(a.y, b.y) for a, b in zip(tasks, dealt, strict=True))


def test_the_example_is_computed_on_any_tasks_and_has_every_place():
    tasks = {
        name: linear("common mean", T=8, d=3, m=16, noise=1.0, seed=k).tasks
        for k, name in enumerate(MEASURED["unit"])
    }
    found = {"settings": vars(SMALL), **example.compute(tasks, SMALL)}
    assert set(found) == set(MEASURED)
    assert protocol.faults(protocol.load(), found) == []
    again = example.compute(tasks, SMALL)
    assert again["judged"] == found["judged"]


def test_the_file_was_computed_with_todays_settings():
    assert MEASURED["settings"] == vars(example.ExampleSettings())


@pytest.mark.data
def test_the_example_is_computed_anew_to_the_same_words(tmp_path, monkeypatch):
    monkeypatch.setattr(example, "FILE", tmp_path / "again.yaml")
    example.main()
    again = YAML(typ="safe", pure=True).load((tmp_path / "again.yaml").read_text())
    assert again["unit"] == MEASURED["unit"] and again["baselines"] == MEASURED["baselines"]
    for name in MEASURED["unit"]:
        assert again["judged"][name]["verdict"] == MEASURED["judged"][name]["verdict"]
