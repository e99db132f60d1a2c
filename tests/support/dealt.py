"""Combinations of parameters, of which ``make test`` has a part and ``make test-all`` the rest."""

import itertools

import pytest


def dealt(names: str, whole, *others, name=str):
    """Parametrise by every combination; ``make test`` has one with each element of ``whole``.

    There the combinations of the others are dealt out in turn, one further each time round, so that
    every value of every list is met. The rest is marked slow.

    Parameters
    ----------
    names : str
        The names of the parameters, with commas between them.
    whole : iterable
        Values of the first parameters: tuples if these are several.
    *others : iterable
        Values of one parameter each.
    name : callable
        A value as the id of a test has it.

    Returns
    -------
    pytest.MarkDecorator

    Raises
    ------
    ValueError
        If ``whole`` is too short to meet every value of the others.
    """
    several = len(names.split(",")) - len(others) > 1
    rests = list(itertools.product(*others))
    cases = []
    met = set()
    for place, first in enumerate(whole):
        turn = (place + place // len(rests)) % len(rests)
        met |= set(enumerate(map(str, rests[turn])))
        for k, rest in enumerate(rests):
            values = (*first, *rest) if several else (first, *rest)
            marks = [] if k == turn else [pytest.mark.slow]
            cases.append(pytest.param(*values, id="-".join(map(name, values)), marks=marks))
    missing = set(enumerate_values(others)) - met
    if missing:
        raise ValueError(f"{names}: make test meets none of {missing}")
    return pytest.mark.parametrize(names, cases)


def enumerate_values(lists):
    """(number of the list, value as text) of every value."""
    for k, values in enumerate(lists):
        for value in values:
            yield k, str(value)
