"""Many federations in one run: settings x seeds of federations of one shape are one stack."""

from collections.abc import Sequence
from dataclasses import replace

from mtl_lib import checks
from mtl_lib.federated.engine.arguments import check_method, splits_of
from mtl_lib.federated.engine.federation import Federation
from mtl_lib.federated.engine.fleet import Fleet, Run
from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.engine.rounds import Diverged, bytes_of
from mtl_lib.federated.engine.settings import Settings
from mtl_lib.federated.engine.shapes import shape_of
from mtl_lib.federated.engine.simulation import History, histories

ON_DIVERGENCE = ("raise", "return")
FLEET = 2**28  # bytes of models, memories and messages of the federations that run side by side


def simulate_many(
    runs: Sequence[tuple[Method, Federation]],
    *,
    diverged: str = "raise",
    progress: bool = False,
    **settings,
) -> list[History]:
    """Run many federations; those of one shape are trained as one stack.

    Runs of one shape have one method, net and number of clients; learning rate, parameters in
    ``Method.alike``, data and seed may differ. Others run one after the other.

    Parameters
    ----------
    runs : sequence of (Method, Federation)
        Every pair is one run.
    diverged : {"raise", "return"}
        What becomes of a run whose weights stop being finite: an error of all, or its ``Diverged``
        in the place of its history. Other runs go on.
    progress : bool
        Whether to show a bar for each stack.
    **settings
        What ``Settings`` lists, for all runs; the seed belongs to the federation.

    Returns
    -------
    list of History
        In the order of ``runs``; what ``simulate`` gives for each, but for rounding.
    """
    checks.one_of("simulate_many", ON_DIVERGENCE, diverged=diverged)
    if "seed" in settings:
        raise TypeError("simulate_many: seed is no setting here, each Federation has its own")
    common = Settings.of("simulate_many", settings)
    stored: dict = {}
    stacks: dict = {}
    for k, (method, federation) in enumerate(runs):
        one = _run(method, federation, common, stored)
        stacks.setdefault(shape_of(method, one.splits, one.placed) or k, {})[k] = one
    found: dict = {}
    for stack in stacks.values():
        for part in _parts(stack, common):
            found |= _histories(part, common, diverged, progress)
    return [found[k] for k in sorted(found)]


def _run(method: Method, federation: Federation, common: Settings, stored: dict) -> Run:
    """A run on data that are stored once. Raises ValueError for what does not fit."""
    check_method(common.owner, method)
    if not isinstance(federation, Federation):
        kind = type(federation).__name__
        raise ValueError(f"{common.owner}: a {kind} beside {method!r}, allowed is a Federation")
    splits = splits_of(method, common, federation.splits, stored)
    train = splits["train"]
    key = type(method), id(train)  # runs of one shape have their data in one place
    if method.alike is None or key not in stored:
        stored[key] = method.place(train)
    return Run(method, federation.seed, splits, stored[key])


def _parts(stack: dict[int, Run], common: Settings) -> list[dict[int, Run]]:
    """A stack cut into fleets that fit into ``FLEET``, runs on the same data side by side."""
    together: dict = {}
    for k, one in stack.items():
        together.setdefault((id(one.placed), one.seed), []).append(k)
    order = [k for some in together.values() for k in some]
    one = stack[order[0]]
    state = one.method.init(one.placed, one.seed)
    size = bytes_of(state.clients) + len(one.placed) * bytes_of(state.server)
    most = max(1, FLEET // max(1, size))
    copies = len(order) // len(together)
    if most > copies:
        most -= most % copies
    cuts = range(0, len(order), most)
    return [{k: stack[k] for k in order[cut : cut + most]} for cut in cuts]


def _histories(part: dict[int, Run], common: Settings, diverged: str, progress: bool) -> dict:
    """History, or what ended it, of every run of a fleet."""
    runs = list(part.values())
    states = [one.method.init(one.placed, one.seed) for one in runs]
    settings = replace(common, seed=runs[0].seed)
    try:
        ends = histories(Fleet(runs, settings, states), progress=progress)
    except Diverged as error:  # of one federation alone
        ends = [error]
    for end in ends:
        if diverged == "raise" and isinstance(end, Diverged):
            raise end
    return dict(zip(part, ends, strict=True))
