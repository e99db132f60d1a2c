"""Clients whose labels come from a mixture of linear rules: FedEM's data, and what nobody can learn.

One rule for all three sets: client t draws x uniform on [-1, 1]^d and a component z ~ pi_t, then
y = round(sigmoid(x.theta_z + e)), which is 1 where x.theta_z + e > 0, with e ~ N(0, noise^2).
p(x) is the same for all clients; only p(y | x) differs.

Marfoq et al. 2021 (Federated Multi-Task Learning under a Mixture of Distributions) write N(0, 0.1). We take
0.1 as the standard deviation, as the official code does (``scale=noise_level``); since x.theta has
deviation sqrt(d)/3, about 4 at d = 150, reading it as the variance would change next to nothing.
"""

import numpy as np
from scipy.special import ndtr

from mtl_lib.data.generated.known import Known, categorical, positive, sizes, task_rows, whole
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet


def mixture(
    T: int,
    seed: int,
    part: str = "train",
    d: int = 150,
    components: int = 3,
    alpha: float = 0.4,
    m=None,
    noise: float = 0.1,
    prefix: str = "client",
) -> Known:
    """FedEM's synthetic data: theta uniform on [-1, 1]^(M x d), pi_t ~ Dirichlet(alpha, ..., alpha).

    Parameters
    ----------
    T, d, components : number of clients, of inputs, of components M.
    seed, part : see ``Known``; theta, pi and the sizes belong to the truth.
    alpha : smaller means clients closer to one pure component each.
    m : samples per client; None draws n_t = min(int(LogNormal(4, 2)) + 50, 1000), as the paper does. Its
        test sets have 5,000 per client.
    noise : standard deviation inside the sigmoid.
    prefix : clients are called "prefix 0", ...; another prefix gives unseen clients of the same theta.

    Returns ``Known``; truth: ``theta`` (M, d), ``pi`` (T, M), ``component`` (n,) by row, ``bayes`` (n,) by row,
    the probability of y = 1 given x and the client, ``noise``.

    Raises ValueError for a size, alpha or noise out of range.
    """
    names = _names(prefix, T)
    components, alpha = (
        whole("mixture: components", components, 1),
        positive("mixture: alpha", alpha),
    )
    theta = stream(seed, "mixture-theta").uniform(-1, 1, (components, whole("mixture: d", d, 1)))
    pi = np.array(
        [stream(seed, "mixture-pi", name).dirichlet(np.full(components, alpha)) for name in names]
    )
    counts = client_sizes(seed, names) if m is None else sizes("mixture: m", m, T)
    return _clients("mixture", names, theta, pi, counts, noise, seed, part)


def flipped(
    T: int,
    seed: int,
    part: str = "train",
    d: int = 150,
    m=100,
    noise: float = 0.1,
    prefix: str = "client",
) -> Known:
    """Same p(x), opposite labels in every second client: theta_1 = -theta_0, pi_t pure.

    Over all clients together y is independent of x (T even), so that one model for all stays at chance; two
    components solve it. Parameters, truth and errors as in ``mixture``.
    """
    names = _names(prefix, T)
    theta = stream(seed, "mixture-theta").uniform(-1, 1, (1, whole("mixture: d", d, 1)))
    pure = np.eye(2)[np.arange(T) % 2]
    return _clients(
        "flipped",
        names,
        np.concatenate([theta, -theta]),
        pure,
        sizes("mixture: m", m, T),
        noise,
        seed,
        part,
    )


def independent(
    T: int,
    seed: int,
    part: str = "train",
    d: int = 150,
    m=100,
    noise: float = 0.1,
    prefix: str = "client",
) -> Known:
    """T independent labelings of the same p(x): a theta of its own for every client, nothing to share.

    Parameters, truth (M = T, pi the identity) and errors as in ``mixture``.
    """
    names = _names(prefix, T)
    d = whole("mixture: d", d, 1)
    theta = np.array([stream(seed, "mixture-theta", name).uniform(-1, 1, d) for name in names])
    return _clients(
        "independent", names, theta, np.eye(T), sizes("mixture: m", m, T), noise, seed, part
    )


def bayes(X: np.ndarray, theta: np.ndarray, pi: np.ndarray, noise: float) -> np.ndarray:
    """P(y = 1 | x) = sum_m pi_m Phi(x.theta_m / noise), (n,), for X (n, d), theta (M, d), pi (M,) or (n, M).

    Predicting its larger side is the best anyone can do without seeing the component.
    """
    return (ndtr(X @ theta.T / noise) * pi).sum(axis=1)


def client_sizes(seed: int, names) -> np.ndarray:
    """n_t = min(int(LogNormal(4, 2)) + 50, 1000) for each name, int (T,)."""
    return np.array(
        [min(int(stream(seed, "mixture-size", name).lognormal(4, 2)) + 50, 1000) for name in names]
    )


def _names(prefix, T) -> list[str]:
    return [f"{prefix} {t}" for t in range(whole("mixture: T", T, 1))]


def _clients(title, names, theta, pi, counts, noise, seed, part) -> Known:
    noise = positive("mixture: noise", noise)
    parts = [
        _samples(name, theta, weights, count, noise, seed, part)
        for name, weights, count in zip(names, pi, counts, strict=True)
    ]
    X, component, y, probability = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    inputs = Inputs(title, X)
    tasks = [
        Task(name, inputs, rows, y[rows], "logistic")
        for name, rows in zip(names, task_rows(counts), strict=True)
    ]
    return Known(
        TaskSet(tasks, title),
        {"theta": theta, "pi": pi, "component": component, "bayes": probability, "noise": noise},
    )


def _samples(name, theta, weights, count, noise, seed, part):
    """One client's (X, component, y, P(y = 1 | x))."""
    X = stream(seed, f"mixture-inputs/{part}", name).uniform(-1, 1, (count, theta.shape[1]))
    component = categorical(weights, stream(seed, f"mixture-component/{part}", name).random(count))
    error = noise * stream(seed, f"mixture-noise/{part}", name).standard_normal(count)
    y = ((X * theta[component]).sum(axis=1) + error > 0).astype(int)
    return X, component, y, bayes(X, theta, weights, noise)
