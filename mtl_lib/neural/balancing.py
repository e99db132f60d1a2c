"""How the losses of several tasks become one update.

A weighting maps losses (K, tasks) to (K,) and may remember; ``train`` uses a copy. An aggregator
maps the tasks' gradients of every network (K, tasks, P) to (K, P), for trunk and encoders.
"""

import copy
import inspect

import torch

from mtl_lib import checks


class Uncertainty:
    """Weights that are learned with the network: sum_t exp(-s_t) L_t + s_t.

    s_t moves by gradient descent. The value leaves out s_t, in which no network has a gradient.

    Parameters
    ----------
    lr : float
        Step of the descent on s_t.

    References
    ----------
    Kendall, Gal and Cipolla (2018), Multi-task learning using uncertainty to weigh losses.
    """

    def __init__(self, lr: float = 0.025):
        checks.positive("Uncertainty", lr=lr)
        self.lr = lr
        self.log = None  # s (K, tasks)

    def __repr__(self) -> str:
        return f"Uncertainty({self.lr!r})"

    def __call__(self, losses: torch.Tensor) -> torch.Tensor:
        """The weighted sum (K,) of losses (K, tasks)."""
        values = losses.detach()
        self.log = torch.zeros_like(values) if self.log is None else self.log
        weights = torch.exp(-self.log)
        self.log = self.log - self.lr * (1 - weights * values)
        return (weights * losses).sum(1)


class DWA:
    """Dynamic weight average: tasks whose loss fell less weigh more.

    w_t = T softmax_t(r_t / temperature), r_t the mean loss of the last ``every`` updates over that
    of those before. All weights are 1 until there are both.

    Parameters
    ----------
    every : int
        Updates that are averaged.
    temperature : float
        How even the weights are: the higher, the more.

    References
    ----------
    Liu, Johns and Davison (2019), End-to-end multi-task learning with attention.
    """

    def __init__(self, every: int = 20, temperature: float = 2.0):
        checks.whole("DWA", 1, every=every)
        checks.positive("DWA", temperature=temperature)
        self.every = every
        self.temperature = temperature
        self.past = None  # mean losses (K, tasks) of the updates before
        self.now = []  # losses of these updates
        self.weight = None  # (K, tasks)

    def __repr__(self) -> str:
        return f"DWA({self.every!r}, {self.temperature!r})"

    def __call__(self, losses: torch.Tensor) -> torch.Tensor:
        """The weighted sum (K,) of losses (K, tasks)."""
        self.now.append(losses.detach())
        if len(self.now) == self.every:
            mean = torch.stack(self.now).mean(0)
            if self.past is not None:
                rates = mean / self.past.clamp(min=1e-12)
                self.weight = mean.shape[1] * torch.softmax(rates / self.temperature, 1)
            self.past = mean
            self.now = []
        return losses.sum(1) if self.weight is None else (self.weight * losses).sum(1)


class Aggregator:
    """An aggregator of torchjd on the gradients of every network.

    Parameters
    ----------
    name : str
        For example ``"PCGrad"`` (Yu et al. 2020), ``"MGDA"`` (Desideri 2012; Sener and Koltun
        2018), ``"CAGrad"`` (Liu et al. 2021) or ``"Sum"``; ``rules()`` has them all.
    seed : int
        Draws (PCGrad's order of tasks) come from it and the number of the call, the same for all
        networks. torch's own generator is not moved.
    **options
        Arguments of the rule, for example ``c=0.5`` of CAGrad. MGDA stops where its step is below
        ``epsilon``, 0.001 in torchjd: ``epsilon=1e-9, max_iters=10_000`` is close to exact.

    Raises
    ------
    ValueError
        For a name that torchjd does not have, an argument that the rule does not take, one that it
        needs and does not have, and a value that it refuses.
    ImportError
        For a rule whose solver is not installed, with the packages it needs.

    Notes
    -----
    Every network has a rule of its own, so that a rule that remembers (GradVac, ExcessMTL, PCD)
    gives the same whatever other networks are trained at once.
    """

    def __init__(self, name: str, seed: int = 0, **options):
        checks.seed("Aggregator", seed)
        self.name = name
        self.seed = seed
        self.options = options
        self.calls = 0
        self.rules = [_rule(name, options)]  # one per network, from the first call on

    def __repr__(self) -> str:
        given = [repr(self.name)]
        if self.seed != 0:
            given.append(repr(self.seed))
        given += [f"{what}={value!r}" for what, value in self.options.items()]
        return f"Aggregator({', '.join(given)})"

    def __call__(self, jacobians: torch.Tensor) -> torch.Tensor:
        """Directions (K, P) for gradients (K, tasks, P)."""
        self.calls += 1
        if self.calls == 1:
            self.rules = [copy.deepcopy(self.rules[0]) for _ in jacobians]
        if len(jacobians) != len(self.rules):
            raise ValueError(
                f"aggregator {self.name!r}: {len(jacobians)} networks, "
                f"{len(self.rules)} in the calls before"
            )
        directions = []
        with torch.random.fork_rng(devices=[]):
            for rule, jacobian in zip(self.rules, jacobians, strict=True):
                torch.manual_seed(self.seed + 1_000_003 * self.calls)
                directions.append(rule(jacobian))
        return torch.stack(directions)


def rules() -> dict[str, type]:
    """The aggregators of torchjd, name -> class; some need packages that are not installed."""
    from torchjd import aggregation  # on use: nothing else needs torchjd

    classes = {name: getattr(aggregation, name) for name in aggregation.__all__}
    return {
        name: rule
        for name, rule in classes.items()
        if issubclass(rule, aggregation.Aggregator) and not name.endswith("Aggregator")
    }


def _rule(name, options):
    """A rule of torchjd, with one clear line where it cannot be made."""
    allowed = rules()
    if name not in allowed:
        raise ValueError(f"aggregator {name!r}, allowed are {', '.join(allowed)}")
    parameters = inspect.signature(allowed[name]).parameters.values()
    takes = [parameter.name for parameter in parameters]
    for option in options:
        if option not in takes:
            raise ValueError(
                f"aggregator {name!r}: argument {option!r}, "
                f"allowed are {', '.join(takes) or 'none'}"
            )
    for parameter in parameters:
        if parameter.default is parameter.empty and parameter.name not in options:
            raise ValueError(f"aggregator {name!r}: argument {parameter.name!r} is needed")
    try:
        return allowed[name](**options)
    except ImportError as error:
        raise ImportError(f"aggregator {name!r}: {error}") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"aggregator {name!r}: {error}") from None
