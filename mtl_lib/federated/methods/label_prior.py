"""Global + client label prior: what a client's label counts give without a personal model."""

import numpy as np
import torch
from torch.nn import functional as F

from mtl_lib.federated.methods.fedavg import FedAvg

WITH_PROBABILITY = ("ce", "logistic")


class LabelPrior(FedAvg):
    """``FedAvg``'s global model, its class probabilities moved to each client's label counts.

    p_t(y | x) proportional to p(y | x) (n_ty + 1/2) / (n_y + 1/2): n_ty counts the client's
    training labels, n_y those of all clients (each with its task weight). Exact where p(x | y) is
    common to all clients and p(y) is not. Training is that of ``FedAvg``; each client also learns
    n_y, once.

    Losses other than ``ce`` and ``logistic`` are refused: they give no probability of a class.

    Parameters
    ----------
    net, optimizer, weights, over, keep_memory
        As ``FedAvg``.
    """

    name = "FedAvg + label prior"
    reads_labels = True

    def init(self, train, seed, start=None):
        if train.loss not in WITH_PROBABILITY:
            raise ValueError(
                f"{self.name}: loss {train.loss} of client {train.names[0]!r} gives no probability "
                f"of a class, allowed are {', '.join(WITH_PROBABILITY)}"
            )
        state = super().init(train, seed, start)
        classes = 2
        if train.loss == "ce":
            classes = self.stack(state.server["model"], train.loss)(train.x[None, :1]).shape[-1]
        of = torch.as_tensor(np.repeat(np.arange(len(train)), train.sizes), device=train.x.device)
        counts = label_counts(train.y, of, len(train), classes)
        everyone = torch.as_tensor(train.weight / train.sizes, device=counts.device) @ counts
        state.server["labels"] = everyone[None]
        return state.with_clients({"log_ratio": log_ratio(counts, everyone).to(train.x.dtype)})

    def joined(self, server, batches, seed):
        """The new client's counts against those of the clients that trained."""
        everyone = server["labels"]
        counts = label_counts(batches.y, batches.of, len(batches), everyone.shape[1])
        return {"log_ratio": log_ratio(counts, everyone[0]).to(batches.x.dtype)}

    def outputs(self, server, mine, x, loss):
        ratio = mine["log_ratio"]
        shift = ratio[:, None] if loss == "ce" else (ratio[:, 1] - ratio[:, 0])[:, None]
        return super().outputs(server, mine, x, loss) + shift


def label_counts(y: torch.Tensor, of: torch.Tensor, clients: int, classes: int) -> torch.Tensor:
    """Samples of each class at each client.

    Parameters
    ----------
    y : tensor (n,)
        Labels: int64 classes, or numbers of which those above 0 are class 1.
    of : int tensor (n,)
        The client of each sample.
    clients, classes : int, int
        How many.

    Returns
    -------
    float64 tensor (clients, classes)
    """
    label = y if y.dtype == torch.int64 else (y > 0).long()
    indicators = F.one_hot(label, classes).double()
    return indicators.new_zeros(clients, classes).index_add_(0, of, indicators)


def log_ratio(counts: torch.Tensor, everyone: torch.Tensor) -> torch.Tensor:
    """log (n_ty + 1/2) / (n_y + 1/2).

    Parameters
    ----------
    counts : tensor (clients, classes)
        n_ty.
    everyone : tensor (classes,)
        n_y.

    Returns
    -------
    tensor (clients, classes)
        Scores plus this are p_t(y | x) up to a constant per sample.
    """
    return torch.log(counts + 0.5) - torch.log(everyone + 0.5)
