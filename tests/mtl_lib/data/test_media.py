"""Images, sensors and text: parsers, helpers, stand-ins, and the real data against their cards."""

import gzip
import io
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mtl_lib.data import store
from mtl_lib.data.features import images, words
from mtl_lib.data.features.copies import copy_groups
from mtl_lib.data.sources import (
    atis,
    cifar,
    fashion,
    har,
    mnist,
    sentiment,
    shakespeare,
    tweets,
    watch,
)
from mtl_lib.data.store import idx as idx_file
from mtl_lib.tasks import Inputs, Task, TaskSet

# (module, options of load and standin, tasks, samples of all tasks)
READINGS = {
    "watch": (watch, {}, 10, 4677),
    "watch windows": (watch, {"view": "windows"}, 10, 4677),
    "mnist": (mnist, {}, 1, 70_000),
    "fashion": (fashion, {}, 1, 70_000),
    "cifar": (cifar, {}, 1, 4800),
    "har": (har, {}, 30, 10_299),
    "shakespeare": (shakespeare, {}, 256, 595_093),
    "shakespeare long": (shakespeare, {"min_words": 1100, "context": 5}, 233, 570_775),
    "tweets": (tweets, {}, 2, 2 * 2394),
    "sentiment": (sentiment, {}, 4, 23_703),
    "sentiment few": (sentiment, {"d": 7}, 4, 23_703),
    "atis": (atis, {}, 2, 2 * 5871),
}
every_reading = pytest.mark.parametrize("reading", READINGS)


def standin(reading, seed):
    module, options, *_ = READINGS[reading]
    return module.standin(seed, **options)


def real(module, **options):
    """The loaded task set; skipped where a source of the full profile cannot be had."""
    try:
        return module.load(**options)
    except store.DataMissing as missing:
        if module.CARD.profile == "full":
            pytest.skip(str(missing))
        raise


def form(tasks):
    """What a model needs to know of a task set before it sees it."""
    return tasks.regime, {
        (
            t.inputs.kind,
            t.inputs.array.dtype,
            t.inputs.array.shape[1:],
            t.inputs.columns,
            t.loss,
            t.y.dtype.kind,
            t.y.shape[1:],
            t.groups is None,
            tuple(t.meta),
        )
        for t in tasks
    }


def digest(tasks):
    return [(t.name, t.rows.tolist(), t.X.tobytes(), t.y.tobytes()) for t in tasks]


# Stand-ins


@every_reading
def test_standins_are_small_named_simulated_and_depend_on_the_seed_only(reading):
    tasks = standin(reading, 3)
    assert tasks.name.endswith("(simulated)") and tasks[0].inputs.name.startswith(
        tasks.name[: -len(" (simulated)")]
    )
    assert len(tasks[0].inputs.array) <= 15_000
    assert digest(tasks) == digest(standin(reading, 3))
    assert digest(tasks) != digest(standin(reading, 4))


def ridge(X, Y, Z):
    """Least squares with a little ridge and an intercept, fitted on X and Y, at Z."""
    mean, scale = X.mean(axis=0), X.std(axis=0) + 1e-9
    X, Z = (X - mean) / scale, (Z - mean) / scale
    return Y.mean(axis=0) + Z @ np.linalg.solve(
        X.T @ X + 10 * np.eye(X.shape[1]), X.T @ (Y - Y.mean(axis=0))
    )


@pytest.mark.parametrize(
    "source, chance",
    [
        pytest.param(mnist, 0.1, id="mnist"),
        pytest.param(fashion, 0.1, id="fashion", marks=pytest.mark.slow),
        pytest.param(cifar, 0.125, id="cifar", marks=pytest.mark.slow),
    ],
)
def test_simulated_images_can_be_learned(source, chance):
    (task,) = images.components(source.standin(0), 40)
    half = len(task) // 2
    guess = ridge(task.X[:half], np.eye(10)[task.y[:half]], task.X[half:]).argmax(axis=1)
    assert (guess == task.y[half:]).mean() > 4 * chance


def test_simulated_exercises_can_be_learned_and_carry_over_to_another_person():
    tasks = watch.standin(0)
    train, test = tasks.split("tasks", 0.5, seed=0)
    X, y, Z, truth = (
        np.concatenate([getattr(t, part) for t in side])
        for side in (train, test)
        for part in ("X", "y")
    )
    assert (ridge(X, np.eye(7)[y], Z).argmax(axis=1) == truth).mean() > 0.5  # 1/7 by chance


def test_simulated_ratings_can_be_learned():
    for task in sentiment.standin(0, d=20):
        assert (
            np.corrcoef(ridge(task.X[:200], task.y[:200], task.X[200:]), task.y[200:])[0, 1] > 0.4
        )


