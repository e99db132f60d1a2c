"""Where things are, how the suite ends, and small file helpers."""

import contextlib
import fcntl
import json
import os
import sys
import tomllib
from pathlib import Path

# jsonschema, which nbformat and papermill bring, compiles a grammar of international addresses as soon as it is imported: two
# seconds of every notebook's process, for a check that the schema of notebooks does not make. It does without if it finds none.
sys.modules.setdefault("rfc3987_syntax", None)

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "suite"
]  # what the study is called, see there
NOTEBOOKS, PARAMS, RESULTS, REFERENCE, RENDERED = (
    ROOT / name for name in ("notebooks", "params", "results", "reference", "rendered")
)
PROFILES = ("smoke", "default", "full")

OK, FAILED, USAGE, MISSING, INTERRUPTED = 0, 1, 2, 3, 130


class Stop(Exception):
    """Ends the suite with an exit code and one line on stderr."""

    def __init__(self, code: int, line: str):
        super().__init__(line)
        self.code = code


def read_json(path: Path):
    """The content of a JSON file, or None if it is missing or not whole."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def write_text(path: Path, text: str) -> None:
    """Replace a file as a whole, and only if its content changes."""
    if path.is_file() and path.read_text() == text:
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text)
    os.replace(partial, path)


def lock_of(home: Path, section: str) -> Path:
    """The lock file of a section in a results folder."""
    return home / f".lock-{section}"


@contextlib.contextmanager
def locked(path: Path, busy=lambda: None, wait: bool = True):
    """Hold a lock file; yields whether it is held. ``busy()`` is called once if somebody else holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            busy()
            if not wait:
                yield False
                return
            fcntl.flock(file, fcntl.LOCK_EX)
        yield True
