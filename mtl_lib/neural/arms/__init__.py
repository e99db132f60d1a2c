"""Arms of a comparison: the same draws of data, trained alone, together, and as a null.

All arms of a draw see the same samples, take the same number of updates, and begin with the same
weights; where tasks share their rows they also see the same mini-batches. The null arm is trained
together with labels of the other tasks that say nothing.

An ``Arm`` says how draws are trained. ``fitting`` trains it and asks its networks, ``jobs`` sees to
it that whatever can be one stack is one, ``tuning`` chooses settings and learning rates,
``comparison`` does all of it, and ``contrasts`` says what one arm gains over another.
``pretrained`` makes arms of a trunk that was trained before.
"""

from mtl_lib.neural.arms.arm import Arm, usual
from mtl_lib.neural.arms.comparison import compared
from mtl_lib.neural.arms.contrasts import Scores, gains_apart
from mtl_lib.neural.arms.draws import first_rows, tuning_keys
from mtl_lib.neural.arms.fitting import answers, fit
from mtl_lib.neural.arms.jobs import Part
from mtl_lib.neural.arms.pretrained import featured, pretrained
from mtl_lib.neural.arms.scoring import scored
from mtl_lib.neural.arms.tuning import choices, fit_all, fit_tuned, tuned

__all__ = [
    "Arm",
    "Part",
    "Scores",
    "answers",
    "choices",
    "compared",
    "featured",
    "first_rows",
    "fit",
    "fit_all",
    "fit_tuned",
    "gains_apart",
    "pretrained",
    "scored",
    "tuned",
    "tuning_keys",
    "usual",
]