def most_common_after(before, y, fallback):
    table = {}
    for b, label in zip(before.tolist(), y.tolist(), strict=True):
        table.setdefault(b, []).append(label)
    best = {b: max(set(found), key=found.count) for b, found in table.items()}
    return lambda other: np.array([best.get(b, fallback) for b in other.tolist()])


def test_simulated_speech_can_be_learned_from_the_word_before():
    task = shakespeare.standin(0)[0]
    guess = most_common_after(task.X[:600, -1], task.y[:600], 2)(task.X[600:, -1])
    assert (guess == task.y[600:]).mean() > (np.bincount(task.y).max() / len(task)) + 0.1


@pytest.mark.parametrize(
    "source, name",
    [(tweets, "boundaries"), (tweets, "types"), (atis, "slots")],
    ids=["boundaries", "types", "slots"],
)
def test_simulated_tags_can_be_learned_from_the_word(source, name):
    task = source.standin(0)[name]
    said = task.X[:250] != words.PAD
    guess = most_common_after(task.X[:250][said], task.y[:250][said], 0)
    marked = task.y[250:] > 0
    assert (guess(task.X[250:][marked]) == task.y[250:][marked]).mean() > 0.6


# Splits


@pytest.mark.parametrize("reading", [r for r in READINGS if r not in ("mnist", "fashion")])
def test_splits_keep_groups_whole(reading):
    tasks = standin(reading, 0)
    first, second = tasks.split("samples", 0.5, seed=0)
    for task in tasks:
        sides = [set(side[task.name].groups.tolist()) for side in (first, second)]
        assert sides[0] and sides[1] and not sides[0] & sides[1]
        assert sides[0] | sides[1] == set(task.groups.tolist())


# Images


def idx(array):
    return (
        b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
    )


@settings(max_examples=30, deadline=None, derandomize=True)
@given(shape=st.lists(st.integers(0, 4), min_size=1, max_size=3))
def test_idx_files_round_trip(shape):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    assert_array_equal(idx_file.read(idx(array), "small"), array)


@pytest.mark.parametrize(
    "raw, message",
    [
        (b"", "expected an idx file"),
        (b"\0\0\x0d\x01\0\0\0\x01\0", "00 00 0d 01, expected an idx file of bytes"),
        (
            idx(np.zeros((2, 3), np.uint8))[:-1],
            r"5 bytes of data for an idx file of shape \(2, 3\)",
        ),
        (idx(np.zeros((2, 3), np.uint8))[:9], "bytes of data for an idx file"),
    ],
)
def test_damaged_idx_files_are_refused(raw, message):
    with pytest.raises(ValueError, match=f"small: .*{message}"):
        idx_file.read(raw, "small")


def test_fashion_joins_training_and_test_files(tmp_path):
    parts = [
        np.arange(2 * 784, dtype=np.uint8).reshape(2, 28, 28),
        np.array([3, 1], np.uint8),
        np.full((1, 28, 28), 7, np.uint8),
        np.array([9], np.uint8),
    ]
    for k, part in enumerate(parts):
        (tmp_path / str(k)).write_bytes(gzip.compress(idx(part)))
    made = fashion.convert(*(tmp_path / str(k) for k in range(4)))
    assert_array_equal(made["images"], np.concatenate(parts[::2]))
    assert_array_equal(made["labels"], [3, 1, 9])
    assert [name.split("/")[1][:5] for name in fashion.ARCHIVES] == [
        "train",
        "train",
        "t10k-",
        "t10k-",
    ]


def test_mnist_bytes_are_exact(tmp_path):
    bytes_ = np.arange(784) % 256
    image = (bytes_[None] / 256).astype(np.float32)
    with zipfile.ZipFile(tmp_path / "wheel", "w") as wheel:
        wheel.writestr(
            "mnist/data/mnist.pkl.gz",
            gzip.compress(pickle.dumps(tuple((image, np.array([label])) for label in (5, 0, 4)))),
        )
    made = mnist.convert(tmp_path / "wheel")
    assert_array_equal(made["images"].reshape(3, 784), np.tile(bytes_, (3, 1)))
    assert_array_equal(made["labels"], [5, 0, 4])


