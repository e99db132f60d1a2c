"""Classical regularised multi-task learning, every fit certified.

min over W of sum_t c_t sum_i loss(y_ti, x_ti.w_t + b_t) + lam g(W)

Three axes: ``losses`` (what is fitted), ``penalties`` (how tasks are related), ``solver`` (one for
all, certified by a duality gap). ``design`` says what is penalised and what is free; ``quadratic``
and ``general`` are the sum of losses with the free part eliminated, the latter by ``elimination``;
``training_data`` reads every form of data; ``estimator`` and ``prediction`` put all behind
scikit-learn's interface; ``path`` and ``cross_validation`` choose lam; ``levels`` is the baseline
that knows the tasks' levels only; ``distributed`` lets gradients arrive late; ``scores`` are
functions of predictions. W is (T, d) everywhere in the code, as ``coef_`` is in scikit-learn.
"""

from mtl_lib.classical import scores
from mtl_lib.classical.cross_validation import LinearMTLCV
from mtl_lib.classical.distributed import delayed
from mtl_lib.classical.estimator import LinearMTL
from mtl_lib.classical.levels import PooledLevels
from mtl_lib.classical.path import path
from mtl_lib.classical.penalties import (
    L1,
    L21,
    MTRL,
    Clustered,
    Dirty,
    Graph,
    LargestPerFeature,
    MeanRegularized,
    OverFeatures,
    Penalty,
    Pooled,
    Ridge,
    Robust,
    SumOfTwo,
    TaskNorm,
    TraceNorm,
    mean_direction,
    soft_scale,
)

__all__ = [
    "L1",
    "L21",
    "MTRL",
    "Clustered",
    "Dirty",
    "Graph",
    "LargestPerFeature",
    "LinearMTL",
    "LinearMTLCV",
    "MeanRegularized",
    "OverFeatures",
    "Penalty",
    "Pooled",
    "PooledLevels",
    "Ridge",
    "Robust",
    "SumOfTwo",
    "TaskNorm",
    "TraceNorm",
    "delayed",
    "mean_direction",
    "path",
    "scores",
    "soft_scale",
]
