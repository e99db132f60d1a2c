"""What an atlas holds: sources that were read, and entries whose facts name them."""

from dataclasses import dataclass, field

from study.atlas import vocabulary


@dataclass(frozen=True)
class Reference:
    """Something that was read: a paper, a repository at a commit, a data card.

    Parameters
    ----------
    what : str
        What it is.
    address : str
        Where it stands: an address of the web, or a path in this project.
    """

    what: str
    address: str


@dataclass(frozen=True)
class Fact:
    """One thing that an entry says, and who says so.

    Parameters
    ----------
    value : str or float
        The figure or the words.
    source : str
        A key of ``Atlas.sources``.
    says : str
        What the source says.
    how : str
        How the value follows from it, where it is not the same.
    """

    value: str | float
    source: str
    says: str = ""
    how: str = ""


@dataclass(frozen=True)
class Loader:
    """How this suite loads an entry.

    Parameters
    ----------
    source : str
        A name of ``mtl_lib.data.NAMES``; ``"mixture"``, which is generated; ``"grouped"``, with a
        key of ``mtl_lib.data.grouped.TABLES`` as its option ``name``.
    options : dict
        Of its ``load``.
    step : str
        Of ``vocabulary.STEPS``: what makes tasks of it.
    arguments : dict
        Of the step.
    """

    source: str
    options: dict = field(default_factory=dict)
    step: str = ""
    arguments: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """One measure of difference between the tasks, computed here.

    Parameters
    ----------
    effect, p : float or None
        See ``mtl_lib.compare.Measured``; None where the measure does not apply.
    note : str
        Why not, or what it rests on.
    """

    effect: float | None = None
    p: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Entry:
    """One benchmark.

    Parameters
    ----------
    id, name, task : str
        A short name for links, the usual name, what a task is in it.
    readings : tuple of str
        Of ``vocabulary.READINGS``.
    partition : str
        ``"natural"`` where who, what or where the data came from makes the tasks, ``"made"``
        where an experimenter did.
    terms : str
        Kind of licence, of ``vocabulary.TERMS``.
    facts : dict
        Name, of ``vocabulary.FACTS`` -> Fact. A name that is not there was not found.
    traps, used_by : tuple of Fact
        What misleads; who uses it.
    address, elsewhere : str
        Where it is; how other libraries load it.
    loader : Loader or None
        How this suite loads it.
    measures : dict
        Name of the measure -> Difference; empty where it was not measured.
    """

    id: str
    name: str
    task: str
    readings: tuple[str, ...]
    partition: str
    terms: str
    facts: dict[str, Fact]
    traps: tuple[Fact, ...] = ()
    used_by: tuple[Fact, ...] = ()
    address: str = ""
    elsewhere: str = ""
    loader: Loader | None = None
    measures: dict[str, Difference] = field(default_factory=dict)


@dataclass(frozen=True)
class Atlas:
    """All entries and what was read for them.

    Parameters
    ----------
    sources : dict
        Key -> Reference.
    entries : tuple of Entry
        In the order of the file.
    """

    sources: dict[str, Reference]
    entries: tuple[Entry, ...]

    def filled(self) -> tuple[int, int]:
        """How many of the fields of all entries are filled, and how many there are.

        The fields of an entry are its facts, address, traps, users and measures.
        """
        count = 0
        for entry in self.entries:
            others = (entry.address, entry.traps, entry.used_by, entry.measures)
            count += len(entry.facts) + sum(bool(other) for other in others)
        return count, len(self.entries) * (len(vocabulary.FACTS) + 4)