def official(path, folder, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            packed = pickle.dumps(content)
            member.size = len(packed)
            tar.addfile(member, io.BytesIO(packed))
    return path


def batch(labels, key, first):
    """Image k of value first + k; its first red pixel is 200, its last blue pixel 201."""
    data = np.repeat(first + np.arange(len(labels)), 3072).reshape(-1, 3072).astype(np.uint8)
    data[:, 0], data[:, -1] = 200, 201
    return {b"data": data, key: list(labels)}


def test_official_cifar_archives(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "PER_CLASS", 3)
    names = [b"airplane", b"dog"]
    ten = {f"data_batch_{k}": batch([0, 1], b"labels", 10 * k) for k in range(1, 6)}
    ten |= {"test_batch": batch([1, 0], b"labels", 60), "batches.meta": {b"label_names": names}}
    fine = [b"apple", *(name.encode() for name in sorted(cifar.PEOPLE))]
    hundred = {
        "train": batch(list(range(8)) * 2, b"fine_labels", 100),
        "test": batch(list(range(8))[::-1] * 2, b"fine_labels", 120),
        "meta": {b"fine_label_names": fine},
    }
    paths = (
        official(tmp_path / "ten", "cifar-10-batches-py", ten),
        official(tmp_path / "hundred", "cifar-100-python", hundred),
    )
    made = cifar.convert(*paths)
    assert_array_equal(made["labels"], np.repeat(np.arange(8), 3))
    assert made["images"].shape == (24, 32, 32, 3) and made["images"].dtype == np.uint8
    assert (made["images"][:, 0, 0, 0] == 200).all() and (made["images"][:, 31, 31, 2] == 201).all()
    seen = {
        name: made["images"][made["labels"] == k, 5, 5, 1].tolist()
        for k, name in enumerate(cifar.CLASSES)
    }
    assert seen["dog"] == [11, 21, 31]
    woman = fine.index(b"woman")
    assert seen["woman"] == [100 + woman, 108 + woman, 127 - woman]


def test_the_extract_of_cifar_gives_the_same_arrays(tmp_path):
    by_class = {
        name: np.full((600, 32, 32, 3), k, np.uint8) for k, name in enumerate(cifar.CLASSES)
    }
    np.savez(tmp_path / "extract.npz", **by_class)
    made = cifar.convert_extract(tmp_path / "extract.npz")
    assert_array_equal(made["images"][:, 0, 0, 0], made["labels"])
    assert_array_equal(np.bincount(made["labels"]), np.full(8, 600))


@pytest.mark.parametrize(
    "here, expected",
    [
        ((), "official"),
        ((cifar.EXTRACT,), "extract"),
        (cifar.OFFICIAL, "official"),
        ((cifar.EXTRACT, *cifar.OFFICIAL), "official"),
        ((cifar.EXTRACT, cifar.OFFICIAL[0]), "extract"),
    ],
)
def test_cifar_prefers_the_official_archives(here, expected, monkeypatch):
    asked = []

    def converted(names, item, version, convert):
        asked.append(item)
        return {"images": np.zeros((8, 32, 32, 3), np.uint8), "labels": np.arange(8)}

    monkeypatch.setattr(store, "available", lambda *names: set(names) <= set(here))
    monkeypatch.setattr(store, "converted", converted)
    (task,) = cifar.load()
    assert asked == [f"cifar-{expected}"]
    assert len(set(task.groups.tolist())) == 1  # copies of one image are one group


@pytest.fixture(scope="module")
def digits():
    return mnist.standin(0)


def test_class_pairs_hold_their_classes_and_disjoint_images(digits):
    pairs = [("3", "5"), ("5", "3"), ("3", "8"), ("0", "5")]
    tasks = images.class_pairs(digits, pairs[1:], per_class=60, seed=1)
    assert tasks.names == ["5 versus 3", "3 versus 8", "0 versus 5"] and tasks.regime == (
        "own",
        "same",
    )
    whole = digits[0]
    for task, (a, b) in zip(tasks, pairs[1:], strict=True):
        assert_array_equal(np.bincount(task.y), [60, 60])
        assert_array_equal(whole.y[task.rows], np.where(task.y == 1, int(a), int(b)))
        assert task.meta["classes"] == (b, a)
        assert len(set(task.rows)) == 120


def test_class_pairs_begin_again_when_a_class_is_used_up(digits):
    tasks = images.class_pairs(
        digits, [("1", "2"), ("1", "3"), ("1", "4")], per_class=100, seed=1
    )  # 200 images a class
    ones = [set(task.rows[task.y == 1]) for task in tasks]
    assert not ones[0] & ones[1] and ones[0] == ones[2]


def test_a_pairs_images_depend_on_the_seed_and_not_on_later_pairs(digits):
    def rows(pairs, seed):
        return images.class_pairs(digits, pairs, 50, seed)[0].rows.tolist()

    assert rows([("1", "2")], 0) == rows([("1", "2"), ("2", "3")], 0) != rows([("1", "2")], 1)


def test_class_pairs_keep_groups():
    whole = cifar.standin(0)
    (task,) = images.class_pairs(whole, [("man", "woman")], 20, seed=0)
    assert_array_equal(task.groups, whole[0].groups[task.rows])


@pytest.mark.parametrize(
    "pairs, per_class, message",
    [
        ([("1", "x")], 5, "class 'x' .* allowed are 0, 1, 2"),
        ([("1", "1")], 5, "a class against itself"),
        ([("1", "2")], 201, "201 images per class of '1' .* 1 to 200"),
        ([("1", "2")], 0, "per_class 0, allowed is a whole number, 1 or more"),
        ([("1", "2"), ("1", "2")], 5, "'1 versus 2' occurs twice"),
    ],
)
def test_class_pairs_refuse(digits, pairs, per_class, message):
    with pytest.raises(ValueError, match=message):
        images.class_pairs(digits, pairs, per_class, seed=0)


def test_class_pairs_need_one_task_with_classes(digits):
    with pytest.raises(ValueError, match="expected one ce task"):
        images.class_pairs(
            images.class_pairs(digits, [("1", "2")], 5, seed=0), [("1", "2")], 5, seed=0
        )


def test_components_are_the_principal_components(digits):
    from sklearn.decomposition import PCA

    made = images.components(digits, 6)
    flat = digits[0].X.reshape(len(digits[0]), -1) / 255
    reference = PCA(6, svd_solver="full").fit(flat)
    assert_allclose(np.abs(made[0].X), np.abs(reference.transform(flat)), atol=1e-8)
    assert made[0].inputs.kind == "table" and made[0].inputs.columns[0] == "component 1"
    assert_allclose(images.components(digits, 3)[0].X, made[0].X[:, :3], atol=1e-8)


def test_components_are_fitted_on_the_rows_of_the_fitting_tasks(digits):
    train, test = digits.split("samples", 0.3, seed=0)
    scores = images.components(test, 4, fit=train)
    assert_allclose(scores[0].inputs.array[train[0].rows].mean(axis=0), 0, atol=1e-10)
    assert_array_equal(scores[0].rows, test[0].rows)
    array = digits[0].inputs.array.copy()
    array[test[0].rows] = 255 - array[test[0].rows]  # other test images, same axes
    other = images.components(
        TaskSet(
            [
                Task(
                    "digit",
                    Inputs("MNIST (simulated)", array, "image"),
                    train[0].rows,
                    train[0].y,
                    "ce",
                )
            ]
        ),
        4,
    )
    assert_allclose(other[0].X, images.components(train, 4)[0].X, atol=1e-10)


def test_components_keep_the_regime(digits):
    pairs = images.class_pairs(digits, [("1", "2"), ("3", "4")], 30, seed=0)
    assert images.components(pairs, 2).regime == pairs.regime == ("own", "same")


@pytest.mark.parametrize("d", [0, 785, -1])
def test_components_refuse_a_wrong_number(digits, d):
    with pytest.raises(
        ValueError,
        match=f"components of 'MNIST .simulated.': d {d}, allowed is a whole number from 1 to 784",
    ):
        images.components(digits, d)


def test_components_need_one_inputs(digits):
    with pytest.raises(ValueError, match="several inputs"):
        images.components(TaskSet([*digits, *fashion.standin(0)]), 2)
    with pytest.raises(ValueError, match="other inputs"):
        images.components(digits, 2, fit=fashion.standin(0))


# Sensors


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    lengths=st.lists(st.integers(1, 400), min_size=1, max_size=5).filter(
        lambda found: max(found) >= watch.LENGTH
    )
)
def test_windows_stay_inside_their_recording(lengths):
    recording = np.repeat(np.arange(len(lengths)), lengths)
    windows, of_window = watch.windows_of(
        np.column_stack([recording, np.arange(len(recording))]), np.array(lengths)
    )
    assert (windows[:, :, 0] == of_window[:, None]).all()
    assert (np.diff(windows[:, :, 1], axis=1) == 1).all()
    assert_array_equal(
        np.bincount(of_window, minlength=len(lengths)), [max(0, (n - 50) // 50) for n in lengths]
    )


def test_features_of_a_known_signal():
    ramp = np.arange(100.0)
    wave = np.where(np.arange(100) % 2, 1.0, -1.0)
    window = np.stack([ramp, wave, *[np.zeros(100)] * 4], axis=1)[None].astype(np.float32)
    table = watch.features(window, "known")
    found = dict(zip(table.columns, table.array[0], strict=True))
    assert len(found) == 54
    assert found["ax mean"] == found["ax median"] == 49.5 and found["ax mean absolute change"] == 1
    assert (found["ax lower quartile"], found["ax upper quartile"]) == (24.75, 74.25)
    assert found["ax crossings of the mean"] == pytest.approx(1 / 99)
    assert (
        found["ay minimum"],
        found["ay maximum"],
        found["ay deviation"],
        found["ay crossings of the mean"],
    ) == (-1, 1, 1, 1)
    assert not any(found[f"wz {statistic}"] for statistic in watch.STATISTICS)


def test_one_arm_and_the_other_make_the_whole():
    whole, left, right = (watch.standin(0, side=side) for side in (None, "left", "right"))
    for task, a, b in zip(whole, left, right, strict=True):
        assert sorted([*a.rows, *b.rows]) == task.rows.tolist()
        assert {group.split("/")[1] for group in a.groups} == {"left"} and {
            group.split("/")[1] for group in b.groups
        } == {"right"}


def test_groups_name_person_arm_and_exercise():
    for task in watch.standin(0):
        for group, label in zip(task.groups, task.y, strict=True):
            person, _, exercise = group.split("/")
            assert (f"person {person}", exercise) == (task.name, watch.EXERCISES[label])


def test_views_have_the_same_rows_and_labels():
    for a, b in zip(watch.standin(0), watch.standin(0, view="windows"), strict=True):
        assert_array_equal(a.rows, b.rows)
        assert_array_equal(a.y, b.y)
        assert_allclose(a.X[:, 0], b.X[:, 0].mean(axis=1), rtol=1e-4, atol=1e-5)


def test_one_exercise_against_the_rest():
    tasks = watch.standin(0)
    for whole, one in zip(tasks, watch.one_vs_rest(tasks, "abduction"), strict=True):
        assert_array_equal(one.y == 1, whole.y == 1)
        assert (one.loss, one.name) == ("logistic", whole.name)
    with pytest.raises(ValueError, match="exercise 'jumping', allowed are pendulum"):
        watch.one_vs_rest(tasks, "jumping")


@pytest.mark.parametrize(
    "options, message",
    [
        ({"view": "raw"}, "view 'raw', allowed are features, windows"),
        ({"side": "both"}, "side 'both', allowed are left, right"),
    ],
)
def test_watch_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        watch.standin(0, **options)


# Words and tags


def test_vocabulary_by_frequency_then_alphabet():
    sentences = [["b", "a", "c"], ["a", "c", "d"]]
    assert words.vocabulary(sentences) == ("<pad>", "<other>", "a", "c", "b", "d")
    assert words.vocabulary(sentences, at_least=2) == ("<pad>", "<other>", "a", "c")


def test_encode_pads_and_replaces():
    known = ("<pad>", "<other>", "a", "b")
    assert_array_equal(
        words.encode([["b", "x"], ["a", "a", "b"], ["<pad>"]], known, 3),
        [[3, 1, 0], [2, 2, 3], [1, 0, 0]],
    )
    assert_array_equal(words.encode_tags([["O"], ["B", "O"]], ("O", "B"), 2), [[0, -100], [1, 0]])
    with pytest.raises(ValueError, match="sentence 1 has 3 words, allowed are at most 2"):
        words.encode([["a"], ["a", "b", "a"]], known, 2)
    with pytest.raises(ValueError, match="tag 'X', allowed are O, B"):
        words.encode_tags([["O", "X"]], ("O", "B"), 2)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    sentences=st.lists(
        st.lists(st.sampled_from("abcdef"), min_size=0, max_size=5), min_size=1, max_size=6
    )
)
def test_codes_and_cuts_round_trip(sentences):
    known = words.vocabulary(sentences)
    codes = words.encode(sentences, known, 5)
    assert [[known[c] for c in row if c] for row in codes] == sentences
    flat = np.array([word for sentence in sentences for word in sentence], dtype=str)
    assert words.sentences_of(flat, np.array([len(s) for s in sentences])) == sentences
    groups = copy_groups(codes)
    assert [sentences[g] for g in groups] == sentences
    assert all(sentences.index(s) == g for s, g in zip(sentences, groups, strict=True))


def test_tweets_are_cut_at_blank_lines_and_lone_tabs():
    text = "\n\t\n@a\tO\nNew\tB-geo-loc\nYork\tI-geo-loc\n\t\nhi\tO\n\n\n\t\nEmpire\tB-facility"
    assert tweets.parse(text) == [
        [("@a", "O"), ("New", "B-geo-loc"), ("York", "I-geo-loc")],
        [("hi", "O")],
        [("Empire", "B-facility")],
    ]


@pytest.mark.parametrize(
    "line", ["word", "word\tX", "word\tB-", "\tO", "word\tI-person", "word\tO\tO"]
)
def test_tweets_refuse_other_lines(line):
    with pytest.raises(ValueError, match="tweets, line 2: "):
        tweets.parse(f"a\tB-other\n{line}\n")


def names_of(tags):
    """Spans (start, end) of B followed by Is."""
    starts = [k for k, tag in enumerate(tags) if tag == 1]
    return [
        (k, next((j for j in range(k + 1, len(tags)) if tags[j] != 2), len(tags))) for k in starts
    ]


def check_tweets(tasks):
    boundaries, types = tasks["boundaries"], tasks["types"]
    assert boundaries.meta["tags"] == ("O", "B", "I") and len(types.meta["tags"]) == 11
    pad = boundaries.X == words.PAD
    assert_array_equal(boundaries.y == words.NO_TAG, pad)
    assert_array_equal(types.y == words.NO_TAG, pad)
    assert_array_equal(boundaries.y == 0, types.y == 0)
    assert all(
        len(set(kinds[a:b])) == 1
        for tags, kinds in zip(boundaries.y, types.y, strict=True)
        for a, b in names_of(tags)
    )
    assert boundaries.X.max() == len(boundaries.meta["words"]) - 1


def test_simulated_tweets_are_consistent():
    check_tweets(tweets.standin(0))


def files_of_atis(folder, train, dev, test):
    paths = []
    for part, rows in zip(atis.PARTS, (train, dev, test), strict=True):
        for column, file in enumerate(("seq.in", "seq.out", "label")):
            paths.append(folder / f"{part}-{file}")
            paths[-1].write_text("".join(f"{row[column]}\n" for row in rows))
    return paths


def test_atis_codes_unseen_labels_after_those_of_training(tmp_path):
    train = [
        ("fly to boston", "O O B-city", "flight"),
        ("fare to new york", "O O B-city I-city", "airfare"),
    ]
    paths = files_of_atis(
        tmp_path,
        train,
        [("fly to boston", "O O B-city", "flight")],
        [("fly at noon", "O O B-afternoon", "a day")],
    )
    made = atis.convert(*paths)
    sentences, tags = (words.sentences_of(made[key], made["lengths"]) for key in ("words", "tags"))
    tasks = atis._tasks(sentences, tags, made["intents"], made["part"], "small")
    intent, slots = tasks["intent"], tasks["slots"]
    assert intent.meta["classes"] == ("airfare", "flight", "a day") and intent.meta["trained"] == 2
    assert (
        slots.meta["tags"] == ("O", "B-city", "I-city", "B-afternoon")
        and slots.meta["trained"] == 3
    )
    assert_array_equal(intent.y, [1, 0, 1, 2])
    assert_array_equal(
        slots.y[:, :5],
        [[0, 0, 1, -100, -100], [0, 0, 1, 2, -100], [0, 0, 1, -100, -100], [0, 0, 3, -100, -100]],
    )
    assert intent.X[3].tolist()[:4] == [
        intent.meta["words"].index("fly"),
        words.OTHER,
        words.OTHER,
        words.PAD,
    ]
    assert_array_equal(intent.groups, [0, 1, 0, 3])
    assert intent.meta["part"].tolist() == ["train", "train", "dev", "test"]


def test_atis_refuses_unequal_lengths(tmp_path):
    paths = files_of_atis(tmp_path, [("fly to boston", "O O", "flight")], [], [])
    with pytest.raises(ValueError, match="ATIS train, sentence 1: 3 words and 2 slot tags"):
        atis.convert(*paths)


PLAY = """THE PLAY

by William Shakespeare

PERSONS REPRESENTED.

KING, a king.

ACT I.

SCENE I. A hall.

[Enter King
and Fool.]

KING.
My lord, 'tis cold.
To-night!

[To the FOOL.

Come.

Fool.
Ay. [Aside] No, no.

[A horn.]

Good night, o'er there.

FIRST LORD.

Hark.

Fool.
Farewell.

Scene II. Another room.

A table.

KING
Go.

Exit all.
Now.
"""


def test_speeches_of_a_play():
    assert shakespeare.parse(PLAY) == [
        ("KING", ["my", "lord", "tis", "cold", "to", "night", "come"]),
        ("FOOL", ["ay", "no", "no", "good", "night", "o'er", "there"]),
        ("FIRST LORD", ["hark"]),
        ("FOOL", ["farewell"]),
        ("KING", ["go", "exit", "all", "now"]),
    ]


def archive_of_plays(path, plays):
    metadata = "".join(
        f"[{name}_gut]\ntitle = {title}\nnotes = 100 % free\n\n"
        for name, (title, _) in plays.items()
    )
    files = {
        "metadata.txt": metadata,
        **{f"{name}_gut.txt": text for name, (_, text) in plays.items()},
        "hamlet_gut_f.txt": "KING.\nfolio",
    }
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"shakespeare-0/shksprdata/texts/{name}")
            content = text.encode("latin-1")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_plays_become_tasks_of_speakers(tmp_path):
    other = "ACT I\n\nKING.\nNo no no.\n"
    plays = {"b": ("Beta", PLAY), "a": ("Alpha", other), "sonnets": ("Sonnets", other)}
    arrays = shakespeare.convert(archive_of_plays(tmp_path / "plays", plays))
    tasks = shakespeare._tasks(arrays, 1, 2, 1, "small")
    assert tasks.names == ["Alpha, KING", "Beta, KING", "Beta, FOOL", "Beta, FIRST LORD"]
    assert tasks[0].meta["words"] == ("<pad>", "<other>", "no")
    assert_array_equal(tasks[0].X, [[0, 0], [0, 2], [2, 2]])
    assert_array_equal(tasks["Beta, FOOL"].y, [1, 2, 2, 1, 1, 1, 1, 1])
    assert len(set(tasks["Beta, FOOL"].groups)) == 2 and tasks.regime == ("own", "same")
    assert len({id(task.inputs) for task in tasks}) == 1 and tasks.sizes.sum() == len(
        tasks[0].inputs.array
    )
    assert shakespeare._tasks(arrays, 8, 2, 1, "small").names == ["Beta, KING", "Beta, FOOL"]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    speeches=st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=6), min_size=1, max_size=5),
    context=st.integers(1, 4),
)
def test_contexts_are_the_words_before_in_the_same_speech(speeches, context):
    found = shakespeare.contexts(
        np.concatenate(speeches), np.array([len(s) for s in speeches]), context
    )
    expected = [
        ([0] * context + speech[:k])[-context:] for speech in speeches for k in range(len(speech))
    ]
    assert found.tolist() == expected


