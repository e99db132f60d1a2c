"""The store: archives are fetched once, verified by SHA-256, converted once to plain ``.npz``.

The cache lives outside the checkout (``MTL_DATA_DIR`` overrides), so that a clean clone downloads
nothing again. ``MTL_DATA_MIRROR`` names a folder that is looked at first, for machines without a
network. Relative paths count from the checkout, because notebooks run in a folder of their own;
where the library is installed without a checkout, from the current folder.
A data set's identity is its archives' hashes plus the version of the converter.

Only the standard library is imported at the top: planning a build must be instant.
"""

import contextlib
import fcntl
import gzip
import hashlib
import os
import shutil
import sys
import tempfile
import zlib
from pathlib import Path

from mtl_lib.data.store import download
from mtl_lib.data.store.archives import Pin, pins

READ: dict[str, str] = {}  # identity of every archive this process has loaded data from


class DataMissing(Exception):
    """A data set cannot be had here; the message says how to get it (exit code 3)."""


def folder() -> Path:
    """The cache, made if it is not there."""
    import platformdirs

    path = _base() / (os.environ.get("MTL_DATA_DIR") or platformdirs.user_cache_dir("mtl_lib"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def _base() -> Path:
    """The folder that relative paths of the environment variables count from."""
    checkout = Path(__file__).resolve().parents[3]
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


def find(name: str) -> Path | None:
    """The verified archive in the cache or, copied from there, in the mirror folder; else None.

    A cached file whose hash is wrong (half a download, a bad disk) is deleted.
    """
    pin = pins()[name]
    place = _place(pin)
    for cached in place.glob("*"):
        if right(cached, pin):
            return cached
        print(f"{cached.name} in the cache is damaged and will be fetched again", file=sys.stderr)
        cached.unlink()
    mirrored = _mirrored(pin)
    return _keep(mirrored, place) if mirrored else None


def available(*names: str) -> bool:
    """Whether all these archives are in the cache or the mirror folder; nothing is downloaded."""
    return all(find(name) for name in names)


def fetch(name: str) -> Path:
    """The verified archive, downloaded if neither cache nor mirror has it.

    Raises DataMissing with what was tried, why it failed and what to do.
    """
    pin = pins()[name]
    with _lock(f"fetch-{pin.sha256[:12]}"):
        scratches = f"fetch-{pin.sha256[:12]}-"
        for leftover in folder().glob(f"{scratches}*"):  # of a killed download: the lock is ours
            shutil.rmtree(leftover, ignore_errors=True)
        found = find(name)
        if found:
            return found
        ways = download.ways(pin)
        if ways:
            minutes = max(1, pin.megabytes // 50)
            print(
                f"fetching {pin.name} {pin.version}".rstrip()
                + f": {pin.megabytes} MB, about {minutes} min",
                file=sys.stderr,
                flush=True,
            )
        reasons = []
        for way in ways:
            with tempfile.TemporaryDirectory(prefix=scratches, dir=folder()) as scratch:
                try:
                    got = way(pin, Path(scratch))
                    if right(got, pin):
                        _keep_siblings(got, pin)
                        return _keep(got, _place(pin))
                    reasons.append(f"{got.name} as downloaded has another SHA-256")
                except download.Failed as reason:
                    reasons.append(str(reason))
        raise DataMissing(_missing(pin, reasons))


def converted(names: str | tuple[str, ...], item: str, version: int, convert) -> dict:
    """Arrays of one data set, from the cache or made by ``convert(*paths)``.

    Parameters
    ----------
    names : one archive or several, of ``pins()``.
    item : the data set inside; part of the file name.
    version : of the converter; a new one makes new files.
    convert : one path per archive -> dict of arrays without Python objects.
    """
    import numpy as np

    names = (names,) if isinstance(names, str) else names
    hashes = [pins()[name].sha256 for name in names]
    READ.update({name: f"{sha}-v{version}" for name, sha in zip(names, hashes, strict=True)})
    identity = (
        hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
    )
    path = folder() / "converted" / f"{item}-{identity[:12]}-v{version}.npz"
    with _lock(f"convert-{item}"):
        for attempt in (1, 2):
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                arrays = convert(*map(fetch, names))
                partial = path.with_suffix(f".{os.getpid()}.partial")
                try:
                    with open(partial, "wb") as file:
                        np.savez_compressed(file, **arrays)
                    os.replace(partial, path)
                finally:
                    partial.unlink(missing_ok=True)
            try:
                with np.load(path, allow_pickle=False) as stored:
                    return {key: stored[key] for key in stored.files}
            except (
                Exception
            ) as damage:  # zip members carry a checksum: whatever is wrong shows here
                if attempt == 2:
                    raise
                print(
                    f"{path.name} in the cache is damaged ({damage}) and will be made again",
                    file=sys.stderr,
                )
                path.unlink()


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def right(path: Path, pin: Pin) -> bool:
    """Whether a file is what was pinned."""
    if not path.is_file():
        return False
    if not pin.content:
        return sha256(path) == pin.sha256
    try:
        with gzip.open(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == pin.sha256
    except (OSError, EOFError, zlib.error):  # half a gzip file, or none at all
        return False


def _place(pin: Pin) -> Path:
    return folder() / "archives" / pin.sha256


def _mirrored(pin: Pin) -> Path | None:
    """The pinned file anywhere in the mirror folder."""
    mirror = os.environ.get("MTL_DATA_MIRROR")
    if not mirror:
        return None
    pattern = f"{pin.name}-{pin.version}*" if pin.version else Path(pin.name).name
    patterns = {
        pattern,
        pattern.replace("-", "_", pin.name.count("-")),
    }  # a wheel's name has _ where a package's has -
    return next(
        (
            path
            for p in sorted(patterns)
            for path in sorted((_base() / mirror).rglob(p))
            if right(path, pin)
        ),
        None,
    )


def _keep_siblings(got: Path, pin: Pin) -> None:
    """Keep the other files of the same Debian package, so that it is not downloaded once per file."""
    for other in pins().values():
        sibling = got.parent / Path(other.name).name
        if other.debian and other.debian == pin.debian and other != pin and right(sibling, other):
            _keep(sibling, _place(other))


def _missing(pin: Pin, reasons: list[str]) -> str:
    name = f"{pin.name} {pin.version}".rstrip()
    command = "make data" if pin.profile == "default" else "make data PROFILE=full"
    tried = "; ".join(reasons)
    retry = f"Run {command} with a network, or put" if reasons else "It has no public address: put"
    return f"{name} ({pin.megabytes} MB) is not in {folder()}{': ' if tried else ''}{tried}. {retry} the file into a folder and name that in MTL_DATA_MIRROR"


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
