"""Parameters of notebook 02a."""

from pydantic import Field

from study.sections.base import FASHION_MNIST, Count, Positive, Section, increasing


class FedEMWorld(Section):
    """FedEM: clients that are mixtures of a few distributions"""

    archives = FASHION_MNIST

    margin: float = Field(gt=0, description="smallest difference in accuracy that matters")
    federations: int = Field(ge=2, le=200, description="federations of every experiment (seeds)")
    em_clients: int = Field(ge=4, description="clients of FedEM's synthetic data")
    em_rounds: int = Field(ge=10, description="rounds on them")
    rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="learning rates each arm chooses from there, on a federation of its own",
    )
    em_rates: list[Positive] = Field(
        min_length=1, max_length=8, description="those of FedEM, whose components separate late"
    )
    budget: Count = Field(description="settings that every arm tries")
    numbers: list[Count] = Field(
        min_length=2,
        max_length=10,
        description="numbers of components compared by held-out likelihood",
    )
    ridges: list[Positive] = Field(
        min_length=1, max_length=8, description="penalties of the one-shot low-rank model"
    )
    lams: list[Positive] = Field(min_length=1, max_length=8, description="lambda of the trace norm")
    clients: int = Field(ge=4, le=1000, description="clients that share the pictures")
    images: int = Field(ge=400, le=50000, description="pictures of Fashion-MNIST in a federation")
    rounds: int = Field(ge=1, description="rounds of each federation with pictures")
    picture_rates: list[Positive] = Field(
        min_length=1, max_length=8, description="learning rates each arm chooses from there"
    )
    picture_budget: Count = Field(description="settings that every arm tries there")
    starts: Count = Field(description="starts of IFCA, the best of which counts")
    ranks: list[Count] = Field(
        min_length=1, max_length=6, description="ranks of the one-shot model on pictures"
    )
    penalties: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="penalties (lambda times the number of nodes) that MOCHA chooses from there",
    )
    mocha_rounds: Count = Field(description="rounds after which a MOCHA fit stops")

    colour_pictures: bool = Field(
        description="CIFAR-100 dealt by label, if its file is there (full profile)"
    )
    colour_federations: int = Field(ge=2, le=200, description="its federations (seeds)")
    colour_images: int = Field(ge=2000, le=40000, description="its pictures in a federation")
    colour_rounds: Count = Field(description="its rounds, of one local epoch each")
    colour_rates: list[Positive] = Field(
        min_length=1, max_length=8, description="learning rates each arm tries there"
    )

    _increasing = increasing("numbers", "ranks")
