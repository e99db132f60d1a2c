"""What the statistics and claims make of every form of input: the right answer, or one line."""

import numpy as np
import pandas as pd
import pytest

from study import stats
from study.claims import Claim, settle

EFFECTS = np.array([0.31, -0.12, 0.44, 0.2, 0.05, 0.27, 0.6, -0.03])
UNITS = [f"u{k}" for k in range(len(EFFECTS))]
CLASSES = {unit: (k % 4, 4 + k // 4) for k, unit in enumerate(UNITS)}
SERIES = pd.Series(EFFECTS, index=UNITS)


def pairs_of(effects, units=UNITS):
    """Two seeds around every unit's effect."""
    rows = [
        (unit, seed, effect + 0.1 * (seed - 0.5), 0.0)
        for unit, effect in zip(units, effects, strict=True)
        for seed in (0, 1)
    ]
    return pd.DataFrame(rows, columns=["unit", "seed", "a", "b"])


def declared(margin):
    return Claim(
        id="c",
        section="1",
        statement="s",
        arms=("one", "other"),
        measure="accuracy",
        scope="simulated",
        null="none",
        unit="u",
        margin=margin,
    )


def claim():
    return declared(0.01)


def decided(pairs, **evidence):
    """Effect, interval and p of a claim."""
    one = claim()
    one.decide(pairs, "f", **evidence)
    return [getattr(one.tested, key) for key in ("effect", "low", "high", "p")]


def over_units(values):
    """Mean and interval of one value per unit, in the form that it is given."""
    table = pd.DataFrame({"arm": "x", "unit": UNITS})
    return stats.over_units(table.assign(value=values), ["arm"], "value").iloc[0, 1:].tolist()


ENTRIES = {
    "interval": stats.interval,
    "sign_flip_p": stats.sign_flip_p,
    "mean_p": stats.mean_p,
    "tested": stats.tested,
    "tested, items": lambda values: stats.tested(SERIES, items=values),
    "over_units": over_units,
    "holm": lambda values: list(stats.holm(values)),
    "pairs, a": lambda values: decided(
        pd.DataFrame({"unit": UNITS, "seed": 0, "b": 0.0}).assign(a=values)
    ),
    "pairs, b": lambda values: decided(
        pd.DataFrame({"unit": UNITS, "seed": 0, "a": 0.0}).assign(b=values)
    ),
}
FORMS = {
    "list": lambda values: values.tolist(),
    "tuple": lambda values: tuple(values.tolist()),
    "objects": lambda values: values.astype(object),
    "not contiguous": lambda values: np.repeat(values, 2)[::2],
    "big-endian": lambda values: values.astype(">f8"),
}
ALIKE = {
    "a column": lambda values: values[:, None],
    "a Series of another index": lambda values: pd.Series(values, index=range(8, 0, -1)),
    "a nullable Series": lambda values: pd.Series(values, dtype="Float64"),
    "a DataFrame": lambda values: pd.DataFrame({"x": values}, index=list("hgfedcba")),
}
WRONG = {
    "NaN": [*EFFECTS[:-1], np.nan],
    "infinity": [*EFFECTS[:-1], np.inf],
    "None": [*EFFECTS[:-1], None],
    "NA": pd.array([*EFFECTS[:-1], pd.NA], dtype="Float64"),
    "text": [str(effect) for effect in EFFECTS],
    "a mixture": [*EFFECTS[:-1], "0.3"],
    "dates": pd.date_range("2020-01-01", periods=8),
    "complex numbers": EFFECTS + 1j,
}


def values_of(entry):
    """Numbers that the entry takes: p values lie between 0 and 1."""
    return np.abs(EFFECTS) if entry == "holm" else EFFECTS


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("entry", ENTRIES)
def test_every_form_of_the_same_numbers_gives_the_same(entry, form):
    values = values_of(entry)
    assert ENTRIES[entry](FORMS[form](values)) == ENTRIES[entry](values)


@pytest.mark.parametrize("form", ALIKE)
@pytest.mark.parametrize(
    "entry", [name for name in ENTRIES if "pairs" not in name and name != "over_units"]
)
def test_a_column_or_another_index_changes_nothing(entry, form):
    values = values_of(entry)
    assert ENTRIES[entry](ALIKE[form](values)) == ENTRIES[entry](values)


@pytest.mark.parametrize("form", WRONG)
@pytest.mark.parametrize("entry", ENTRIES)
def test_what_is_no_finite_number_is_one_line(entry, form):
    with pytest.raises(ValueError) as refused:
        ENTRIES[entry](WRONG[form])
    assert "\n" not in str(refused.value)
    if "pairs" in entry:
        assert str(refused.value).startswith("claim 'c': pairs: ")


@pytest.mark.parametrize("dtype", ["float32", "int8", "bool", "Int64", "boolean"])
def test_other_kinds_of_numbers_are_exact(dtype):
    whole = np.array([0, 1, 1, 0, 1, 1, 1, 0])
    pairs = pd.DataFrame({"unit": UNITS, "seed": 0, "a": pd.Series(whole).astype(dtype), "b": 0.0})
    assert decided(pairs) == decided(pairs.assign(a=whole.astype(float)))


@pytest.mark.parametrize("entry", ["interval", "sign_flip_p", "mean_p", "tested"])
@pytest.mark.parametrize("values", [[], np.empty((0, 1)), np.ones((2, 2)), 3.0])
def test_no_values_and_other_shapes_are_one_line(entry, values):
    with pytest.raises(ValueError) as refused:
        ENTRIES[entry](values)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, float("nan")])
