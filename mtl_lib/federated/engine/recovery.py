"""Whether a method found what the data were made of, and how far clients pull it apart."""

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from mtl_lib.federated.engine.arguments import clients_like
from mtl_lib.federated.engine.settings import Settings


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
        For other shapes, and for fewer components found than true ones.
    """
    truth = np.asarray(truth)
    found = np.asarray(found)
    if truth.ndim != 2 or found.ndim != 2 or truth.shape[1] != found.shape[1]:
        raise ValueError(
            f"match: components of shape {truth.shape} and {found.shape}, "
            "allowed are (M, d) and (K, d)"
        )
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
    history : History or State
        Of the method.
    train : TaskSet
        The clients' training data.
    batch_size, local_epochs, seed : int or None, int, int
        As in ``simulate``.

    Returns
    -------
    DataFrame
        client, distance: ||w_t - w||, 0 at a fixed point that all clients share.

    Raises
    ------
    ValueError
        For a method without a global model (or one set of components), and for data that do not
        fit.
    """
    settings = {"rounds": 0, "batch_size": batch_size, "local_epochs": local_epochs, "seed": seed}
    run = Settings.of("drift", settings)
    state = getattr(history, "state", history)
    data = clients_like("drift", method, state, train)
    everyone = np.arange(len(data))
    batches = data.batches(everyone, run.batch_size, run.local_epochs, run.seed, state.round + 1)
    message, _ = method.client_update(state.server, state.of(data.names), batches)
    moved = message.get("model", {})
    model = state.server.get("model", {})
    for key in moved:
        if len(model[key]) > 1 and moved[key].shape[1:] != model[key].shape:
            raise ValueError(f"drift: {method.name} has no one global model to move from")
    if not model or not moved:
        raise ValueError(f"drift: {method.name} has no global model to move from")
    squares = sum(((moved[key] - model[key]) ** 2).flatten(1).sum(1) for key in model)
    return pd.DataFrame({"client": data.names, "distance": np.sqrt(squares.cpu().numpy())})


def _unit_rows(w: np.ndarray) -> np.ndarray:
    """Rows of length 1."""
    return w / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), 1e-12)
