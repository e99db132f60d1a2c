"""The two files of the atlas, joined and checked.

``study/atlas.yaml`` is written by hand. What the suite can load is counted and measured instead:
``study/atlas_measured.yaml`` comes from ``make atlas`` (``study.atlas.measure``).
"""

from pathlib import Path

from ruamel.yaml import YAML

from study.atlas import faults, vocabulary
from study.atlas.entries import Atlas, Difference, Entry, Fact, Loader, Reference

FOLDER = Path(__file__).resolve().parents[1]
WRITTEN = FOLDER / "atlas.yaml"
MEASURED = FOLDER / "atlas_measured.yaml"


def load(written: Path = WRITTEN, measured: Path = MEASURED) -> Atlas:
    """The atlas.

    Parameters
    ----------
    written, measured : Path
        The two files.

    Returns
    -------
    Atlas
        Entries with a loader have their counts, inputs, licence, further traps and measures from
        ``measured``.

    Raises
    ------
    ValueError
        One line for each fault of ``written``.
    """
    raw = _yaml(written)
    wrong = faults.find(raw)
    if wrong:
        raise ValueError("\n".join(f"{written.name}: {fault}" for fault in wrong))
    computed = _yaml(measured)["entries"] if measured.is_file() else {}
    return Atlas(
        {key: Reference(**source) for key, source in raw["sources"].items()},
        tuple(_entry(entry, computed.get(entry["id"], {})) for entry in raw["entries"]),
    )


def _yaml(path: Path):
    return YAML(typ="safe", pure=True).load(path.read_text())


def _fact(raw: dict) -> Fact:
    return Fact(raw["is"], raw["source"], raw.get("says", ""), raw.get("how", ""))


def _entry(raw: dict, computed: dict) -> Entry:
    """One entry with what was computed of it."""
    facts = {name: _fact(fact) for name, fact in raw["facts"].items()}
    traps = [_fact(trap) for trap in raw.get("traps", ())]
    counted = {name: computed[name] for name in vocabulary.COMPUTED if name in computed}
    facts |= {name: Fact(value, "here") for name, value in counted.items()}
    if "traps" in computed:
        traps.append(Fact(computed["traps"], "here"))
    measures = computed.get("measures", {})
    return Entry(
        **{key: raw[key] for key in ("id", "name", "task", "partition", "terms")},
        readings=tuple(raw["readings"]),
        facts=facts,
        traps=tuple(traps),
        used_by=tuple(_fact(user) for user in raw.get("used_by", ())),
        address=raw.get("address", ""),
        elsewhere=raw.get("elsewhere", ""),
        loader=Loader(**raw["loader"]) if "loader" in raw else None,
        measures={name: Difference(**measure) for name, measure in measures.items()},
    )
