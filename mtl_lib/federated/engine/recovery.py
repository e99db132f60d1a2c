"""Whether a method found what the data were made of, and how far clients pull it apart."""

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from mtl_lib import checks
from mtl_lib.federated.engine.client_checks import task_list
from mtl_lib.federated.engine.clients import Clients


def match(truth: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Components up to their order, matched one to one for the largest total cosine.

    Parameters
    ----------
    truth : array (M, d)
        True components.
    found : array (K, d)
        Components that were found, K >= M.

    Returns
    -------
    order : int array (M,)
        ``found[order[m]]`` is the component for ``truth[m]``.
    cosine : array (M, K)
        Of every pair.

    Raises
    ------
    ValueError
        For fewer components found than true ones.
    """
    if len(found) < len(truth):
        raise ValueError(
            f"{len(found)} components found for {len(truth)} true ones, expected at least as many"
        )
    cosine = _unit_rows(truth) @ _unit_rows(found).T
    return linear_sum_assignment(-cosine)[1], cosine


def drift(
    method, history, train, batch_size: int | None, local_epochs: int, seed: int = 0
) -> pd.DataFrame:
    """How far one more round's local steps take every client from the last global model.

    Parameters
    ----------
    method : Method
        One whose clients return a ``model``.
    history : History
        Of the method.
    train : TaskSet
        The clients' training data.
    batch_size, local_epochs, seed : int or None, int, int
        As in ``simulate``.

    Returns
    -------
    DataFrame
        client, distance: ||w_t - w||, 0 at a fixed point that all clients share.
    """
    checks.whole("drift", 0, seed=seed)
    checks.whole("drift", 1, local_epochs=local_epochs)
    task_list("drift", train, "train")
    state = history.state
    data = Clients.of(train, state.model.dtype, state.model.device)
    everyone = np.arange(len(data))
    batches = data.batches(everyone, batch_size, local_epochs, seed, state.round + 1)
    message, _ = method.client_update(state.server, state.of(data.names), batches)
    model = state.server["model"]
    squares = sum(((message["model"][key] - model[key]) ** 2).flatten(1).sum(1) for key in model)
    return pd.DataFrame({"client": data.names, "distance": np.sqrt(squares.cpu().numpy())})


def _unit_rows(w: np.ndarray) -> np.ndarray:
    """Rows of length 1."""
    return w / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), 1e-12)
