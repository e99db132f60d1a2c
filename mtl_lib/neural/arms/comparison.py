"""Arms against each other: settings chosen for each, and scores of what they answer."""

from collections.abc import Callable

import pandas as pd

from mtl_lib.neural.arms.arm import Arm
from mtl_lib.neural.arms.contrasts import Scores, joined
from mtl_lib.neural.arms.draws import of_arm
from mtl_lib.neural.arms.scoring import scored
from mtl_lib.neural.arms.tuning import fit_all, tuned


def compared(
    arms: dict[str, Arm | dict],
    draws: dict,
    others: dict,
    validation,
    test,
    score: Callable,
    rates,
    keys=("size", "seed"),
    grouped: bool = False,
    **run,
) -> tuple[Scores, pd.DataFrame]:
    """Score every arm on the test set, each at the settings and learning rates it chose.

    Parameters
    ----------
    arms : dict
        Name -> Arm, or name -> {setting: Arm}.
    draws, others : dict
        Key -> task set: what is compared, and what ``tuned`` chooses on. Or arm -> such a dict.
    validation, test : TaskSet or dict
        Data to choose rates on, and to score on, as in ``scored``. Or arm -> either.
    score, rates, grouped
        As in ``scored`` and ``tuned``.
    keys : tuple of str
        Names of the parts of a draw's key; the last one is the seed.
    **run
        Options of ``train``.

    Returns
    -------
    tuple
        ``Scores`` of the draws on the test set, and what ``tuned`` gave.
    """
    rate_table = tuned(arms, others, validation, score, rates, keys, **run)
    fitted = fit_all(arms, draws, rate_table, validation, **run)
    found = [
        scored({name: parts}, of_arm(test, name), score, keys, grouped)
        for name, parts in fitted.items()
    ]
    return joined(found), rate_table
