"""Generators: an oracle recovers the truth, Bayes errors are as stated, streams keep tasks apart.

Random bounds are four or more standard errors at fixed seeds.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, ndtr
from sklearn.linear_model import LogisticRegression

from mtl_lib.data.generated import language, users
from mtl_lib.data.generated.linear import STRUCTURES, linear
from mtl_lib.data.generated.mixture import bayes, client_sizes, flipped, independent, mixture
from mtl_lib.transforms import standardise

every_structure = pytest.mark.parametrize("structure", STRUCTURES)
MAKERS = {
    "linear": lambda seed=0, part="train": linear("clusters", 6, 4, 9, 0.5, seed, part, level=1.0),
    "mixture": lambda seed=0, part="train": mixture(4, seed, part, d=5, m=20),
    "flipped": lambda seed=0, part="train": flipped(4, seed, part, d=5, m=20),
    "independent": lambda seed=0, part="train": independent(4, seed, part, d=5, m=20),
    "eating": lambda seed=0, part="train": language.eating(4, 30, seed, part),
    "grammar": lambda seed=0, part="train": language.grammar(40, seed, part),
    "users": lambda seed=0, part="train": users.users(10, 4, seed, part),
}
TRUTH = {
    "linear": "W b centres",
    "mixture": "theta pi",
    "flipped": "theta",
    "independent": "theta",
    "eating": "next profiles weights",
    "grammar": "",
    "users": "type items genres ratings",
}


def labels(tasks):
    return [task.y.tolist() for task in tasks]


@pytest.mark.parametrize("maker", MAKERS)
def test_parts_share_the_truth_and_seeds_do_not(maker):
    (train, truth), (again, _), (test, same), (other, another) = (
        MAKERS[maker](*args) for args in ((), (), (0, "test"), (1,))
    )
    assert (
        labels(train) == labels(again)
        and labels(train) != labels(test)
        and labels(train) != labels(other)
    )
    for key in TRUTH[maker].split():
        assert_array_equal(truth[key], same[key])
        assert not np.array_equal(truth[key], another[key])
    assert (
        train.names == test.names
        and train[0].inputs.name == test[0].inputs.name
        and train[0].inputs.kind == test[0].inputs.kind
    )


def test_parts_differ_in_every_draw():
    one, other = (linear("unrelated", 2, 3, 40, 1.0, 0, part) for part in ("train", "test"))
    noise = [
        [t.y - t.X @ w for t, w in zip(k.tasks, k.truth["W"], strict=True)] for k in (one, other)
    ]
    assert not np.isclose(one.tasks[0].X, other.tasks[0].X).any() and not np.isclose(*noise).any()
    one, other = (mixture(2, 0, part, d=3, m=40) for part in ("train", "test"))
    assert not np.isclose(one.tasks[0].X, other.tasks[0].X).any()
    assert (one.truth["component"] != other.truth["component"]).any()
    one, other = (users.users(20, 4, 0, part) for part in ("train", "test"))
    kind = np.repeat(one.truth["type"], 4)
    noise = [
        k.tasks["rating"].y - k.truth["ratings"][kind, k.tasks["next"].y] for k in (one, other)
    ]
    assert (
        not np.isclose(*noise).any() and (one.tasks["next"].y != other.tasks["next"].y).mean() > 0.5
    )


REGIME = {"grammar": ("shared", "different"), "users": ("shared", "different")}


@pytest.mark.parametrize("maker", MAKERS)
def test_regime(maker):
    assert MAKERS[maker]().tasks.regime == REGIME.get(maker, ("own", "same"))


# Linear tasks


@every_structure
def test_least_squares_recovers_w_and_b(structure):
    tasks, truth = linear(structure, T=6, d=5, m=4000, noise=0.5, seed=1, level=2.0)
    fits = [
        np.linalg.lstsq(np.column_stack([t.X, np.ones(len(t))]), t.y, rcond=None) for t in tasks
    ]
    wanted = np.column_stack([truth["W"], truth["b"]])
    assert np.abs([fit[0] for fit in fits] - wanted).max() < 5 * 0.5 / np.sqrt(4000)
    assert_allclose([fit[1][0] / 4000 for fit in fits], 0.25, rtol=5 * np.sqrt(2 / 4000))


@pytest.mark.parametrize("loss", ["logistic", "hinge"])
def test_logistic_regression_recovers_w_over_noise(loss):
    tasks, truth = linear("common mean", T=2, d=3, m=20000, noise=0.5, seed=0, loss=loss, level=0.5)
    for task, w, b in zip(tasks, truth["W"], truth["b"], strict=True):
        model = LogisticRegression(C=1e8, tol=1e-8).fit(task.X, task.y)
        X = np.column_stack([task.X, np.ones(len(task))])
        p = expit(X @ np.append(w, b) / 0.5)
        errors = np.sqrt(
            np.diag(np.linalg.inv((X * (p * (1 - p))[:, None]).T @ X))
        )  # inverse Fisher information
        assert (
            np.abs(np.append(model.coef_, model.intercept_) - np.append(w, b) / 0.5) < 4 * errors
        ).all()


def test_without_noise_labels_are_exact():
    W = linear("unrelated", 3, 4, 50, 0.0, 0).truth["W"]
    for loss, label in (("squared", lambda z: z), ("squared_hinge", lambda z: z > 0)):
        for task, w in zip(linear("unrelated", 3, 4, 50, 0.0, 0, loss=loss).tasks, W, strict=True):
            assert_allclose(task.y, label(task.X @ w))


@every_structure
def test_every_structure_has_the_same_signal(structure):
    W = linear(structure, T=400, d=50, m=1, noise=1.0, seed=2).truth["W"]
    assert (W**2).sum(axis=1).mean() == pytest.approx(1, abs=0.2)
    assert (W[200:] ** 2).sum(axis=1).mean() == pytest.approx(
        1, abs=0.28
    )  # late tasks have no more than early ones


def truth_of(structure, **options):
    truth = linear(structure, T=20, d=12, m=1, noise=1.0, seed=3, **options).truth
    return truth["W"], truth


def test_shared_support_holds():
    W, truth = truth_of("shared support", size=4)
    assert (
        truth["support"].sum() == 4
        and (W[:, truth["support"]] != 0).all()
        and not W[:, ~truth["support"]].any()
    )


def test_low_rank_holds():
    W, truth = truth_of("low rank", rank=3)
    assert truth["rank"] == np.linalg.matrix_rank(W) == 3
    assert_allclose(truth["basis"] @ truth["basis"].T, np.eye(3), atol=1e-12)
    assert_allclose(W @ truth["basis"].T @ truth["basis"], W, atol=1e-12)


def test_clusters_hold():
    W, truth = truth_of("clusters", k=3, spread=0.0)
    assert_allclose(W, truth["centres"][truth["cluster"]])
    assert sorted(np.bincount(truth["cluster"])) == [6, 7, 7]
    W, truth = truth_of("clusters", k=3, spread=0.3)
    assert_allclose((truth["centres"] ** 2).sum(axis=1), 0.7)
    own = ((W - truth["centres"][truth["cluster"]]) ** 2).sum(axis=1)
    assert own.mean() == pytest.approx(0.3, abs=4 * 0.3 * np.sqrt(2 / 12 / 20))
    closest = ((W[:, None] - truth["centres"]) ** 2).sum(axis=2).argmin(axis=1)
    assert_array_equal(closest, truth["cluster"])


def test_common_and_flipped_mean_hold():
    W, truth = truth_of("common mean", spread=0.0)
    assert_allclose(W, np.tile(truth["mean"], (20, 1)))
    flipped, other = truth_of("flipped mean", spread=0.0)
    assert_allclose(flipped, other["sign"][:, None] * truth["mean"])
    assert other["sign"].sum() == 0 and set(other["sign"]) == {-1, 1}


def test_chain_holds():
    W, truth = truth_of("chain")
    L = truth["laplacian"]
    neighbours = np.eye(20, k=1) + np.eye(20, k=-1)
    assert_array_equal(L, np.diag(neighbours.sum(axis=1)) - neighbours)
    assert np.trace(W.T @ L @ W) == pytest.approx((np.diff(W, axis=0) ** 2).sum())
    long = linear("chain", T=400, d=50, m=1, noise=1.0, seed=0, correlation=0.9).truth
    assert np.trace(long["W"].T @ long["laplacian"] @ long["W"]) == pytest.approx(
        2 * 399 * 0.1, rel=4 * np.sqrt(2 / 50 / 399) * 2
    )


@pytest.mark.parametrize("within", ["low rank", "common mean"])
def test_outliers_hold(within):
    W, truth = truth_of("outliers", within=within, every=4)
    assert truth["outlier"].sum() == 5
    assert_array_equal(W[~truth["outlier"]], truth_of(within)[0][~truth["outlier"]])
    assert_array_equal(W[truth["outlier"]], truth_of("unrelated")[0][truth["outlier"]])


@every_structure
@settings(max_examples=20, derandomize=True, deadline=None)
@given(
    T=st.integers(5, 9),
    more=st.integers(0, 5),
    m=st.integers(1, 6),
    longer=st.integers(0, 4),
    seed=st.integers(0, 10**6),
)
def test_a_task_depends_neither_on_the_others_nor_on_its_size(structure, T, more, m, longer, seed):
    small, few = linear(structure, T, 5, m, 0.3, seed)
    large, many = linear(
        structure, T + more, 5, [m + longer + t for t in range(T + more)], 0.3, seed
    )
    assert_array_equal(few["W"], many["W"][:T])
    for task in small:
        assert_array_equal(task.X, large[task.name].X[:m])
        assert_allclose(task.y, large[task.name].y[:m], rtol=1e-10, atol=1e-12)
    assert_array_equal(large.sizes, m + longer + np.arange(T + more))


def test_structures_are_paired():
    one, other = (linear(structure, 4, 6, 10, 0.7, 0) for structure in ("common mean", "unrelated"))
    for t in range(4):
        assert_array_equal(one.tasks[t].X, other.tasks[t].X)
        noise = [k.tasks[t].y - k.tasks[t].X @ k.truth["W"][t] for k in (one, other)]
        assert_allclose(*noise, atol=1e-12)


def test_losses_may_differ_and_parts_standardise():
    (train, _), (test, _) = (
        linear("chain", 3, 4, 200, 1.0, 0, part, loss=["squared", "logistic", "hinge"])
        for part in ("train", "test")
    )
    assert train.regime == ("own", "different") and [task.loss for task in train] == [
        "squared",
        "logistic",
        "hinge",
    ]
    scaled, other = standardise(train, test)
    assert_allclose(np.concatenate([t.X for t in scaled]).mean(axis=0), 0, atol=1e-12)
    assert np.abs(np.concatenate([t.X for t in other]).mean(axis=0)).max() < 4 * np.sqrt(2 / 600)


# Mixtures


def joined(tasks):
    return np.concatenate([task.y for task in tasks])


@pytest.mark.parametrize("maker", [mixture, flipped, independent])
def test_bayes_is_calibrated_and_its_accuracy_as_stated(maker):
    tasks, truth = maker(30, 0, d=40, m=400, noise=0.5)
    y, p = joined(tasks), truth["bayes"]
    sure, right = np.maximum(p, 1 - p), (p > 0.5) == y
    bound = 4 * np.sqrt((p * (1 - p)).sum()) / len(y)
    assert abs(right.mean() - sure.mean()) < bound
    for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1)):
        inside = (p > low) & (p <= high)
        assert abs((y - p)[inside].sum()) <= 4 * np.sqrt((p * (1 - p))[inside].sum()) + 1


def test_bayes_beats_every_component():
    tasks, truth = mixture(60, 1, m=300)
    accuracy = np.mean((truth["bayes"] > 0.5) == joined(tasks))
    for theta in truth["theta"]:
        assert (
            accuracy
            > np.mean((np.concatenate([t.X for t in tasks]) @ theta > 0) == joined(tasks)) + 0.1
        )
    own = np.concatenate(
        [
            (t.X @ truth["theta"][pi.argmax()] > 0) == t.y
            for t, pi in zip(tasks, truth["pi"], strict=True)
        ]
    )
    assert accuracy > own.mean() - 4 * np.sqrt(0.25 / len(own))


def test_bayes_against_simulation():
    draw = np.random.default_rng(0)
    x, theta, pi = (
        draw.uniform(-1, 1, (5, 3)),
        draw.uniform(-1, 1, (4, 3)),
        np.array([0.1, 0.2, 0.3, 0.4]),
    )
    z = draw.choice(4, p=pi, size=100_000)
    simulated = [np.mean(theta[z] @ row + 0.3 * draw.standard_normal(len(z)) > 0) for row in x]
    assert_allclose(bayes(x, theta, pi, 0.3), simulated, atol=4 * 0.5 / np.sqrt(len(z)))
    assert_allclose(bayes(x, theta, np.tile(pi, (5, 1)), 0.3), bayes(x, theta, pi, 0.3))


def test_components_explain_the_labels():
    tasks, truth = mixture(20, 2, d=20, m=300, noise=0.4)
    X, y = np.concatenate([t.X for t in tasks]), joined(tasks)
    p = ndtr((X * truth["theta"][truth["component"]]).sum(axis=1) / 0.4)
    assert abs((y - p).sum()) < 4 * np.sqrt((p * (1 - p)).sum())
    assert np.mean((p > 0.5) == y) == pytest.approx(
        np.maximum(p, 1 - p).mean(), abs=4 * np.sqrt((p * (1 - p)).mean() / len(y))
    )
    shares = np.array(
        [np.bincount(truth["component"][t.rows], minlength=3) / len(t) for t in tasks]
    )
    assert (
        np.abs(shares - truth["pi"]) <= 4 * np.sqrt(truth["pi"] * (1 - truth["pi"]) / 300) + 1 / 300
    ).all()


def test_distributions_of_the_paper():
    T = 1500
    truth = mixture(T, 0, d=150, m=1).truth
    pi, theta = truth["pi"], truth["theta"]
    assert_allclose(pi.sum(axis=1), 1)
    variance = (1 / 3) * (2 / 3) / (3 * 0.4 + 1)  # of a Dirichlet(0.4, 0.4, 0.4)
    assert_allclose(pi.mean(axis=0), 1 / 3, atol=4 * np.sqrt(variance / T))
    assert_allclose(pi.var(axis=0), variance, atol=4 * np.std((pi - 1 / 3) ** 2) / np.sqrt(T))
    assert (
        theta.shape == (3, 150)
        and np.abs(theta).max() <= 1
        and theta.var() == pytest.approx(1 / 3, abs=4 * np.sqrt(4 / 45 / 450))
    )


def test_client_sizes():
    n = client_sizes(0, [f"client {t}" for t in range(4000)])
    assert n.min() >= 50 and n.max() == 1000
    for value in (60, 104, 1000):  # P(n_t >= value) = P(LogNormal >= value - 50)
        share = ndtr((4 - np.log(value - 50)) / 2)
        assert np.mean(n >= value) == pytest.approx(
            share, abs=4 * np.sqrt(share * (1 - share) / len(n))
        )
    assert_array_equal(mixture(5, 0, d=2).tasks.sizes, n[:5])


def test_unseen_clients_share_components_only():
    seen, unseen = (mixture(5, 0, d=4, m=10, prefix=prefix) for prefix in ("client", "unseen"))
    assert_array_equal(seen.truth["theta"], unseen.truth["theta"])
    assert not np.isclose(seen.truth["pi"], unseen.truth["pi"]).any() and not set(
        seen.tasks.names
    ) & set(unseen.tasks.names)


@pytest.mark.parametrize("maker", [mixture, independent, flipped])
def test_a_client_depends_neither_on_the_others_nor_on_its_size(maker):
    small, large = maker(4, 0, d=5, m=7), maker(9, 0, d=5, m=[20] * 9)
    for task in small.tasks:
        assert_array_equal(task.X, large.tasks[task.name].X[:7])
        assert_array_equal(task.y, large.tasks[task.name].y[:7])


def test_flipped_labels_leave_nothing_to_a_common_model():
    tasks, truth = flipped(20, 0, d=10, m=500)
    assert_array_equal(truth["theta"][0], -truth["theta"][1])
    right = np.array([np.mean((task.X @ truth["theta"][0] > 0) == task.y) for task in tasks])
    assert (right[::2] > 0.9).all() and (right[1::2] < 0.1).all()
    pooled = LogisticRegression().fit(np.concatenate([t.X for t in tasks]), joined(tasks))
    fresh = flipped(20, 0, "test", d=10, m=500).tasks
    assert np.mean([pooled.score(t.X, t.y) for t in fresh]) == pytest.approx(
        0.5, abs=4 * 0.5 / np.sqrt(10_000)
    )


def test_independent_labelings_share_nothing():
    tasks, truth = independent(40, 0, d=60, m=300)
    assert_array_equal(truth["pi"], np.eye(40))
    right = np.array(
        [[np.mean((task.X @ theta > 0) == task.y) for theta in truth["theta"]] for task in tasks]
    )
    assert (np.diag(right) > 0.95).all()
    # the angle of two independent theta, and so the agreement, has deviation about 1 / (pi sqrt(d))
    others = right[~np.eye(40, dtype=bool)]
    assert others.mean() == pytest.approx(
        0.5, abs=4 / np.pi / np.sqrt(60) / np.sqrt(40 * 39 / 2) + 4 * 0.5 / np.sqrt(40 * 300)
    )


# Language


def test_eating_frequencies_converge_to_the_truth():
    tasks, truth = language.eating(4, 20_000, 0)
    V = len(truth["words"])
    assert truth["next"].shape == (4, V) and truth["profiles"].shape == (3, V)
    assert_allclose(truth["next"].sum(axis=1), 1)
    for task, p in zip(tasks, truth["next"], strict=True):
        frequency = np.bincount(task.y, minlength=V) / len(task)
        assert (
            np.abs(frequency - p) <= 4.5 * np.sqrt(p * (1 - p) / len(task)) + 2 / len(task)
        ).all() and not frequency[p == 0].any()
        assert [truth["words"][k] for k in task.X[0]] == ["i", "love", "eating"] and np.ptp(
            task.X, axis=0
        ).max() == 0
        assert {truth["words"][k] for k in task.y} <= set(language.FOODS)


def test_eating_clients_scatter_about_their_mixture():
    exact = language.eating(5, 3, 0, concentration=np.inf).truth
    assert_allclose(exact["next"], exact["weights"] @ exact["profiles"])
    truth = language.eating(600, 1, 0, concentration=9.0).truth
    mean = truth["weights"] @ truth["profiles"]
    scatter = ((truth["next"] - mean) ** 2).sum(axis=1)
    expected = (1 - (mean**2).sum(axis=1)) / 10  # variance of a Dirichlet of total 9
    assert abs((scatter - expected).mean()) < 4 * np.std(scatter - expected) / np.sqrt(600)
    assert np.abs((truth["next"] - mean).mean(axis=0)).max() < 4 * np.sqrt(0.25 / 10 / 600)


def test_eating_clients_are_keyed_by_name():
    small, large, unseen = (
        language.eating(3, 5, 0),
        language.eating(6, [9] * 6, 0),
        language.eating(3, 5, 0, prefix="unseen"),
    )
    assert all(np.array_equal(task.y, large.tasks[task.name].y[:5]) for task in small.tasks)
    assert_array_equal(small.truth["profiles"], unseen.truth["profiles"])
    assert not np.array_equal(small.truth["next"], unseen.truth["next"])


def segments(tags):
    """(slot or None, positions) of one sentence's BIO tags; fails where an I- continues nothing."""
    found = []
    for k, tag in enumerate(tags):
        kind, _, slot = tag.partition("-")
        if kind == "I":
            assert found and found[-1][0] == slot, f"{tag} after {tags[:k]}"
            found[-1][1].append(k)
        else:
            assert tag == "O" or kind == "B"
            found.append((slot or None, [k]))
    return found


