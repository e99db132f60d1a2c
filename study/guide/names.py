"""What a page may name: notebooks, claims, entries of the atlas, and code that exists."""

import importlib
import re
from pathlib import Path

from ruamel.yaml import YAML

from study.atlas.files import WRITTEN as ATLAS

ROOT = Path(__file__).resolve().parents[2]
SENTENCES = ROOT / "study" / "sentences.yaml"


def yaml(path: Path):
    """What a YAML file holds."""
    return YAML(typ="safe", pure=True).load(path.read_text())


def notebooks() -> set[str]:
    """Names of the notebooks."""
    return {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}


def claims() -> set[str]:
    """Ids of the claims that the notebooks declare or the sentences of the material name."""
    ids = {claim for sentence in yaml(SENTENCES) for claim in sentence["claims"]}
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        ids |= set(re.findall(r'id=\\"(\d[a-z0-9-]*)\\"', path.read_text()))
    return ids


def entries() -> dict[str, dict]:
    """The entries of the atlas as they are written, by id."""
    return {entry["id"]: entry for entry in yaml(ATLAS)["entries"]}


def is_code(name: str) -> bool:
    """Whether a dotted name is a module, or something that a module or its class holds."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False
