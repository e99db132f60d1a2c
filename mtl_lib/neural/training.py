"""Training K replicas of a network at once: each with data, labels, batches, start and learning rate of its own.

A replica is one TaskSet (a triple of classes, an arm, a seed); all have the same tasks by name. Nothing that happens to one
depends on the others: adding a replica changes no other. Tasks on the same rows are one mini-batch and one forward pass of the trunk.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch

from mtl_lib.neural.losses import NETWORK_LOSSES, NO_TAG
from mtl_lib.stack.stack import SGD, Adam, Stack
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet

SAMPLING = ("equal", "proportional", "cycle")


@dataclass
class Trained:
    """What ``train`` returns: the networks, and for every task how many updates used it and how many samples it showed, (K,) each."""

    stack: Stack
    updates: dict[str, np.ndarray]
    seen: dict[str, np.ndarray]


class Replicas:
    """Samples of K task sets with the same task names, each inputs array stored once.

    For each task: rows (K, n) into its inputs, y (K, n, ...), observed (K, n) with False where there is no sample or not all of its label
    (a sequence of tags counts if one of them is there), size (K,). ``together``: lists of tasks that have the same rows in every replica.

    Raises ValueError, naming the task, for tasks that differ between replicas in name, loss or inputs, a task without
    labels, labels a loss does not take, and a task of one class.
    """

    def __init__(self, sets: list[TaskSet], dtype=torch.float32):
        if not sets:
            raise ValueError("no replica: at least one is needed")
        self.names, self.arrays, self.stored, self.of, self.dtype = sets[0].names, {}, {}, {}, dtype
        for tasks in sets:
            if tasks.names != self.names:
                raise ValueError(
                    f"replica with tasks {tasks.names}, the first one has {self.names}"
                )
        for name in self.names:
            self.of[name] = self._joined(name, [tasks[name] for tasks in sets])
        self.together = self._groups()

    def __len__(self) -> int:
        return len(next(iter(self.of.values()))["size"])

    def _joined(self, name, tasks):
        first = tasks[0]
        for task in tasks:
            if task.loss != first.loss or task.inputs.name != first.inputs.name:
                raise ValueError(
                    f"task {name!r}: loss {task.loss} on {task.inputs.name!r}, in the first replica {first.loss} on {first.inputs.name!r}"
                )
            _check(task)
        if first.inputs.name not in self.arrays:
            kind = torch.int64 if first.inputs.kind == "sequence" else self.dtype
            self.arrays[first.inputs.name] = torch.tensor(first.inputs.array, dtype=kind)
        stored = self.stored.setdefault(first.inputs.name, first.inputs.array)
        for array in {id(task.inputs.array): task.inputs.array for task in tasks}.values():
            if array.shape != stored.shape:
                raise ValueError(
                    f"task {name!r}: inputs {first.inputs.name!r} of two shapes, an encoder takes one"
                )
            if not np.may_share_memory(array, stored) and not np.array_equal(array, stored):
                raise ValueError(
                    f"task {name!r}: two different arrays are called {first.inputs.name!r}; inputs of one name are stored once"
                )
        n = max(map(len, tasks))
        rows, observed = np.zeros((len(tasks), n), np.int64), np.zeros((len(tasks), n), bool)
        y = np.zeros((len(tasks), n, *first.y.shape[1:]))
        for k, task in enumerate(tasks):
            rows[k, : len(task)], y[k, : len(task)], observed[k, : len(task)] = (
                task.rows,
                *_labels(task),
            )
        kind = torch.int64 if first.loss in ("ce", "token_ce") else self.dtype
        return {
            "rows": torch.as_tensor(rows),
            "y": torch.as_tensor(y).to(kind),
            "observed": torch.as_tensor(observed),
            "size": np.array([len(task) for task in tasks]),
            "loss": first.loss,
            "inputs": first.inputs.name,
        }

    def _groups(self):
        made = []
        for name in self.names:
            task, alike = (
                self.of[name],
                lambda other: (
                    task["inputs"] == other["inputs"] and torch.equal(task["rows"], other["rows"])
                ),
            )
            group = next((group for group in made if alike(self.of[group[0]])), None)
            if group is None:
                made.append([name])
            else:
                group.append(name)
        return made

    def inputs(self, name: str, part: slice = slice(None)) -> torch.Tensor:
        """All inputs of a task, (K, n, ...), of some replicas; a replica with fewer samples than others repeats row 0."""
        rows, array = self.of[name]["rows"][part], self.arrays[self.of[name]["inputs"]]
        return array.index_select(0, rows.reshape(-1)).view(*rows.shape, *array.shape[1:])

    def batch(self, names: list[str], index: torch.Tensor, count: torch.Tensor | None = None):
        """(x, {task: (y, w)}) of a mini-batch of tasks on the same rows: index (K, B) positions among their samples; the first ``count`` (K,)
        of them count, all if None. w (K, B) is 1 / labelled samples of the batch, 0 where there is no label."""
        pick = lambda values: torch.take_along_dim(
            values, index.reshape(*index.shape, *[1] * (values.ndim - 2)), 1
        )
        rows, array, labels = (
            pick(self.of[names[0]]["rows"]),
            self.arrays[self.of[names[0]]["inputs"]],
            {},
        )
        for name in names:
            seen = pick(self.of[name]["observed"])
            if count is not None:
                seen = seen & (torch.arange(index.shape[1]) < count[:, None])
            labels[name] = (
                pick(self.of[name]["y"]),
                seen.to(self.dtype) / seen.sum(1, keepdim=True).clamp(min=1),
            )
        return array.index_select(0, rows.reshape(-1)).view(*rows.shape, *array.shape[1:]), labels


def train(
    network,
    sets: list[TaskSet],
    *,
    steps: int,
    batch_size: int,
    optimizer: SGD | Adam,
    seeds,
    sampling: str = "equal",
    weights: dict[str, object] | None = None,
    weighting=None,
    aggregator=None,
    penalty=None,
    start: Stack | None = None,
    chunk: int = 64,
    dtype=torch.float32,
) -> Trained:
    """Train one replica per task set.

    Parameters
    ----------
    network : ``network.Network``; sets : K task sets with its tasks.
    steps : updates of every replica, whatever its tasks.
    batch_size : samples of a task in an update; where it has fewer, all of them.
    optimizer : ``stack.SGD`` or ``stack.Adam``, its lr a number or (K,).
    seeds : (K,) of the start and of the batches: replicas (arms) with equal seeds begin alike and see the same positions.
    sampling : ``"equal"``: every update sees ``batch_size`` samples of every task. ``"proportional"``: ``batch_size`` times the number of tasks
        in all, dealt by the tasks' sizes (at least one each). ``"cycle"``: one task after the other.
    weights : task -> number or (K,), the task's weight in the sum of losses, 1 by default; a task of weight 0 leaves the trunk alone, so that a
        replica with one weight of 1 is a network of that task only, on the same batches.
    weighting : losses (K, tasks) -> (K,), in the place of that sum; a copy of it is used, so that it may remember (``balancing``).
    aggregator : gradients of the tasks (K, T, P) -> (K, P), how trunk and encoders move in the place of the sum; heads move as by the sum. A copy, too.
    penalty : parameters {name: (K, ...)} -> (K,) or a number, added to the loss. It may tie replicas to each other; all are then one chunk. A copy, too.
    start : networks to begin with, instead of drawn ones; they are not changed.
    chunk : replicas trained together; results do not depend on it.

    The loss of a task is the mean over the labelled samples of its batch. Every epoch of a replica's task is the next permutation from
    ``stream(seed, "batches", task)``, its last batch topped up from the one after; tasks on the same rows follow the first of them, except with
    ``"cycle"``.

    Raises ValueError, naming the task, for bad data (``Replicas``), a label a head has no output for, an unknown sampling, weighting and aggregator
    at once, and weights that stop being finite.
    """
    _check_run(sampling, steps, batch_size, seeds, sets)
    if weighting is not None and aggregator is not None:
        raise ValueError("train: weighting and aggregator, one of them is needed at most")
    if len(sets) > chunk and penalty is None:
        return _joined(
            [
                train(
                    network,
                    sets[part],
                    steps=steps,
                    batch_size=batch_size,
                    optimizer=_of(optimizer, part),
                    seeds=seeds[part],
                    sampling=sampling,
                    weights=weights and {name: _some(w, part) for name, w in weights.items()},
                    weighting=weighting,
                    aggregator=aggregator,
                    start=start and start.take(range(len(sets))[part]),
                    chunk=chunk,
                    dtype=dtype,
                )
                for part in (slice(k, k + chunk) for k in range(0, len(sets), chunk))
            ]
        )
    data = Replicas(sets, dtype)
    _check_heads(network, data)
    stack = (
        Stack.init(network, list(map(int, seeds)), dtype=dtype)
        if start is None
        else start.take(range(len(start)))
    )
    rule, factors, weighting = optimizer.fresh(), _factors(weights, data), copy.deepcopy(weighting)
    aggregator, penalty = copy.deepcopy(aggregator), copy.deepcopy(penalty)
    widths, turns = (
        _widths(data, batch_size, sampling),
        data.together if sampling != "cycle" else [[name] for name in data.names],
    )
    each = len(turns) if sampling == "cycle" else 1  # updates until a task's next turn
    orders = [
        _orders(names[0], data.of[names[0]]["size"], widths[names[0]], seeds, -(-steps // each))
        for names in turns
    ]
    updates, seen = ({name: np.zeros(len(data), np.int64) for name in data.names} for _ in range(2))
    for step in range(steps):
        now = range(len(turns)) if each == 1 else [step % each]
        batches = [
            data.batch(turns[k], orders[k][step // each], torch.as_tensor(widths[turns[k][0]]))
            for k in now
        ]
        rule.step(
            stack,
            gradients(
                network, stack.params, data, batches, factors, weighting, aggregator, penalty
            ),
        )
        for name in (name for k in now for name in turns[k]):
            updates[name] += 1
            seen[name] += widths[name]
    for name, value in stack.params.items():
        if not torch.isfinite(value).all():
            k = int((~torch.isfinite(value.reshape(len(value), -1)).all(1)).nonzero()[0])
            raise ValueError(
                f"replica {k} (seed {seeds[k]}) diverged: {name} is not finite; a smaller learning rate helps"
            )
    return Trained(stack, updates, seen)


def gradients(
    network,
    params,
    data: Replicas,
    batches: list,
    factors: dict,
    weighting=None,
    aggregator=None,
    penalty=None,
) -> dict:
    """Gradients of every network's loss, name -> (K, ...): autograd on the sum over networks, which share nothing but a penalty.

    batches : as ``Replicas.batch`` makes them. What no task of the update reaches has gradient 0.
    """
    leaves = {name: value.detach().requires_grad_() for name, value in params.items()}
    with torch.enable_grad():
        losses = torch.stack(
            [
                factors[name] * found
                for x, labels in batches
                for name, found in _losses(network, leaves, data, x, labels)
            ],
            1,
        )
        total = (losses.sum(1) if weighting is None else weighting(losses)).sum()
        total = total if penalty is None else total + penalty(leaves).sum()
        found = dict(
            zip(
                leaves,
                torch.autograd.grad(
                    total,
                    list(leaves.values()),
                    allow_unused=True,
                    materialize_grads=True,
                    retain_graph=aggregator is not None,
                ),
                strict=True,
            )
        )
        if aggregator is not None:
            found |= _aggregated(
                {name: value for name, value in leaves.items() if network.shared(name)},
                losses,
                aggregator,
            )
    return found


def _aggregated(leaves, losses, aggregator):
    """Gradients of what tasks share, by ``aggregator`` from the Jacobian (T, P) of every replica."""
    tasks = [
        torch.autograd.grad(
            losses[:, t].sum(),
            list(leaves.values()),
            allow_unused=True,
            materialize_grads=True,
            retain_graph=True,
        )
        for t in range(losses.shape[1])
    ]
    jacobian = torch.stack(
        [torch.cat([g.flatten(1) for g in one], 1) for one in tasks], 1
    )  # (K, T, P)
    parts = aggregator(jacobian).split([value[0].numel() for value in leaves.values()], 1)
    return {
        name: part.view_as(value) for (name, value), part in zip(leaves.items(), parts, strict=True)
    }


def predict(network, stack: Stack, data: Replicas, name: str, chunk: int = 200) -> np.ndarray:
    """Scores of every replica on the samples of its task, (K, n) or (K, n, outputs), NaN beyond a replica's own number of samples.

    chunk : replicas scored together.
    """
    made = [
        _scores(network, stack, data, name, slice(k, k + chunk)) for k in range(0, len(data), chunk)
    ]
    z = torch.cat(made).double().numpy()
    z[np.arange(z.shape[1]) >= data.of[name]["size"][:, None]] = np.nan
    return z


def features(network, stack: Stack, data: Replicas, name: str, depth: int = -1) -> np.ndarray:
    """Outputs of a trunk layer (the last one, or 0 for the encoder's), flattened, (K, n, width), on the samples of every replica's task."""
    with torch.no_grad():
        h = network.features(stack.params, data.inputs(name), data.of[name]["inputs"])[depth]
    return h.flatten(2).double().numpy()


def _scores(network, stack, data, name, part):
    params = {key: value[part] for key, value in stack.params.items()}
    with torch.no_grad():
        return network.scores(
            params, network.features(params, data.inputs(name, part), data.of[name]["inputs"]), name
        )


def _some(value, part):
    """The part's values where there is one per replica."""
    return value[part] if np.ndim(value) else value


def _of(optimizer, part):
    made = optimizer.fresh()
    made.lr = _some(optimizer.lr, part)
    return made


def _joined(parts):
    params = {
        name: torch.cat([part.stack.params[name] for part in parts])
        for name in parts[0].stack.params
    }
    together = lambda what: {
        name: np.concatenate([getattr(part, what)[name] for part in parts])
        for name in parts[0].updates
    }
    return Trained(
        Stack(params, parts[0].stack.net, parts[0].stack.loss),
        together("updates"),
        together("seen"),
    )


def _losses(network, params, data, x, labels):
    """(task, its mean loss (K,)) for tasks on one mini-batch: one forward pass serves them all."""
    features = network.features(params, x, data.of[next(iter(labels))]["inputs"])
    for name, (y, w) in labels.items():
        yield (
            name,
            (
                w
                * NETWORK_LOSSES[data.of[name]["loss"]].value(
                    network.scores(params, features, name), y
                )
            ).sum(1),
        )


def _factors(weights, data):
    given = weights or {}
    for name in given:
        if name not in data.names:
            raise ValueError(f"weights: task {name!r} is not among {data.names}")
    return {name: torch.as_tensor(given.get(name, 1.0), dtype=data.dtype) for name in data.names}


def _widths(data, batch_size, sampling):
    """Samples of each task in an update, (K,)."""
    sizes = {name: data.of[name]["size"] for name in data.names}
    if sampling != "proportional":
        return {name: np.minimum(size, batch_size) for name, size in sizes.items()}
    share = batch_size * len(sizes) / sum(sizes.values())
    return {
        name: np.clip(np.round(share * size), 1, size).astype(np.int64)
        for name, size in sizes.items()
    }


def _orders(name, sizes, widths, seeds, steps):
    """(steps, K, B) positions among each replica's samples of the task."""
    made = np.zeros((steps, len(sizes), widths.max()), np.int64)
    for k, (n, width, seed) in enumerate(zip(sizes, widths, seeds, strict=True)):
        epochs = np.tile(np.arange(n), (-(-steps * width // n) or 1, 1))
        if width < n:  # else every update sees all samples, in whatever order
            epochs = stream(int(seed), "batches", name).permuted(epochs, axis=1)
        made[:, k, :width] = epochs.ravel()[: steps * width].reshape(steps, width)
    return torch.as_tensor(made)


def _labels(task):
    """Labels (n, ...) with 0 or ``NO_TAG`` for what is not there, and which samples have one (n,)."""
    there = np.ones(task.y.shape, bool) if task.observed is None else np.asarray(task.observed)
    if task.loss == "token_ce":
        y = np.where(there, task.y, NO_TAG)
        return y, (y != NO_TAG).any(axis=1)
    return np.nan_to_num(task.y), there.reshape(len(task), -1).all(axis=1)


def _check(task):
    if task.loss not in NETWORK_LOSSES:
        raise ValueError(
            f"task {task.name!r}: loss {task.loss!r}, allowed here are {', '.join(NETWORK_LOSSES)}"
        )
    y, there = _labels(task)
    seen = y[there][y[there] != NO_TAG] if task.loss == "token_ce" else y[there]
    if not seen.size:
        raise ValueError(f"task {task.name!r}: no label, at least one is needed")
    if NETWORK_LOSSES[task.loss].classes and len(np.unique(seen)) < 2:
        raise ValueError(
            f"task {task.name!r}: one class, {seen.flat[0]}; loss {task.loss} needs two"
        )


def _check_heads(network, data):
    for name in data.names:
        if name not in network.tasks:
            raise ValueError(
                f"task {name!r}: the network has no head for it, it has {', '.join(map(repr, network.tasks))}"
            )
        outputs, task = network.heads[network.tasks[name]].outputs, data.of[name]
        labels = task["y"][task["observed"]]
        if task["loss"] in ("ce", "token_ce"):
            labels = labels[labels != NO_TAG] if task["loss"] == "token_ce" else labels
            if (task["loss"] == "token_ce") != (network.heads[network.tasks[name]].pool == "token"):
                raise ValueError(
                    f"task {name!r}: loss {task['loss']}, the head has pool {network.heads[network.tasks[name]].pool!r}; token_ce needs 'token'"
                )
            if outputs < 2 or int(labels.min()) < 0 or int(labels.max()) >= outputs:
                raise ValueError(
                    f"task {name!r}: labels from {int(labels.min())} to {int(labels.max())}, the head has {outputs} outputs"
                )
        elif name not in network.links and outputs != (1 if labels.ndim == 1 else labels.shape[1]):
            raise ValueError(
                f"task {name!r}: {1 if labels.ndim == 1 else labels.shape[1]} labels per sample, the head has {outputs} outputs"
            )


def _check_run(sampling, steps, batch_size, seeds, sets):
    if sampling not in SAMPLING:
        raise ValueError(f"sampling {sampling!r}, allowed are {', '.join(SAMPLING)}")
    for what, value, least in (("steps", steps, 0), ("batch_size", batch_size, 1)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"train: {what} {value!r}, allowed are whole numbers from {least}")
    if len(seeds) != len(sets):
        raise ValueError(f"train: {len(seeds)} seeds for {len(sets)} replicas, one each is needed")
