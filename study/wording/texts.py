"""Captions, alternative texts and declarations of claims, from ``study/wording/SECTION.yaml``.

A text has gaps, ``{splits}`` or ``{margin:g}``, and the notebook gives what belongs into them. A
gap without a value is refused, and so is a value without a gap.
"""

from dataclasses import fields
from functools import cached_property
from pathlib import Path
from string import Formatter

from ruamel.yaml import YAML

from study.claims.declaration import Declaration

FOLDER = Path(__file__).parent
FIELDS = {field.name for field in fields(Declaration)}


def gaps(text: str) -> set[str]:
    """Names of the values that a text asks for.

    Parameters
    ----------
    text : str
        As ``str.format`` reads it.

    Returns
    -------
    set of str
        Empty for a text without gaps.
    """
    return {name for _, name, _, _ in Formatter().parse(text) if name}


class Wording:
    """The texts of a section; one without a file has none.

    Parameters
    ----------
    section : str
        The notebook's name.
    folder : Path
        Where the files are.
    """

    def __init__(self, section: str, folder: Path = FOLDER):
        self.path = folder / f"{section}.yaml"

    @cached_property
    def texts(self) -> dict:
        """``figures`` and ``claims``: name -> its texts, with gaps."""
        if not self.path.is_file():
            return {"figures": {}, "claims": {}}
        return YAML(typ="safe", pure=True).load(self.path.read_text())

    def figure(self, name: str, values: dict) -> dict[str, str]:
        """Caption and alternative text of a figure.

        Parameters
        ----------
        name : str
            The figure's.
        values : dict
            Gap -> what belongs into it.

        Returns
        -------
        dict
            ``caption`` and ``alt``.

        Raises
        ------
        ValueError
            One line for a figure without text, a gap without a value, a value without a gap.
        """
        texts = self._entry("figures", name)
        return _filled(f"figure {name!r}", texts, values, values)

    def claim(self, name: str, given: dict) -> dict:
        """The declaration of a claim.

        Parameters
        ----------
        name : str
            Its id.
        given : dict
            What belongs into the gaps, and fields that the file leaves open, such as the margin.

        Returns
        -------
        dict
            Fields of ``study.claims.declaration.Declaration``.

        Raises
        ------
        ValueError
            As ``figure`` does.
        """
        texts = self._entry("claims", name)
        own = {key: value for key, value in given.items() if key in FIELDS - set(texts)}
        rest = {key: value for key, value in given.items() if key not in own}
        return {"id": name, **own, **_filled(f"claim {name!r}", texts, given, rest)}

    def _entry(self, kind: str, name: str) -> dict:
        """The texts of one figure or claim."""
        try:
            return self.texts[kind][name]
        except KeyError:
            what = kind.removesuffix("s")
            raise ValueError(f"{what} {name!r} has no text in {self.path.name}") from None


def _filled(owner: str, texts: dict, values: dict, needed) -> dict:
    """Texts with their gaps filled; of a list every text."""
    lists = {key: text if isinstance(text, list) else [text] for key, text in texts.items()}
    asked = {name for parts in lists.values() for text in parts for name in _gaps_of(text)}
    for name in sorted(asked - set(values)):
        raise ValueError(f"{owner}: no value for {name!r}, its text asks for it")
    for name in sorted(set(needed) - asked):
        raise ValueError(f"{owner}: a value {name!r}, its text does not ask for it")
    return {
        key: [_one(text, values) for text in text] if isinstance(text, list) else _one(text, values)
        for key, text in texts.items()
    }


def _gaps_of(text) -> set[str]:
    """Gaps of a text; of a number or a truth value none."""
    return gaps(text) if isinstance(text, str) else set()


def _one(text, values: dict):
    """A text with its gaps filled; a number or a truth value as it is."""
    return text.format(**values) if isinstance(text, str) else text
