"""Many federations in one run: settings x seeds of federations of one shape are one stack."""

from collections.abc import Sequence

from mtl_lib import checks
from mtl_lib.federated.engine.arguments import check_method
from mtl_lib.federated.engine.federation import Federation
from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.engine.rounds import Diverged
from mtl_lib.federated.engine.simulation import History, simulate

ON_DIVERGENCE = ("raise", "return")


def simulate_many(
    runs: Sequence[tuple[Method, Federation]],
    *,
    diverged: str = "raise",
    progress: bool = False,
    **settings,
) -> list[History]:
    """Run many federations.

    Parameters
    ----------
    runs : sequence of (Method, Federation)
        Every pair is one run.
    diverged : {"raise", "return"}
        What becomes of a run whose weights stop being finite: an error of all, or its ``Diverged``
        in the place of its history. Other runs go on.
    progress : bool
        Whether to show a bar.
    **settings
        What ``Settings`` lists, for all runs; the seed belongs to the federation.

    Returns
    -------
    list of History
        In the order of ``runs``; what ``simulate`` gives for each.

    Raises
    ------
    ValueError
        As ``simulate``.
    """
    checks.one_of("simulate_many", ON_DIVERGENCE, diverged=diverged)
    if "seed" in settings:
        raise TypeError("simulate_many: seed is no setting here, each Federation has its own")
    histories = []
    for method, federation in runs:
        check_method("simulate_many", method)
        splits = federation.train, federation.valid, federation.test
        try:
            found = simulate(method, *splits, seed=federation.seed, progress=progress, **settings)
        except Diverged as error:
            if diverged == "raise":
                raise
            found = error
        histories.append(found)
    return histories
