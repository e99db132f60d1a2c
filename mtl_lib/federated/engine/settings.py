"""How a federation runs: what ``simulate`` takes besides the method and the clients."""

import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields

import numpy as np
import torch

from mtl_lib import checks


@dataclass(frozen=True)
class Settings:
    """How many rounds, who takes part, and how clients train.

    Parameters
    ----------
    rounds : int
        Rounds of this run.
    batch_size : int or None
        Samples of a local step; None for all samples of the client. A client with fewer takes what
        it has.
    local_epochs : int
        Passes over a client's data in a round.
    participation : float
        Share of the clients that take part in a round, in (0, 1]: round(participation T) of them,
        drawn afresh from ``stream(seed, "participants", "", round)`` among the sorted names.
    participants : callable or sequence, optional
        Who takes part, instead of a draw: round -> names, or one list of names for each of the
        ``rounds`` rounds of this run.
    schedule : callable, optional
        Round -> factor, finite and 0 or more, on the learning rate of the method's optimiser; the
        first round is 1. Other steps, such as Per-FedAvg's alpha, keep their size. Personal steps
        before an evaluation take the factor of the round they follow, before round 1 that of
        round 1. ``evaluate`` takes the method as it is: ``method.at_rate(factor)``.
    seed : int
        Of initial weights, participants and shuffles. Equal seeds pair methods: same weights,
        participants, batches.
    eval_every : int
        Rounds between evaluations; 0 for the first state and the last only.
    chunk : int or "auto"
        Clients trained together; ``"auto"`` takes what fits a processor's cache, 1 is the plain
        loop. Results do not depend on it.
    device : str or torch.device
        Of weights and inputs.
    dtype : torch.dtype
        Of weights and inputs.
    owner : str
        Who is named in messages.

    Raises
    ------
    ValueError
        One line that names the setting, its value and what is allowed.
    """

    rounds: int
    batch_size: int | None
    local_epochs: int = 1
    participation: float = 1.0
    participants: Callable | Sequence | None = None
    schedule: Callable | None = None
    seed: int = 0
    eval_every: int = 10
    chunk: int | str = "auto"
    device: str | torch.device = "cpu"
    dtype: torch.dtype = torch.float32
    owner: str = "simulate"

    def __post_init__(self):
        counts = {"rounds": self.rounds, "eval_every": self.eval_every, "seed": self.seed}
        checks.whole(self.owner, 0, **counts)
        checks.whole(self.owner, 1, local_epochs=self.local_epochs)
        self._check_whole_or(None, batch_size=self.batch_size)
        self._check_whole_or("auto", chunk=self.chunk)
        self._check_participation()
        if self.schedule is not None and not callable(self.schedule):
            self._refuse("schedule", self.schedule, "a function of the round")
        self._check_place()

    @classmethod
    def of(cls, owner: str, given: dict) -> "Settings":
        """Settings from keyword arguments. Raises TypeError for a missing or an unknown one."""
        known = [field for field in fields(cls) if field.name != "owner"]
        names = [field.name for field in known]
        for name in given:
            if name not in names:
                raise TypeError(f"{owner}: no setting {name!r}, allowed are {', '.join(names)}")
        for field in known:
            if field.default is MISSING and field.name not in given:
                raise TypeError(f"{owner}: the setting {field.name!r} is missing")
        return cls(**given, owner=owner)

    def check_clients(self, clients: int) -> None:
        """Raise ValueError for a participation that samples nobody of so many clients."""
        if int(np.round(self.participation * clients)) < 1:
            raise ValueError(
                f"{self.owner}: participation {self.participation} of {clients} clients samples "
                f"nobody, allowed is {0.5 / clients:.3g} or more"
            )

    def method_at(self, method, number: int):
        """The method with the learning rate of round ``number``."""
        if self.schedule is None:
            return method
        factor = self.schedule(max(number, 1))
        if not isinstance(factor, numbers.Real) or not 0 <= factor < math.inf:
            what = f"schedule of round {max(number, 1)}"
            self._refuse(what, factor, "a finite number, 0 or more")
        return method.at_rate(float(factor))

    def _refuse(self, what: str, value, allowed: str):
        raise ValueError(f"{self.owner}: {what} {value!r}, allowed is {allowed}")

    def _check_whole_or(self, other, **parameters):
        for what, value in parameters.items():
            whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
            same = value is None if other is None else isinstance(value, str) and value == other
            if not same and not (whole and value >= 1):
                self._refuse(what, value, f"{other!r} or a whole number, 1 or more")

    def _check_participation(self):
        share = self.participation
        number = isinstance(share, numbers.Real) and not isinstance(share, bool)
        if not number or not 0 < share <= 1:
            self._refuse("participation", share, "more than 0 and at most 1")
        who = self.participants
        if who is None or callable(who):
            listed = []
        elif isinstance(who, list | tuple) and len(who) == self.rounds:
            listed = who
        else:
            counted = f"{len(who)} lists" if isinstance(who, list | tuple) else type(who).__name__
            raise ValueError(
                f"{self.owner}: participants {counted}, allowed is a function of the round or one "
                f"list of names for each of {self.rounds} rounds"
            )
        if who is not None and share != 1:
            raise ValueError(f"{self.owner}: participation {share} beside participants; give one")
        for k, names in enumerate(listed, 1):
            self.check_names(names, k)

    def check_names(self, names, number: int) -> None:
        """Raise ValueError for participants of a round that are no list of different names."""
        is_list = isinstance(names, list | tuple | set | np.ndarray)
        if not is_list or not len(names) or len(set(names)) < len(names):
            what = f"participants of round {number}"
            self._refuse(what, names, "a list of different names, at least one")

    def _check_place(self):
        if not isinstance(self.dtype, torch.dtype) or not self.dtype.is_floating_point:
            self._refuse("dtype", self.dtype, "a floating point type of torch")
        try:
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
            reason = str(error).strip().split("\n")[0]
            self._refuse("device", self.device, f"a device that torch has here ({reason})")
