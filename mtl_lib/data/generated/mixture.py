"""Clients whose labels come from a mixture of linear rules: FedEM's data and two extremes.

One rule for all three sets: client t draws x uniform on [-1, 1]^d and a component z ~ pi_t, then
y = round(sigmoid(x.theta_z + e)), which is 1 where x.theta_z + e > 0, with e ~ N(0, noise^2).
p(x) is the same for all clients; only p(y | x) differs.

Marfoq et al. 2021 (Federated Multi-Task Learning under a Mixture of Distributions) write N(0, 0.1).
Here 0.1 is the standard deviation, as in the official code (``scale=noise_level``). Since x.theta
has deviation sqrt(d)/3, about 4 at d = 150, the variance 0.1 would change next to nothing.

The official code does not sample this mixture. Its loop over components never moves the index of
the rows that it labels, so that every component writes over the rows of those before it, from the
first row on; what no component reaches stays 0 (omarfoq/FedEM, data/synthetic/generate_data.py).
About 36 in 100 labels are then 1. ``mixture(as_published_code=True)`` gives these data.

The truth of every set: ``theta`` (M, d), ``pi`` (T, M), ``noise``; by row ``component`` (n,) and
``bayes`` (n,), the probability of y = 1 given x and the client.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from mtl_lib import checks
from mtl_lib.data.generated.known import Known, categorical, sizes, task_rows
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet


def mixture(
    T: int,
    seed: int,
    part: str = "train",
    d: int = 150,
    components: int = 3,
    alpha: float = 0.4,
    m: int | Sequence[int] | None = None,
    noise: float = 0.1,
    prefix: str = "client",
    as_published_code: bool = False,
) -> Known:
    """FedEM's synthetic data: theta uniform on [-1, 1]^(M x d), pi_t ~ Dirichlet(alpha).

    Parameters
    ----------
    T, d, components : int
        Number of clients, of inputs, of components M.
    seed, part : int, str
        See ``Known``; theta, pi and the sizes belong to the truth.
    alpha : float
        Smaller: clients closer to one component.
    m : int or sequence of int, optional
        Samples per client; None draws ``client_sizes``, as the paper, which tests on 5,000.
    noise, prefix : float, str
        Standard deviation inside the sigmoid; clients are "prefix 0", ..., and those of another
        prefix are unseen clients of the same theta.
    as_published_code : bool
        Labels of the official code, see above; ``component`` is -1 where none reaches a row.

    Raises
    ------
    ValueError
        For a size, alpha or noise out of range.
    """
    names = _names(T, seed, d, noise, prefix)
    checks.whole("mixture", 1, components=components)
    checks.positive("mixture", alpha=alpha)
    checks.flag("mixture", as_published_code=as_published_code)
    theta = stream(seed, "mixture-theta").uniform(-1, 1, (components, d))
    even = [float(alpha)] * components
    pi = np.array([stream(seed, "mixture-pi", name).dirichlet(even) for name in names])
    counts = client_sizes(seed, names) if m is None else sizes("mixture", m, T)
    truth = theta, pi, float(noise), as_published_code
    return _Rules("mixture", names, *truth).sample(counts, seed, part)


def flipped(
    T: int,
    seed: int,
    part: str = "train",
    d: int = 150,
    m: int | Sequence[int] = 100,
    noise: float = 0.1,
    prefix: str = "client",
) -> Known:
    """Same p(x), opposite labels in every second client: theta_1 = -theta_0, pi_t pure.

    Over all clients together y is independent of x (T even), so that one model for all stays at
    chance; two components solve it. Parameters and errors are those of ``mixture``.
    """
    names = _names(T, seed, d, noise, prefix)
    theta = stream(seed, "mixture-theta").uniform(-1, 1, (1, d))
    both = np.concatenate([theta, -theta])
    pure = np.eye(2)[np.arange(T) % 2]
    counts = sizes("mixture", m, T)
    return _Rules("flipped", names, both, pure, float(noise)).sample(counts, seed, part)


def independent(
    T: int,
    seed: int,
    part: str = "train",
    d: int = 150,
    m: int | Sequence[int] = 100,
    noise: float = 0.1,
    prefix: str = "client",
) -> Known:
    """T independent labelings of the same p(x): a theta of its own for every client.

    There is nothing to share; M = T and pi is the identity. Parameters and errors are those of
    ``mixture``.
    """
    names = _names(T, seed, d, noise, prefix)
    theta = np.array([stream(seed, "mixture-theta", name).uniform(-1, 1, d) for name in names])
    counts = sizes("mixture", m, T)
    return _Rules("independent", names, theta, np.eye(T), float(noise)).sample(counts, seed, part)


def bayes(X: np.ndarray, theta: np.ndarray, pi: np.ndarray, noise: float) -> np.ndarray:
    """P(y = 1 | x) = sum_m pi_m Phi(x.theta_m / noise).

    Predicting its larger side is the best anyone can do without seeing the component.

    Parameters
    ----------
    X : np.ndarray
        (n, d) inputs.
    theta : np.ndarray
        (M, d) rules.
    pi : np.ndarray
        (M,) or (n, M) weights of the rules.
    noise : float
        Standard deviation, more than 0.

    Returns
    -------
    np.ndarray
        (n,).
    """
    if np.shape(pi) not in ((len(theta),), (len(X), len(theta))):
        allowed = f"({len(theta)},) or ({len(X)}, {len(theta)})"
        raise ValueError(f"bayes: pi of shape {np.shape(pi)}, allowed is {allowed}")
    return (ndtr(X @ theta.T / noise) * pi).sum(axis=1)


def client_sizes(seed: int, names: Iterable[str]) -> np.ndarray:
    """n_t = min(int(LogNormal(4, 2)) + 50, 1000) for each name, int (T,)."""
    draws = [stream(seed, "mixture-size", name).lognormal(4, 2) for name in names]
    return np.array([min(int(draw) + 50, 1000) for draw in draws])


def last_writer(component: np.ndarray, M: int) -> tuple[np.ndarray, np.ndarray]:
    """Which component's label a row keeps when all write from the first row on.

    Parameters
    ----------
    component : np.ndarray
        (n,) draws, of which only the counts matter.
    M : int
        Components; later ones write last.

    Returns
    -------
    writer, shares : np.ndarray
        (n,), -1 for rows that none reaches, and (M,), the shares of the rows.
    """
    counts = np.bincount(component, minlength=M)
    writer = np.full(len(component), -1)
    for m, count in enumerate(counts):
        writer[:count] = m
    return writer, np.bincount(writer[writer >= 0], minlength=M) / max(1, len(component))


def _names(T: int, seed: int, d: int, noise: float, prefix: str) -> list[str]:
    """Names of the clients, after the arguments that all three sets have in common are checked."""
    checks.whole("mixture", 1, T=T, d=d)
    checks.positive("mixture", noise=noise)
    checks.seed("mixture", seed)
    return [f"{prefix} {t}" for t in range(T)]


@dataclass(frozen=True)
class _Rules:
    """What labels follow from: theta (M, d), each client's weights pi (T, M), noise."""

    title: str
    names: list[str]
    theta: np.ndarray
    pi: np.ndarray
    noise: float
    overwritten: bool = False

    def sample(self, counts: np.ndarray, seed: int, part: str) -> Known:
        """Tasks of ``counts`` (T,) samples each, and the truth."""
        clients = [
            self._client(name, weights, count, seed, part)
            for name, weights, count in zip(self.names, self.pi, counts, strict=True)
        ]
        X, component, y, probability = map(np.concatenate, zip(*clients, strict=True))
        inputs = Inputs(self.title, X)
        tasks = [
            Task(name, inputs, rows, y[rows], "logistic")
            for name, rows in zip(self.names, task_rows(counts), strict=True)
        ]
        truth = {"theta": self.theta, "pi": self.pi, "component": component, "bayes": probability}
        return Known(TaskSet(tasks, self.title), {**truth, "noise": self.noise})

    def _client(self, name: str, weights: np.ndarray, count: int, seed: int, part: str):
        """One client's (X, component, y, P(y = 1 | x))."""
        X = stream(seed, f"mixture-inputs/{part}", name).uniform(
            -1, 1, (count, self.theta.shape[1])
        )
        uniform = stream(seed, f"mixture-component/{part}", name).random(count)
        component = categorical(weights, uniform)
        if self.overwritten:
            component, weights = last_writer(component, len(self.theta))
        error = self.noise * stream(seed, f"mixture-noise/{part}", name).standard_normal(count)
        score = (X * self.theta[component]).sum(axis=1) + error
        y = ((score > 0) & (component >= 0)).astype(int)
        return X, component, y, bayes(X, self.theta, weights, self.noise)