def test_every_sentence_is_a_template_with_values_in_valid_bio():
    g = language.derivations()
    for sentence, tags, intent in zip(g.sentences, g.tags, g.intent, strict=True):
        assert_array_equal(sentence > 0, tags >= 0)
        words, names = [g.words[k] for k in sentence if k], [g.tag_names[k] for k in tags if k >= 0]
        skeleton = []
        for slot, positions in segments(names):
            text = " ".join(words[k] for k in positions)
            assert slot is None or text in language.SLOTS[slot]
            skeleton.append(text if slot is None else f"{{{slot}}}")
        assert " ".join(skeleton) in language.INTENTS[g.intents[intent]]
    assert g.p.sum() == pytest.approx(1) and set(g.tags[g.tags >= 0]) == set(
        range(len(g.tag_names))
    )
    assert_allclose(np.bincount(g.intent, g.p), 1 / 6)
    assert len(np.unique(g.sentences, axis=0)) == 2137  # as the docstring says


def test_grammar_posteriors_by_hand():
    tasks, truth = language.grammar(4000, 0)
    texts = [" ".join(truth["words"][k] for k in row if k) for row in tasks["intent"].X]
    intents, tags = truth["intents"].index, truth["tags"].index
    row = texts.index("show me something for friday")
    assert truth["p_intent"][row, [intents("flight"), intents("table")]] == pytest.approx(
        [3 / 8, 5 / 8]
    )  # 1/5 against 1/3
    row = texts.index("how much is turkey")
    assert truth["p_intent"][row, [intents("fare"), intents("price")]] == pytest.approx(
        [2 / 5, 3 / 5]
    )
    assert truth["p_tag"][row, 3, [tags("B-destination"), tags("B-dish")]] == pytest.approx(
        [2 / 5, 3 / 5]
    )
    row = texts.index("how much is soup")
    assert truth["p_intent"][row, intents("price")] == pytest.approx(1) and truth["p_tag"][
        row, 3, tags("B-dish")
    ] == pytest.approx(1)
    assert_allclose(truth["p_intent"].sum(axis=1), 1)
    assert_allclose(truth["p_tag"].sum(axis=2), tasks["slots"].y >= 0)


