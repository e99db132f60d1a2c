"""Parameters of a section: default <- profile <- SET, checked before any kernel starts.

papermill only warns on an unknown key, turns ``1e-3`` into text and ``no`` into False; here YAML
1.2 is read (ruamel.yaml), and the typed class of the section accepts exactly what it says.
Every mistake becomes one line: file, key, value, what is allowed.
"""

import difflib
import hashlib
import json
from pathlib import Path

from pydantic import ValidationError

from mtl_lib.data import store
from suite import yaml_text
from suite.project import PARAMS, PROFILES, RESULTS, SETTINGS, USAGE, Stop, shown
from suite.sections import SECTIONS


def resolve(
    section: str,
    profile: str,
    overrides: dict | None = None,
    table: dict | None = None,
    place: str = "SET",
) -> dict:
    """The checked parameters of a section.

    Parameters
    ----------
    section : str
        The notebook's name.
    profile : str
        One of ``PROFILES``.
    overrides : dict, optional
        Values that come before those of the profile.
    table : dict, optional
        What ``ready`` returned.
    place : str
        Where ``overrides`` were written, for messages.

    Returns
    -------
    dict
        Parameter -> value, for every parameter of the section.

    Raises
    ------
    Stop
        USAGE, one line.
    """
    layers = [*_files(section, profile), ("TABLE", table or {}), (place, overrides or {})]
    values = {}
    origin = {}
    for source, layer in layers:
        for key, value in layer.items():
            _known(section, source, key, value)
            values[key] = value
            origin[key] = source
    try:
        return SECTIONS[section](**values).model_dump()
    except ValidationError as error:
        raise _refusal(section, error.errors()[0], origin) from None


def _files(section: str, profile: str) -> list[tuple[str, dict]]:
    """What the section's files say, the profile's last; with their names."""
    if profile not in PROFILES:
        raise Stop(USAGE, f"no profile {profile!r}; profiles are {', '.join(PROFILES)}")
    files = [PARAMS / f"{section}.yaml"]
    if profile != "default":
        files.append(PARAMS / profile / f"{section}.yaml")
    return [(shown(file), read(file)) for file in files]


def _known(section: str, place: str, key, value) -> None:
    """Refuse a parameter that the section does not have."""
    fields = SECTIONS[section].model_fields
    if key not in fields:
        hint = nearest(str(key), fields)
        line = f"{place}: {key} = {short(value)}: {section} has no such parameter{hint}"
        raise Stop(USAGE, line)


def _refusal(section: str, mistake: dict, origin: dict[str, str]) -> Stop:
    """One line for pydantic's first complaint."""
    key = str(mistake["loc"][0]) if mistake["loc"] else "?"
    if mistake["type"] == "missing":
        file = shown(PARAMS / f"{section}.yaml")
        return Stop(USAGE, f"{file}: {key} is missing ({_help(section, key)})")
    where = "".join(f"[{part}]" for part in mistake["loc"][1:])
    value = short(mistake["input"])
    why = lower(mistake["msg"])
    return Stop(USAGE, f"{origin[key]}: {key}{where} = {value}: {why} ({_help(section, key)})")


def _help(section: str, key: str) -> str:
    field = SECTIONS[section].model_fields.get(key)
    return field.description if field else f"see {SETTINGS['sections']}"


def sections(names: list[str]) -> list[str]:
    """The sections asked for, in order; all if none. Raises Stop(USAGE) for an unknown name."""
    for name in names:
        if name not in SECTIONS:
            there = ", ".join(SECTIONS)
            hint = nearest(name, SECTIONS)
            raise Stop(USAGE, f"no section {name!r}{hint}; sections are {there}")
    return [name for name in SECTIONS if name in names] if names else list(SECTIONS)


def set_text(values: dict) -> str:
    """The SET that gives these values: ``parse_set`` of it returns them.

    Parameters
    ----------
    values : dict
        Parameter -> value.

    Returns
    -------
    str
        KEY=VALUE, with blanks between them.

    Raises
    ------
    Stop
        USAGE, one line for a value that no SET can hold.
    """
    items = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    text = " ".join(items)
    if parse_set(text) != values:
        raise Stop(USAGE, f"SET: {text} would be read as {parse_set(text)}")
    return text


