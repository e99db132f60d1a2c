"""What a reader must know about a data set before using it."""

from dataclasses import dataclass

PROFILES = ("default", "full")


@dataclass(frozen=True)
class Card:
    """Plain facts of one data set.

    Parameters
    ----------
    title, tasks, target, inputs : str
        One line each.
    archive : str or tuple of str
        Names of the archives in the store.
    item : str
        The data set inside the archive.
    licence, citation : str
        As the source states them.
    traps : str
        What has misled people, or would.
    profile : str
        ``"default"``, or ``"full"`` for what only the web or a mirror folder has.
    instead : str
        An archive that does for all the others.

    Raises
    ------
    ValueError
        For an empty field and for another profile.
    """

    title: str
    archive: str | tuple[str, ...]
    item: str
    tasks: str
    target: str
    inputs: str
    licence: str
    citation: str
    traps: str
    profile: str = "default"
    instead: str = "nothing"

    @property
    def archives(self) -> tuple[str, ...]:
        """Names of all archives."""
        return (self.archive,) if isinstance(self.archive, str) else self.archive

    def __post_init__(self):
        for field, text in vars(self).items():
            if not text:
                raise ValueError(f"card {self.title!r}: {field} is empty, expected text")
        if self.profile not in PROFILES:
            raise ValueError(
                f"card {self.title!r}: profile {self.profile!r}, allowed are {', '.join(PROFILES)}"
            )
