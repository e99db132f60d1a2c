"""Partitions of one labelled task into the clients of a federation, with a card that says how.

Every kind deals each sample to exactly one client (``natural`` may leave out small clients) and is a
function of (task, seed, arguments) alone. What is drawn *for a client* is keyed by its name, so that it
does not change with the number of clients. ``Partition.tasks`` turns a partition into a ``TaskSet``.
"""

import hashlib
import json
import math
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.special import softmax

from mtl_lib.stream import stream
from mtl_lib.tasks import BINARY, Inputs, Task, TaskSet

SHIFTS = ("rotation", "scale", "noise")


@dataclass(frozen=True, eq=False)
class Partition:
    """Who owns which sample, and what happens to the samples of each client.

    Parameters
    ----------
    kind : the function that made it, for example ``"dirichlet"``.
    rows : client -> int64 (m_k,), ascending positions in the task's samples.
    card : plain facts, ready for JSON: kind, task, samples, labels (SHA-256 of the task's labels), seed,
        arguments, classes, clients (size, class histogram as the client sees it, and what was drawn for it), sha256.
    maps : (K, C) label maps over the task's sorted classes, the first one the identity; None where labels stay.
    components : client -> (m_k,), which map each sample's label goes through; None where labels stay.

    Raises ValueError for a sample that the task does not have or that two clients own.
    """

    kind: str
    rows: dict[str, np.ndarray]
    card: dict
    maps: np.ndarray | None = None
    components: dict[str, np.ndarray] | None = None

    def __post_init__(self):
        owned = np.sort(np.concatenate(list(self.rows.values())))
        outside = owned[(owned < 0) | (owned >= self.card["samples"])]
        if len(outside):
            raise ValueError(
                f"partition {self.kind}: sample {outside[0]} of a task with {self.card['samples']} samples"
            )
        twice = owned[1:][owned[1:] == owned[:-1]]
        if len(twice):
            raise ValueError(f"partition {self.kind}: sample {twice[0]} belongs to two clients")
        for index in self.rows.values():
            index.flags.writeable = False

    def tasks(self, task: Task) -> TaskSet:
        """One task per client. Inputs stay one shared object, except for clients whose features shift.

        Raises ValueError if ``task`` is not the one that was partitioned.
        """
        if len(task) != self.card["samples"] or _labels_digest(task) != self.card["labels"]:
            raise ValueError(
                f"partition {self.kind} of task {self.card['task']!r} with {self.card['samples']} samples: "
                f"task {task.name!r} with {len(task)} samples has other labels"
            )
        return TaskSet(
            [self._client(task, name) for name in self.rows], f"{task.name}, {self.kind}"
        )

    def _client(self, task: Task, name: str) -> Task:
        client = replace(
            task.take(self.rows[name]), name=name, meta=task.meta | self.card["clients"][name]
        )
        if self.maps is not None:
            classes, codes = np.unique(task.y, return_inverse=True)
            mapped = self.maps[self.components[name], codes[self.rows[name]]]
            client = replace(client, y=classes[mapped])
        return _shifted(client, self.card) if self.card["clients"][name].get("level") else client

    def save(self, path: str | Path) -> None:
        """Write card, indices and label maps as one JSON file."""
        listed = lambda arrays: (
            None if arrays is None else {name: array.tolist() for name, array in arrays.items()}
        )
        content = {
            "card": self.card,
            "rows": listed(self.rows),
            "components": listed(self.components),
            "maps": None if self.maps is None else self.maps.tolist(),
        }
        Path(path).write_text(json.dumps(content) + "\n", encoding="utf-8")


def load(path: str | Path) -> Partition:
    """Read what ``Partition.save`` wrote. Raises ValueError if it is no partition or its hash does not match its card."""
    where = f"partition file {Path(path).name}"
    arrays = lambda lists: (
        None
        if lists is None
        else {name: np.array(values, np.int64) for name, values in lists.items()}
    )
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        card, maps = content["card"], content["maps"]
        found = Partition(
            card["kind"],
            arrays(content["rows"]),
            card,
            None if maps is None else np.array(maps, np.int64),
            arrays(content["components"]),
        )
        stated, actual = card["sha256"], digest(found.rows, found.maps, found.components)
    except (KeyError, TypeError, AttributeError, OverflowError, ValueError) as error:
        raise ValueError(f"{where}: not a partition ({type(error).__name__}: {error})") from None
    if actual != stated:
        raise ValueError(
            f"{where}: its indices and label maps have SHA-256 {actual}, its card says {stated}"
        )
    return found


