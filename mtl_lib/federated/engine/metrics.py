"""How well every client is served, and what one number can say about all of them."""

import numpy as np
import pandas as pd
import torch

from mtl_lib import checks
from mtl_lib.stack import STACK_LOSSES

ROWS = 2**22  # numbers of inputs scored at once


def measure(method, state, data) -> pd.DataFrame:
    """Loss and accuracy of every client.

    Parameters
    ----------
    method : Method
        Gives the scores.
    state : State
        Of the method.
    data : Clients
        What to measure on.

    Returns
    -------
    DataFrame
        client, measure, value, n. Measure ``loss`` is the mean loss per sample, for ``logistic``
        and ``ce`` the log-loss in nats. Measure ``accuracy``, only for losses with classes, is the
        share of samples whose class is predicted.
    """
    return table_of([(means(method, state, data), data)])


def means(method, state, data) -> dict[str, np.ndarray]:
    """Measure -> (clients,) means over samples; parameters are those of ``measure``."""
    values: dict = {}
    for part in _parts(data):
        for name, own in _means(method, state, data, part).items():
            values.setdefault(name, []).append(own)
    return {name: np.concatenate(parts) for name, parts in values.items()}


def table_of(measured, **columns) -> pd.DataFrame:
    """Rows of ``measure`` from several times and splits.

    Parameters
    ----------
    measured : list of (dict, Clients)
        What ``means`` gave, and of which data.
    **columns
        Name -> a value for each entry of ``measured``.

    Returns
    -------
    DataFrame
        client, measure, value, n, and ``columns``.
    """
    whole: dict = {name: [] for name in ("client", "measure", "value", "n", *columns)}
    for k, (values, data) in enumerate(measured):
        for name, own in values.items():
            whole["client"] += data.names
            whole["measure"] += [name] * len(data)
            whole["value"] += own.tolist()
            whole["n"] += data.sizes.tolist()
            for column, entries in columns.items():
                whole[column] += [entries[k]] * len(data)
    return pd.DataFrame(whole)


def check_split(name: str, split, train) -> None:
    """Check the clients of a split against those that train.

    Parameters
    ----------
    name : str
        The split, for messages.
    split, train : Clients
        Their data.

    Raises
    ------
    ValueError
        Naming the client: one that does not train, and another loss or shape than in training.
    """
    for client in split.names:
        if client not in train.position:
            raise ValueError(
                f"client {client!r} of the {name} data is not among the {len(train)} "
                "training clients"
            )
    shapes = tuple(split.x.shape[1:]), tuple(train.x.shape[1:])
    targets = tuple(split.y.shape[1:]), tuple(train.y.shape[1:])
    for what, here, there in (
        ("loss", split.loss, train.loss),
        ("inputs of shape", *shapes),
        ("labels of shape", *targets),
    ):
        if here != there:
            raise ValueError(
                f"client {split.names[0]!r} of the {name} data: {what} {here}, in training {there}"
            )


def client_mean(values, n=None) -> float:
    """Every client counts once: the mean of ``values`` (clients,)."""
    return float(np.mean(_values("client_mean", values)))


def sample_mean(values, n) -> float:
    """Every sample counts once: the mean of ``values`` (clients,) with weights ``n`` (clients,)."""
    values = _values("sample_mean", values)
    return float(np.average(values, weights=checks.vector("sample_mean", n, "n", len(values))))


def bottom_decile(values, n=None) -> float:
    """The 10 % quantile over clients (linear interpolation), for a measure that is better high."""
    return float(np.quantile(_values("bottom_decile", values), 0.1))


def worst(values, n=None) -> float:
    """The client served worst, for a measure that is better high."""
    return float(np.min(_values("worst", values)))


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """What all clients get, in one row per (round, split, measure).

    Parameters
    ----------
    table : DataFrame
        ``History.table``.

    Returns
    -------
    DataFrame
        round, split, measure, client_mean, sample_mean, bottom_decile, worst, clients. A loss is
        better low: its decile is the 90 % quantile and its worst the largest.
    """
    rows = []
    for (round, split, measure), group in table.groupby(["round", "split", "measure"], sort=False):
        key = pd.Series({"round": round, "split": split, "measure": measure})
        rows.append(pd.concat([key, _summary_of(group, -1 if measure == "loss" else 1)]))
    return pd.DataFrame(rows)


def losing_share(table: pd.DataFrame, local: pd.DataFrame, measure: str = "accuracy") -> float:
    """Share of clients that a method serves worse than training alone does.

    Parameters
    ----------
    table, local : DataFrame
        client, measure, value of one round and split: of the method, and of ``Local``.
    measure : str
        Which measure; ``"loss"`` is better low.

    Returns
    -------
    float
        Among the clients of both tables.

    Raises
    ------
    ValueError
        Where a client occurs twice, or none in both tables.
    """
    gain = (_of_clients(table, measure) - _of_clients(local, measure)).dropna()
    if gain.index.has_duplicates or gain.empty:
        raise ValueError(
            f"losing_share: tables must hold each client once for measure {measure!r} "
            "(one round, one split)"
        )
    loses = gain > 0 if measure == "loss" else gain < 0
    return float(loses.mean())


def _values(owner: str, values) -> np.ndarray:
    """One number per client; at least one."""
    values = checks.vector(owner, values, "values")
    if not len(values):
        raise ValueError(f"{owner}: no values, at least one client is needed")
    if values.dtype.kind not in "fiub":
        raise ValueError(f"{owner}: values of type {values.dtype}, allowed are numbers")
    return values.astype(float)


def _means(method, state, data, part: np.ndarray) -> dict[str, np.ndarray]:
    """measure -> (k,) means over the samples of the clients at ``part``."""
    loss = STACK_LOSSES[data.loss]
    x, rows = data.padded(part)
    names = [data.names[k] for k in part]
    z = method.outputs(state.server, state.of(names), x, data.loss)
    y = data.y[rows.clamp(min=0)]
    n = torch.as_tensor(data.sizes[part], device=x.device)
    per_sample = {"loss": loss.value(z, y)}
    if loss.classes:
        per_sample["accuracy"] = _right(z, y, data.loss)
    means = {}
    for name, values in per_sample.items():
        mean = torch.where(rows >= 0, values.double(), 0.0).sum(1) / n
        means[name] = mean.cpu().numpy()
    return means


def _right(z: torch.Tensor, y: torch.Tensor, loss: str) -> torch.Tensor:
    """1 where the predicted class is y."""
    right = z.argmax(-1) == y if loss == "ce" else (z > 0) == (y > 0)
    return right.to(z.dtype)


def _parts(data):
    """Clients scored together: neighbours in storage order, hence of similar size.

    At least one client, and at most ``ROWS`` numbers where there are several.
    """
    per_client = np.maximum(data.sizes * data.x[0].numel(), 1)
    first = 0
    while first < len(data):
        count = max(1, int(ROWS // per_client[first]))  # the first is the largest
        yield np.arange(first, min(first + count, len(data)))
        first += count


def _summary_of(group: pd.DataFrame, sign: int) -> pd.Series:
    """One row of ``summary``; ``sign`` -1 for a measure that is better low."""
    value = group["value"].to_numpy()
    return pd.Series(
        {
            "client_mean": client_mean(value),
            "sample_mean": sample_mean(value, group["n"].to_numpy()),
            "bottom_decile": sign * bottom_decile(sign * value),
            "worst": sign * worst(sign * value),
            "clients": len(value),
        }
    )


def _of_clients(table: pd.DataFrame, measure: str) -> pd.Series:
    """client -> value of one measure."""
    return table[table["measure"] == measure].set_index("client")["value"]
