"""The store: archives are fetched once, verified by SHA-256, converted once to plain ``.npz``.

The cache lives outside the checkout (``MTL_DATA_DIR`` overrides), so that a clean clone downloads
nothing again. ``MTL_DATA_MIRROR`` names a folder that is looked at first, for machines without a
network. Relative paths count from the checkout, because notebooks run in a folder of their own.
Where the library is installed without a checkout, they count from the current folder.
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
from collections.abc import Callable
from pathlib import Path

from mtl_lib.data.store import download
from mtl_lib.data.store.archives import Pin, pins

READ: dict[str, str] = {}  # identity of every archive this process has loaded data from


class DataMissing(Exception):
    """A data set cannot be had here; the message says how to get it (exit code 3)."""


def folder() -> Path:
    """The cache, made if it is not there."""
    named = os.environ.get("MTL_DATA_DIR")
    if not named:
        import platformdirs

        named = platformdirs.user_cache_dir("mtl_lib")
    path = _base() / named
    path.mkdir(parents=True, exist_ok=True)
    return path


def find(name: str) -> Path | None:
    """The verified archive from the cache or the mirror folder; nothing is downloaded.

    A file of the mirror folder is copied into the cache. A cached file whose hash is wrong (half a
    download, a bad disk) is deleted.

    Parameters
    ----------
    name : str
        A key of ``pins()``.

    Returns
    -------
    Path or None
        None where neither has it.
    """
    pin = pins()[name]
    place = _place(pin)
    for cached in place.glob("*"):
        if right(cached, pin):
            return cached
        _say(f"{cached.name} in the cache is damaged and will be fetched again")
        cached.unlink()
    mirrored = _mirrored(pin)
    return _keep(mirrored, place) if mirrored else None


def available(*names: str) -> bool:
    """Whether all these archives are in the cache or the mirror folder; nothing is downloaded."""
    return all(find(name) for name in names)


def fetch(name: str) -> Path:
    """The verified archive, downloaded if neither cache nor mirror has it.

    Parameters
    ----------
    name : str
        A key of ``pins()``.

    Returns
    -------
    Path
        A file in the cache.

    Raises
    ------
    DataMissing
        With what was tried, why it failed and what to do.
    """
    pin = pins()[name]
    short = f"fetch-{pin.sha256[:12]}"
    with _lock(short):
        for leftover in folder().glob(f"{short}-*"):  # of a killed download: the lock is ours
            shutil.rmtree(leftover, ignore_errors=True)
        return find(name) or _downloaded(pin, f"{short}-")


def converted(names: str | tuple[str, ...], item: str, version: int, convert: Callable) -> dict:
    """Arrays of one data set, from the cache or made by ``convert(*paths)``.

    Parameters
    ----------
    names : str or tuple of str
        One archive or several, keys of ``pins()``.
    item : str
        The data set inside; part of the file name.
    version : int
        Of the converter; a new one makes new files.
    convert : callable
        One path per archive -> dict of arrays without Python objects.

    Returns
    -------
    dict of str to np.ndarray
        What ``convert`` returned.

    Raises
    ------
    DataMissing
        If an archive cannot be had.
    """
    names = (names,) if isinstance(names, str) else names
    hashes = [pins()[name].sha256 for name in names]
    READ.update({name: f"{sha}-v{version}" for name, sha in zip(names, hashes, strict=True)})
    together = hashlib.sha256("".join(hashes).encode()).hexdigest()
    identity = hashes[0] if len(hashes) == 1 else together
    path = folder() / "converted" / f"{item}-{identity[:12]}-v{version}.npz"
    with _lock(f"convert-{item}"):
        if path.exists():
            try:
                return _arrays(path)
            except Exception as damage:  # zip members carry a checksum: whatever is wrong shows
                _say(f"{path.name} in the cache is damaged ({damage}) and will be made again")
                path.unlink()
        _write(path, convert(*map(fetch, names)))
        return _arrays(path)


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


def _downloaded(pin: Pin, prefix: str) -> Path:
    """The archive, by the first way that works; scratch folders begin with ``prefix``."""
    ways = download.ways(pin)
    if ways:
        minutes = max(1, pin.megabytes // 50)
        _say(f"fetching {_title(pin)}: {pin.megabytes} MB, about {minutes} min")
    reasons = []
    for way in ways:
        with tempfile.TemporaryDirectory(prefix=prefix, dir=folder()) as scratch:
            try:
                candidate = way(pin, Path(scratch))
            except download.Failed as reason:
                reasons.append(str(reason))
                continue
            if right(candidate, pin):
                _keep_siblings(candidate, pin)
                return _keep(candidate, _place(pin))
            reasons.append(f"{candidate.name} as downloaded has another SHA-256")
    raise DataMissing(_missing(pin, reasons))


def _arrays(path: Path) -> dict:
    """Everything in an ``.npz`` file, in memory."""
    import numpy as np

    with np.load(path, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def _write(path: Path, arrays: dict) -> None:
    """An ``.npz`` file whose name appears only when the file is whole."""
    import numpy as np

    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file:
            np.savez_compressed(file, **arrays)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _checkout() -> Path | None:
    """The checkout this package lies in; None where the library is installed without one."""
    root = Path(__file__).resolve().parents[3]
    return root if (root / "pyproject.toml").is_file() else None


def _base() -> Path:
    """The folder that relative paths of the environment variables count from."""
    return _checkout() or Path.cwd()


def _place(pin: Pin) -> Path:
    return folder() / "archives" / pin.sha256


def _mirrored(pin: Pin) -> Path | None:
    """The pinned file anywhere in the mirror folder."""
    mirror = os.environ.get("MTL_DATA_MIRROR")
    if not mirror:
        return None
    pattern = f"{pin.name}-{pin.version}*" if pin.version else Path(pin.name).name
    # the file name of a wheel has _ where the package's name has -
    wheel = pattern.replace("-", "_", pin.name.count("-"))
    for name in sorted({pattern, wheel}):
        for path in sorted((_base() / mirror).rglob(name)):
            if right(path, pin):
                return path
    return None


def _keep_siblings(downloaded: Path, pin: Pin) -> None:
    """Keep the other files of the same Debian package, so that it is downloaded only once."""
    if not pin.debian:
        return
    for other in pins().values():
        sibling = downloaded.parent / Path(other.name).name
        if other.debian == pin.debian and other != pin and right(sibling, other):
            _keep(sibling, _place(other))


def _missing(pin: Pin, reasons: list[str]) -> str:
    """What was tried, why it failed and what to do, in one line."""
    tried = f": {'; '.join(reasons)}" if reasons else ""
    retry = (
        f"{_command(pin)} with a network, or put" if reasons else "It has no public address: put"
    )
    return (
        f"{_title(pin)} ({pin.megabytes} MB) is not in {folder()}{tried}. "
        f"{retry} the file into a folder and name that in MTL_DATA_MIRROR"
    )


def _command(pin: Pin) -> str:
    """How to fetch an archive: by make in a checkout, by loading the data elsewhere."""
    if not _checkout():
        return "Load it again"
    return "Run make data" if pin.profile == "default" else "Run make data PROFILE=full"


def _title(pin: Pin) -> str:
    return f"{pin.name} {pin.version}".rstrip()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


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
