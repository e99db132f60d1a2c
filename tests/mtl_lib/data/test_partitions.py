"""Partitions: every sample once, the stated law of each kind, cards that notice a change."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from mtl_lib.data import partitions
from mtl_lib.tasks import Inputs, Task


def classes(n=600, C=5, loss="ce", kind="table", seed=0):
    """A balanced task with C classes, in random order."""
    draw = np.random.default_rng(seed)
    shape = {"table": (n, 3), "image": (n, 6, 6)}[kind]
    return Task(
        "digit",
        Inputs("pool", draw.normal(size=shape), kind),
        np.arange(n),
        draw.permutation(np.arange(n) % C),
        loss,
    )


KINDS = {
    "iid": lambda task, K, seed: partitions.iid(task, K, seed),
    "dirichlet": lambda task, K, seed: partitions.dirichlet(task, K, seed, alpha=1.0),
    "shards": lambda task, K, seed: partitions.shards(task, K, seed, per_client=2),
    "quantity dirichlet": lambda task, K, seed: partitions.quantity(
        task, K, seed, "dirichlet", 2.0
    ),
    "quantity lognormal": lambda task, K, seed: partitions.quantity(
        task, K, seed, "lognormal", 0.7
    ),
    "rotation": lambda task, K, seed: partitions.feature_shift(
        task, K, seed, "rotation", 30.0, min(3, K)
    ),
    "scale": lambda task, K, seed: partitions.feature_shift(task, K, seed, "scale", 0.5, min(3, K)),
    "noise": lambda task, K, seed: partitions.feature_shift(task, K, seed, "noise", 0.5, min(3, K)),
    "concept_shift": lambda task, K, seed: partitions.concept_shift(task, K, seed, min(3, K), 3),
    "mixture": lambda task, K, seed: partitions.mixture(task, K, seed, 3, 0.4),
    "natural": lambda task, K, seed: partitions.natural(task, np.arange(len(task)) % K),
}
every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
DRAWN = {kind: make for kind, make in KINDS.items() if kind != "natural"}
drawn_kind = pytest.mark.parametrize("make", DRAWN.values(), ids=DRAWN)


def histogram(y, C=5):
    return np.bincount(y, minlength=C)


@every_kind
@settings(max_examples=15, deadline=None, derandomize=True)
@given(n=st.integers(40, 200), K=st.integers(1, 8), seed=st.integers(0, 99))
def test_every_sample_belongs_to_one_client_and_the_card_says_so(make, n, K, seed):
    task = classes(n)
    partition = make(task, K, seed)
    tasks, about = partition.tasks(task), partition.card["clients"]
    assert_array_equal(np.sort(np.concatenate(list(partition.rows.values()))), np.arange(n))
    assert tasks.names == list(about) == [f"client {k:03d}" for k in range(K)]
    assert tasks.regime == ("own" if K > 1 else "shared", "same")
    assert partition.card["sha256"] == partitions.digest(
        partition.rows, partition.maps, partition.components
    )
    for client in tasks:
        assert len(client) == about[client.name]["size"] and np.all(
            np.diff(partition.rows[client.name]) > 0
        )
        assert_array_equal(histogram(client.y), about[client.name]["histogram"])
        if partition.kind not in ("concept_shift", "mixture"):
            assert_array_equal(client.y, task.y[partition.rows[client.name]])
        if partition.kind != "feature_shift":
            assert client.inputs is task.inputs and np.array_equal(
                client.rows, partition.rows[client.name]
            )


@every_kind
def test_json_round_trip(make, tmp_path):
    task = classes()
    partition = make(task, 6, 3)
    partition.save(tmp_path / "p.json")
    found = partitions.load(tmp_path / "p.json")
    assert found.card == partition.card and found.kind == partition.kind
    for a, b in zip(partition.tasks(task), found.tasks(task), strict=True):
        assert (a.name, a.meta) == (b.name, b.meta)
        assert_array_equal(a.y, b.y)
        assert_array_equal(a.X, b.X)


@drawn_kind
def test_the_seed_decides(make):
    task = classes()
    hashes = [make(task, 6, seed).card["sha256"] for seed in (3, 3, 4)]
    assert hashes[0] == hashes[1] != hashes[2]


@drawn_kind
def test_a_partition_cuts_no_group(make):
    task = replace(classes(), groups=np.arange(600) // 50)
    with pytest.raises(ValueError, match="group .* of task 'digit' falls into several clients"):
        make(task, 6, 0)


def test_tasks_of_rows_of_a_larger_table():
    """Positions count within the task, not within its inputs."""
    whole = classes()
    some = whole.take(np.arange(599, 99, -3))
    for client in partitions.iid(some, 4, 0).tasks(some):
        assert_array_equal(client.y, whole.y[client.rows])
    assert set(np.concatenate([c.rows for c in partitions.iid(some, 4, 0).tasks(some)])) == set(
        some.rows
    )


def test_a_task_without_classes_can_be_dealt_and_sorted():
    task = Task(
        "score", Inputs("pupils", np.ones((30, 2))), np.arange(30), np.linspace(0, 1, 30)[::-1]
    )
    assert partitions.iid(task, 3, 0).card["clients"]["client 000"] == {"size": 10}
    sorted_ = partitions.shards(task, 3, 0, 1).tasks(task)
    spans = sorted((client.y.min(), client.y.max()) for client in sorted_)
    assert all(a[1] < b[0] for a, b in zip(spans, spans[1:], strict=False))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(n=st.integers(2, 300), K=st.integers(1, 40))
def test_iid_sizes_differ_by_at_most_one(n, K):
    sizes = partitions.iid(classes(n), min(n, K), 0).tasks(classes(n)).sizes
    assert sizes.max() - sizes.min() <= 1


def test_iid_clients_have_the_class_proportions_of_the_task():
    task = classes(5000)
    table = [
        [c["histogram"] for c in partitions.iid(task, 20, seed).card["clients"].values()]
        for seed in range(20)
    ]
    p = [stats.chi2_contingency(counts).pvalue for counts in table]
    assert min(p) > 1e-4 and 0.2 < np.mean(p) < 0.8


def shares(alpha, K=10, seeds=40):
    """(seeds * C, K) shares of each class over the clients, from partitions drawn only once."""
    task, found = classes(10000, C=10), []
    for seed in range(seeds):
        card = partitions.dirichlet(task, K, seed, alpha).card
        assert card["tries"] == 1
        found.append(np.array([c["histogram"] for c in card["clients"].values()]).T / 1000)
    return np.concatenate(found)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 10.0])
def test_dirichlet_shares_have_the_stated_moments(alpha):
    """Mean 1/K, second moment (alpha + 1) / (K (K alpha + 1)), within 4 errors over classes."""
    K, found = 10, shares(alpha)
    squares = (found**2).sum(axis=1) / K
    assert_allclose(found.sum(axis=1), 1)
    assert np.all(np.abs(found.mean(axis=0) - 1 / K) < 4 * found.std(axis=0) / np.sqrt(len(found)))
    assert abs(squares.mean() - (alpha + 1) / (K * (K * alpha + 1))) < 4 * squares.std() / np.sqrt(
        len(found)
    )


def test_dirichlet_of_a_large_alpha_is_even_and_of_a_small_one_is_one_client_per_class():
    even = partitions.dirichlet(classes(), 4, 0, alpha=1e6)
    assert all(np.ptp(np.array(c["histogram"])) <= 2 for c in even.card["clients"].values())
    skewed = partitions.dirichlet(classes(C=20), 2, 0, alpha=1e-5)
    assert all(set(c["histogram"]) == {0, 30} for c in skewed.card["clients"].values())


def test_dirichlet_draws_again_until_all_are_large_enough():
    task = classes(2000)
    partition = partitions.dirichlet(task, 10, 1, alpha=0.3, smallest=40)
    assert partition.card["tries"] > 1 and partition.tasks(task).sizes.min() >= 40
    with pytest.raises(ValueError) as error:
        partitions.dirichlet(task, 10, 1, alpha=0.01, smallest=150, tries=5)
    name, size = str(error.value).split("dirichlet: ")[1].split(" has ")
    assert name.startswith("client 00") and int(size.split()[0]) < 150 and "last of 5 tries" in size


def test_dirichlet_weights_of_a_client_do_not_depend_on_the_others():
    """Ratios of shares are ratios of gammas keyed by client; more clients leave them (rounded)."""
    task = classes(200000)
    few, many = (
        np.array(
            [c["histogram"] for c in partitions.dirichlet(task, K, 5, 2.0).card["clients"].values()]
        )
        for K in (3, 6)
    )
    assert_allclose(few[0] / few[1], many[0] / many[1], rtol=2e-3)


def test_shards_hold_few_classes():
    task = classes(1000, C=10)
    partition = partitions.shards(task, 50, 0, per_client=2)
    counts = np.array([c["histogram"] for c in partition.card["clients"].values()])
    assert np.all(counts.sum(axis=1) == 20) and set(counts.ravel()) == {0, 10, 20}
    assert partitions.shards(task, 3, 0, per_client=3).tasks(task).sizes.sum() == 1000


@pytest.mark.parametrize("law, spread", [("dirichlet", 3.0), ("lognormal", 0.3)])
def test_quantity_sizes_follow_their_law(law, spread):
    """Variance between clients of one draw.

    Of shares, 1/K (K spread + 1) for Dirichlet; of log shares, spread^2.
    """
    task, K = classes(20000), 8
    cards = [partitions.quantity(task, K, seed, law, spread).card for seed in range(150)]
    sizes = np.array([[c["size"] for c in card["clients"].values()] for card in cards]) / len(task)
    within = (sizes if law == "dirichlet" else np.log(sizes)).var(axis=1, ddof=1)
    expected = 1 / (K * (K * spread + 1)) if law == "dirichlet" else spread**2
    assert abs(within.mean() - expected) < 4 * within.std() / np.sqrt(len(within))
    p = [
        stats.chi2_contingency([c["histogram"] for c in card["clients"].values()]).pvalue
        for card in cards
    ]
    assert min(p) > 1e-5 and 0.35 < np.mean(p) < 0.65


def test_feature_shift_deals_as_iid_and_leaves_level_zero_alone():
    task = classes()
    shifted, plain = (
        partitions.feature_shift(task, 6, 2, "scale", 0.5, 3),
        partitions.iid(task, 6, 2),
    )
    assert shifted.card["sha256"] == plain.card["sha256"]
    for k, (client, same) in enumerate(zip(shifted.tasks(task), plain.tasks(task), strict=True)):
        assert client.meta["level"] == k % 3 and (client.inputs is task.inputs) == (k % 3 == 0)
        assert_allclose(client.X, same.X * (1 + 0.5 * (k % 3)))


def test_images_are_turned_by_multiples_of_the_angle():
    task = classes(40, kind="image")
    for k, client in enumerate(
        partitions.feature_shift(task, 4, 0, "rotation", 90.0, 4).tasks(task)
    ):
        original = partitions.iid(task, 4, 0).tasks(task)[k].X
        assert_allclose(client.X, np.rot90(original, k, axes=(1, 2)), atol=1e-9)


def test_tables_turn_in_one_plane():
    task = classes(200)
    clients = partitions.feature_shift(task, 4, 0, "rotation", 60.0, 2).tasks(task)
    original = partitions.iid(task, 4, 0).tasks(task)
    turns = [np.linalg.lstsq(original[k].X, clients[k].X, rcond=None)[0] for k in (1, 3)]
    assert_allclose(turns[0], turns[1], atol=1e-9)
    assert_allclose(turns[0] @ turns[0].T, np.eye(3), atol=1e-9)
    assert np.trace(turns[0]) == pytest.approx(1 + 2 * np.cos(np.deg2rad(60)))


def test_noise_has_the_stated_deviation_and_is_keyed_by_the_client():
    task = classes(6000)
    few, many = (partitions.feature_shift(task, K, 0, "noise", 0.5, 3) for K in (3, 6))
    noise = [
        [
            c.X - p.X
            for c, p in zip(
                q.tasks(task), partitions.iid(task, len(q.rows), 0).tasks(task), strict=True
            )
        ]
        for q in (few, many)
    ]
    assert [round(float(part.std()), 1) for part in noise[0]] == [0, 0.5, 1]
    assert_allclose(noise[0][1][:1000], noise[1][1][:1000], atol=1e-12)
    assert abs(np.corrcoef(noise[0][1].ravel(), noise[0][2].ravel())[0, 1]) < 4 / np.sqrt(6000)


def test_shifted_bytes_become_float32():
    image = Task(
        "digit",
        Inputs("bytes", np.full((8, 4, 4), 200, np.uint8), "image"),
        np.arange(8),
        np.arange(8) % 2,
        "logistic",
    )
    client = partitions.feature_shift(image, 2, 0, "scale", 0.5, 2).tasks(image)[1]
    assert client.X.dtype == np.float32 and np.all(client.X == 300)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    counts=st.lists(st.integers(1, 40), min_size=3, max_size=6),
    K=st.integers(1, 5),
    moved=st.sampled_from([0, 2, 3]),
    seed=st.integers(0, 99),
)
def test_concept_shift_keeps_every_marginal(counts, K, moved, seed):
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    task = Task("t", Inputs("x", np.zeros((len(y), 1))), np.arange(len(y)), y, "ce")
    K = min(K, len(y))
    partition = partitions.concept_shift(task, K, seed, min(K, 2), moved)
    for client in partition.tasks(task):
        before = y[partition.rows[client.name]]
        assert_array_equal(histogram(client.y, len(counts)), histogram(before, len(counts)))
        if client.meta["group"] == 0 or moved == 0:
            assert_array_equal(client.y, before)


def test_concept_shift_is_a_permutation_of_the_moved_classes_in_balanced_clients():
    task = classes(1000)
    partition = partitions.concept_shift(task, 10, 0, groups=10, moved=3)
    assert len(np.unique(partition.maps, axis=0)) == 10 and np.array_equal(
        partition.maps[0], np.arange(5)
    )
    for k, client in enumerate(partition.tasks(task)):
        before = task.y[partition.rows[client.name]]
        assert_array_equal(histogram(before), [20] * 5)
        assert_array_equal(client.y, partition.maps[k][before])
        assert (partition.maps[k] != np.arange(5)).sum() == (3 if k else 0) and client.meta[
            "kept"
        ] == 0


def test_concept_shift_counts_the_labels_it_had_to_keep():
    task = Task(
        "t", Inputs("x", np.zeros((20, 1))), np.arange(20), np.arange(20) % 10 == 0, "logistic"
    )
    partition = partitions.concept_shift(task, 2, 0, groups=2, moved=2)
    (client,) = partition.tasks(task).subset(["client 001"])
    assert client.meta["kept"] == 8 and (client.y != task.y[partition.rows[client.name]]).sum() == 2


def test_concept_shift_deals_the_same_samples_at_every_setting():
    task = classes()
    rows = [
        partitions.concept_shift(task, 6, 0, *setting).rows for setting in [(1, 5), (6, 2), (6, 5)]
    ]
    for other in rows[1:]:
        assert all(np.array_equal(rows[0][name], other[name]) for name in other)


def test_label_maps_do_not_depend_on_how_many_there_are():
    task = classes()
    assert_array_equal(
        partitions.concept_shift(task, 8, 0, 3, 4).maps,
        partitions.concept_shift(task, 8, 0, 8, 4).maps[:3],
    )


def test_mixture_components_follow_the_weights_of_the_client():
    task = classes(20000)
    partition = partitions.mixture(task, 10, 0, components=3, alpha=0.4)
    weights = np.array([partition.card["clients"][name]["weights"] for name in partition.rows])
    found = (
        np.array([np.bincount(partition.components[name], minlength=3) for name in partition.rows])
        / 2000
    )
    assert_allclose(weights.sum(axis=1), 1)
    assert np.all(np.abs(found - weights) <= 4 * np.sqrt(weights * (1 - weights) / 2000) + 1e-12)
    for client in partition.tasks(task):
        before, z = task.y[partition.rows[client.name]], partition.components[client.name]
        assert_array_equal(client.y, partition.maps[z, before])
        assert np.all((client.y == before) == (z == 0))
    more = partitions.mixture(task, 20, 0, components=3, alpha=0.4)
    assert (
        more.card["clients"]["client 003"]["weights"]
        == partition.card["clients"]["client 003"]["weights"]
    )


def test_mixture_weights_are_dirichlet():
    """Second moment of Dirichlet(alpha) over M components: (alpha + 1) / (M (M alpha + 1))."""
    card = partitions.mixture(classes(1500), 1500, 0, components=3, alpha=0.4).card
    weights = np.array([c["weights"] for c in card["clients"].values()])
    squares = (weights**2).mean(axis=1)
    assert abs(squares.mean() - 1.4 / (3 * 2.2)) < 4 * squares.std() / np.sqrt(1500)
    assert np.all(np.abs(weights.mean(axis=0) - 1 / 3) < 4 * weights.std(axis=0) / np.sqrt(1500))


def test_natural_groups_become_clients_and_small_ones_are_counted():
    by = np.repeat(["anna", "bert", "carl", "dora"], [300, 2, 297, 1])
    task = classes()
    partition = partitions.natural(task, by, smallest=3)
    assert list(partition.rows) == ["client 000", "client 002"] and partition.card["dropped"] == {
        "clients": 2,
        "samples": 3,
    }
    assert [c.meta["natural group"] for c in partition.tasks(task)] == ["anna", "carl"]
    assert_array_equal(partition.rows["client 002"], np.flatnonzero(by == "carl"))
    inside = replace(task, groups=np.arange(600) // 50)
    clients = partitions.natural(inside, np.arange(600) // 300).tasks(inside)
    assert [len(np.unique(c.groups)) for c in clients] == [6, 6]


def test_the_hash_can_be_computed_by_others():
    """From the description in ``digest`` alone; the order of a client's indices does not matter."""
    import hashlib
    import struct

    rows = {"a": np.array([2, 0]), "b": np.array([1])}
    expected = hashlib.sha256(
        b"a\0" + struct.pack("<qqq", 2, 0, 2) + b"b\0" + struct.pack("<qq", 1, 1)
    ).hexdigest()
    assert partitions.digest(rows) == expected
    clients = b"a\0" + struct.pack("<qqqqq", 2, 0, 2, 1, 0) + b"b\0" + struct.pack("<qqq", 1, 1, 1)
    mapped = hashlib.sha256(clients + struct.pack("<qqqq", 0, 1, 1, 0)).hexdigest()
    assert (
        partitions.digest(
            rows, np.array([[0, 1], [1, 0]]), {"a": np.array([0, 1]), "b": np.array([1])}
        )
        == mapped
    )


