"""How the losses of several tasks become one update: weightings of losses, and torchjd's aggregators of gradients.

A weighting maps losses (K, tasks) to (K,) and may remember; ``training.train`` uses a copy. An aggregator maps the tasks' gradients of every
network (K, tasks, P) to (K, P), for trunk and encoders.
"""

import torch


class Uncertainty:
    """Weights learned with the network (Kendall, Gal and Cipolla 2018): sum_t exp(-s_t) L_t + s_t, s_t by gradient descent of step ``lr``
    (the value leaves out s_t, in which no network has a gradient)."""

    def __init__(self, lr: float = 0.025):
        self.lr, self.log = lr, None

    def __call__(self, losses: torch.Tensor) -> torch.Tensor:
        seen = losses.detach()
        self.log = torch.zeros_like(seen) if self.log is None else self.log
        weight = torch.exp(-self.log)
        self.log = self.log - self.lr * (1 - weight * seen)
        return (weight * losses).sum(1)


class DWA:
    """Dynamic weight average (Liu, Johns and Davison 2019): tasks whose loss fell less weigh more.

    w_t = T softmax_t(r_t / temperature), r_t the mean loss of the last ``every`` updates over that of those before; all 1 until there are both.
    """

    def __init__(self, every: int = 20, temperature: float = 2.0):
        self.every, self.temperature, self.past, self.now, self.weight = (
            every,
            temperature,
            None,
            [],
            None,
        )

    def __call__(self, losses: torch.Tensor) -> torch.Tensor:
        self.now.append(losses.detach())
        if len(self.now) == self.every:
            mean = torch.stack(self.now).mean(0)
            if self.past is not None:
                self.weight = mean.shape[1] * torch.softmax(
                    mean / self.past.clamp(min=1e-12) / self.temperature, 1
                )
            self.past, self.now = mean, []
        return losses.sum(1) if self.weight is None else (self.weight * losses).sum(1)


class Aggregator:
    """An aggregator of torchjd on the gradients of every network: ``"PCGrad"`` (Yu et al. 2020), ``"MGDA"`` (Desideri 2012; Sener and Koltun
    2018), ``"Sum"``, or another that needs no solver.

    Draws (PCGrad's order of tasks) come from ``seed`` and the number of the call, the same for all networks. torch's own generator is not moved.

    Raises ValueError for a name torchjd does not have.
    """

    def __init__(self, name: str, seed: int = 0):
        from torchjd import aggregation  # on use: nothing else needs torchjd

        if name not in aggregation.__all__ or not issubclass(
            getattr(aggregation, name), aggregation.Aggregator
        ):
            raise ValueError(f"aggregator {name!r}, torchjd has no such one")
        self.rule, self.seed, self.calls = getattr(aggregation, name)(), seed, 0

    def __call__(self, jacobians: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        made = []
        with torch.random.fork_rng(devices=[]):
            for jacobian in jacobians:
                torch.manual_seed(self.seed + 1_000_003 * self.calls)
                made.append(self.rule(jacobian))
        return torch.stack(made)