def test_grammar_bayes_accuracies():
    tasks, truth = language.grammar(20_000, 0)
    best, y, tags = truth["accuracy"], tasks["intent"].y, tasks["slots"].y
    assert best["intent"] == pytest.approx(
        1 - 1 / 30 - 1 / 54 - 1 / 90
    )  # something for, how much is, i want: the rarer intent is lost
    assert best["intent given slots"] == pytest.approx(1 - 1 / 30) and best[
        "slots given intent"
    ] == pytest.approx(1)
    assert best["slots"] < 1
    deviation = np.sqrt(best["intent"] * (1 - best["intent"]) / len(y))
    assert np.mean(truth["p_intent"].argmax(axis=1) == y) == pytest.approx(
        best["intent"], abs=4 * deviation
    )
    wrong = (truth["p_tag"].argmax(axis=2) != tags) & (tags >= 0)
    tokens = (tags >= 0).sum(axis=1)
    error = wrong.sum(axis=1) - (1 - best["slots"]) * tokens  # has mean 0
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(len(y))


def test_grammar_samples_are_nested():
    small, large = language.grammar(50, 3).tasks, language.grammar(80, 3).tasks
    assert_array_equal(small["slots"].y, large["slots"].y[:50])
    assert_array_equal(small["intent"].X, large["intent"].X[:50])


