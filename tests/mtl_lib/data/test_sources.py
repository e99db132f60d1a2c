"""Tables: the stand-in has the real columns and shapes; the real data are what their card says."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mtl_lib.classical import LinearMTL, Ridge
from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
from mtl_lib.data.sources import bdf, chem97, exam, hsb82, movielens, radon, school, sleepstudy
from mtl_lib.data.store import cache as store
from mtl_lib.data.store import rdatasets

# reading: (module, options, tasks, samples, smallest, median, largest, columns)
READINGS = {
    "exam": (exam, {}, 65, 4059, 2, 60, 198, 8),
    "hsb82": (hsb82, {}, 160, 7185, 14, 47, 67, 3),
    "radon": (radon, {}, 85, 919, 1, 5, 116, 1),
    "chem97": (chem97, {}, 131, 31022, 10, 160, 969, 3),
    "chem97 schools": (chem97, {"unit": "school"}, 2410, 31022, 1, 8, 188, 3),
    "bdf": (bdf, {}, 131, 2287, 4, 17, 35, 8),
    "bdf arithmetic": (bdf, {"target": "aritPOST"}, 131, 2287, 4, 17, 35, 8),
    "bdf subjects": (bdf, {"reading": "subjects"}, 2, 2 * 2287, 2287, 2287, 2287, 8),
    "sleepstudy": (sleepstudy, {}, 18, 180, 10, 10, 10, 1),
    "movielens": (movielens, {}, 4, 4 * 99333, 99333, 99333, 99333, 20),
    "movielens short": (movielens, {"length": 3}, 4, 4 * 99333, 99333, 99333, 99333, 3),
    "movielens users": (movielens, {"reading": "users"}, 671, 100004, 20, 71, 2391, 19),
    "school": (school, {}, 139, 15362, 22, 103, 251, 27),
}
REGIME = {
    "bdf subjects": ("shared", "same"),
    "movielens": ("shared", "different"),
    "movielens short": ("shared", "different"),
}
TABLES = [name for name in READINGS if not name.startswith("movielens")]
SOURCES = {module.__name__: module for module, *_ in READINGS.values()}
every_reading = pytest.mark.parametrize("reading", READINGS)
every_source = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)


def standin(reading, seed):
    module, options, *_ = READINGS[reading]
    return module.standin(seed, **options)


def real(reading):
    """The loaded task set; skipped where a source of the full profile cannot be had."""
    module, options, *_ = READINGS[reading]
    try:
        return module.load(**options)
    except store.DataMissing as missing:
        if module.CARD.profile == "full":
            pytest.skip(str(missing))
        raise


def contents(tasks):
    """Everything a task set holds, as comparable values."""
    return [
        (
            t.name,
            t.inputs.name,
            t.loss,
            t.rows.tolist(),
            t.y.tolist(),
            t.X.tolist(),
            t.meta,
            None if t.groups is None else t.groups.tolist(),
        )
        for t in tasks
    ]


def form(tasks):
    return {
        (
            t.inputs.kind,
            t.inputs.array.dtype,
            t.inputs.array.shape[1:],
            t.inputs.columns,
            t.loss,
            t.y.dtype,
            t.y.shape[1:],
            t.groups is None,
        )
        for t in tasks
    }


@every_source
def test_card_says_what_is_loaded(source):
    numbers = set(re.findall(r"[\d,]*\d", source.CARD.tasks))
    for reading, (module, _, count, samples, smallest, _, largest, _) in READINGS.items():
        if module is source:
            said = (
                (count, samples // count)
                if reading in REGIME
                else (count, samples, smallest, largest)
            )  # shared rows count once
            assert {f"{number:,}" for number in said} <= numbers


def test_school_alone_is_of_the_full_profile():
    assert [module for module in SOURCES.values() if module.CARD.profile == "full"] == [school]


FACTS = {
    "title": "T",
    "archive": ("a", "b"),
    "item": "i",
    "tasks": "t",
    "target": "y",
    "inputs": "x",
    "licence": "l",
    "citation": "c",
    "traps": "none known",
}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"traps": ""}, "card 'T': traps is empty"),
        ({"archive": ()}, "card 'T': archive is empty"),
        ({"profile": "smoke"}, "card 'T': profile 'smoke', allowed are default, full"),
    ],
)
def test_a_card_refuses_missing_facts(change, message):
    assert Card(**FACTS).profile == "default"
    with pytest.raises(ValueError, match=re.escape(message)):
        Card(**{**FACTS, **change})


@every_reading
def test_standin_has_the_real_shape(reading):
    tasks, (_, _, count, samples, smallest, _, largest, width) = (
        standin(reading, 3),
        READINGS[reading],
    )
    if reading in TABLES:  # MovieLens is simulated smaller
        assert (len(tasks), tasks.sizes.sum(), tasks.sizes.min(), tasks.sizes.max()) == (
            count,
            samples,
            smallest,
            largest,
        )
    assert tasks[0].X.shape[1] == width and len(tasks[0].inputs.columns) in (0, width)
    assert tasks.regime == REGIME.get(reading, ("own", "same"))
    assert tasks.name.endswith("(simulated)") and "(simulated)" in tasks[0].inputs.name


@every_reading
def test_standin_is_drawn_by_its_seed(reading):
    first, again, other = (standin(reading, seed) for seed in (3, 3, 4))
    assert contents(first) == contents(again)
    assert contents(first) != contents(other)
    assert first[0].inputs.columns == other[0].inputs.columns and form(first) == form(other)


@pytest.mark.parametrize("reading", [name for name in READINGS if name not in REGIME])
def test_standin_can_be_learned(reading):
    """The inputs explain the target inside the tasks, in samples the fit has not seen."""
    train, test = standin(reading, 5).split("samples", 0.7, seed=0)

    def inside(tasks):
        return [
            np.concatenate([getattr(t, part) - getattr(t, part).mean(axis=0) for t in tasks])
            for part in ("X", "y")
        ]

    (X, y), (X_test, y_test) = inside(train), inside(test)
    fit = np.linalg.lstsq(X, y, rcond=None)[0]
    assert 1 - np.var(y_test - X_test @ fit) / np.var(y_test) > 0.05


def test_histories_of_the_standin_tell_of_the_next_film():
    """Films that the user's history resembles in genres are rated better: users have tastes."""
    tasks = movielens.standin(0)
    genres = np.zeros((201, 19))
    genres[tasks["next film"].y + 1] = tasks["genres"].y
    taste = genres[tasks["rating"].X].sum(axis=1)
    alike = (taste * tasks["genres"].y).sum(axis=1) / np.maximum(taste.sum(axis=1), 1)
    assert np.corrcoef(alike, tasks["rating"].y)[0, 1] > 0.05


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    ids=st.one_of(
        st.lists(st.integers(-3, 9), min_size=1, max_size=60),
        st.lists(st.text("ab", max_size=2), min_size=1, max_size=60),
    )
)
def test_tasks_by_takes_the_rows_of_every_id_in_order(ids):
    ids, n = np.array(ids), len(ids)
    tasks = tables.tasks_by(ids, {"x": np.arange(n)}, np.arange(n), "T", "unit", meta={"id": ids})
    assert tasks.names == [f"unit {value}" for value in np.unique(ids)]
    for task, value in zip(tasks, np.unique(ids), strict=True):
        assert_array_equal(task.rows, np.flatnonzero(ids == value))
        assert_array_equal(task.y, task.rows)
        assert task.meta == {"id": value}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    users=st.lists(st.integers(0, 4), min_size=1, max_size=40).map(sorted), length=st.integers(1, 8)
)
def test_histories_are_the_films_before(users, length):
    items = np.arange(1, len(users) + 1)
    found = movielens.histories(items, np.array(users), length)
    for row, user in enumerate(users):
        before = [int(items[k]) for k in range(row) if users[k] == user][-length:]
        assert found[row].tolist() == [0] * (length - len(before)) + before


