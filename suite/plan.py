"""What a section depends on, by content: why a run is out of date, or that it is not.

Inputs are cell sources and tags, resolved parameters (so not the defaults in the parameters cell),
Python's minor version, the lock, torch's version, the arithmetic, the archives read, the files of
the study that the section names, and the syntax tree (without docstrings) of every module of the
checkout that the run had loaded when it finished. A comment, a touch or a fresh clone changes none
of them.
"""

import ast
import functools
import hashlib
import importlib.metadata
import json
import sys
from pathlib import Path

from mtl_lib.data import store
from suite import arithmetic
from suite.project import NOTEBOOKS, ROOT, read_json
from suite.sections import SECTIONS

FILES = (
    "notebook.ipynb",
    "index.html",
    "metrics.json",
    "claims.json",
    "figures.json",
    "provenance.json",
)


DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# What a kind of input is called in messages.
KINDS = {
    "cells": "the notebook's cells",
    "python": "Python",
    "lock": "requirements.lock",
    "torch": "torch",
    "arithmetic": "the arithmetic",
    "modules": "module",
    "data": "data archive",
    "params": "parameter",
    "files": "file",
}


def inputs(section: str, params: dict) -> dict:
    """The inputs known before a run.

    Parameters
    ----------
    section : str
        The notebook's name.
    params : dict
        Its checked parameters.

    Returns
    -------
    dict
        Kind -> identity, or name -> identity; ``modules`` and ``data`` are added after the run.
    """
    return {
        "cells": cells_hash(NOTEBOOKS / f"{section}.ipynb"),
        "params": params,
        "files": {name: file_hash(ROOT / name) for name in _files(section)},
        "python": "{}.{}".format(*sys.version_info),
        "lock": file_hash(ROOT / "requirements.lock"),
        "torch": _torch(),
        "arithmetic": arithmetic.described(arithmetic.environment(), params),
    }


def _files(section: str) -> tuple[str, ...]:
    """Files of the study that a section reads, beside its parameters."""
    return getattr(SECTIONS.get(section), "files", ())


def differences(result: Path, section: str, params: dict) -> list[str]:
    """Why a run is out of date.

    Parameters
    ----------
    result : Path
        The run's folder.
    section : str
        The notebook's name.
    params : dict
        Its checked parameters.

    Returns
    -------
    list of str
        One line each; empty if the run is current.
    """
    if not result.is_dir():
        return ["no result yet"]
    damaged = _damage(result)
    if damaged:
        return [f"the result is not whole: {damaged} is missing or damaged"]
    return changes(read_json(result / "provenance.json")["inputs"], section, params)


def changes(before: dict, section: str, params: dict) -> list[str]:
    """What is not now as it was in a run.

    Parameters
    ----------
    before : dict
        Inputs of the run, ``provenance["inputs"]``.
    section : str
        The notebook's name.
    params : dict
        Its checked parameters.

    Returns
    -------
    list of str
        One line each.
    """
    now = inputs(section, params)
    now["modules"] = {name: module_hash(name) for name in before.get("modules", {})}
    current = {name: pin.sha256 for name, pin in store.pins().items()}
    now["data"] = {
        name: identity.replace(identity[:64], current.get(name, "gone"))
        for name, identity in before.get("data", {}).items()
    }
    lines = []
    for key, value in now.items():
        if isinstance(value, dict):
            old = before.get(key, {})
            for name in sorted(set(old) | set(value)):
                if old.get(name) != value.get(name):
                    lines.append(_line(key, name, old.get(name), value.get(name)))
        elif before.get(key) != value:
            lines.append(_line(key, "", before.get(key), value))
    return lines


def _damage(result: Path) -> str | None:
    """The first file of a result that is not there or not whole JSON, or None."""
    content = {name: read_json(result / name) for name in FILES if name.endswith("json")}
    for name in FILES:
        if not (result / name).is_file() or content.get(name, True) is None:
            return name
    if not isinstance(content["provenance.json"].get("inputs"), dict):
        return "provenance.json"
    files = [
        f"figures/{name}.{kind}"
        for name in content["figures.json"]
        for kind in ("svg", "png", "csv")
    ]
    files += [f"claims/{claim['id']}.csv" for claim in content["claims.json"]]
    return next((name for name in files if not (result / name).is_file()), None)


def cells_hash(path: Path) -> str:
    """Hash of the sources, types and tags of a notebook's cells.

    Outputs do not count, nor does the parameters cell: a run's values are inputs themselves.
    """
    cells = []
    for cell in json.loads(path.read_text())["cells"]:
        tags = cell.get("metadata", {}).get("tags", [])
        if "parameters" not in tags:
            cells.append((cell["cell_type"], "".join(cell["source"]), tags))
    return _digest(json.dumps(cells))


def module_hash(name: str) -> str:
    """Hash of a module's syntax tree without docstrings; "gone" if there is no such module."""
    base = ROOT.joinpath(*name.split("."))
    path = next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)
    return source_hash(path.read_bytes() if path else None)


@functools.lru_cache(1024)
def source_hash(source: bytes | None) -> str:
    """Hash of a module, given its source; "gone" for None.

    Keyed by content, so that planning many points of a sweep parses each module once.
    """
    if source is None:
        return "gone"
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return "does not parse"
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return _digest(ast.dump(tree))


def file_hash(path: Path) -> str:
    """Hash of a file's bytes, "missing" without one."""
    return _digest(path.read_bytes()) if path.is_file() else "missing"


def _torch() -> str | None:
    """The installed version of torch, which the lock leaves out."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None


def _digest(content: str | bytes) -> str:
    data = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()[:16]


def _line(kind: str, name: str, before, now) -> str:
    what = f"{KINDS[kind]} {name}" if name else KINDS[kind]
    return f"{what} changed: {before} -> {now}"
