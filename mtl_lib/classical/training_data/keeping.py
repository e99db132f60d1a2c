"""What was made of a small TaskSet, kept while the set lives: the next penalty takes the same.

An experiment fits many penalties to one set. Its samples, folds and sums of losses depend on no
penalty's weight, and making them anew costs as much as the fits.
"""

from collections.abc import Callable, Hashable
from typing import Any
from weakref import WeakKeyDictionary

from mtl_lib.tasks import TaskSet

SMALL = 500_000  # inputs of a set, numbers: of larger ones nothing is kept

_made: WeakKeyDictionary = WeakKeyDictionary()


def kept(X, what: Hashable, make: Callable[[], Any]):
    """``make()``, or what it gave before for the same set and ``what``.

    Inputs of a set are read-only. Labels and rows are not: what was made of others is forgotten.
    What is no TaskSet, or large, is made every time.
    """
    if not isinstance(X, TaskSet) or not is_small(X):
        return make()
    now = _fingerprint(X)
    if X not in _made or _made[X][0] != now:
        _made[X] = (now, {})
    store = _made[X][1]
    if what not in store:
        store[what] = make()
    return store[what]


def is_small(tasks: TaskSet) -> bool:
    """Whether the inputs of all tasks together are few numbers."""
    arrays = [task.inputs.array for task in tasks]
    widths = [array.size // max(len(array), 1) for array in arrays]
    return sum(len(task) * width for task, width in zip(tasks, widths, strict=True)) <= SMALL


def _fingerprint(tasks):
    """A hash of everything in the set that can be written to."""
    parts = []
    for task in tasks.tasks:
        arrays = (task.rows, task.y, task.observed, task.groups)
        parts.append((task.name, id(task.inputs), task.loss, task.weight))
        parts.extend(None if array is None else _content(array) for array in arrays)
    return hash(tuple(parts))


def _content(array):
    """The content as something that can be hashed."""
    return tuple(array.tolist()) if array.dtype.kind == "O" else array.tobytes()