def test_a_level_is_between_0_and_1(level):
    for refused in (
        lambda: stats.interval(EFFECTS, level),
        lambda: stats.of_classes(SERIES, CLASSES).interval(level),
    ):
        with pytest.raises(ValueError, match="between 0 and 1"):
            refused()


@pytest.mark.parametrize("column", ["unit", "seed"])
@pytest.mark.parametrize("value", [None, np.nan, pd.NA])
def test_a_unit_or_seed_that_is_missing_is_one_line(column, value):
    pairs = pairs_of(EFFECTS)
    pairs[column] = pairs[column].astype(object)
    pairs.loc[3, column] = value
    with pytest.raises(ValueError, match=f"claim 'c': pairs: {column}.*missing"):
        decided(pairs)


@pytest.mark.parametrize("column", ["arm", "unit"])
def test_over_units_leaves_out_no_row(column):
    table = pd.DataFrame({"arm": "x", "unit": UNITS, "value": EFFECTS})
    table.loc[2, column] = None
    with pytest.raises(ValueError, match=f"{column} is missing"):
        stats.over_units(table, ["arm"], "value")
    with pytest.raises(ValueError, match="without column 'arms'"):
        stats.over_units(table, ["arms"], "value")


@pytest.mark.parametrize(
    "pairs, said",
    [
        ([1.0, 2.0], "a list, allowed is a DataFrame"),
        ({"a": [1.0], "b": [0.0]}, "a dict, allowed is a DataFrame"),
        (pairs_of(EFFECTS).set_index("unit"), "without column 'unit'"),
        (pd.concat([pairs_of(EFFECTS)] * 2, axis=1), "or with two"),
        (pairs_of(EFFECTS).iloc[:0], "without rows"),
        (pairs_of(EFFECTS, [*range(7), "x"]), "several kinds"),
    ],
)
def test_pairs_that_are_none_are_one_line(pairs, said):
    with pytest.raises(ValueError, match=said) as refused:
        decided(pairs)
    assert str(refused.value).startswith("claim 'c': ") and "\n" not in str(refused.value)


@pytest.mark.parametrize("role", ["null", "control", "items"])
def test_other_scores_of_a_claim_are_checked_too(role):
    broken = pairs_of([*EFFECTS[:-1], np.nan])
    with pytest.raises(ValueError, match="claim 'c.*': pairs: NaN or infinity") as refused:
        decided(pairs_of(EFFECTS), **{role: broken})
    names = {"null": "null arm", "control": "positive control", "items": ""}
    assert names[role] in str(refused.value)


@pytest.mark.parametrize(
    "classes, said",
    [
        ({**CLASSES, "u3": ()}, "unit 'u3' has no classes"),
        ({unit: CLASSES[unit] for unit in UNITS[1:]}, "unit 'u0' has no classes"),
        ({**CLASSES, "u3": "cat"}, "allowed are several in a tuple"),
        ({**CLASSES, "u3": ("cat", 3)}, "several kinds"),
        ({**CLASSES, "u3": (3, np.nan)}, "class .*is missing"),
        ({unit: (0, k) for k, unit in enumerate(UNITS)}, "every unit has class 0"),
    ],
)
def test_classes_that_cannot_be_left_out_are_one_line(classes, said):
    with pytest.raises(ValueError, match=said):
        stats.of_classes(SERIES, classes)
    with pytest.raises(ValueError, match=f"claim 'c': .*{said}"):
        decided(pairs_of(EFFECTS), classes=classes)


