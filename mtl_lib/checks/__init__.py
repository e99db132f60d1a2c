"""Checks of arguments: one clear line for a value that is not allowed.

Every function takes first the owner, who is named in the message, for example ``"FedProx"`` or
``"task 'school 12'"``. Parameters are passed by their own names. A wrong value raises ValueError
with one line: owner, parameter, value, what is allowed.

- ``whole``: whole numbers, from a least (to a most); ``also`` names other allowed values.
- ``seed``: the seed of an experiment, a whole number, 0 or more.
- ``positive``, ``not_negative``: finite numbers more than 0; finite numbers, 0 or more.
- ``within``: numbers in an interval that is written as in mathematics, for example ``"[0, 1)"``.
- ``share``: numbers more than 0 and at most 1, ``within`` ``"(0, 1]"``.
- ``one_of``: one of several words (or other values).
- ``text``: text, for example the name of a task.
- ``flag``: True or False.
- ``vector``: labels, weights, groups or ids as one array (n,).
- ``ids``: as ``vector``, and nothing is missing: groups, names of tasks, user numbers.
- ``rows``, ``inputs``: rows of an array, int64 (m,); an array (n, ...) of finite numbers.
- ``plain``: an array of any shape with entries of one kind, for labels of several columns.
- ``labels``: the labels of a task, in the form and with the values that its loss takes.
- ``shown``: a value as a message writes it.
"""

from mtl_lib.checks.arrays import ids, inputs, plain, rows, vector
from mtl_lib.checks.scalars import (
    flag,
    not_negative,
    one_of,
    positive,
    seed,
    share,
    shown,
    text,
    whole,
    within,
)
from mtl_lib.checks.targets import BINARY, LOSS_NAMES, labels

__all__ = [
    "BINARY",
    "LOSS_NAMES",
    "flag",
    "ids",
    "inputs",
    "labels",
    "not_negative",
    "one_of",
    "plain",
    "positive",
    "rows",
    "seed",
    "share",
    "shown",
    "text",
    "vector",
    "whole",
    "within",
]