def test_histories_by_hand():
    assert movielens.histories(
        np.array([7, 8, 9, 5, 6]), np.array([1, 1, 1, 2, 2]), 2
    ).tolist() == [[0, 0], [0, 7], [7, 8], [0, 0], [0, 5]]


def test_ties_in_time_are_put_in_the_order_of_film_ids():
    columns = {
        "userId": np.array([2, 1, 1, 1]),
        "movieId": np.array([10, 40, 30, 10]),
        "timestamp": np.array([1, 5, 5, 9]),
        "rating": np.array([1, 4, 3.5, 2]),
        "title": np.array(list("adca")),
        "genres": np.array(["Drama", "War|IMAX", "(no genres listed)", "Drama"]),
    }
    tasks = movielens._tasks(columns, "tiny", "sequences", 2)
    assert tasks[0].X.tolist() == [
        [0, 2],
        [2, 3],
    ]  # film 30 is the second id; user 2 has no history
    assert tasks["rating"].y.tolist() == [4, 2] and tasks["like"].y.tolist() == [1, 0]
    assert tasks["next film"].y.tolist() == [2, 0] and tasks["next film"].meta["classes"] == (
        "a",
        "c",
        "d",
    )
    assert [[movielens.GENRES[k] for k in np.flatnonzero(row)] for row in tasks["genres"].y] == [
        ["IMAX", "War"],
        ["Drama"],
    ]
    assert all(task.groups.tolist() == [1, 1] for task in tasks)