@pytest.mark.parametrize(
    "options, message",
    [
        ({"min_words": 0}, "min_words 0"),
        ({"context": 0}, "context 0"),
        ({"vocabulary": 0}, "vocabulary 0"),
        ({"min_words": 1201}, "min_words 1201, nobody says more than 1200 words"),
    ],
)
def test_shakespeare_refuses(options, message):
    with pytest.raises(ValueError, match=f"Shakespeare: {message}"):
        shakespeare.standin(0, **options)


def test_ratings_are_read_without_quoting():
    raw = (
        'id\tsentiment\ttext\r\n1_1\t-0.5\tsay "no, &amp; no\r\n1_2\t4\tespa\u00f1ol\ttab'.encode()
    )
    assert sentiment.parse(raw, "small") == [
        ("1_1", -0.5, 'say "no, & no'),
        ("1_2", 4.0, "espa\u00f1ol\ttab"),
    ]


@pytest.mark.parametrize("line", ["1\t0.5", "1\tnan\ttext", "1\t\ttext", "1\t4.1\ttext", "text"])
def test_ratings_refuse_other_lines(line):
    with pytest.raises(ValueError, match="small, line 3: .*expected id, rating in -4..4 and text"):
        sentiment.parse(f"id\tsentiment\ttext\n1\t0\tfine\n{line}\n".encode(), "small")


