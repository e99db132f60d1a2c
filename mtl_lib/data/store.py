"""The store: archives are downloaded once, verified by SHA-256, converted once to plain ``.npz``.

The cache lives outside the checkout (``MTL_DATA_DIR`` overrides), so that a clean clone downloads
nothing again. ``MTL_DATA_MIRROR`` names a folder that is looked at first, for machines without a
network. Relative paths count from the checkout, because notebooks run in a folder of their own. A data set's identity is its archive's hash plus the version of the converter.

Only the standard library is imported at the top: planning a build reads ``pins()`` and must be instant.
"""
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements-data.txt"
READ: dict[str, str] = {}  # identity of every archive this process has loaded data from


class DataMissing(Exception):
    """A data set cannot be had here; the message says how to get it (exit code 3)."""


@dataclass(frozen=True)
class Pin:
    """One archive: package name, version, SHA-256 (hex) and size in MB."""

    name: str
    version: str
    sha256: str
    megabytes: int


def pins() -> dict[str, Pin]:
    """The archives of requirements-data.txt by name."""
    pattern = re.compile(r"^(\S+)==(\S+) --hash=sha256:([0-9a-f]{64})\s+# (\d+) MB$", re.M)
    return {m[1]: Pin(m[1], m[2], m[3], int(m[4])) for m in pattern.finditer(REQUIREMENTS.read_text())}


def folder() -> Path:
    """The cache, made if it is not there."""
    import platformdirs

    path = ROOT / (os.environ.get("MTL_DATA_DIR") or platformdirs.user_cache_dir("mtl_lib"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def find(name: str) -> Path | None:
    """The verified archive in the cache or, copied from there, in the mirror folder; else None.

    A cached file whose hash is wrong (half a download, a bad disk) is deleted.
    """
    pin = pins()[name]
    place = folder() / "archives" / pin.sha256
    for cached in place.glob("*"):
        if sha256(cached) == pin.sha256:
            return cached
        print(f"{cached.name} in the cache is damaged and will be fetched again", file=sys.stderr)
        cached.unlink()
    mirror = os.environ.get("MTL_DATA_MIRROR")
    for candidate in sorted((ROOT / mirror).rglob(f"{name}-{pin.version}*")) if mirror else ():
        if candidate.is_file() and sha256(candidate) == pin.sha256:
            return _keep(candidate, place)
    return None


def fetch(name: str) -> Path:
    """The verified archive, downloaded with pip if neither cache nor mirror has it.

    Raises DataMissing with what pip said and what to do.
    """
    pin = pins()[name]
    with _lock(f"fetch-{name}"):
        for leftover in folder().glob(f"fetch-{name}-*"):  # of a killed download: the lock is ours
            shutil.rmtree(leftover, ignore_errors=True)
        found = find(name)
        if found:
            return found
        minutes = max(1, pin.megabytes // 50)
        print(f"fetching {pin.name} {pin.version}: {pin.megabytes} MB, about {minutes} min", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix=f"fetch-{name}-", dir=folder()) as scratch:
            line = Path(scratch) / "requirements.txt"
            line.write_text(f"{pin.name}=={pin.version} --hash=sha256:{pin.sha256}\n")
            got = Path(scratch) / "got"
            command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "-qq",
                       "--no-deps", "--require-hashes", "--no-cache-dir", "-r", str(line), "-d", str(got)]
            done = subprocess.run(command, capture_output=True, text=True)
            files = list(got.glob("*")) if got.exists() else []
            if done.returncode or not files or sha256(files[0]) != pin.sha256:
                raise DataMissing(f"{pin.name} {pin.version} ({pin.megabytes} MB) is not in {folder()} and pip could not download it: "
                                  f"{_last_line(done.stderr)}. Run make data with a network, or put the file into a "
                                  f"folder and name it in MTL_DATA_MIRROR")
            return _keep(files[0], folder() / "archives" / pin.sha256)


def converted(name: str, item: str, version: int, convert) -> dict:
    """Arrays of one data set, from the cache or made by ``convert(path_of_archive)``.

    Parameters
    ----------
    name : archive of requirements-data.txt.
    item : the data set inside it; part of the file name.
    version : of the converter; a new one makes new files.
    convert : archive path -> dict of arrays without Python objects.
    """
    import numpy as np

    pin = pins()[name]
    READ[name] = identity = f"{pin.sha256}-v{version}"
    path = folder() / "converted" / f"{item}-{identity[:12]}-v{version}.npz"
    with _lock(f"convert-{item}"):
        for attempt in (1, 2):
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                arrays = convert(fetch(name))
                partial = path.with_suffix(f".{os.getpid()}.partial")
                with open(partial, "wb") as file:
                    np.savez_compressed(file, **arrays)
                os.replace(partial, path)
            try:
                with np.load(path, allow_pickle=False) as stored:
                    return {key: stored[key] for key in stored.files}
            except Exception as damage:  # zip members carry a checksum: whatever is wrong shows here
                if attempt == 2:
                    raise
                print(f"{path.name} in the cache is damaged ({damage}) and will be made again", file=sys.stderr)
                path.unlink()


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _keep(source: Path, place: Path) -> Path:
    """Copy into the cache so that the name appears only when the file is whole."""
    place.mkdir(parents=True, exist_ok=True)
    partial = folder() / f"{source.name}.{os.getpid()}.partial"
    try:
        shutil.copyfile(source, partial)
        os.replace(partial, place / source.name)
    finally:
        partial.unlink(missing_ok=True)
    return place / source.name


@contextlib.contextmanager
def _lock(name: str):
    """Two processes never fetch or convert the same thing at once."""
    with open(folder() / f".lock-{name}", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "no message"
