"""Experiments of notebook 03c: triples of classes as two tasks, and which tasks belong together."""

from study.same_loss.pairs import Together, pair_tasks, predictions
from study.same_loss.plan import PLANS, Plan
from study.same_loss.triples import Triples, candidates

__all__ = ["PLANS", "Plan", "Together", "Triples", "candidates", "pair_tasks", "predictions"]
