"""What ``make test`` leaves to ``make test-all`` where parameters are combined."""

import itertools

import pytest
from dealt import dealt

FIRST = range(7)
OTHERS = ("ab", "xyz")


def quick(mark) -> list[tuple]:
    return [case.values for case in mark.args[1] if not case.marks]


def test_all_combinations_are_there_and_one_of_each_first_value_is_quick():
    mark = dealt("k, letter, other", FIRST, *OTHERS)
    every = [case.values for case in mark.args[1]]
    assert sorted(every) == sorted(itertools.product(FIRST, *OTHERS))
    assert {values[0] for values in quick(mark)} == set(FIRST)
    assert len(quick(mark)) == len(FIRST)
    for place, values in enumerate(OTHERS, start=1):
        assert {case[place] for case in quick(mark)} == set(values)


def test_several_first_values_do_not_go_along_with_the_others():
    """Two letters and two numbers: both numbers are quick with every letter."""
    mark = dealt("letter, sign, k", itertools.product("abc", "+-"), [0, 1])
    assert {(letter, k) for letter, _, k in quick(mark)} == set(itertools.product("abc", [0, 1]))
    assert {(sign, k) for _, sign, k in quick(mark)} == set(itertools.product("+-", [0, 1]))


def test_a_value_that_no_quick_test_would_meet_is_refused():
    with pytest.raises(ValueError, match="make test meets none of .*'z'"):
        dealt("k, other", range(2), "xyz")
