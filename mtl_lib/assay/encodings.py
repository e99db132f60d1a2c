"""The encoding of a text file."""

import codecs
from collections import Counter
from pathlib import Path

from mtl_lib.assay.text import TableError

_PAGE = 1 << 20  # bytes decoded at a time


def find_encoding(path: Path) -> str:
    """The encoding of a text file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        "utf-8", "utf-8-sig" or "utf-16" by byte order mark and content, else "gb18030" where most
        characters would be common Chinese ones, else "cp1252".

    Raises
    ------
    TableError
        For what is no text.
    """
    with open(path, "rb") as file:
        head = file.read(3)
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if _decodes(path, "utf-16"):
            return "utf-16"
        raise TableError("not a text file: its bytes are not UTF-16")
    marked = "utf-8-sig" if head == codecs.BOM_UTF8 else "utf-8"
    if _decodes(path, marked):
        return marked
    if _is_chinese(path):
        return "gb18030"
    if _decodes(path, "cp1252"):
        return "cp1252"
    raise TableError("not a text file: its bytes are neither UTF-8, Windows-1252 nor GB18030")


def _decodes(path: Path, encoding: str) -> bool:
    """Whether a file is text in an encoding. Raises TableError for NUL characters."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with open(path, "rb") as file:
        try:
            for block in iter(lambda: file.read(_PAGE), b""):
                if "\0" in decoder.decode(block):
                    raise TableError(
                        "holds NUL characters: a binary file, or UTF-16 without a byte order mark"
                    )
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _is_chinese(path: Path) -> bool:
    """Whether a file decodes as GB18030 into at least two characters, most of them common.

    Nearly every pair of bytes is some character of GB18030. Common ones (the first level of GB2312,
    3,755 characters, and punctuation) have lead bytes that Western text rarely has in pairs: its
    accented letters stand alone.
    """
    if not _decodes(path, "gb18030"):
        return False
    counts = Counter()
    with open(path, encoding="gb18030", newline="") as file:
        for block in iter(lambda: file.read(_PAGE), ""):
            counts.update(c for c in block if ord(c) > 127)
    common = sum(count for c, count in counts.items() if _is_common(c))
    return len(counts) > 1 and common >= 0.8 * sum(counts.values())


def _is_common(character: str) -> bool:
    """Whether a character is on the first level of GB2312 or its punctuation."""
    code = character.encode("gb18030")
    lead_is_common = 0xA1 <= code[0] <= 0xA3 or 0xB0 <= code[0] <= 0xD7
    return len(code) == 2 and lead_is_common and code[1] >= 0xA1