# Users


LENGTH = 6


@pytest.fixture(scope="module", params=[0, 1])
def population(request):
    return users.users(3000, LENGTH, seed=request.param)


def mistakes(task, prediction):
    """Per row, as floats: squared error, wrong like, share of wrong genre bits, wrong item."""
    rules = {
        "rating": lambda y: (y - prediction) ** 2,
        "like": lambda y: (prediction > 0.5) != y,
        "genres": lambda y: ((prediction > 0.5) != y).mean(axis=1),
        "next": lambda y: prediction.argmax(axis=1) != y,
    }
    return lambda y: rules[task](y).astype(float)


def by_user(values):
    """(mean, four standard errors), users being the independent units."""
    means = values.reshape(-1, LENGTH).mean(axis=1)
    return means.mean(), 4 * means.std() / np.sqrt(len(means))


@pytest.mark.parametrize("name", ["rating", "like", "genres", "next"])
def test_bayes_error_is_what_the_posterior_makes(population, name):
    tasks, truth = population
    made = mistakes(name, truth["prediction"][name])(tasks[name].y)
    gap, bound = by_user(made - truth["error"][name])
    assert abs(gap) < bound


@pytest.mark.parametrize("name", ["rating", "like", "genres", "next"])
def test_no_simple_predictor_beats_the_posterior(population, name):
    tasks, truth = population
    world = users.World(truth["items"], truth["genres"], truth["ratings"])
    made = mistakes(name, truth["prediction"][name])(tasks[name].y)
    posterior, K = truth["posterior"], len(truth["items"])
    rivals = {
        "prior": np.full_like(posterior, 1 / K),
        "likeliest type": np.eye(K)[posterior.argmax(axis=1)],
        "sharpened": posterior**2 / (posterior**2).sum(axis=1, keepdims=True),
        "half shrunk": (posterior + 1 / K) / 2,
    }
    gains = {}
    for rival, weights in rivals.items():
        gain, bound = by_user(
            made
            - mistakes(name, users.optimal(weights, world, truth["noise"])[0][name])(tasks[name].y)
        )
        gains[rival] = gain
        assert gain <= bound, rival
    assert gains["prior"] < 0  # the history is worth something


