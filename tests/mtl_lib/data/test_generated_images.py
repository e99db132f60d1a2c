"""Generated images: what the oracle of each truth reaches, and what must be independent is."""

import colorsys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from mtl_lib.data.generated.images import coloured, dial, pure_colour
from mtl_lib.tasks import Inputs, Task, TaskSet


def grey(n=300, C=4, dtype=np.uint8):
    """Grey images whose class is the bright row."""
    draw = np.random.default_rng(0)
    y = np.arange(n) % C
    array = draw.integers(0, 100, (n, 6, 6))
    array[np.arange(n), y] += 150
    array = array.astype(np.uint8) if dtype == np.uint8 else (array / 255).astype(dtype)
    return Task("class", Inputs("shapes", array, "image"), np.arange(n), y, "ce")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(hue=st.floats(0, 1, exclude_max=True))
def test_pure_colours_are_those_of_the_standard_library(hue):
    assert_allclose(pure_colour(np.array([hue]))[0], colorsys.hsv_to_rgb(hue, 1, 1), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_hue_and_grey_value_can_be_read_off_every_image(dtype):
    task = grey(dtype=dtype)
    tasks, truth = coloured(task, seed=1)
    array = tasks[0].inputs.array
    assert (
        array.dtype == np.float32
        and array.shape == (300, 6, 6, 3)
        and tasks[0].inputs.kind == "image"
    )
    values = task.X / (255 if dtype == np.uint8 else 1)
    assert_allclose(array.max(axis=-1), values, atol=1e-6)
    brightest = [
        image[divmod(int(value.argmax()), 6)] for image, value in zip(array, values, strict=True)
    ]
    seen = np.array([colorsys.rgb_to_hsv(*map(float, pixel))[0] for pixel in brightest])
    assert np.abs((seen - truth["hue"] + 0.5) % 1 - 0.5).max() < 1e-6


def test_two_tasks_on_disjoint_images():
    (digit, hue), truth = coloured(grey(), seed=1, share=0.3)
    both = TaskSet([digit, hue])
    assert (
        both.names == ["class", "hue"]
        and both.regime == ("own", "different")
        and list(both.sizes) == [90, 210]
    )
    assert (digit.loss, hue.loss, hue.y.shape, digit.inputs.name) == (
        "ce",
        "squared",
        (210, 2),
        "shapes, coloured",
    )
    assert_array_equal(np.sort(np.concatenate([digit.rows, hue.rows])), np.arange(300))
    assert_array_equal(digit.y, truth["y"][digit.rows])
    assert_allclose(
        np.arctan2(hue.y[:, 0], hue.y[:, 1]) / (2 * np.pi) % 1, truth["hue"][hue.rows], atol=1e-6
    )


def test_hue_is_uniform_and_independent_of_class_side_and_brightness():
    task = grey(4000)
    (digit, hue), truth = coloured(task, seed=2)
    assert stats.kstest(truth["hue"], "uniform").pvalue > 1e-3
    counts = stats.contingency.crosstab(task.y, np.floor(8 * truth["hue"])).count
    assert counts.shape == (4, 8) and stats.chi2_contingency(counts).pvalue > 1e-3
    assert stats.ks_2samp(truth["hue"][digit.rows], truth["hue"][hue.rows]).pvalue > 1e-3
    circle = np.column_stack([np.sin(2 * np.pi * truth["hue"]), np.cos(2 * np.pi * truth["hue"])])
    brightness = task.X.mean(axis=(1, 2))
    for x in (*np.eye(4)[task.y].T, brightness):
        assert np.all(np.abs([np.corrcoef(x, c)[0, 1] for c in circle.T]) < 4 / np.sqrt(4000))
    assert hue.y.var(axis=0).mean() == pytest.approx(0.5, abs=0.02)


def test_the_hue_of_an_image_does_not_depend_on_the_others():
    whole = grey()
    some = whole.take(np.arange(250, 50, -2))
    _, truth = coloured(some, seed=1)
    assert_array_equal(truth["source"], some.rows)
    assert_array_equal(truth["hue"], coloured(whole, seed=1).truth["hue"][some.rows])
    assert not np.array_equal(coloured(whole, seed=2).truth["hue"][some.rows], truth["hue"])


def test_groups_are_not_cut():
    task = grey()
    task = Task(task.name, task.inputs, task.rows, task.y, "ce", groups=np.arange(300) // 10)
    digit, hue = coloured(task, seed=1).tasks
    assert (
        not set(digit.groups) & set(hue.groups) and len(set(digit.groups) | set(hue.groups)) == 30
    )


def images(array, kind="image"):
    return Task(
        "t", Inputs("bad", array, kind), np.arange(len(array)), np.zeros(len(array)), "logistic"
    )


@pytest.mark.parametrize(
    "task, message",
    [
        (images(np.ones((4, 9)), "table"), "'bad' are a table of shape"),
        (images(np.ones((4, 3, 3, 3))), "allowed are grey images"),
        (images(np.full((4, 3, 3), 200)), "values from 200 to 200, allowed are uint8 or 0 to 1"),
        (images(-np.ones((4, 3, 3))), "values from -1 to -1"),
        (images(np.array([np.ones((2, 2)), np.zeros((2, 2))])), "image 1 of 'bad' is black"),
        (images(np.ones((1, 3, 3))), "1 image, two tasks need one each"),
    ],
    ids=["table", "rgb", "range", "negative", "black", "single"],
)
def test_images_that_cannot_be_coloured(task, message):
    with pytest.raises(ValueError, match=f"^coloured: .*{message}") as error:
        coloured(task, 0)
    assert "\n" not in str(error.value)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(rho=st.floats(0, 1), n=st.integers(2, 30), seed=st.integers(0, 999))
def test_directions_have_cosine_rho_at_any_setting(rho, n, seed):
    tasks, truth = dial(rho, n, seed)
    u = truth["directions"].reshape(2, -1)
    assert_allclose(u @ u.T, [[1, rho], [rho, 1]], atol=1e-12)
    assert (
        tasks.names == ["A vs B", "C vs D"]
        and tasks.regime == ("own", "same")
        and list(tasks.sizes) == [n, n]
    )
    assert all(
        abs(t.y.sum() - n / 2) <= 0.5 and t.X.shape == (n, 14, 14) and t.loss == "logistic"
        for t in tasks
    )


@pytest.mark.parametrize("rho", [0, 0.3, 1])
@pytest.mark.parametrize("error", [0.02, 0.2])
def test_the_oracle_errs_as_often_as_stated(rho, error):
    n = 10000
    tasks, truth = dial(rho, n, 5, error=error)
    assert truth["bayes_error"] == error == pytest.approx(stats.norm.cdf(-truth["separation"] / 2))
    for t, u in zip(tasks, truth["directions"], strict=True):
        wrong = ((t.X * u).sum(axis=(1, 2)) > 0) != t.y
        assert abs(wrong.mean() - error) < 4 * np.sqrt(error * (1 - error) / n)


@pytest.mark.parametrize("rho", [0, 0.6, 1])
def test_the_other_task_s_direction_errs_by_the_angle(rho):
    """On task 2 the direction of task 1 sees the separation rho s: error Phi(-rho s / 2)."""
    n = 10000
    tasks, truth = dial(rho, n, 6)
    expected = stats.norm.cdf(-rho * truth["separation"] / 2)
    wrong = ((tasks[1].X * truth["directions"][0]).sum(axis=(1, 2)) > 0) != tasks[1].y
    assert abs(wrong.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_what_is_left_without_the_template_is_standard_noise():
    tasks, truth = dial(0.5, 2000, 7)
    noises = [
        (t.X - truth["separation"] * (t.y - 0.5)[:, None, None] * u).reshape(2000, -1)
        for t, u in zip(tasks, truth["directions"], strict=True)
    ]
    assert abs(np.corrcoef(noises[0].ravel(), noises[1].ravel())[0, 1]) < 4 / np.sqrt(
        noises[0].size
    )
    for noise in noises:
        assert stats.kstest(noise.ravel()[::7], "norm").pvalue > 1e-3
        covariance = noise.T @ noise / 2000
        assert np.abs(covariance - np.eye(196)).max() < 6 * np.sqrt(2 / 2000)


def test_templates_are_parts_in_separate_squares():
    own, other = (dial(rho, 2, 3).truth["directions"][1] for rho in (1, 0))
    assert not np.any((own != 0) & (other != 0))
    for template in (own, other):
        squares = (template[1:13, 1:13] ** 2).reshape(4, 3, 4, 3).sum(axis=(1, 3)).ravel()
        assert_allclose(np.sort(squares), [0] * 12 + [0.25] * 4, atol=1e-12)


def test_settings_of_the_dial_are_paired():
    low, high = dial(0.2, 50, 3), dial(0.9, 50, 3)
    assert_array_equal(low.tasks[0].X, high.tasks[0].X)
    assert_array_equal(low.tasks[1].y, high.tasks[1].y)
    change = (high.truth["directions"] - low.truth["directions"])[1] * low.truth["separation"]
    assert_allclose(
        high.tasks[1].X - low.tasks[1].X, (low.tasks[1].y - 0.5)[:, None, None] * change, atol=1e-5
    )


def test_train_and_test_share_the_truth_and_longer_samples_extend_shorter_ones():
    train, test, longer = dial(0.4, 50, 3), dial(0.4, 50, 3, part="test"), dial(0.4, (80, 51), 3)
    assert_array_equal(train.truth["directions"], test.truth["directions"])
    assert not np.isclose(train.tasks[0].X, test.tasks[0].X).any()
    for a, b in zip(train.tasks, longer.tasks, strict=True):
        assert_array_equal(a.X, b.X[:50])
        assert_array_equal(a.y, b.y[:50])
    assert not np.array_equal(train.truth["directions"], dial(0.4, 50, 4).truth["directions"])


def test_twice_the_images_help_where_the_tasks_are_one_and_not_where_they_share_nothing():
    """Mean differences as classifiers, 40 worlds: pooling gains at rho = 1 and loses at rho = 0."""
    gain = {rho: [] for rho in (0, 1)}
    for rho, seed in [(rho, seed) for rho in gain for seed in range(40)]:
        (first, second), truth = dial(rho, 20, seed)
        X, sign = first.X.reshape(20, -1), 2 * first.y - 1
        alone = sign @ X
        pooled = alone + (2 * second.y - 1) @ second.X.reshape(20, -1)
        u = truth["directions"][0].ravel()
        errors = [
            stats.norm.cdf(-truth["separation"] / 2 * (w @ u) / np.linalg.norm(w))
            for w in (alone, pooled)
        ]
        gain[rho].append(errors[0] - errors[1])
    assert stats.ttest_1samp(gain[1], 0, alternative="greater").pvalue < 1e-4
    assert stats.ttest_1samp(gain[0], 0, alternative="less").pvalue < 1e-4


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"rho": -0.1}, "rho -0.1"),
        ({"rho": 1.01}, "rho 1.01"),
        ({"rho": float("nan")}, "rho nan"),
        ({"n": 0}, "n .*0, allowed"),
        ({"n": (5, 5, 5)}, "3 numbers for 2 tasks"),
        ({"n": 2.5}, "2.5"),
        ({"error": 0}, "error 0"),
        ({"error": 0.5}, "error 0.5"),
        ({"error": 2}, "error 2"),
    ],
)
def test_bad_settings_of_the_dial(arguments, message):
    with pytest.raises(ValueError, match=f"^dial: .*{message}") as error:
        dial(**{"rho": 0.5, "n": 10, "seed": 0, **arguments})
    assert "\n" not in str(error.value)