def test_components_of_texts_reproduce_their_inner_products():
    texts = [
        f"{a} {b} {c}"
        for a in ("good", "bad")
        for b in ("film", "book", "song")
        for c in ("today", "yesterday")
    ]
    texts += ["good film today"] * 9 + [
        "good book today"
    ] * 4  # so that no two singular values are equal
    scores = sentiment.components(texts, 5)  # 7 words less 2 relations: rank 5
    assert_allclose((scores**2).sum(axis=1), 1, atol=1e-9)  # rows of a TF-IDF matrix have length 1
    assert (np.diff((scores**2).sum(axis=0)) < 1e-9).all()
    assert_allclose(sentiment.components(texts, 2), scores[:, :2], atol=1e-9)


@pytest.mark.parametrize("d", [0, 201])
def test_sentiment_refuses(d):
    for call in (lambda: sentiment.standin(0, d=d), lambda: sentiment.load(d=d)):
        with pytest.raises(
            ValueError, match=f"sentiment: d {d}, allowed is a whole number from 1 to 200"
        ):
            call()


# Real data


@pytest.mark.data
@every_reading
def test_real_data_have_the_form_of_their_stand_in_and_the_size_of_their_card(reading):
    module, options, count, samples = READINGS[reading]
    tasks = real(module, **options)
    assert (len(tasks), tasks.sizes.sum()) == (count, samples)
    shape, expected = form(tasks), form(standin(reading, 0))
    assert shape == expected


