"""What a page says of the arms: what each is, which are set side by side, and short names."""

from mtl_lib.assay.fitting.arms import (
    ABOUT,
    AGAIN,
    ALONE,
    APART,
    BOOSTING,
    JOINT,
    LOW_RANK,
    MEANS,
    NULL,
    POOLED,
)

EXPLAINED = {
    ALONE: "a ridge model for each task, the same strength for all",
    POOLED: "one ridge model for all tasks",
    MEANS: "each task's mean, shrunk to the mean of all; no inputs",
    ABOUT: "a model per task, shrunk to a common one; intercepts and slopes each with a strength",
    LOW_RANK: "the same, and tasks leave the common model in a few learned directions only",
    BOOSTING: "scikit-learn's histogram gradient boosting on all rows, the task as a category",
    APART: "a network of two hidden layers for each task; a part of the training rows stops it",
    JOINT: "one network with a head for each task",
    NULL: "the same, for each task with the labels of the others in random order",
    AGAIN: "networks of single tasks, trained a second time (A/A)",
}
PAIRS = (
    (ABOUT, ALONE),
    (ABOUT, POOLED),
    (LOW_RANK, ABOUT),
    (BOOSTING, ABOUT),
    (JOINT, APART),
    (JOINT, NULL),
    (JOINT, ABOUT),
)


def short(arm: str) -> str:
    """An arm's name where there is little room."""
    short = {
        LOW_RANK: "low rank",
        BOOSTING: "boosting",
        JOINT: "shared trunk",
        APART: "networks alone",
        NULL: "permuted labels",
    }
    return short.get(arm, arm)
