"""What the page of the atlas shows of an entry: the study's two files joined, sources beside facts.

The study checks its files; here nothing is judged.
"""

from suite import yaml_text

# Up to how many samples a set is of this size.
SIZES = {"up to 10,000": 10_000, "up to 1 million": 1_000_000, "more": float("inf")}
FACTS = {
    "tasks": "tasks",
    "total": "samples",
    "smallest": "smallest task",
    "median": "middle task",
    "largest": "largest task",
    "inputs": "inputs",
    "losses": "question and loss",
    "metric": "metric",
    "licence": "licence",
}

# What makes tasks of a source that is one task, by what the study's file calls it.
STEPS = {
    "class pairs": "mtl_lib.data.features.images.class_pairs({made}, pairs, {arguments})",
    "dirichlet": "mtl_lib.data.partitions.dirichlet({made}[0], {arguments})",
    "label maps": "mtl_lib.data.partitions.concept_shift({made}[0], {arguments})",
    "turned": "mtl_lib.data.partitions.feature_shift({made}[0], shift='rotation', {arguments})",
    "four questions": "mtl_lib.data.features.questions.questions("
    "mtl_lib.data.features.triples.grey([{made}]))",
    "one question each": "mtl_lib.transforms.one_label_each("
    "mtl_lib.data.features.questions.questions("
    "mtl_lib.data.features.triples.grey([{made}])), {arguments})",
}
# The word before a figure that is not exact, and what the file says of such a figure.
NEARLY = {"about": "rounded by the source", "at least": "at least"}


def entries() -> list[dict]:
    """What the page shows of every entry.

    Returns
    -------
    list of dict
        As in the study's file, with what was computed; ``code`` loads it here, ``size`` is its
        class of size, and every fact has the address of its source.
    """
    written = yaml_text.of_study("atlas")
    computed = yaml_text.of_study("atlas_measured")["entries"]
    return [
        _entry(entry, computed.get(entry["id"], {}), written["sources"])
        for entry in written["entries"]
    ]


def _entry(entry: dict, computed: dict, sources: dict) -> dict:
    """An entry joined with what was computed of it, with its sources and its place in the lists."""

    def sourced(fact: dict) -> dict:
        how = fact.get("how", "")
        nearly = next((word for word in NEARLY if NEARLY[word] in how), "")
        return {"says": "", "how": "", **fact, **sources[fact["source"]], "nearly": nearly}

    facts = {name: sourced(fact) for name, fact in entry["facts"].items()}
    traps = [sourced(trap) for trap in entry.get("traps", ())]
    loader = entry.get("loader")
    if loader:
        facts |= {name: _here(computed[name], loader) for name in FACTS if name in computed}
        traps += [_here(computed["traps"], loader)] if "traps" in computed else []
    total = facts["total"]["is"] if "total" in facts else None
    return {
        "address": "",
        "elsewhere": "",
        **entry,
        "facts": {name: facts[name] for name in FACTS if name in facts},
        "traps": traps,
        "used_by": [sourced(user) for user in entry.get("used_by", ())],
        "measures": computed.get("measures", {}),
        "code": _code(loader) if loader else "",
        "size": _size(total),
        "cited": _cited([*facts.values(), *traps]),
    }


def _here(value, loader: dict) -> dict:
    """A fact that was counted in what the suite loads, or stands in the source's card."""
    where = f"mtl_lib.data, {loader.get('options', {}).get('name', loader['source'])}"
    return {
        "is": value,
        "says": "",
        "how": "counted here",
        "what": where,
        "address": "",
        "nearly": "",
    }


def _cited(facts: list[dict]) -> list[dict]:
    """Every source of these facts once, with the words that were quoted from it."""
    quotes: dict[tuple[str, str], list[str]] = {}
    for fact in facts:
        said = quotes.setdefault((fact["what"], fact["address"]), [])
        words = "; ".join(filter(None, (fact["says"], fact["how"])))
        if words and words not in said:
            said.append(words)
    return [
        {"what": what, "address": address, "says": said} for (what, address), said in quotes.items()
    ]


def _size(total: int | None) -> str:
    """The class of size of so many samples."""
    if total is None:
        return "not found"
    return next(name for name, most in SIZES.items() if total <= most)


def _code(loader: dict) -> str:
    """The line of Python that loads an entry here."""
    options = "".join(f", {key}={value!r}" for key, value in loader.get("options", {}).items())
    made = f'mtl_lib.data.load("{loader["source"]}"{options})'
    if loader["source"] == "mixture":
        return f"mtl_lib.data.generated.mixture.mixture(seed=0{options}).tasks"
    if loader["source"] == "grouped":
        return f"mtl_lib.data.grouped.load({loader['options']['name']!r})"
    arguments = ", ".join(f"{key}={value!r}" for key, value in loader.get("arguments", {}).items())
    step = STEPS.get(loader.get("step"), "{made}")
    return step.format(made=made, arguments=f"{arguments}, seed=0" if arguments else "seed=0")