def edit(change):
    def edited(content):
        change(content)
        return json.dumps(content)

    return edited


def swap(content):
    a, b = content["rows"]["client 000"], content["rows"]["client 001"]
    a[0], b[0] = b[0], a[0]


DAMAGES = {
    "index": (edit(swap), "card says"),
    "component": (edit(lambda c: c["components"]["client 001"].__setitem__(0, 2)), "card says"),
    "map": (edit(lambda c: c["maps"].reverse()), "card says"),
    "owned twice": (
        edit(lambda c: c["rows"]["client 000"].__setitem__(0, c["rows"]["client 001"][0])),
        "belongs to two clients",
    ),
    "outside": (
        edit(lambda c: c["rows"]["client 000"].__setitem__(0, 600)),
        "sample 600 of a task with 600 samples",
    ),
    "no card": (edit(lambda c: c.pop("card")), "KeyError"),
    "no hash": (edit(lambda c: c["card"].pop("sha256")), "KeyError"),
    "text": (lambda content: "rows", "JSONDecodeError"),
    "list": (lambda content: "[]", "TypeError"),
    "words": (edit(lambda c: c["rows"].update({"client 000": "many"})), "not a partition"),
}


@pytest.mark.parametrize("damage, message", DAMAGES.values(), ids=DAMAGES)
def test_a_changed_file_is_refused_in_one_line(damage, message, tmp_path):
    path = tmp_path / "p.json"
    partitions.mixture(classes(), 6, 0, 2, 0.4).save(path)
    path.write_text(damage(json.loads(path.read_text())))
    with pytest.raises(ValueError, match=f"^partition file p.json: .*{message}") as error:
        partitions.load(path)
    assert "\n" not in str(error.value)


