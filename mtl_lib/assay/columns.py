"""One column of a table in memory: numbers, or codes of text."""

from dataclasses import dataclass, field

import numpy as np

from mtl_lib.assay.cells import MISSING, all_dates
from mtl_lib.assay.text import folded, shown, tidy

HUGE = 1e100  # beyond it squares and their sums overflow
FREE_TEXT = 1000  # levels beyond which a text column is not looked at any more


@dataclass
class Facts:
    """How a file was read.

    Parameters
    ----------
    separator : str
        What separates columns; "" for Parquet.
    decimal : str
        The decimal mark.
    encoding : str
        The encoding of the text, or "parquet".
    notes : list[str]
        What a reader should be told.
    """

    separator: str = ""
    decimal: str = "."
    encoding: str = "parquet"
    notes: list[str] = field(default_factory=list)


@dataclass
class Raw:
    """One column as read.

    Parameters
    ----------
    name : str
        Its name.
    values : np.ndarray, optional
        Numbers (n,), with NaN for missing.
    codes : np.ndarray, optional
        Instead of numbers, codes (n,) into ``levels``, with -1 for missing.
    levels : list[str]
        The texts.
    note : str
        What a reader should be told.
    mixture : str
        How cells that are all numbers are not numbers in one way.
    unnamed : bool
        Whether the file has no name for it.
    row_names : bool
        Whether the file has it as names of rows.
    """

    name: str
    values: np.ndarray | None = None
    codes: np.ndarray | None = None
    levels: list[str] = field(default_factory=list)
    note: str = ""
    mixture: str = ""
    unnamed: bool = False
    row_names: bool = False

    @property
    def array(self) -> np.ndarray:
        """Numbers or codes, (n,)."""
        return self.codes if self.values is None else self.values

    @property
    def missing(self) -> np.ndarray:
        """(n,) bool, where nothing is given."""
        return self.codes < 0 if self.values is None else np.isnan(self.values)

    @property
    def free_text(self) -> bool:
        """Whether not all levels were kept, so that codes mean nothing; those of dates are."""
        return len(self.levels) > FREE_TEXT and not all_dates(self.levels[: FREE_TEXT + 1])

    def level(self, value) -> str:
        """A value of ``array`` as text."""
        return self.levels[value] if self.values is None else f"{value:.15g}"

    def take(self, keep: np.ndarray) -> None:
        """Keep the rows of a mask, in place."""
        if self.values is None:
            self.codes = self.codes[keep]
        else:
            self.values = self.values[keep]

    def add_note(self, note: str) -> None:
        """One more note, after the others."""
        self.note = "; ".join(filter(None, [self.note, note]))

    def drop_huge(self) -> None:
        """Numbers no sum of squares survives become missing, and are counted."""
        if self.values is None:
            return
        huge = np.abs(self.values) > HUGE
        if np.any(huge):
            self.values[huge] = np.nan
            self.add_note(f"{huge.sum()} infinite or beyond {HUGE:g}, taken as missing")

    def merge_spellings(self) -> None:
        """Levels that differ in letter case alone become one, called as the commonest of them.

        Where a single level would be left, case means something and all levels stay.
        """
        if self.values is not None or self.free_text:
            return
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.levels))
        spellings = {}
        for code in np.argsort(-counts, kind="stable"):
            if counts[code]:
                spellings.setdefault(folded(self.levels[code]), []).append(int(code))
        alike = [codes for codes in spellings.values() if len(codes) > 1]
        if not alike or len(spellings) < 2:
            return
        place = np.arange(len(self.levels))
        for codes in alike:
            place[codes] = codes[0]
            names = ", ".join(shown(self.levels[code]) for code in codes)
            self.add_note(f"{names} are one level: letter case does not count")
        self.codes = np.where(self.codes < 0, -1, place[self.codes]).astype(np.int32)


class Levels(dict):
    """Text as in the file -> code. A new text gets the next code, a missing one -1.

    Past ``limit`` all new texts share one code and are not kept: free text would need many times
    the file.

    Parameters
    ----------
    limit : int or None
        Levels that are kept; None for all.
    missing : collection of str
        Texts that count as missing.
    """

    def __init__(self, limit: int | None, missing=MISSING):
        self.names = []
        self.limit = limit
        self.absent = missing
        self.words = []  # the words that counted as missing

    def __missing__(self, text: str) -> int:
        name = tidy(text)
        if name in self.absent:
            self[text] = -1
            if name and name not in self.words:
                self.words.append(name)
        elif name in self:
            self[text] = self[name]
        elif self._full():
            return self.limit
        else:
            self[text] = self[name] = len(self.names)
            self.names.append(name)
        return self[text]

    def _full(self) -> bool:
        """Whether no more levels are kept; dates are, for they become numbers."""
        if self.limit is None or len(self.names) <= self.limit:
            return False
        if len(self.names) == self.limit + 1 and all_dates(self.names):
            self.limit = None
            return False
        return True

    def note(self) -> str:
        """Which words counted as missing; "" for empty cells alone."""
        words = ", ".join(map(shown, self.words))
        return f"{words} counted as missing" if words else ""
