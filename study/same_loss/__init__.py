"""Experiments of notebook 03c: triples of classes as two tasks, and which tasks belong together."""

from study.same_loss.nets import networks
from study.same_loss.pairs import Together, pair_tasks, predictions, shuffled_groups, task_names
from study.same_loss.plan import PLANS, Plan
from study.same_loss.triples import Triples, candidates, placements, thirds

__all__ = [
    "PLANS",
    "Plan",
    "Together",
    "Triples",
    "candidates",
    "networks",
    "pair_tasks",
    "placements",
    "predictions",
    "shuffled_groups",
    "task_names",
    "thirds",
]
