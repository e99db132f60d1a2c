"""How well every client is served, and what one number can say about all of them."""

import numpy as np
import pandas as pd
import torch

from mtl_lib.stack import STACK_LOSSES

ROWS = 2**22  # numbers of inputs scored at once


def measure(method, state, data) -> pd.DataFrame:
    """client, measure, value, n of every client of ``data`` (``Clients``).

    loss : mean of the loss per sample; for ``logistic`` and ``ce`` that is the log-loss.
    accuracy : share of samples whose class is predicted; only for losses with classes.
    """
    loss, values = STACK_LOSSES[data.loss], {}
    for part in _parts(data):
        x, rows = data.padded(part)
        z = method.outputs(state.server, state.of([data.names[k] for k in part]), x, data.loss)
        y, n = data.y[rows.clamp(min=0)], torch.as_tensor(data.sizes[part], device=x.device)
        found = {"loss": loss.value(z, y)} | (
            {"accuracy": _right(z, y, data.loss)} if loss.classes else {}
        )
        for name, each in found.items():
            mean = torch.where(rows >= 0, each.double(), 0.0).sum(1) / n
            values.setdefault(name, []).append(mean.cpu().numpy())
    table = lambda name: pd.DataFrame(
        {
            "client": data.names,
            "measure": name,
            "value": np.concatenate(values[name]),
            "n": data.sizes,
        }
    )
    return pd.concat([table(name) for name in values], ignore_index=True)


def check_split(name: str, split, train) -> None:
    """Raises ValueError, naming the client, for a client that does not train, and for another loss or shape than in training."""
    for client in split.names:
        if client not in train.position:
            raise ValueError(
                f"client {client!r} of the {name} data is not among the {len(train)} training clients"
            )
    for what, one, other in (
        ("loss", split.loss, train.loss),
        ("inputs of shape", tuple(split.x.shape[1:]), tuple(train.x.shape[1:])),
    ):
        if one != other:
            raise ValueError(
                f"client {split.names[0]!r} of the {name} data: {what} {one}, in training {other}"
            )


def client_mean(values, n=None) -> float:
    """Every client counts once."""
    return float(np.mean(values))


def sample_mean(values, n) -> float:
    """Every sample counts once: clients weighted by n."""
    return float(np.average(values, weights=n))


def bottom_decile(values, n=None) -> float:
    """The 10 % quantile over clients (linear interpolation), for a measure where higher is better."""
    return float(np.quantile(values, 0.1))


def worst(values, n=None) -> float:
    """The client served worst, for a measure where higher is better."""
    return float(np.min(values))


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row per (round, split, measure) of a history's table: client mean, sample mean, bottom decile, worst.

    A loss is better low: its decile is the 90 % quantile and its worst the largest.
    """

    def row(group):
        value, n = group["value"].to_numpy(), group["n"].to_numpy()
        sign = -1 if group["measure"].iloc[0] == "loss" else 1
        return pd.Series(
            {
                "client_mean": client_mean(value),
                "sample_mean": sample_mean(value, n),
                "bottom_decile": sign * bottom_decile(sign * value),
                "worst": sign * worst(sign * value),
                "clients": len(value),
            }
        )

    rows = [
        pd.concat(
            [pd.Series(dict(zip(("round", "split", "measure"), key, strict=True))), row(group)]
        )
        for key, group in table.groupby(["round", "split", "measure"], sort=False)
    ]
    return pd.DataFrame(rows)


def losing_share(table: pd.DataFrame, local: pd.DataFrame, measure: str = "accuracy") -> float:
    """Share of clients that a method serves worse than training alone does; both tables of one round and split."""
    pick = lambda frame: frame[frame["measure"] == measure].set_index("client")["value"]
    gain = (pick(table) - pick(local)).dropna() * (-1 if measure == "loss" else 1)
    if gain.index.has_duplicates or gain.empty:
        raise ValueError(
            f"losing_share: tables must hold each client once for measure {measure!r} (one round, one split)"
        )
    return float((gain < 0).mean())


def _right(z, y, loss):
    """1 where the predicted class is y."""
    return (z.argmax(-1) == y).to(z.dtype) if loss == "ce" else ((z > 0) == (y > 0)).to(z.dtype)


def _parts(data):
    """Clients scored together: neighbours in storage order, hence of similar size; at least one, at most ``ROWS`` numbers."""
    per_client = np.maximum(data.sizes * data.x[0].numel(), 1)
    first = 0
    while first < len(data):
        count = max(1, int(ROWS // per_client[first]))  # the first is the largest
        yield np.arange(first, min(first + count, len(data)))
        first += count
