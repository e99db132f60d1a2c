"""What a text cell says: a number in one of the ways people write numbers, a date, or nothing.

A number may have a decimal point or comma, thousand separators (a blank of any width, an apostrophe
or the other mark), a percent sign, a currency, a sign of any dash, or parentheses for a loss. The
mark is one for a whole file; ``scan.decimal_mark`` finds it.
"""

import re
import unicodedata

_WORDS = "NA N/A n/a na NaN nan NAN NULL Null null None <NA> NaT"
_ERRORS = "#N/A #DIV/0! #VALUE! #REF! #NAME? #NUM! #NULL!"
MISSING = frozenset(["", "?", ".", "-", "–", "—", *_WORDS.split(), *_ERRORS.split()])

_SIGNS = {"\u2212": "-", "\u2013": "-", "\uff0d": "-", "\ufe63": "-", "\uff0b": "+"}
_WIDE = {"\uff0e": ".", "\uff0c": ",", "\uff05": "%", "\uff04": "$", "\uffe5": "¥"}
SAME = str.maketrans(_SIGNS | _WIDE)
_GAPS = " '\u2019"  # thousand separators that are never decimal marks
_SYMBOLS = "$£¥¢฿" + "".join(map(chr, range(0x20A0, 0x20C1)))
_CODES = (
    "EUR|USD|GBP|CHF|JPY|CNY|RMB|SEK|NOK|DKK|PLN|CZK|HUF|RUB|INR|BRL|AUD|CAD|NZD|KRW|TRY|ZAR|MXN"
    r"|kr\.?|zł|Kč|Ft|Fr\.|元|円|원|руб\.?"
)
_UNIT = rf"(?:[A-Z]{{0,2}}[{re.escape(_SYMBOLS)}]|{_CODES})"
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")  # 1,234: a decimal comma or a thousand
PADDED = re.compile(r"0\d+")
_DATE = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{2}|\d{4})\.?)"
    r"([T ]\d{1,2}:\d{2}.*)?|\d{4}年\d{1,2}月\d{1,2}日"
)
_COMPACT_DATE = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")


def _pattern(decimal: str) -> re.Pattern:
    """Numbers with this decimal mark, the other mark being a thousand separator."""
    by_mark = r"(?:\.\d{3})+"
    if decimal == ".":
        by_mark = r"(?:,\d{2,3})*,\d{3}"  # India groups by two: 12,34,567
    mark = re.escape(decimal)
    grouped = rf"[1-9]\d{{0,2}}(?:{by_mark}|(?P<gap>[{_GAPS}])\d{{3}}(?:(?P=gap)\d{{3}})*)"
    plain = rf"(?:\d+(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d+)?"
    body = rf"{grouped}(?:{mark}\d*)?|{plain}|(?i:inf(?:inity)?|nan)"
    return re.compile(
        rf"(?P<sign>[+-]?)\s*(?P<before>{_UNIT})?\s*(?P<late>[+-]?)\s*(?P<body>{body})"
        rf"\s*(?P<after>%|{_UNIT})?"
    )


_PATTERNS = {decimal: _pattern(decimal) for decimal in ".,"}
_REMOVED = {decimal: re.compile(rf"[{_GAPS}{'.,'.replace(decimal, '')}]") for decimal in ".,"}


def floats(texts) -> list[float] | None:
    """Numbers, or None if one is none. Python also reads 1_000, which no table means."""
    try:
        return None if "_" in "".join(texts) else list(map(float, texts))
    except ValueError:
        return None


def number(text: str, decimal: str) -> tuple[float, str] | None:
    """The number that a cell says.

    Parameters
    ----------
    text : str
        The cell.
    decimal : str
        The decimal mark, "." or ",".

    Returns
    -------
    tuple[float, str] or None
        The number and its unit ("%", a currency or ""), or None where the cell is no number.
    """
    text = text.translate(SAME)
    if not text.isascii() or not text.isprintable():
        text = "".join(map(_visible, text))
    text = text.strip()
    loss = text[:1] == "(" and text[-1:] == ")"
    match = _PATTERNS[decimal].fullmatch(text[1:-1] if loss else text)
    if match is None:
        return None
    signs = match["sign"] + match["late"]
    units = [unit for unit in (match["before"], match["after"]) if unit]
    if len(signs) + loss > 1 or len(units) > 1:
        return None
    body = _REMOVED[decimal].sub("", match["body"]).replace(",", ".")
    negative = loss or signs == "-"
    return (-float(body) if negative else float(body)), "".join(units)


def _visible(character: str) -> str:
    """A character as it looks: a direction mark is nothing, a blank of any kind is a blank."""
    if character.isprintable():
        return character
    return "" if unicodedata.category(character) == "Cf" else " "


def is_number(text: str) -> bool:
    """Whether a cell is a number with one decimal mark or the other."""
    return number(text, ".") is not None or number(text, ",") is not None


def all_dates(levels) -> bool:
    """Whether every level is a date written with separators."""
    return all(map(_DATE.fullmatch, levels))


def all_compact_dates(values) -> bool:
    """Whether all of at least two numbers are dates such as 20240131."""
    texts = [f"{value:.15g}" for value in values]
    return len(texts) > 1 and all(map(_COMPACT_DATE.fullmatch, texts))
