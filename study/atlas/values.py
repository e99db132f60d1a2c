"""What is wrong with one value of the atlas: an address, a fact, sizes beside each other."""

import re
from pathlib import Path

from study.atlas import vocabulary

ROOT = Path(__file__).resolve().parents[2]


def of_address(address) -> list[str]:
    """An address of the web, or a path of this project that is there."""
    if re.fullmatch(r"https?://[^\s/]+\.[^\s/]+(/\S*)?", str(address)):
        return []
    if re.fullmatch(r"[\w./-]+", str(address)) and (ROOT / str(address)).is_file():
        return []
    return [f"address {address!r}, expected http(s)://... or a file of this project"]


def of_fact(where: str, fact, sources: dict) -> list[str]:
    """A value, a source that is listed, and for a figure the source's own words."""
    name = where.removeprefix("facts.")
    if where.startswith("facts.") and name not in vocabulary.FACTS:
        return [f"unknown fact, allowed are {', '.join(vocabulary.FACTS)}"]
    if not isinstance(fact, dict) or not {"is", "source"} <= set(fact):
        return [f"{fact!r}, expected is and source"]
    if set(fact) - {"is", "source", "says", "how"}:
        return [f"keys {', '.join(fact)}, allowed are is, source, says, how"]
    if fact["source"] not in sources:
        return [f"source {fact['source']!r} is not listed"]
    value = fact["is"]
    if name in vocabulary.COUNTS:
        return _of_count(name, value, fact)
    if not isinstance(value, str) or not value:
        return [f"{value!r}, expected text"]
    own = not str(sources[fact["source"]].get("address")).startswith("http")
    figure = name == "licence" or re.search(r"\d", value)
    if figure and not own and not where.startswith("used_by") and not _quoted(fact):
        return [f"{value!r} has a figure, but not what the source says"]
    return []


def _of_count(name: str, value, fact: dict) -> list[str]:
    """A positive number, whole but for a median, with the source's words."""
    kinds = (int, float) if name == "median" else int
    if isinstance(value, bool) or not isinstance(value, kinds) or value <= 0:
        return [
            f"{value!r}, expected a positive {'number' if name == 'median' else 'whole number'}"
        ]
    return [] if fact.get("says") else [f"{value} without what the source says"]


def _quoted(fact: dict) -> bool:
    return bool(fact.get("says") or fact.get("how"))


def of_sizes(facts: dict) -> list[str]:
    """Sizes that contradict each other."""
    sizes = {name: facts[name]["is"] for name in vocabulary.COUNTS if name in facts}
    order = [name for name in ("smallest", "median", "largest", "total") if name in sizes]
    for first, second in zip(order, order[1:], strict=False):
        if sizes[first] > sizes[second]:
            return [f"{first} {sizes[first]} is more than {second} {sizes[second]}"]
    shared = sizes.get("smallest") == sizes.get("total")
    if len(sizes) == len(vocabulary.COUNTS) and not shared:
        low = sizes["tasks"] * sizes["smallest"]
        high = sizes["tasks"] * sizes["largest"]
        if not low <= sizes["total"] <= high:
            return [f"total {sizes['total']}, but tasks and sizes say {low} to {high}"]
    return []