def test_posterior_is_exact_and_calibrated(population):
    tasks, truth = population
    for row in (0, 3, 5, 100):
        history = [item for item in tasks["next"].X[row] if item]
        by_hand = np.array([np.prod(p[history]) for p in truth["items"]])
        assert_allclose(truth["posterior"][row], by_hand / by_hand.sum())
    off = truth["posterior"].reshape(-1, LENGTH, 3)[:, -1] - np.eye(3)[truth["type"]]
    assert (np.abs(off.mean(axis=0)) < 4 * off.std(axis=0) / np.sqrt(len(off))).all()


def test_optimal_by_hand():
    world = users.World(
        items=np.array([[0, 1.0, 0], [0, 0.25, 0.75]]),
        genres=np.array([[0], [0], [1]], bool),
        ratings=np.array([[0, 3.5, 9.0], [0, 3.5, 5.5]]),
    )
    prediction, error = users.optimal(np.array([[0.5, 0.5]]), world, noise=1.0)
    assert_allclose(prediction["next"], [[0, 0.625, 0.375]])
    assert_allclose(error["next"], 0.375)
    assert_allclose([prediction["genres"].item(), error["genres"].item()], 0.375)
    assert_allclose(prediction["rating"], 0.625 * 3.5 + 0.375 * 5.5)
    assert_allclose(error["rating"], 1 + 0.625 * 0.375 * 4)
    assert_allclose(prediction["like"], 0.625 * 0.5 + 0.375 * ndtr(2.0))


