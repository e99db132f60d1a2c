"""All permutations at once give what one permutation after the other gives."""

import numpy as np
import plain_shift
import pytest

from mtl_lib import compare
from mtl_lib.compare import permutation
from mtl_lib.compare.own_models import explained
from mtl_lib.data.generated.shifts import shifted
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

SIZES = [3, 40, 7, 130, 12, 66]


def unequal(kind, loss, width):
    """Six tasks of 3 to 130 samples, some with fewer samples than inputs."""
    return shifted(kind, len(SIZES), SIZES, width, 0, strength=1.0, loss=loss).tasks


def in_groups():
    """Groups are the units, so that permuted tasks have other sizes."""
    draw = stream(0, "test-stacks", "groups")
    tasks = []
    for t, task in enumerate(unequal("concept", "squared", 4)):
        groups = draw.integers(0, 3 + t, len(task))
        tasks.append(Task(task.name, task.inputs, task.rows, task.y, task.loss, groups=groups))
    return TaskSet(tasks, "in groups")


def with_constants():
    """Columns that are constant inside tasks, of which one does not vary at all."""
    tasks = unequal("none", "squared", 3)
    X = tasks[0].inputs.array.copy()
    X[:, 1] = 2.0
    for t, task in enumerate(tasks):
        X[task.rows, 2] = t
    inputs = Inputs("constants", X)
    return TaskSet([Task(t.name, inputs, t.rows, t.y, t.loss) for t in tasks], "constants")


def on_shared_rows():
    """Three tasks on the same rows: labels swap inside a row."""
    draw = stream(0, "test-stacks", "shared")
    inputs = Inputs("pupils", draw.standard_normal((50, 3)))
    y = inputs.array @ [1.0, -1.0, 0.5]
    return TaskSet(
        [Task(f"t{t}", inputs, np.arange(50), y + draw.standard_normal(50)) for t in range(3)]
    )


def several_labels():
    """Four binary labels a sample: shares of classes that are not 0 or 1."""
    draw = stream(0, "test-stacks", "labels")
    inputs = Inputs("x", draw.standard_normal((90, 2)))
    bits = draw.integers(0, 2, (90, 4))
    rows = np.split(np.arange(90), [20, 55])
    return TaskSet([Task(f"t{t}", inputs, r, bits[r], "bce") for t, r in enumerate(rows)])


CASES = {
    "numbers": lambda: unequal("input", "squared", 5),
    "two classes": lambda: unequal("label", "logistic", 2),
    "one input": lambda: unequal("concept", "squared", 1),
    "more inputs than are kept": lambda: unequal("concept", "squared", 30),
    "equal sizes": lambda: shifted("none", 8, 25, 4, 1, loss="squared").tasks,
    "groups": in_groups,
    "constants": with_constants,
    "shared rows": on_shared_rows,
    "several labels": several_labels,
}


@pytest.mark.parametrize("case", CASES)
def test_measures_are_those_of_the_plain_loop(case):
    tasks = CASES[case]()
    shared = case == "shared rows"
    found = compare.measure(tasks, 3, permutations=39)
    plain = plain_shift.measure(tasks, 3, permutations=39, shared=shared)
    for name, expected in plain.items():
        if shared and name == "p(x)":
            continue  # the same rows: nothing is permuted
        assert found[name].p == expected.p, name
        assert found[name].effect == pytest.approx(expected.effect, rel=1e-10, abs=1e-10), name
        assert found[name].ratio == pytest.approx(expected.ratio, rel=1e-10), name


@pytest.mark.parametrize("case", ["numbers", "groups", "shared rows"])
@pytest.mark.parametrize("samples", [1, 1000])
def test_the_size_of_a_stack_changes_nothing(case, samples, monkeypatch):
    tasks = CASES[case]()
    together = compare.measure(tasks, permutations=39)
    monkeypatch.setattr(permutation, "STACK", samples)
    apart = compare.measure(tasks, permutations=39)
    for name in compare.NAMES:
        assert apart[name].p == together[name].p
        assert apart[name].effect == pytest.approx(together[name].effect, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("d", [1, 4, 25])
@pytest.mark.parametrize("ridge", [0.1, 1.0])
def test_own_models_are_ridge_regressions(d, ridge):
    """Beside hat matrices, one task at a time: tasks with no, few and many samples."""
    draw = stream(0, "test-stacks", f"ridge {d}")
    X = draw.standard_normal((80, d))
    u = draw.standard_normal((80, 2))
    codes = np.stack([draw.choice(6, 80, p=[0.5, 0.3, 0.1, 0.05, 0.05, 0.0]) for _ in range(3)])
    codes[:, 0] = 5
    between, used = explained(X, u, codes, ridge)
    for row, code in enumerate(codes):
        sums = np.zeros(2)
        for t in np.unique(code):
            own = X[code == t]
            hat = own @ np.linalg.solve(own.T @ own + ridge * np.eye(d), own.T)
            sums += [np.sum(u[code == t] * (hat @ u[code == t])), np.trace(hat)]
        assert [between[row], used[row]] == pytest.approx(sums, rel=1e-10)