@pytest.mark.parametrize("reading", ["bdf subjects", "movielens", "movielens short"])
def test_splits_keep_groups_whole(reading):
    for seed in (0, 1):
        tasks = standin(reading, seed)
        for first, second in (tasks.split("samples", 0.6, seed), *tasks.folds(3, seed)):
            for one, other in zip(first, second, strict=True):
                assert not set(one.groups) & set(other.groups)
                assert len(one) + len(other) == len(tasks[one.name])


def test_a_school_of_one_pupil_is_trained_on_and_never_tested():
    tasks = chem97.standin(0, "school")
    alone = {t.name for t in tasks if len(t) == 1}
    train, test = tasks.split("samples", 0.5, seed=0)
    assert alone and alone <= set(train.names) and not alone & set(test.names)


def test_readings_of_bdf_have_the_same_inputs():
    schools, subjects = bdf.standin(1), bdf.standin(1, reading="subjects")
    assert_array_equal(schools[0].inputs.array, subjects[0].inputs.array)
    assert schools[0].inputs.columns == subjects[0].inputs.columns
    for target in bdf.TARGETS:
        for t in bdf.standin(1, target=target):
            assert_array_equal(t.y, subjects[target].y[t.rows])
    assert_array_equal(subjects[0].groups, subjects[1].groups)


