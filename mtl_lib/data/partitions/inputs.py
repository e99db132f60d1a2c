"""Feature skew: clients that see the same kind of samples differently."""

from mtl_lib import checks
from mtl_lib.data.partitions.build import build
from mtl_lib.data.partitions.deal import Deal
from mtl_lib.data.partitions.partition import Partition
from mtl_lib.data.partitions.shifts import SHIFTS
from mtl_lib.tasks import Inputs, Task


def feature_shift(
    task: Task, clients: int, seed: int, shift: str, strength: float, levels: int
) -> Partition:
    """The samples of ``iid``; client k sees them changed by ``strength`` times k mod ``levels``.

    Parameters
    ----------
    task : Task
        On a table or on images. Changed inputs are float32 where they were float32 or whole
        numbers, else float64.
    clients, seed : int
        As for ``iid``.
    shift : str
        ``"rotation"``, by strength * level degrees: images counter-clockwise (bilinear, zeros
        outside), tables in one random plane of the columns, the same for all clients; ``"scale"``,
        inputs times 1 + strength * level; ``"noise"``, plus N(0, (strength * level)^2), keyed by
        the client. Scale and noise are in the units of the inputs: standardise first.
    strength : float
        More than 0.
    levels : int
        How many different clients there are; level 0 is unchanged and keeps the task's ``Inputs``.

    Raises
    ------
    ValueError
        For arguments out of range, for sequences, and for inputs that have no plane to rotate in.
    """
    deal = Deal("feature_shift", task, clients, seed)
    checks.one_of(deal.name, SHIFTS, shift=shift)
    checks.positive(deal.name, strength=strength)
    checks.whole(deal.name, 1, clients, levels=levels)
    _check_inputs(deal.name, task.inputs, shift)
    facts = {name: {"level": k % levels} for k, name in enumerate(deal.client_names)}
    arguments = {"shift": shift, "strength": float(strength), "levels": int(levels)}
    return build(deal, deal.even(), arguments, facts)


def _check_inputs(owner: str, inputs: Inputs, shift: str) -> None:
    """Sequences cannot shift; a rotation needs two axes or two columns."""
    if inputs.kind == "sequence":
        what = f"inputs {inputs.name!r} are sequences"
        raise ValueError(f"{owner}: {what}, allowed are tables and images")
    shape = inputs.array.shape
    flat = len(shape) < 3 if inputs.kind == "image" else shape[1] < 2
    if shift == "rotation" and flat:
        what = f"inputs {inputs.name!r} of shape {shape}"
        raise ValueError(f"{owner}: {what} have no plane to rotate in")
