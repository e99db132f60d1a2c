"""Text as messages, names and levels show it, and the one error of a table that cannot be used."""

import unicodedata


class TableError(ValueError):
    """A table that cannot be used, in one line of fewer than 300 characters."""

    def __init__(self, text: str):
        super().__init__(text if len(text) < 290 else text[:286] + "...")


def tidy(text: str | None) -> str | None:
    """One line of printable characters, for names that end up in figures and messages.

    Composed and decomposed Unicode of one text become the same text (NFC).
    """
    if text is None:
        return None
    text = str(text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def shown(value) -> str:
    """A value in quotes, cut after 60 characters."""
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def listed(names, most: int = 6) -> str:
    """The first few names in quotes, and how many more there are."""
    text = ", ".join(map(shown, names[:most]))
    return text if len(names) <= most else f"{text} and {len(names) - most} more"


def folded(text: str) -> str:
    """A key that two spellings share if they differ in letter case alone."""
    return unicodedata.normalize("NFC", text.casefold())


def alphabetical(name: str) -> tuple[str, str]:
    """Sort key: upper case beside lower."""
    return name.casefold(), name