@pytest.mark.parametrize(
    "make, options, message",
    [
        (chem97.load, {"unit": "class"}, "chem97: unit 'class', allowed are district, school"),
        (
            chem97.standin,
            {"seed": 0, "unit": "class"},
            "chem97: unit 'class', allowed are district, school",
        ),
        (bdf.load, {"reading": "pupils"}, "bdf: reading 'pupils', allowed are schools, subjects"),
        (
            bdf.standin,
            {"seed": 0, "target": "langPRET"},
            "bdf: target 'langPRET', allowed are langPOST, aritPOST",
        ),
        (
            movielens.load,
            {"reading": "films"},
            "movielens: reading 'films', allowed are sequences, users",
        ),
        (
            movielens.load,
            {"length": 0},
            "movielens: length 0, allowed is a whole number, 1 or more",
        ),
        (
            movielens.standin,
            {"seed": 0, "length": 2.5},
            "movielens: length 2.5, allowed is a whole number, 1 or more",
        ),
        (
            movielens.standin,
            {"seed": 0, "length": True},
            "movielens: length True, allowed is a whole number, 1 or more",
        ),
    ],
)
def test_other_readings_are_refused(make, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make(**options)


def test_school_reads_matlab_cells(tmp_path):
    from scipy.io import savemat

    X, Y = np.empty((1, 2), object), np.empty((1, 2), object)
    X[0, 0], X[0, 1] = np.full((2, 28), 3, np.uint8), np.arange(28, dtype=np.uint8)[None]
    Y[0, 0], Y[0, 1] = np.array([[5], [250]], np.uint8), np.array([[7]], np.uint8)
    savemat(tmp_path / "school.mat", {"X": X, "Y": Y})
    columns = school.convert(tmp_path / "school.mat")
    assert columns["X"].shape == (3, 28) and columns["X"][2].tolist() == list(range(28))
    assert columns["score"].tolist() == [5, 250, 7] and columns["school"].tolist() == [1, 1, 2]
    tasks = school._tasks(columns, "School")
    assert tasks.names == ["school 1", "school 2"] and tasks[1].X.tolist() == [list(range(27))]


@pytest.mark.data
@every_reading
def test_real(reading):
    tasks, (_, _, count, samples, smallest, median, largest, width) = (
        real(reading),
        READINGS[reading],
    )
    sizes = tasks.sizes
    assert (len(tasks), sizes.sum(), sizes.min(), int(np.median(sizes)), sizes.max()) == (
        count,
        samples,
        smallest,
        median,
        largest,
    )
    assert tasks[0].X.shape[1] == width
    assert tasks.regime == REGIME.get(reading, ("own", "same"))
    assert form(tasks) == form(standin(reading, 0))


@pytest.mark.data
def test_known_numbers_of_the_real_data():
    y = np.concatenate([task.y for task in exam.load()])
    assert y.mean() == pytest.approx(-0.000114, abs=1e-5) and y.std() == pytest.approx(1, abs=5e-3)
    one = hsb82.load()["school 1224"]
    assert len(one) == 47 and one.y[0] == pytest.approx(5.876)
    aitkin = radon.load()["county 1"]
    assert aitkin.y[0] == pytest.approx(0.788457, abs=1e-6) and aitkin.X[0, 0] == 1


@pytest.mark.data
def test_sleepstudy_gives_the_published_fixed_effects():
    """Every person has the same days: REML's fixed effects (Bates et al. 2015) are mean lines."""
    lines = [np.polyfit(task.X[:, 0], task.y, 1)[::-1] for task in sleepstudy.load()]
    assert_allclose(np.mean(lines, axis=0), [251.405, 10.467], atol=5e-4)
    model = LinearMTL(Ridge(), 0.01, intercept="about_mean", about_mean=True, weighting="sum").fit(
        sleepstudy.load()
    )
    assert_allclose([model.intercept_.mean(), model.coef_.mean()], [251.405, 10.467], atol=5e-4)


@pytest.mark.data
@pytest.mark.parametrize("unit, column", [("district", "lea"), ("school", "school")])
def test_chem97_against_the_table(unit, column):
    raw, tasks = rdatasets.table("mlmRev", "Chem97"), chem97.load(unit)
    assert_array_equal(
        tasks[0].inputs.array, np.column_stack([raw["gcsescore"], raw["age"], raw["gender"] == "M"])
    )
    for task in (tasks[0], tasks[-1]):
        assert_array_equal(task.rows, np.flatnonzero(raw[column] == int(task.name.split()[1])))
        assert_array_equal(task.y, raw["score"][task.rows])
    assert (
        len(np.unique(np.column_stack([raw["lea"], raw["school"]]), axis=0)) == 2410
    )  # schools lie inside districts


@pytest.mark.data
def test_bdf_against_the_table():
    raw, tasks = rdatasets.table("mlmRev", "bdf"), bdf.load(reading="subjects")
    columns = ("IQ.verb", "IQ.perf", "langPRET", "aritPRET", "ses", "sex")
    assert_array_equal(
        tasks[0].inputs.array,
        np.column_stack([*(raw[c] for c in columns), raw["Minority"] == "Y", raw["repeatgr"]]),
    )
    for subject in bdf.TARGETS:
        assert_array_equal(tasks[subject].y, raw[subject])
        assert_array_equal(tasks[subject].groups, raw["schoolNR"])
        for task in bdf.load(target=subject):
            assert_array_equal(task.y, raw[subject][raw["schoolNR"] == int(task.name.split()[1])])
    assert_array_equal(bdf.load()[0].inputs.array, tasks[0].inputs.array)


@pytest.mark.data
def test_movielens_against_the_table():
    raw, tasks, users = (
        rdatasets.table("dslabs", "movielens"),
        movielens.load(length=30),
        movielens.load("users"),
    )
    known = {genre for text in np.unique(raw["genres"]) for genre in text.split("|")}
    assert known == {*movielens.GENRES, "(no genres listed)"}
    films = np.unique(raw["movieId"])
    for user in (1, 671):
        rows = np.flatnonzero(raw["userId"] == user)
        rows = rows[np.lexsort((raw["movieId"][rows], raw["timestamp"][rows]))]
        ids = np.searchsorted(films, raw["movieId"][rows]) + 1
        mine = tasks["rating"].groups == user
        assert_array_equal(tasks["rating"].y[mine], raw["rating"][rows[1:]])
        assert_array_equal(tasks["like"].y[mine], raw["rating"][rows[1:]] >= 4)
        assert_array_equal(tasks["next film"].y[mine], ids[1:] - 1)
        history = tasks["rating"].X[mine][-1]
        assert history.tolist() == [0] * (30 - len(ids[:-1][-30:])) + ids[:-1][-30:].tolist()
        assert [tasks["next film"].meta["classes"][film - 1] for film in ids] == raw["title"][
            rows
        ].tolist()
        for row, genres in zip(rows[1:], tasks["genres"].y[mine], strict=True):
            assert {movielens.GENRES[k] for k in np.flatnonzero(genres)} == set(
                raw["genres"][row].split("|")
            ) - {"(no genres listed)"}
        assert_array_equal(users[f"user {user}"].y, raw["rating"][raw["userId"] == user])
        assert_array_equal(
            users[f"user {user}"].X[:, 0],
            np.char.find(raw["genres"][raw["userId"] == user], "Action") >= 0,
        )
    history = tasks["rating"].X
    assert history.min() == 0 and history.max() <= 9066 and (history[:, -1] > 0).all()
    assert set(tasks["rating"].groups) == set(range(1, 672))


@pytest.mark.data
def test_the_traps_of_movielens():
    raw = rdatasets.table("dslabs", "movielens")
    order = np.lexsort((raw["timestamp"], raw["userId"]))
    user, time = raw["userId"][order], raw["timestamp"][order]
    gaps = np.diff(time)[user[1:] == user[:-1]]
    spans = np.array([np.ptp(time[user == u]) for u in np.unique(user)])
    assert [
        round(100 * share)
        for share in ((spans < 86400).mean(), (gaps < 60).mean(), (gaps == 0).mean())
    ] == [61, 83, 22]
    halves = np.bincount(user, raw["rating"][order] % 1 > 0)[1:]
    assert round(100 * (halves == 0).mean()) == 48
    assert (np.unique(raw["movieId"], return_counts=True)[1] == 1).sum() == 3063
    assert (
        (raw["genres"] == "(no genres listed)").sum(),
        (raw["title"] == "nan").sum(),
        np.isnan(raw["year"]).sum(),
    ) == (18, 7, 7)


@pytest.mark.data
def test_the_coding_of_school():
    tasks = real("school")
    array = tasks[0].inputs.array

    def block(name):
        codes = [c.startswith(f"{name} ") and c[-1].isdigit() for c in school.COLUMNS]
        return array[:, codes]

    for name, codes in school.CODES.items():
        if codes > 1:
            assert block(name).shape[1] == codes and set(np.unique(block(name))) == {0, 1}
            assert (block(name).sum(axis=1) != 1).sum() == (15 if name == "reasoning band" else 0)
    for task in tasks:
        assert (task.X[:, -6:] == task.X[0, -6:]).all()
    y = np.concatenate([task.y for task in tasks])
    assert (y.min(), y.max()) == (1, 70) and y.mean() == pytest.approx(20.597, abs=1e-3)