@pytest.mark.data
def test_persons_arms_and_exercises_of_the_watch():
    tasks = real(watch)
    assert tasks.names == [f"person {k}" for k in range(1, 11)]
    assert all(len(set(task.groups)) == 14 and set(task.y) == set(range(7)) for task in tasks)
    assert (tasks.sizes.min(), tasks.sizes.max()) == (295, 561)


@pytest.mark.data
@pytest.mark.parametrize(
    "source, counts",
    [
        (
            mnist,
            {
                "train": [4932, 5678, 4968, 5101, 4859, 4506, 4951, 5175, 4842, 4988],
                "valid": [991, 1064, 990, 1030, 983, 915, 967, 1090, 1009, 961],
                "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
            },
        ),
        (fashion, {"train": [6000] * 10, "test": [1000] * 10}),
    ],
    ids=["mnist", "fashion"],
)
def test_classes_of_the_real_images(source, counts):
    (task,) = real(source)
    origin = task.meta["origin"][task.rows]
    assert {part: np.bincount(task.y[origin == part]).tolist() for part in counts} == counts
    assert task.inputs.array.min() == 0 and task.inputs.array.max() == 255


@pytest.mark.data
def test_real_cifar_has_600_a_class_and_four_images_twice():
    (task,) = real(cifar)
    assert_array_equal(np.bincount(task.y), [600] * 8)
    groups, uses = np.unique(task.groups, return_counts=True)
    assert len(groups) == 4796 and uses.max() == 2
    for group in groups[uses == 2]:
        assert sorted(cifar.CLASSES[k] for k in task.y[task.groups == group]) == ["baby", "girl"]