def parse_set(text: str) -> dict:
    """``lam=0.1 alphas=[0.1, 1]`` as a dict.

    Parameters
    ----------
    text : str
        KEY=VALUE, with blanks between them; values are read as YAML.

    Returns
    -------
    dict
        Key -> value.

    Raises
    ------
    Stop
        USAGE, one line.
    """
    if "$" in text:
        why = "contains $, which make and the shell would replace; write the value itself"
        raise Stop(USAGE, f"SET: {text!r} {why}")
    values = {}
    for item in _items(text):
        key, equals, value = item.partition("=")
        if not equals or not key or not value:
            raise Stop(USAGE, f"SET: {item!r} is not KEY=VALUE")
        if key in values:
            raise Stop(USAGE, f"SET: {key} is given twice")
        values[key] = yaml_text.load("SET", value)
    return values


def _items(text: str) -> list[str]:
    """Split at blanks outside brackets."""
    items = [""]
    depth = 0
    for character in text:
        if character in "[{":
            depth += 1
        if character in "]}":
            depth -= 1
        if character.isspace() and depth <= 0:
            items.append("")
        else:
            items[-1] += character
    return [item for item in items if item]


def ready(table: str, task: str = "", target: str = "") -> dict:
    """The parameters that ``make diagnose`` wrote for a table of the reader's.

    Nobody types them: they name the file, its hash, and the columns it was diagnosed with.

    Parameters
    ----------
    table : str
        The table's file, or "".
    task, target : str
        Which reading of it, where there are several: as they were given to ``make diagnose``.

    Returns
    -------
    dict
        Parameter -> value; none for "".

    Raises
    ------
    Stop
        USAGE, one line for a table that was not diagnosed, has changed since, or was read in
        several ways of which none is named.
    """
    if not table:
        return {}
    path = Path(table).resolve()
    again = f'make diagnose TABLE="{table}" TASK=... TARGET=...'
    written = [read(file) for file in sorted(RESULTS.glob("tables/*/01_classical_mtl.yaml"))]
    readings = [values for values in written if values.get("your_table") == str(path)]
    if task or target:
        readings = [values for values in readings if _reading(values) == (task, target)]
    if not readings:
        why = "yet, or it is no table for this notebook"
        raise Stop(USAGE, f"TABLE: no parameters for {table} {why}; run {again}")
    if len({_reading(values) for values in readings}) > 1:
        different = sorted({_reading(values) for values in readings})
        ways = "; ".join("TASK={} TARGET={}".format(*reading) for reading in different)
        raise Stop(USAGE, f"TABLE: {table} was read in several ways; add one of: {ways}")
    values = readings[-1]
    if not path.is_file() or store.sha256(path) != values["your_table_sha256"]:
        raise Stop(USAGE, f"TABLE: {table} is not the file that was diagnosed; run {again} again")
    return values


def _reading(values: dict) -> tuple[str, str]:
    """(task, target) of the parameters of a table, as a command names them."""
    return values.get("your_task", ""), ",".join(values.get("your_target", []))


def variant(profile: str, overrides: dict, resolved: dict[str, dict]) -> str:
    """The name of the results folder.

    Parameters
    ----------
    profile : str
        Its profile.
    overrides : dict
        What SET and TABLE give.
    resolved : dict
        Section -> its checked parameters.

    Returns
    -------
    str
        The profile, and 8 digits of the hash of the checked overrides if there are any.
    """
    if not overrides:
        return profile
    values = {
        section: {key: params[key] for key in overrides} for section, params in resolved.items()
    }
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    return f"{profile}-{digest[:8]}"


def read(path: Path) -> dict:
    """The lines KEY: VALUE of a YAML file. Raises Stop(USAGE) for whatever is no such file."""
    if not path.is_file():
        raise Stop(USAGE, f"{shown(path)}: no such file")
    values = yaml_text.load(shown(path), path.read_bytes())
    if values is None:
        raise Stop(USAGE, f"{shown(path)}: empty; lines KEY: VALUE are expected")
    if not isinstance(values, dict):
        kind = type(values).__name__
        raise Stop(USAGE, f"{shown(path)}: {kind} at the top; lines KEY: VALUE are expected")
    return values


def nearest(word: str, known) -> str:
    """A hint at the known word that was probably meant, or nothing."""
    close = difflib.get_close_matches(word, list(known), 1, 0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def short(value) -> str:
    """A value as messages show it."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def lower(sentence: str) -> str:
    """A sentence to go on after a colon."""
    return sentence[:1].lower() + sentence[1:]
