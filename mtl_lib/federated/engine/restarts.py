"""Several starts of one run: methods whose limit depends on where they began."""

from dataclasses import replace

from mtl_lib import checks
from mtl_lib.federated.engine.many import simulate_many
from mtl_lib.federated.engine.results import BETTER, Results, client_means

NEXT_START = 1_000_000  # seeds between two starts of a federation


def restarted(
    methods: dict, federations: dict, *, starts: int, measure: str = "accuracy", **settings
) -> Results:
    """The best of several starts of each run, by the run's own validation data.

    Parameters
    ----------
    methods : dict
        (arm, unit) -> ``Method``.
    federations : dict
        Unit -> ``Federation`` with validation data. Start k has its seed plus k million.
    starts : int
        How many.
    measure : {"accuracy", "loss"}
        What is compared: its mean over clients after the last round.
    **settings
        What ``Settings`` lists, but the seed.

    Returns
    -------
    Results
        One history for each of ``methods``.
    """
    checks.whole("restarted", 1, starts=starts)
    checks.one_of("restarted", BETTER, measure=measure)
    runs = []
    for (_, unit), method in methods.items():
        federation = federations[unit]
        for k in range(starts):
            runs.append((method, replace(federation, seed=federation.seed + k * NEXT_START)))
    histories = simulate_many(runs, **settings)
    best = {}
    for place, key in enumerate(methods):
        own = histories[place * starts : (place + 1) * starts]
        scores = [BETTER[measure] * client_means(one.table, measure).iloc[-1] for one in own]
        best[key] = own[scores.index(max(scores))]
    return Results(best, measure)