def test_user_rows_are_histories(population):
    tasks, truth = population
    X, y = tasks["next"].X, tasks["next"].y
    assert X.shape == (3000 * LENGTH, LENGTH) and X.dtype == np.int64
    for row in (0, 4, 2 * LENGTH):
        length = row % LENGTH + 1
        assert (X[row, :length] > 0).all() and not X[row, length:].any()
    assert_array_equal(X[LENGTH + 3, :3], X[LENGTH + 2, :3])
    assert X[LENGTH + 3, 3] == y[LENGTH + 2]  # what came next is then history
    assert_array_equal(tasks["genres"].y, truth["genres"][y])
    assert_array_equal(tasks["like"].y, tasks["rating"].y >= users.LIKED)
    first, second = tasks.split("samples", 0.7, seed=0)
    assert not set(first["next"].groups) & set(second["next"].groups)


def test_a_user_does_not_depend_on_the_others():
    small, large = users.users(5, 4, 0), users.users(9, 4, 0)
    for task in small.tasks:
        assert_array_equal(task.X, large.tasks[task.name].X[:20])
        assert_array_equal(task.y, large.tasks[task.name].y[:20])
    assert_array_equal(small.truth["type"], large.truth["type"][:5])


@pytest.mark.parametrize("types, items, genres", [(1, 2, 1), (5, 7, 3)])
def test_world_is_proper(types, items, genres):
    world = users.make_world(0, types, items, genres)
    assert_allclose(world.items.sum(axis=1), 1)
    assert not world.items[:, 0].any() and (world.items[:, 1:] > 0).all()
    assert (
        world.genres[1:].any(axis=1).all()
        and not world.genres[0].any()
        and (world.genres.sum(axis=1) <= 2).all()
    )


