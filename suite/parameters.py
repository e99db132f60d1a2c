"""Parameters of a section: default <- profile <- SET, checked before any kernel starts.

papermill only warns on an unknown key, turns ``1e-3`` into text and ``no`` into False; here YAML
1.2 is read (ruamel.yaml), and the typed class of the section accepts exactly what it says.
Every mistake becomes one line: file, key, value, what is allowed.
"""

import difflib
import hashlib
import io
import json
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

from mtl_lib.data import store
from suite.project import PARAMS, PROFILES, RESULTS, ROOT, SETTINGS, USAGE, Stop
from suite.sections import SECTIONS


def resolve(
    section: str,
    profile: str,
    overrides: dict | None = None,
    table: dict | None = None,
    place: str = "SET",
) -> dict:
    """The checked parameters of a section, ``table`` being what ``ready`` returned and ``place`` where ``overrides`` were written.

    Raises Stop(USAGE) with one line.
    """
    if profile not in PROFILES:
        raise Stop(USAGE, f"no profile {profile!r}; profiles are {', '.join(PROFILES)}")
    paths = [
        PARAMS / f"{section}.yaml",
        *([PARAMS / profile / f"{section}.yaml"] if profile != "default" else []),
    ]
    named = [(shown(path), read(path)) for path in paths]
    if table:
        named.append(("TABLE", table))
    if overrides:
        named.append((place, overrides))
    merged, origin = {}, {}
    for source, values in named:
        for key, value in values.items():
            _known(section, source, key, value)
            merged[key], origin[key] = value, source
    try:
        checked = SECTIONS[section](**merged)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else "?"
        where = "".join(f"[{part}]" for part in first["loc"][1:])
        if first["type"] == "missing":
            raise Stop(
                USAGE, f"{shown(paths[0])}: {key} is missing ({_help(section, key)})"
            ) from None
        raise Stop(
            USAGE,
            f"{origin[key]}: {key}{where} = {short(first['input'])}: {lower(first['msg'])} ({_help(section, key)})",
        ) from None
    return checked.model_dump()


def sections(names: list[str]) -> list[str]:
    """The sections asked for, all if none. Raises Stop(USAGE) for an unknown name."""
    for name in names:
        if name not in SECTIONS:
            raise Stop(
                USAGE,
                f"no section {name!r}{nearest(name, SECTIONS)}; sections are {', '.join(SECTIONS)}",
            )
    return [name for name in SECTIONS if name in names] if names else list(SECTIONS)


def set_text(values: dict) -> str:
    """The SET that gives these values: ``parse_set`` of it returns them. Raises Stop(USAGE) for a value that no SET can hold."""
    text = " ".join(
        f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in values.items()
    )
    if parse_set(text) != values:
        raise Stop(USAGE, f"SET: {text} would be read as {parse_set(text)}")
    return text


def parse_set(text: str) -> dict:
    """``lam=0.1 alphas=[0.1, 1]`` as a dict, values read as YAML. Raises Stop(USAGE)."""
    if "$" in text:
        raise Stop(
            USAGE,
            f"SET: {text!r} contains $, which make and the shell would replace; write the value itself",
        )
    values = {}
    for item in _items(text):
        key, equals, value = item.partition("=")
        if not equals or not key or not value:
            raise Stop(USAGE, f"SET: {item!r} is not KEY=VALUE")
        if key in values:
            raise Stop(USAGE, f"SET: {key} is given twice")
        values[key] = _yaml("SET", value)
    return values


def ready(table: str) -> dict:
    """The parameters that ``make diagnose`` wrote for a table of the reader's; none for "". Raises Stop(USAGE).

    Nobody types them: they name the file, its hash, and the columns it was diagnosed with.
    """
    if not table:
        return {}
    path = Path(table).resolve()
    again = f'make diagnose TABLE="{table}" TASK=... TARGET=...'
    found = [read(file) for file in sorted(RESULTS.glob("tables/*/01_classical_mtl.yaml"))]
    values = next((values for values in found if values.get("your_table") == str(path)), None)
    if values is None:
        raise Stop(
            USAGE,
            f"TABLE: no parameters for {table} yet, or it is no table for this notebook; run {again}",
        )
    if not path.is_file() or store.sha256(path) != values["your_table_sha256"]:
        raise Stop(USAGE, f"TABLE: {table} is not the file that was diagnosed; run {again} again")
    return values


def variant(profile: str, overrides: dict, resolved: dict[str, dict]) -> str:
    """Name of the results folder: the profile, and 8 digits of the hash of the checked overrides if there are any."""
    if not overrides:
        return profile
    values = {
        section: {key: params[key] for key in overrides} for section, params in resolved.items()
    }
    return (
        f"{profile}-{hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:8]}"
    )


def read(path: Path) -> dict:
    """The lines KEY: VALUE of a YAML file. Raises Stop(USAGE) with one line for whatever is no such file."""
    if not path.is_file():
        raise Stop(USAGE, f"{shown(path)}: no such file")
    values = _yaml(shown(path), path.read_bytes())
    if values is None:
        raise Stop(USAGE, f"{shown(path)}: empty; lines KEY: VALUE are expected")
    if not isinstance(values, dict):
        raise Stop(
            USAGE,
            f"{shown(path)}: {type(values).__name__} at the top; lines KEY: VALUE are expected",
        )
    return values


def _yaml(place: str, text: str | bytes):
    try:
        return YAML(typ="safe", pure=True).load(
            io.BytesIO(text) if isinstance(text, bytes) else text
        )
    except DuplicateKeyError as error:
        raise Stop(
            USAGE,
            f"{place}, line {error.problem_mark.line + 1}: {str(error.problem).split(' with value')[0]}",
        ) from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise Stop(
            USAGE,
            f"{place}{line}: not YAML: {getattr(error, 'problem', None) or str(error).splitlines()[0]}",
        ) from None
    except UnicodeDecodeError:
        raise Stop(USAGE, f"{place}: not UTF-8 text") from None
    except (
        ValueError,
        RecursionError,
    ) as error:  # a tag or date that does not hold, a number or nesting without end
        raise Stop(USAGE, f"{place}: not YAML: {' '.join(str(error).split())[:200]}") from None


def _known(section: str, place: str, key, value) -> None:
    fields = SECTIONS[section].model_fields
    if key not in fields:
        raise Stop(
            USAGE,
            f"{place}: {key} = {short(value)}: {section} has no such parameter{nearest(str(key), fields)}",
        )


def nearest(word: str, known) -> str:
    """A hint at the known word that was probably meant, or nothing."""
    close = difflib.get_close_matches(word, list(known), 1, 0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _help(section: str, key: str) -> str:
    field = SECTIONS[section].model_fields.get(key)
    return field.description if field else f"see {SETTINGS['sections']}"


def _items(text: str) -> list[str]:
    """Split at blanks outside brackets."""
    items, depth = [""], 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        if character.isspace() and depth <= 0:
            items.append("")
        else:
            items[-1] += character
    return [item for item in items if item]


def short(value) -> str:
    """A value as messages show it."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def lower(sentence: str) -> str:
    """A sentence to go on after a colon."""
    return sentence[:1].lower() + sentence[1:]


def shown(path: Path) -> str:
    """A path as messages show it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
