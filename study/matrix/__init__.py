"""The matrix of section 2: which shift between clients, which method.

``worlds`` deals the federations of a shift, ``arms`` says which methods are compared and what each
of them tries, ``run`` fills the cells, and ``rule`` reads a rule off them and scores it on shifts
that it has not seen.
"""

from study.matrix.arms import LOCAL, PRIOR, fits, rounds_of
from study.matrix.rule import choices, regrets
from study.matrix.run import TuningBudget, cells, gains, levels
from study.matrix.worlds import SHIFTS, Worlds

__all__ = [
    "LOCAL",
    "PRIOR",
    "SHIFTS",
    "TuningBudget",
    "Worlds",
    "cells",
    "choices",
    "fits",
    "gains",
    "levels",
    "regrets",
    "rounds_of",
]