@pytest.mark.data
def test_speakers_of_the_real_plays():
    tasks = real(shakespeare, min_words=1)
    assert (len(tasks), tasks.sizes.sum(), len({task.meta["play"] for task in tasks})) == (
        1376,
        804_625,
        37,
    )
    assert ((tasks.sizes >= 1000).sum(), (tasks.sizes >= 2000).sum()) == (256, 121)
    hamlet = tasks["Hamlet, HAM"]
    told = " ".join(hamlet.meta["words"][code] for code in hamlet.y)
    assert "to be or not to be that is the question" in told
    assert tasks["Romeo and Juliet, ROMEO"].X[0].tolist() == [0, 0, 0]


@pytest.mark.data
def test_names_in_the_real_tweets():
    tasks = real(tweets)
    check_tweets(tasks)
    y = tasks["boundaries"].y
    assert ((y != words.NO_TAG).sum(), (y == 1).sum(), (y == 2).sum()) == (46_469, 1496, 966)
    assert len(tasks["types"].meta["words"]) == 2 + 2903


@pytest.mark.data
def test_ratings_of_the_real_domains():
    tasks = real(sentiment)
    sizes = {"tweets": 4200, "Amazon reviews": 3708, "film reviews": 10605, "editorials": 5190}
    assert dict(zip(tasks.names, tasks.sizes.tolist(), strict=True)) == sizes
    assert_allclose([task.y.mean() for task in tasks], [0.5054, 0.3823, 0.0048, -0.1412], atol=1e-4)
    assert [len(set(task.groups.tolist())) for task in tasks] == [4200, 300, 10605, 498]


