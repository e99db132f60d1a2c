"""Arms of a comparison: the same draws of data, trained alone, together, and as a null.

All arms of a draw see the same samples, take the same number of updates, and begin with the same
weights; where tasks share their rows they also see the same mini-batches. The null arm is trained
together with labels of the other tasks that say nothing.

``fitting`` trains an arm on draws and asks it, ``comparison`` tunes and scores arms, ``contrasts``
says what one gains over another.
"""

from mtl_lib.neural.arms.comparison import compared, fit_tuned, scored, tuned
from mtl_lib.neural.arms.contrasts import Scores, gains_apart
from mtl_lib.neural.arms.fitting import Arm, Part, answers, first_rows, fit, usual

__all__ = [
    "Arm",
    "Part",
    "Scores",
    "answers",
    "compared",
    "first_rows",
    "fit",
    "fit_tuned",
    "gains_apart",
    "scored",
    "tuned",
    "usual",
]