def test_only_the_task_that_was_partitioned():
    task = classes()
    partition = partitions.iid(task, 4, 0)
    assert len(partition.tasks(replace(task, name="renamed"))) == 4
    for other in (classes(601), replace(task, y=task.y[::-1])):
        with pytest.raises(
            ValueError, match="partition iid of task 'digit' with 600 samples: .*has other labels"
        ):
            partition.tasks(other)


SCORES = Task("score", Inputs("pool", np.ones((600, 1))), np.arange(600), np.linspace(0, 1, 600))
WORDS = Task(
    "next", Inputs("text", np.ones((9, 2), int), "sequence"), np.arange(9), np.arange(9) % 2, "ce"
)
UNSEEN = replace(classes(), observed=np.arange(600) > 0)
BAD = {
    "no clients": (
        lambda: partitions.iid(classes(), 0, 0),
        "iid: clients 0, allowed is a whole number from 1 to 600",
    ),
    "too many": (lambda: partitions.iid(classes(), 601, 0), "clients 601"),
    "half a client": (lambda: partitions.iid(classes(), 2.5, 0), "clients 2.5"),
    "alpha 0": (
        lambda: partitions.dirichlet(classes(), 4, 0, 0),
        "alpha 0, allowed is a finite number more than 0",
    ),
    "alpha nan": (lambda: partitions.mixture(classes(), 4, 0, 2, float("nan")), "alpha nan"),
    "alpha text": (lambda: partitions.dirichlet(classes(), 4, 0, "0.1"), "alpha '0.1'"),
    "smallest": (
        lambda: partitions.dirichlet(classes(), 4, 0, 1.0, smallest=151),
        "smallest 151, .* from 1 to 150",
    ),
    "tries": (lambda: partitions.quantity(classes(), 4, 0, "lognormal", 1.0, tries=0), "tries 0"),
    "law": (
        lambda: partitions.quantity(classes(), 4, 0, "zipf", 1.0),
        "law 'zipf', allowed are dirichlet, lognormal",
    ),
    "real target": (
        lambda: partitions.dirichlet(SCORES, 4, 0, 1.0),
        "task 'score' with loss squared",
    ),
    "real concept": (
        lambda: partitions.concept_shift(SCORES, 4, 0, 2, 2),
        "task 'score' with loss squared",
    ),
    "unobserved": (lambda: partitions.mixture(UNSEEN, 4, 0, 2, 1.0), "fully observed"),
    "shards": (lambda: partitions.shards(classes(), 400, 0, 2), "per_client 2, .* from 1 to 1"),
    "wide target": (
        lambda: partitions.shards(replace(SCORES, y=np.ones((600, 2))), 4, 0, 2),
        "sorting needs",
    ),
    "shift": (
        lambda: partitions.feature_shift(classes(), 4, 0, "colour", 1.0, 2),
        "shift 'colour', allowed are rotation, scale, noise",
    ),
    "sequence": (
        lambda: partitions.feature_shift(WORDS, 4, 0, "noise", 1.0, 2),
        "'text' are sequences",
    ),
    "no plane": (lambda: partitions.feature_shift(SCORES, 4, 0, "rotation", 1.0, 2), "no plane"),
    "levels": (lambda: partitions.feature_shift(classes(), 4, 0, "scale", 1.0, 5), "levels 5"),
    "one moved": (
        lambda: partitions.concept_shift(classes(), 4, 0, 2, 1),
        "moved 1, allowed are 0 and 2 to 5",
    ),
    "moved": (lambda: partitions.concept_shift(classes(), 4, 0, 2, 6), "moved 6"),
    "few maps": (
        lambda: partitions.concept_shift(classes(C=2), 4, 0, 3, 2),
        "3 different label maps, 2 classes of which 2 move have 2",
    ),
    "components": (
        lambda: partitions.mixture(classes(C=3), 4, 0, 4, 1.0),
        "4 different label maps",
    ),
    "by": (lambda: partitions.natural(classes(), np.zeros(3)), "3 group ids for 600 rows"),
    "all small": (
        lambda: partitions.natural(classes(), np.arange(600), smallest=2),
        "largest of 600 groups has 1 samples",
    ),
}


@pytest.mark.parametrize("call, message", BAD.values(), ids=BAD)
def test_bad_input_is_one_clear_line(call, message):
    with pytest.raises(ValueError, match=f"^partition .*{message}") as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "C, moved, possible", [(2, 2, 2), (3, 3, 3), (3, 2, 4), (4, 4, 7), (4, 3, 9)]
)
def test_all_different_maps_can_be_had(C, moved, possible):
    """The identity and C! / (C - moved)! / moved cycles."""
    maps = partitions.concept_shift(classes(C=C), 10, 0, possible, moved).maps
    assert len(np.unique(maps, axis=0)) == possible
