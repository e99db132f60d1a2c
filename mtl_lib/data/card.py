"""What a reader must know about a data set before using it."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """Plain facts of one data set.

    Parameters
    ----------
    title, tasks, target, inputs : one line each.
    archive : name in requirements-data.txt; ``item`` is the data set inside it.
    licence, citation : as the source states them.
    traps : what has misled people, or would.
    """

    title: str
    archive: str
    item: str
    tasks: str
    target: str
    inputs: str
    licence: str
    citation: str
    traps: str
