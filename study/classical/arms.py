"""The methods that the classical section compares: a penalty, a rule for the intercept, a mean."""

import numpy as np

from mtl_lib.classical import (
    L1,
    L21,
    MTRL,
    Clustered,
    Dirty,
    Graph,
    Pooled,
    Ridge,
    Robust,
    TraceNorm,
)

SINGLE = "single task"
POOLED = "pooled"
MEAN = "ridge about the mean"
SUBSPACE = "trace norm about the mean"
NO_INPUTS = "intercept only"
AGAIN = " again"  # the end of an arm's name: the same method, its folds drawn again

ALONE = {"penalty": Ridge(), "intercept": "free"}
ABOUT = {"about_mean": True, "intercept": "about_mean"}
ARMS = {
    SINGLE: ALONE,
    "single task, penalised intercept": {"penalty": Ridge(), "intercept": "about_mean"},
    POOLED: {"penalty": Pooled(), "intercept": "shared"},
    MEAN: {"penalty": Ridge(), **ABOUT},
    "L21": {"penalty": L21(), "intercept": "about_mean"},
    "L21 about the mean": {"penalty": L21(), **ABOUT},
    "trace norm": {"penalty": TraceNorm(), "intercept": "about_mean"},
    SUBSPACE: {"penalty": TraceNorm(), **ABOUT},
    NO_INPUTS: ALONE,
}
BASELINES = {label: ARMS[label] for label in (SINGLE, POOLED)}
CORE = {label: ARMS[label] for label in (SINGLE, POOLED, MEAN)}
REPEATS = {SINGLE + AGAIN: ALONE, MEAN + AGAIN: ARMS[MEAN]}
WIDE_ARMS = {
    **{label: arm for label, arm in ARMS.items() if not label.endswith(("intercept", "only"))},
    "Clustered": {"penalty": Clustered(2), "intercept": "about_mean"},
    "Clustered about the mean": {"penalty": Clustered(2), **ABOUT},
}
SCHOOL_ARMS = {
    **WIDE_ARMS,
    "MTRL": {"penalty": MTRL(), "intercept": "about_mean"},
    "MTRL about the mean": {"penalty": MTRL(), **ABOUT},
}

# Structure of generated tasks -> the penalty made for it, of which the claims speak.
MADE_FOR = {
    "shared support": "L21",
    "low rank": "trace norm",
    "clusters": "Clustered about the mean",
    "chain": "chain graph",
    "outliers": "Robust",
}


def chain(tasks: int) -> Graph:
    """The penalty on differences between neighbours in a chain of tasks."""
    edges = np.diff(np.eye(tasks), axis=0)
    return Graph(edges.T @ edges)


def for_structures(tasks: int) -> dict[str, dict]:
    """The methods that are tried on every generated structure.

    Parameters
    ----------
    tasks : int
        Generated tasks.

    Returns
    -------
    dict
        Label -> arm without intercept.
    """
    penalties = {
        SINGLE: Ridge(),
        POOLED: Pooled(),
        MEAN: Ridge(),
        "L1": L1(),
        "L21": L21(),
        "Dirty": Dirty(0.3),
        "trace norm": TraceNorm(),
        SUBSPACE: TraceNorm(),
        "Clustered about the mean": Clustered(2),
        "Robust": Robust(0.5),
        "chain graph": chain(tasks),
    }
    return {
        label: {
            "penalty": penalty,
            "intercept": None,
            "about_mean": label.endswith("about the mean"),
        }
        for label, penalty in penalties.items()
    }


def certified(tasks: int) -> dict:
    """The penalties whose certificates are looked at: label -> penalty."""
    return {
        "L21": L21(),
        "trace norm": TraceNorm(),
        "Clustered": Clustered(2),
        "Dirty": Dirty(0.3),
        "Robust": Robust(0.5),
        "chain graph": chain(tasks),
    }