def digest(
    rows: dict[str, np.ndarray],
    maps: np.ndarray | None = None,
    components: dict[str, np.ndarray] | None = None,
) -> str:
    """SHA-256 of a split, to compare it with one made elsewhere.

    Client by client: the name in UTF-8, a zero byte, the number of samples and the ascending indices as
    little-endian int64, then the component of each where labels are mapped; last the maps, row by row.
    """
    found = hashlib.sha256()
    integers = lambda values: np.ascontiguousarray(values, "<i8").tobytes()
    for name, index in rows.items():
        order = np.argsort(index, kind="stable")
        found.update(name.encode() + b"\0" + integers([len(index)]) + integers(index[order]))
        if components is not None:
            found.update(integers(components[name][order]))
    if maps is not None:
        found.update(integers(maps))
    return found.hexdigest()


def iid(task: Task, clients: int, seed: int) -> Partition:
    """Samples dealt at random; sizes differ by at most one."""
    return _partition("iid", task, seed, _iid_owner("iid", task, clients, seed), clients, {})


def dirichlet(
    task: Task, clients: int, seed: int, alpha: float, smallest: int = 1, tries: int = 100
) -> Partition:
    """Label skew: for every class, the shares of the clients are Dirichlet(alpha, ..., alpha).

    This is the scheme of Yurochkin et al. (2019), without the later habit of closing clients that already
    hold n/K samples. Hsu et al. (2019) draw class shares per client instead, which fixes the client sizes.
    A share's variance is (1/K)(1 - 1/K)/(K alpha + 1). Classes are independent, so sizes vary too.

    Parameters
    ----------
    alpha : more than 0; small is skewed, large is IID.
    smallest : all shares are drawn again until every client has so many samples (rejection: the sizes
        that remain are a little more even than Dirichlet); the card's ``tries`` counts the draws.

    Raises ValueError after ``tries`` draws, naming the smallest client and its size.
    """
    kind = "dirichlet"
    codes = _codes(kind, task)
    _check_retry(kind, task, clients, smallest, tries)
    _positive(kind, "alpha", alpha)
    names, members = (
        _names(clients),
        [_order(task, seed, c, np.flatnonzero(codes == c)) for c in range(codes.max() + 1)],
    )

    def draw(round: int) -> np.ndarray:
        logs = np.array(
            [
                _log_gammas(stream(seed, "partition-dirichlet", name, round), alpha, len(members))
                for name in names
            ]
        )
        owner = np.empty(len(task), np.int64)
        for members_of, shares in zip(members, softmax(logs, axis=0).T, strict=True):
            owner[members_of] = np.repeat(np.arange(clients), _sizes(shares, len(members_of)))
        return owner

    owner, used = _retried(kind, draw, clients, smallest, tries)
    return _partition(
        kind,
        task,
        seed,
        owner,
        clients,
        {"alpha": float(alpha), "smallest": int(smallest)},
        tries=used,
    )


