"""One round of communication: ridge models up, their common subspace down, small heads at home."""

import numpy as np

from mtl_lib import checks
from mtl_lib.federated.engine.data_checks import task_list
from mtl_lib.tasks import BINARY, Task, TaskSet


class OneShotLowRank:
    """A low-rank model in one round: W = H B with B (rank, d) for all, heads H_t for each client.

    Each client fits a ridge model and sends its weights. The server takes the ``rank`` leading
    directions of all of them (an SVD; a client counts by its samples) and sends these. Each client
    then fits a small ridge model, its head, on its inputs in these directions. Classes are fitted
    as targets -1 and 1, one column per class; intercepts are the client's own and not penalised.

    Parameters
    ----------
    rank : int
        Directions, at most d.
    ridge : float
        More than 0: the weight of ||w||^2 / 2 beside the mean of (y - z)^2 / 2, in both fits.

    Attributes
    ----------
    basis_ : np.ndarray
        B (rank, d), orthonormal rows.
    heads_, intercepts_ : dict
        Client -> (outputs, rank) and (outputs,).
    bytes_ : dict
        ``up`` and ``down``: bytes to and from the server, 4 a number, of all clients together.

    Raises
    ------
    ValueError
        For parameters out of range and, naming the client, for inputs of another width.

    Notes
    -----
    It is the baseline that any method for "a few common components" has to pass: a mixture of
    linear rules is, for the mean of y, a model of that rank.
    """

    name = "one-shot low rank"

    def __init__(self, *, rank: int, ridge: float):
        checks.whole(self.name, 1, rank=rank)
        checks.positive(self.name, ridge=ridge)
        self.rank = rank
        self.ridge = ridge

    def fit(self, tasks: TaskSet) -> "OneShotLowRank":
        """Fit all clients; ``tasks`` has one task each, of one loss."""
        clients = task_list(self.name, tasks)
        self.loss_ = clients[0].loss
        self._outputs = _outputs(clients)
        self.width_ = clients[0].X.shape[1]
        checks.whole(self.name, 1, self.width_, rank=self.rank)
        models = [_ridge(self._inputs(t), self._targets(t), self.ridge)[0] for t in clients]
        weights = [np.sqrt(len(t)) for t in clients]
        stacked = np.concatenate([w * W for w, W in zip(weights, models, strict=True)])
        if self.rank > len(stacked):
            raise ValueError(
                f"{self.name}: rank {self.rank}, allowed are 1 to {len(stacked)} for "
                f"{len(clients)} clients of {self._outputs} outputs"
            )
        # LAPACK's SVD does not converge on some such matrices; its right half is this
        self.basis_ = np.linalg.eigh(stacked.T @ stacked)[1][:, ::-1][:, : self.rank].T
        self.heads_ = {}
        self.intercepts_ = {}
        numbers = {"up": stacked.size, "down": len(clients) * self.basis_.size}
        self.bytes_ = {way: 4 * count for way, count in numbers.items()}
        return self.join(TaskSet(clients))

    def join(self, tasks: TaskSet) -> "OneShotLowRank":
        """Fit heads of clients, new ones too, on their data; the directions stay."""
        for task in task_list(self.name, tasks):
            low = self._inputs(task) @ self.basis_.T
            head, intercept = _ridge(low, self._targets(task), self.ridge)
            self.heads_[task.name] = head
            self.intercepts_[task.name] = intercept
        return self

    def decision_function(self, tasks: TaskSet) -> list[np.ndarray]:
        """Scores of each client's samples, (n,), or (n, classes) for the loss ``ce``."""
        scores = []
        for task in tasks:
            low = self._inputs(task) @ self.basis_.T
            if task.name not in self.heads_:
                raise ValueError(f"{self.name}: client {task.name!r} was not fitted: join it first")
            z = low @ self.heads_[task.name].T + self.intercepts_[task.name]
            scores.append(z if self.loss_ == "ce" else z[:, 0])
        return scores

    def predict(self, tasks: TaskSet) -> list[np.ndarray]:
        """Numbers for the squared loss, else classes."""
        scores = self.decision_function(tasks)
        if self.loss_ == "ce":
            return [z.argmax(1) for z in scores]
        return [(z > 0).astype(int) if self.loss_ in BINARY else z for z in scores]

    def _inputs(self, task: Task) -> np.ndarray:
        X = np.asarray(task.X, float)
        if X.ndim != 2 or X.shape[1] != self.width_:
            raise ValueError(
                f"{self.name}: client {task.name!r} has inputs {X.shape}, allowed are "
                f"(n, {self.width_})"
            )
        return X

    def _targets(self, task: Task) -> np.ndarray:
        """(n, outputs) numbers that are fitted."""
        y = np.asarray(task.y).reshape(len(task))
        if self.loss_ == "ce":
            return 2.0 * (y[:, None] == np.arange(self._outputs)) - 1
        return np.where(y > 0, 1.0, -1.0)[:, None] if self.loss_ in BINARY else y[:, None]


def _outputs(clients: list[Task]) -> int:
    """Columns of the targets: the classes of all clients, or one."""
    return 1 + max(int(np.max(t.y)) for t in clients) if clients[0].loss == "ce" else 1


def _ridge(X: np.ndarray, Y: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights (outputs, d) and intercepts (outputs,) of the penalised mean squared error."""
    centre = X.mean(0)
    level = Y.mean(0)
    centred = X - centre
    gram = centred.T @ centred / len(X) + ridge * np.eye(X.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (Y - level) / len(X)).T
    return weights, level - weights @ centre
