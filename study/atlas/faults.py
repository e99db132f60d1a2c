"""What is wrong with a file of the atlas, one line for each fault.

The line says where, what stands there and what is allowed.
"""

from collections import Counter

from mtl_lib import data
from study.atlas import values, vocabulary


def find(raw) -> list[str]:
    """The faults of a file.

    Parameters
    ----------
    raw : object
        What the YAML holds.

    Returns
    -------
    list of str
        Empty for a file without faults.
    """
    if not isinstance(raw, dict) or set(raw) != {"sources", "entries"}:
        return ["expected the keys sources and entries, and nothing else"]
    faults = []
    for key, source in raw["sources"].items():
        faults += [f"source {key!r}: {fault}" for fault in _of_source(source)]
    named: Counter = Counter()
    for place, entry in enumerate(raw["entries"], 1):
        who = f"entry {entry.get('id', place)!r}" if isinstance(entry, dict) else f"entry {place}"
        faults += [f"{who}: {fault}" for fault in _of_entry(entry, raw["sources"], named)]
    ids = Counter(entry.get("id") for entry in raw["entries"] if isinstance(entry, dict))
    faults += [f"entry {name!r}: {times} times" for name, times in ids.items() if times > 1]
    unread = set(raw["sources"]) - set(named)
    return faults + [f"source {key!r}: no fact names it" for key in sorted(unread)]


def _of_source(source) -> list[str]:
    if not isinstance(source, dict) or set(source) != {"what", "address"}:
        return ["expected what and address, and nothing else"]
    if not source["what"]:
        return ["what is empty, expected text"]
    return values.of_address(source["address"])


def _of_entry(entry, sources: dict, named: Counter) -> list[str]:
    """The faults of an entry; the sources it names are counted in ``named``."""
    if not isinstance(entry, dict):
        return ["expected keys with values"]
    faults = [f"{key} is missing" for key in vocabulary.NEEDED if key not in entry]
    faults += [
        f"unknown key {key!r}"
        for key in entry
        if key not in vocabulary.NEEDED + vocabulary.OPTIONAL
    ]
    if faults:
        return faults
    for key in ("id", "name", "task"):
        if not isinstance(entry[key], str) or not entry[key]:
            faults.append(f"{key} {entry[key]!r}, expected text")
    faults += _of_choices(entry)
    if "address" in entry:
        faults += values.of_address(entry["address"])
    if "loader" in entry:
        faults += _of_loader(entry["loader"])
        typed = [name for name in vocabulary.COMPUTED if name in entry["facts"]]
        faults += [f"facts.{name} is written, expected none: it is computed" for name in typed]
    for where, fact in _facts(entry):
        faults += [f"{where}: {fault}" for fault in values.of_fact(where, fact, sources)]
        if isinstance(fact, dict) and "source" in fact:
            named[fact["source"]] += 1
    return faults or values.of_sizes(entry["facts"])


def _of_choices(entry: dict) -> list[str]:
    """Readings, partition and terms; a licence that was found has a kind."""
    faults = []
    if not isinstance(entry["readings"], list) or not entry["readings"]:
        return [f"readings {entry['readings']!r}, expected a list"]
    for key, chosen, allowed in (
        ("readings", entry["readings"], vocabulary.READINGS),
        ("partition", [entry["partition"]], vocabulary.PARTITIONS),
        ("terms", [entry["terms"]], vocabulary.TERMS),
    ):
        wrong = [value for value in chosen if value not in allowed]
        faults += [f"{key} {value!r}, allowed are {', '.join(allowed)}" for value in wrong]
    known = "licence" in entry["facts"] or "loader" in entry
    if known == (entry["terms"] == "not found"):
        faults.append(f"terms {entry['terms']!r}, but a licence is {'' if known else 'not '}there")
    return faults


def _of_loader(loader) -> list[str]:
    names = (*data.NAMES, *vocabulary.OTHER_LOADERS)
    if not isinstance(loader, dict) or loader.get("source") not in names:
        return [f"loader {loader!r}, source must be one of {', '.join(names)}"]
    if set(loader) - {"source", "options", "step", "arguments"}:
        return [f"loader {loader!r}, allowed are source, options, step, arguments"]
    if loader.get("step", "") not in vocabulary.STEPS:
        return [f"loader.step {loader['step']!r}, allowed are {', '.join(vocabulary.STEPS[1:])}"]
    return []


def _facts(entry: dict) -> list[tuple[str, object]]:
    """(where, fact) of all facts, traps and users."""
    named = [(f"facts.{name}", fact) for name, fact in entry["facts"].items()]
    for key in ("traps", "used_by"):
        named += [(f"{key}[{k}]", fact) for k, fact in enumerate(entry.get(key, ()))]
    return named
