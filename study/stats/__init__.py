"""Effects over units, their intervals and p values, and the sweep every experiment is.

A unit is what the claim is about (a school, a person, a seed). Seeds and splits of the same data
are averaged inside a unit first: they are never units themselves. Student's t on unit means was
chosen over bootstraps, which gave 10 to 19 % false alarms at 5 to 10 units (t: 5 to 6 %).
"""

from study.stats.intervals import (
    class_jackknife,
    false_alarm_rate,
    interval,
    over_units,
    standard_error,
    wider,
)
from study.stats.p_values import holm, sign_flip_p
from study.stats.tables import pair, saved, sweep, unit_effects

__all__ = [
    "class_jackknife",
    "false_alarm_rate",
    "holm",
    "interval",
    "over_units",
    "pair",
    "saved",
    "sign_flip_p",
    "standard_error",
    "sweep",
    "unit_effects",
    "wider",
]
