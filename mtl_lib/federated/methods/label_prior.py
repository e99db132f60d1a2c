"""The arm "global + client label prior": what a client's label counts alone give, without a personal model."""

import numpy as np
import torch
from torch.nn import functional as F

from mtl_lib.federated.engine.method import with_clients
from mtl_lib.federated.methods.fedavg import FedAvg


class LabelPrior(FedAvg):
    """``FedAvg``'s global model, its class probabilities moved to each client's label counts.

    p_t(y | x) proportional to p(y | x) (n_ty + 1/2) / (n_y + 1/2): n_ty counts the client's training labels, n_y those of
    all clients (each with its task weight). Exact where p(x | y) is common to all clients and p(y) is not. Training is
    that of ``FedAvg``, and so are its options; each client also learns n_y, once.

    Raises ValueError for losses other than ``ce`` and ``logistic``: they give no probability of a class.
    """

    name = "FedAvg + label prior"
    reads_labels = True

    def init(self, train, seed):
        if train.loss not in ("ce", "logistic"):
            raise ValueError(
                f"{self.name}: loss {train.loss} of client {train.names[0]!r} gives no probability of a class, "
                f"allowed are ce, logistic"
            )
        state = super().init(train, seed)
        classes = (
            self.stack(state.server["model"], train.loss)(train.x[None, :1]).shape[-1]
            if train.loss == "ce"
            else 2
        )
        of = torch.as_tensor(np.repeat(np.arange(len(train)), train.sizes), device=train.x.device)
        counts = label_counts(train.y, of, len(train), classes)
        everyone = torch.as_tensor(train.weight / train.sizes, device=counts.device) @ counts
        state.server["labels"] = everyone[None]
        return with_clients(state, {"log_ratio": log_ratio(counts, everyone).to(train.x.dtype)})

    def joined(self, server, batches, seed):
        """The new client's counts against those of the clients that trained."""
        labels = server["labels"]
        return {
            "log_ratio": log_ratio(
                label_counts(batches.y, batches.of, len(batches), labels.shape[1]), labels[0]
            ).to(batches.x.dtype)
        }

    def outputs(self, server, mine, x, loss):
        ratio = mine["log_ratio"]
        return super().outputs(server, mine, x, loss) + (
            ratio[:, None] if loss == "ce" else (ratio[:, 1] - ratio[:, 0])[:, None]
        )


def label_counts(y: torch.Tensor, of: torch.Tensor, clients: int, classes: int) -> torch.Tensor:
    """Samples of each class at each client, float64 (clients, classes), from labels y (n,) and their clients ``of`` (n,)."""
    one = F.one_hot(y if y.dtype == torch.int64 else (y > 0).long(), classes).double()
    return one.new_zeros(clients, classes).index_add_(0, of, one)


def log_ratio(counts: torch.Tensor, everyone: torch.Tensor) -> torch.Tensor:
    """log (n_ty + 1/2) / (n_y + 1/2), (clients, classes); scores plus this are p_t(y | x) up to a constant per sample."""
    return torch.log(counts + 0.5) - torch.log(everyone + 0.5)
