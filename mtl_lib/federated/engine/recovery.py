"""Whether a method found what the data were made of: components up to their order, and how far clients pull apart."""

import numpy as np
import pandas as pd
import torch
from scipy.optimize import linear_sum_assignment

from mtl_lib.federated.engine.clients import Clients
from mtl_lib.federated.engine.method import leaves


def match(truth: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(order (M,), cosine (M, K)): ``found[order[m]]`` is the component for ``truth[m]``, one to one, of largest total cosine.

    truth (M, d), found (K, d) with K >= M: components have no order of their own. Raises ValueError for fewer found than true.
    """
    if len(found) < len(truth):
        raise ValueError(
            f"{len(found)} components found for {len(truth)} true ones, expected at least as many"
        )
    unit = lambda w: w / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), 1e-12)
    cosine = unit(truth) @ unit(found).T
    return linear_sum_assignment(-cosine)[1], cosine


def drift(
    method, history, train, batch_size: int | None, local_epochs: int, seed: int = 0
) -> pd.DataFrame:
    """client, distance: ||w_t - w|| after one more round's local steps of every client from the last global model w.

    For methods whose clients return a ``model``. 0 at a fixed point that all clients share; the rest is what clients pull.
    """
    server = history.state.server
    like = leaves(server["model"])[0]
    data = Clients.of(train, like.dtype, like.device)
    batches = data.batches(
        np.arange(len(data)), batch_size, local_epochs, seed, len(history.bytes) + 1
    )
    message, _ = method.client_update(server, history.state.of(data.names), batches)
    squares = sum(
        ((message["model"][key] - server["model"][key]) ** 2).flatten(1).sum(1)
        for key in server["model"]
    )
    return pd.DataFrame({"client": data.names, "distance": torch.sqrt(squares).cpu().numpy()})
