"""Where things are, how the suite ends, and small file helpers."""

import contextlib
import fcntl
import json
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

# jsonschema, which nbformat and papermill bring, compiles a grammar of international addresses as
# soon as it is imported: two seconds of every notebook's process, for a check that the schema of
# notebooks does not make. It does without if it finds none.
sys.modules.setdefault("rfc3987_syntax", None)

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
PARAMS = ROOT / "params"
RESULTS = ROOT / "results"
REFERENCE = ROOT / "reference"
RENDERED = ROOT / "rendered"
PROFILES = ("smoke", "default", "full")

# What the study is called: see [tool.suite] there.
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["suite"]

# Exit codes.
OK = 0
FAILED = 1
USAGE = 2
MISSING = 3
INTERRUPTED = 130


class Stop(Exception):
    """Ends the suite with an exit code and one line on stderr.

    Parameters
    ----------
    code : int
        One of the exit codes above.
    line : str
        What the user reads.
    """

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


def shown(path: Path) -> str:
    """A path as messages show it: from the checkout on, if it lies there."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def lock_of(home: Path, section: str) -> Path:
    """The lock file of a section in a results folder."""
    return home / f".lock-{section}"


@contextlib.contextmanager
def locked(path: Path, busy=lambda: None, wait: bool = True) -> Iterator[bool]:
    """Hold a lock file.

    Parameters
    ----------
    path : Path
        The file; it is made if it is not there.
    busy : callable
        Called once if somebody else holds it.
    wait : bool
        Whether to wait then.

    Yields
    ------
    bool
        Whether it is held.
    """
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