def shards(task: Task, clients: int, seed: int, per_client: int) -> Partition:
    """Samples sorted by label, cut into ``clients * per_client`` equal shards, dealt at random (McMahan et al. 2017).

    Shard sizes differ by at most one. A squared task is sorted by its (one-dimensional) target.
    """
    kind = "shards"
    _check_clients(kind, task, clients)
    _whole(kind, "per_client", per_client, 1, len(task) // clients)
    if task.y.ndim != 1:
        raise ValueError(
            f"partition {kind}: task {task.name!r} has labels of shape {task.y.shape}, sorting needs (m,)"
        )
    order = _order(task, seed, "", np.arange(len(task)))
    order = order[np.argsort(task.y[order], kind="stable")]
    dealt = stream(seed, "partition-shards", task.name).permutation(clients * per_client)
    owner = np.empty(len(task), np.int64)
    for shard, members in enumerate(np.array_split(order, clients * per_client)):
        owner[members] = dealt[shard] // per_client
    return _partition(kind, task, seed, owner, clients, {"per_client": int(per_client)})


def quantity(
    task: Task,
    clients: int,
    seed: int,
    law: str,
    spread: float,
    smallest: int = 1,
    tries: int = 100,
) -> Partition:
    """Clients of unequal size and one distribution.

    Parameters
    ----------
    law : ``"dirichlet"``, shares ~ Dirichlet(spread, ..., spread); ``"lognormal"``, shares in proportion
        to exp(spread * N(0, 1)).
    spread : more than 0. Small is unequal for ``"dirichlet"``, large is unequal for ``"lognormal"``.
    smallest, tries : as for ``dirichlet``.
    """
    kind = "quantity"
    _check_retry(kind, task, clients, smallest, tries)
    _one_of(kind, "law", law, ("dirichlet", "lognormal"))
    _positive(kind, "spread", spread)
    order = _order(task, seed, "", np.arange(len(task)))

    def log_weight(draw: np.random.Generator) -> float:
        return (
            _log_gammas(draw, spread, 1)[0]
            if law == "dirichlet"
            else spread * draw.standard_normal()
        )

    def draw(round: int) -> np.ndarray:
        logs = [
            log_weight(stream(seed, "partition-quantity", name, round)) for name in _names(clients)
        ]
        return _dealt(order, _sizes(softmax(logs), len(task)))

    owner, used = _retried(kind, draw, clients, smallest, tries)
    arguments = {"law": law, "spread": float(spread), "smallest": int(smallest)}
    return _partition(kind, task, seed, owner, clients, arguments, tries=used)


def feature_shift(
    task: Task, clients: int, seed: int, shift: str, strength: float, levels: int
) -> Partition:
    """The samples of ``iid``; client k sees its inputs changed by ``strength`` times its level, k mod ``levels``.

    Parameters
    ----------
    shift : ``"rotation"``, by strength * level degrees: images counter-clockwise (bilinear, zeros outside),
        tables in one random plane of the columns, the same for all clients; ``"scale"``, inputs times
        1 + strength * level; ``"noise"``, plus N(0, (strength * level)^2), keyed by the client. Scale and
        noise are in the units of the inputs: standardise first.
    strength : more than 0.
    levels : how many different clients there are; level 0 is unchanged and keeps the task's own ``Inputs``.

    Changed inputs are float32 where they were float32 or whole numbers, else float64.
    """
    kind = "feature_shift"
    _one_of(kind, "shift", shift, SHIFTS)
    _positive(kind, "strength", strength)
    owner = _iid_owner(kind, task, clients, seed)
    _whole(kind, "levels", levels, 1, clients)
    inputs = task.inputs
    if inputs.kind == "sequence":
        raise ValueError(
            f"partition {kind}: inputs {inputs.name!r} are sequences, allowed are tables and images"
        )
    if shift == "rotation" and (
        inputs.array.ndim < 3 if inputs.kind == "image" else inputs.array.shape[1] < 2
    ):
        raise ValueError(
            f"partition {kind}: inputs {inputs.name!r} of shape {inputs.array.shape} have no plane to rotate in"
        )
    facts = {name: {"level": k % levels} for k, name in enumerate(_names(clients))}
    arguments = {"shift": shift, "strength": float(strength), "levels": int(levels)}
    return _partition(kind, task, seed, owner, clients, arguments, facts)


def concept_shift(task: Task, clients: int, seed: int, groups: int, moved: int) -> Partition:
    """The same inputs, other labels: client k's labels go through map k mod ``groups``; every client's label marginal stays.

    Group 0 keeps its labels; every other map is its own cycle over ``moved`` random classes. Classes are
    dealt evenly (counts of a class differ by at most one between clients), the same for every ``groups``
    and ``moved``. In each client a cycle relabels equally many samples of each of its classes, so the
    client's class histogram is the same before and after; the samples beyond the rarest of these classes
    keep their label and are counted in the card (``kept``). In a balanced task that is at most one per
    class; with rare classes most labels would stay, so check it.

    Parameters
    ----------
    groups : number of label maps; ``groups=clients`` gives every client its own, 1 shifts nothing.
    moved : number of classes a map moves: 0 (nothing shifts) or 2 to C, the dial of the shift.

    Raises ValueError if there are fewer different maps than groups.
    """
    kind = "concept_shift"
    codes = _codes(kind, task)
    _check_clients(kind, task, clients)
    _whole(kind, "groups", groups, 1, clients)
    maps = _maps(kind, task, seed, groups, moved, codes.max() + 1)
    order = np.concatenate(
        [_order(task, seed, c, np.flatnonzero(codes == c)) for c in range(codes.max() + 1)]
    )
    owner = np.empty(len(task), np.int64)
    owner[order] = np.arange(len(task)) % clients
    component, facts = np.zeros(len(task), np.int64), {}
    for k, name in enumerate(_names(clients)):
        mine = np.flatnonzero(owner == k)
        component[mine] = _balanced(
            codes[mine], k % groups, maps, stream(seed, "partition-relabel", name)
        )
        moving = maps[k % groups] != maps[0]
        facts[name] = {
            "group": k % groups,
            "kept": int((moving[codes[mine]] & (component[mine] == 0)).sum()),
        }
    return _partition(
        kind,
        task,
        seed,
        owner,
        clients,
        {"groups": int(groups), "moved": int(moved)},
        facts,
        maps=maps,
        component=component,
    )


def mixture(task: Task, clients: int, seed: int, components: int, alpha: float) -> Partition:
    """FedEM's assumption on real inputs (Marfoq et al. 2021): client weights ~ Dirichlet(alpha) over latent label maps.

    The samples of ``iid``; each sample draws its map from its client's weights. Map 0 is the identity,
    the others are different cycles over all classes. A client's label marginal stays only where the classes are balanced.

    Raises ValueError for more components than 1 + (C - 1)! different maps.
    """
    kind = "mixture"
    codes = _codes(kind, task)
    owner = _iid_owner(kind, task, clients, seed)
    _positive(kind, "alpha", alpha)
    _whole(kind, "components", components, 1, len(task))
    maps = _maps(kind, task, seed, components, codes.max() + 1, codes.max() + 1)
    component, facts = np.empty(len(task), np.int64), {}
    for k, name in enumerate(_names(clients)):
        weights = softmax(_log_gammas(stream(seed, "partition-weights", name), alpha, components))
        mine = np.flatnonzero(owner == k)
        component[mine] = stream(seed, "partition-component", name).choice(
            components, len(mine), p=weights
        )
        facts[name] = {"weights": weights.tolist()}
    return _partition(
        kind,
        task,
        seed,
        owner,
        clients,
        {"components": int(components), "alpha": float(alpha)},
        facts,
        maps=maps,
        component=component,
    )


def natural(task: Task, by: np.ndarray, smallest: int = 1) -> Partition:
    """Existing groups become clients: persons, speakers, schools. Nothing is drawn.

    Parameters
    ----------
    by : (m,) the group of each sample. To use the task's own groups, pass them here and
        ``replace(task, groups=None)`` as the task, else each client is one group that no split may cut.
    smallest : groups with fewer samples are dropped; the card counts them (``dropped``).

    Client k is the k-th group in sorted order, dropped ones counted, so that its name does not depend on ``smallest``.
    Raises ValueError if no group is large enough.
    """
    kind, by = "natural", np.asarray(by)
    if by.shape != (len(task),):
        raise ValueError(
            f"partition {kind}: by has shape {by.shape}, expected ({len(task)},) for task {task.name!r}"
        )
    _whole(kind, "smallest", smallest, 1, len(task))
    values, owner, sizes = np.unique(by, return_inverse=True, return_counts=True)
    small = sizes < smallest
    if small.all():
        raise ValueError(
            f"partition {kind}: the largest of {len(values)} groups has {sizes.max()} samples, smallest is {smallest}"
        )
    facts = {
        name: {"natural group": str(value)}
        for name, value in zip(_names(len(values)), values, strict=True)
    }
    return _partition(
        kind,
        task,
        None,
        np.where(small[owner], -1, owner),
        len(values),
        {"smallest": int(smallest)},
        facts,
        dropped={"clients": int(small.sum()), "samples": int(sizes[small].sum())},
    )


def _partition(
    kind, task, seed, owner, clients, arguments, facts=None, maps=None, component=None, **extra
) -> Partition:
    """The partition in which sample i belongs to client ``owner[i]``; clients without samples do not occur."""
    _check_groups(kind, task, owner)
    by_owner = np.argsort(owner, kind="stable")
    edges = np.searchsorted(owner[by_owner], np.arange(clients + 1))
    rows = {
        name: by_owner[a:b]
        for name, a, b in zip(_names(clients), edges, edges[1:], strict=False)
        if b > a
    }
    components = None if maps is None else {name: component[index] for name, index in rows.items()}
    classes, histograms = _histograms(task, rows, maps, components)
    about = {
        name: {"size": len(index), **histograms.get(name, {}), **(facts or {}).get(name, {})}
        for name, index in rows.items()
    }
    card = {
        "kind": kind,
        "task": task.name,
        "samples": len(task),
        "labels": _labels_digest(task),
        "seed": None if seed is None else int(seed),
        "arguments": arguments,
        "classes": classes,
        **extra,
        "clients": about,
        "sha256": digest(rows, maps, components),
    }
    return Partition(kind, rows, card, maps, components)


def _histograms(task, rows, maps, components) -> tuple[list, dict]:
    """The classes, and for every client the counts of its labels as it sees them; nothing for a task without classes."""
    if not _has_classes(task):
        return [], {}
    classes, codes = np.unique(task.y, return_inverse=True)
    seen = lambda name, index: (
        codes[index] if maps is None else maps[components[name], codes[index]]
    )
    return classes.tolist(), {
        name: {"histogram": np.bincount(seen(name, index), minlength=len(classes)).tolist()}
        for name, index in rows.items()
    }


def _shifted(client: Task, card: dict) -> Task:
    """The client on new inputs, changed as its level says."""
    shift, amount, inputs = (
        card["arguments"]["shift"],
        card["arguments"]["strength"] * client.meta["level"],
        client.inputs,
    )
    X = client.X if client.X.dtype.kind == "f" else client.X.astype(np.float32)
    if shift == "scale":
        X = X * np.asarray(1 + amount, X.dtype)
    elif shift == "noise":
        noise = stream(card["seed"], "partition-noise", client.name).standard_normal(X.shape)
        X = (X + amount * noise).astype(X.dtype)
    elif inputs.kind == "image":
        X = ndimage.rotate(X, amount, axes=(1, 2), reshape=False, order=1)
    else:
        X = _rotated(X, amount, stream(card["seed"], "partition-plane", inputs.name))
    return replace(
        client,
        inputs=Inputs(f"{inputs.name}, {client.name}", X, inputs.kind, inputs.columns),
        rows=np.arange(len(X)),
    )


def _rotated(X: np.ndarray, degrees: float, draw: np.random.Generator) -> np.ndarray:
    """Rows of X turned by an angle in a random plane."""
    plane = np.linalg.qr(draw.standard_normal((X.shape[1], 2)))[0]
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (X + X @ plane @ (turn - np.eye(2)).T @ plane.T).astype(X.dtype)


def _maps(kind: str, task: Task, seed: int, count: int, moved: int, classes: int) -> np.ndarray:
    """(count, C) different label maps: the identity, then cycles over ``moved`` classes. Map k does not depend on ``count``."""
    _whole(kind, "moved", moved, 0, classes)
    if moved == 1:
        raise ValueError(f"partition {kind}: moved 1, allowed are 0 and 2 to {classes}")
    maps = np.tile(np.arange(classes), (count, 1))
    if moved == 0:
        return maps
    possible = 1 + math.perm(int(classes), int(moved)) // int(moved)
    if count > possible:
        raise ValueError(
            f"partition {kind}: {count} different label maps, {classes} classes of which {moved} move have {possible}"
        )
    for k in range(1, count):
        round = 0
        while (maps[:k] == maps[k]).all(axis=1).any():
            cycle = stream(seed, "partition-map", f"{task.name}/{k}", round).permutation(classes)[
                :moved
            ]
            maps[k] = np.arange(classes)
            maps[k, cycle] = np.roll(cycle, -1)
            round += 1
    return maps


def _balanced(
    codes: np.ndarray, group: int, maps: np.ndarray, draw: np.random.Generator
) -> np.ndarray:
    """The map of each of a client's samples: ``group``, or 0 for samples that would change the marginal."""
    component = np.full(len(codes), group)
    cycle = np.flatnonzero(maps[group] != maps[0])
    counts = np.bincount(codes, minlength=maps.shape[1])[cycle]
    for c in cycle:
        component[draw.permutation(np.flatnonzero(codes == c))[counts.min() :]] = 0
    return component


def _names(clients: int) -> list[str]:
    return [f"client {k:03d}" for k in range(clients)]


def _order(task: Task, seed: int, label, members: np.ndarray) -> np.ndarray:
    return stream(seed, "partition-order", f"{task.name}/{label}").permutation(members)


def _iid_owner(kind: str, task: Task, clients: int, seed: int) -> np.ndarray:
    _check_clients(kind, task, clients)
    return _dealt(
        _order(task, seed, "", np.arange(len(task))),
        _sizes(np.full(clients, 1 / clients), len(task)),
    )


def _dealt(order: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    owner = np.empty(len(order), np.int64)
    owner[order] = np.repeat(np.arange(len(sizes)), sizes)
    return owner


def _sizes(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers that sum to ``total``, each within one of its share."""
    edges = np.rint(np.cumsum(shares) * total).astype(np.int64)
    edges[-1] = total
    return np.diff(np.minimum(edges, total), prepend=0)


def _log_gammas(draw: np.random.Generator, alpha: float, count: int) -> np.ndarray:
    """Logarithms of Gamma(alpha) numbers; their softmax is Dirichlet(alpha). Gammas of a small alpha underflow, logs do not."""
    return np.log(draw.gamma(alpha + 1, size=count)) - draw.standard_exponential(count) / alpha


def _retried(kind: str, draw, clients: int, smallest: int, tries: int) -> tuple[np.ndarray, int]:
    """The first draw in which every client is large enough, and which draw that was, from 1."""
    for round in range(tries):
        owner = draw(round)
        sizes = np.bincount(owner, minlength=clients)
        if sizes.min() >= smallest:
            return owner, round + 1
    worst = int(sizes.argmin())
    raise ValueError(
        f"partition {kind}: {_names(clients)[worst]} has {sizes[worst]} samples in the last of {tries} tries, "
        f"every client needs {smallest}; take fewer clients or less skew"
    )


def _has_classes(task: Task) -> bool:
    return (
        task.loss in ("ce", *BINARY)
        and task.y.ndim == 1
        and (task.observed is None or bool(np.all(task.observed)))
    )


def _codes(kind: str, task: Task) -> np.ndarray:
    """(m,) class numbers 0..C-1 in sorted order of the classes."""
    if not _has_classes(task):
        raise ValueError(
            f"partition {kind}: task {task.name!r} with loss {task.loss} and labels {task.y.shape}, "
            f"allowed is one fully observed class per sample (ce, {', '.join(BINARY)})"
        )
    return np.unique(task.y, return_inverse=True)[1]


def _labels_digest(task: Task) -> str:
    return hashlib.sha256(np.ascontiguousarray(task.y, "<f8").tobytes()).hexdigest()


def _check_groups(kind: str, task: Task, owner: np.ndarray) -> None:
    """A partition cuts no group, as no split does: its samples are too alike to lie in two clients."""
    if task.groups is None:
        return
    groups, of_sample = np.unique(np.asarray(task.groups), return_inverse=True)
    first, last = np.full(len(groups), owner.max()), np.full(len(groups), -1)
    np.minimum.at(first, of_sample, owner)
    np.maximum.at(last, of_sample, owner)
    cut = np.flatnonzero(first < last)
    if len(cut):
        raise ValueError(
            f"partition {kind}: group {groups[cut[0]].item()!r} of task {task.name!r} falls into several clients; "
            "use natural, or a task with groups=None"
        )


def _check_clients(kind: str, task: Task, clients: int) -> None:
    _whole(kind, "clients", clients, 1, len(task))


def _check_retry(kind: str, task: Task, clients: int, smallest: int, tries: int) -> None:
    _check_clients(kind, task, clients)
    _whole(kind, "smallest", smallest, 1, len(task) // clients)
    _whole(kind, "tries", tries, 1, 10**6)


def _whole(kind: str, what: str, value, low: int, high: int) -> None:
    if not isinstance(value, (int, np.integer)) or not low <= value <= high:
        raise ValueError(
            f"partition {kind}: {what} {value!r}, allowed are whole numbers from {low} to {high}"
        )


def _positive(kind: str, what: str, value) -> None:
    if not isinstance(value, Real) or not 0 < value < math.inf:
        raise ValueError(f"partition {kind}: {what} {value!r}, allowed is more than 0 and finite")


def _one_of(kind: str, what: str, value, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"partition {kind}: {what} {value!r}, allowed are {', '.join(allowed)}")