@pytest.mark.data
def test_labels_of_the_real_questions():
    tasks = real(atis)
    intent, slots = tasks["intent"], tasks["slots"]
    assert (
        intent.meta["trained"],
        len(intent.meta["classes"]),
        slots.meta["trained"],
        len(slots.meta["tags"]),
    ) == (21, 26, 120, 127)
    part = intent.meta["part"][intent.rows]
    assert [(part == name).sum() for name in atis.PARTS] == [4478, 500, 893]
    assert (intent.y[part == "train"] < 21).all() and slots.y[part == "train"].max() == 119
    assert intent.meta["classes"][np.bincount(intent.y).argmax()] == "atis_flight"


def test_no_stretch_of_human_activity_is_cut_and_a_gap_stands_before_it():
    tasks = har.standin(0)
    train, valid, test = har.by_stretch(tasks, 3)
    for whole, *parts in zip(tasks, train, valid, test, strict=True):
        stretches = [set(part.groups) for part in parts]
        assert sum(map(len, stretches)) == len(set(whole.groups)) == 36
        assert all(set(part.y) == set(range(6)) for part in parts)
        for end in (0, -1):
            ends = {name: whole.rows[whole.groups == name][end] for name in set(whole.groups)}
            assert set(ends.values()) & set(parts[0].rows) == {ends[n] for n in stretches[0]}
            assert not set(ends.values()) & {*parts[1].rows, *parts[2].rows}
    again = har.by_stretch(tasks, 3)
    assert [t.rows.tolist() for t in again[2]] == [t.rows.tolist() for t in test]
    assert [t.rows.tolist() for t in har.by_stretch(tasks, 4)[2]] != [t.rows.tolist() for t in test]


@pytest.mark.data
def test_stretches_of_human_activity_are_unbroken_and_everybody_has_four_of_each():
    for task in real(har):
        for name in set(task.groups):
            there = np.flatnonzero(task.groups == name)
            assert (np.diff(there) == 1).all() and len(set(task.y[there])) == 1
        for activity in range(6):
            assert len(set(task.groups[task.y == activity])) >= 4