# Bad input


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: linear("ring", 2, 2, 2, 1.0, 0),
            r"linear: structure 'ring', allowed are shared support, low rank",
        ),
        (
            lambda: linear("low rank", 3, 5, 2, 1.0, 0, rank=4),
            r"linear: rank 4, allowed is a whole number from 1 to 3",
        ),
        (
            lambda: linear("low rank", 3, 5, 2, 1.0, 0, size=4),
            r"linear: option 'size' of structure 'low rank', allowed are rank",
        ),
        (
            lambda: linear("unrelated", 3, 5, 2, 1.0, 0, size=4),
            r"option 'size' of structure 'unrelated', allowed are none",
        ),
        (
            lambda: linear("shared support", 3, 4, 2, 1.0, 0),
            r"linear: size 5, allowed is a whole number from 1 to 4",
        ),
        (
            lambda: linear("clusters", 2, 4, 2, 1.0, 0),
            r"linear: k 3, allowed is a whole number from 1 to 2",
        ),
        (
            lambda: linear("clusters", 5, 4, 2, 1.0, 0, spread=1.5),
            r"linear: spread 1.5, allowed is a number from 0 to 1",
        ),
        (
            lambda: linear("chain", 5, 4, 2, 1.0, 0, correlation="high"),
            r"linear: correlation 'high', allowed is a number from 0 to 1",
        ),
        (
            lambda: linear("outliers", 5, 4, 2, 1.0, 0, within="chain"),
            r"linear: outliers within 'chain', allowed are low rank, common mean",
        ),
        (
            lambda: linear("outliers", 3, 4, 2, 1.0, 0),
            r"linear: every 5, allowed is a whole number from 2 to 3",
        ),
        (
            lambda: linear("unrelated", 0, 4, 2, 1.0, 0),
            r"linear: T 0, allowed is a whole number, 1 or more",
        ),
        (
            lambda: linear("unrelated", 2, 4.0, 2, 1.0, 0),
            r"linear: d 4.0, allowed is a whole number",
        ),
        (
            lambda: linear("unrelated", 2, 4, [2, 0], 1.0, 0),
            r"linear: m of task 1 0, allowed is a whole number, 1 or more",
        ),
        (lambda: linear("unrelated", 2, 4, [2], 1.0, 0), r"linear: m: 1 numbers for 2 tasks"),
        (lambda: linear("unrelated", 2, 4, None, 1.0, 0), r"linear: m None, allowed"),
        (
            lambda: linear("unrelated", 2, 4, 2, -1.0, 0),
            r"linear: noise -1.0, allowed is a finite number, 0 or more",
        ),
        (lambda: linear("unrelated", 2, 4, 2, np.nan, 0), r"linear: noise nan"),
        (lambda: linear("unrelated", 2, 4, 2, np.inf, 0), r"linear: noise inf"),
        (
            lambda: linear("unrelated", 2, 4, 2, 1.0, 0, loss="ce"),
            r"linear: loss 'ce', allowed are squared, logistic",
        ),
        (
            lambda: linear("unrelated", 2, 4, 2, 1.0, 0, loss=["squared"]),
            r"linear: 1 losses for 2 tasks",
        ),
        (lambda: mixture(True, 0), r"mixture: T True"),
        (
            lambda: mixture(2, 0, alpha=0),
            r"mixture: alpha 0, allowed is a finite number more than 0",
        ),
        (
            lambda: mixture(2, 0, noise=0.0),
            r"mixture: noise 0.0, allowed is a finite number more than 0",
        ),
        (lambda: mixture(2, 0, components=0), r"mixture: components 0"),
        (lambda: flipped(2, 0, d=0), r"mixture: d 0"),
        (lambda: independent(2, 0, m=[1, 2, 3]), r"mixture: m: 3 numbers for 2 tasks"),
        (lambda: language.eating(2, 0, 0), r"eating: n 0"),
        (lambda: language.eating(2, 5, 0, concentration=-1), r"eating: concentration -1"),
        (lambda: language.eating(2, 5, 0, profiles=0), r"eating: profiles 0"),
        (lambda: language.grammar(2.5, 0), r"grammar: n 2.5, allowed is a whole number, 1 or more"),
        (lambda: users.users(0, 3, 0), r"users: n_users 0"),
        (lambda: users.users(3, 0, 0), r"users: length 0"),
        (
            lambda: users.users(3, 3, 0, items=1),
            r"users: items 1, allowed is a whole number, 2 or more",
        ),
        (
            lambda: users.users(3, 3, 0, noise=0),
            r"users: noise 0, allowed is a finite number more than 0",
        ),
    ],
)
def test_bad_input_is_one_clear_line(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_the_published_generator_overwrites_its_components():
    """By its own lines, and 36 % positives in the paper's setting of 300 clients."""
    known = mixture(300, 0, as_published_code=True)
    y = np.concatenate([t.y for t in known.tasks])
    assert abs(y.mean() - 0.36) < 0.02
    paper = mixture(300, 0)
    assert abs(np.concatenate([t.y for t in paper.tasks]).mean() - 0.5) < 0.02
    one = known.tasks[0]
    drawn = paper.truth["component"][: len(one)]
    expected = np.full(len(one), -1)
    current_index = 0
    for m in range(3):
        count = (drawn == m).sum()
        expected[current_index : current_index + count] = m  # current_index never moves
    assert_array_equal(known.truth["component"][: len(one)], expected)
    assert not one.y[expected < 0].any()
    right = (one.X * known.truth["theta"][expected]).sum(1) > 0
    assert np.mean(right[expected >= 0] == one.y[expected >= 0]) > 0.95
