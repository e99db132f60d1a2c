"""Which model fits which labels."""

from mtl_lib.assay.fitting.newton import NewtonModels
from mtl_lib.assay.fitting.squared import SquaredModels
from mtl_lib.assay.intake.problem import Problem


def kind_of(problem: Problem) -> SquaredModels | NewtonModels:
    """The kind of model for a problem's labels."""
    if problem.kind == "numbers":
        return SquaredModels()
    return NewtonModels(problem.kind, len(problem.classes))
