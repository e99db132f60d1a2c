"""Classical regularised multi-task learning: min over W of sum_t c_t sum_i loss(y_ti, x_ti.w_t + b_t) + lam g(W).

Three axes: ``losses`` (what is fitted), ``penalties`` (how tasks are related), ``solver`` (one for
all, certified by a duality gap). ``design`` says what is penalised and what is free, ``quadratic`` and
``sampled`` are the sum of losses with the free part eliminated, ``samples`` reads the data,
``estimator`` puts all behind scikit-learn's interface, ``selection`` chooses lam. W is (T, d)
everywhere in the code, as ``coef_`` is in scikit-learn.
"""

from mtl_lib.classical.estimator import LinearMTL
from mtl_lib.classical.path import LinearMTLCV, path
from mtl_lib.classical.penalties import (
    L1,
    L21,
    MTRL,
    Clustered,
    Dirty,
    Graph,
    MeanRegularized,
    Pooled,
    Ridge,
    Robust,
    TraceNorm,
)

__all__ = [
    "LinearMTL",
    "LinearMTLCV",
    "path",
    "L1",
    "L21",
    "MTRL",
    "Clustered",
    "Dirty",
    "Graph",
    "MeanRegularized",
    "Pooled",
    "Ridge",
    "Robust",
    "TraceNorm",
]