@pytest.mark.parametrize("form", [tuple, list, set, frozenset])
def test_classes_may_be_given_in_any_collection(form):
    classes = {unit: form(members) for unit, members in CLASSES.items()}
    assert decided(pairs_of(EFFECTS), classes=classes) == decided(
        pairs_of(EFFECTS), classes=CLASSES
    )


@pytest.mark.parametrize("margin", [0, -0.1, float("nan"), float("inf"), "0.1", None])
def test_a_margin_is_a_positive_number(margin):
    with pytest.raises(ValueError, match="claim 'c': margin"):
        declared(margin)


# The order of rows and the names of units say nothing.

MANY = np.random.default_rng(0).normal(0.1, 1, 40).round(2)
COUNTS = pytest.mark.parametrize("count", [5, 8, 13, 14, 40])


def many_pairs(count):
    return pairs_of(MANY[:count], [f"u{k:02d}" for k in range(count)])


@COUNTS
@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_no_bit(count, seed):
    pairs = many_pairs(count)
    shuffled = pairs.sample(frac=1, random_state=seed)
    evidence = {"null": shuffled, "control": shuffled, "items": shuffled}
    first = claim()
    second = claim()
    first.decide(pairs, "f", null=pairs, control=pairs, items=pairs)
    second.decide(shuffled, "f", **evidence)
    assert settle([first]) == settle([second])


@COUNTS
@pytest.mark.parametrize("seed", range(3))
def test_other_names_of_units_change_nothing(count, seed):
    pairs = many_pairs(count)
    others = np.random.default_rng(seed).permutation(count)
    names = dict(zip(pairs["unit"].unique(), others, strict=True))
    renamed = pairs.assign(unit=[names[unit] for unit in pairs["unit"]])
    *interval, p = decided(pairs)
    *interval_renamed, p_renamed = decided(renamed)
    assert p_renamed == p
    assert interval_renamed == pytest.approx(interval, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("seed", range(3))
def test_other_names_of_units_and_classes_change_nothing(seed):
    rng = np.random.default_rng(seed)
    classes = dict(zip(range(6), rng.permutation(6).tolist(), strict=True))
    units = dict(zip(UNITS, rng.permutation(len(UNITS)).tolist(), strict=True))
    pairs = pairs_of(EFFECTS)
    renamed = pairs.assign(unit=[units[unit] for unit in pairs["unit"]])
    members = {units[u]: tuple(classes[c] for c in made_of) for u, made_of in CLASSES.items()}
    assert decided(renamed, classes=members) == pytest.approx(
        decided(pairs, classes=CLASSES), rel=1e-12, abs=1e-14
    )


def test_effects_that_cancel_have_p_1_in_every_order():
    for order in ([0.1, 0.2, -0.3], [-0.3, 0.2, 0.1], [0.2, -0.3, 0.1]):
        assert stats.sign_flip_p(order) == 1.0


def arms():
    """Two arms of two units, two seeds each."""
    rows = [(arm, unit, seed, 1.0) for arm in "xy" for unit in "uv" for seed in (0, 1)]
    return pd.DataFrame(rows, columns=["arm", "unit", "seed", "error"])


@pytest.mark.parametrize("take", [stats.pair, stats.saved])
@pytest.mark.parametrize(
    "change, said",
    [
        (lambda table: pd.concat([table, table.iloc[:1]]), "two rows for {'arm': 'x', 'unit': 'u'"),
        (lambda table: table[1:], "arm 'x'"),
        (lambda table: table[table["arm"] == "y"], "arm 'x'"),
        (lambda table: table.assign(error=[np.nan, *table["error"][1:]]), "arm 'x'"),
    ],
)
def test_two_arms_are_matched_row_by_row(take, change, said):
    words = ("x", "error") if take is stats.saved else ("x", "y", "error")
    with pytest.raises(ValueError, match=said) as refused:
        take(change(arms()), *words)
    assert "\n" not in str(refused.value)
