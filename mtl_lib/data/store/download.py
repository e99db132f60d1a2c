"""Ways to get an archive onto this machine: pip by package name, an address, a Debian package.

Every way returns candidates, files in a scratch folder or of this machine, and the store believes
none of them before their SHA-256 is right. Each says in one line why it could not.
"""

import os
import subprocess
import sys
from pathlib import Path

from mtl_lib.data.store.archives import Pin

DEBIAN_DATA = Path("/usr/share/datasets")
SECONDS = 15  # without any answer, before an address is given up


class Failed(Exception):
    """One way of getting a file did not work; the message says why in one line."""


def ways(pin: Pin) -> list:
    """Functions ``(pin, scratch) -> file``, in the order they are tried."""
    if pin.version:
        return [from_pip]
    return [
        way
        for way, open_to in (
            (installed, pin.debian),
            (from_address, pin.address),
            (from_debian, pin.debian),
        )
        if open_to
    ]


def from_pip(pin: Pin, scratch: Path) -> Path:
    """The wheel or source archive of a package, not installed."""
    line, constraint, got = (
        scratch / "requirements.txt",
        scratch / "constraint.txt",
        scratch / "got",
    )
    line.write_text(f"{pin.name}=={pin.version} --hash=sha256:{pin.sha256}\n")
    constraint.write_text(
        "setuptools==80.9.0\n"
    )  # pip asks a source archive's setup.py for its name
    _run(
        [
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            "download",
            "-qq",
            "--no-deps",
            "--require-hashes",
            "--no-cache-dir",
            "-r",
            str(line),
            "-d",
            str(got),
        ],
        "pip",
        PIP_CONSTRAINT=str(constraint),
    )
    return next(got.iterdir())


def installed(pin: Pin, scratch: Path) -> Path:
    """The file where its Debian package puts it."""
    path = DEBIAN_DATA / pin.name
    if not path.is_file():
        raise Failed(f"Debian's {pin.debian} is not installed")
    return path


def from_address(pin: Pin, scratch: Path) -> Path:
    """The file from its public address."""
    import pooch

    pooch.get_logger().setLevel("ERROR")
    try:
        return Path(
            pooch.retrieve(
                pin.address,
                None,
                Path(pin.name).name,
                scratch,
                downloader=pooch.HTTPDownloader(timeout=SECONDS),
            )
        )
    except Exception as error:  # whatever the network does, the next way is tried
        raise Failed(f"{pin.address}: {_last_line(str(error)) or type(error).__name__}") from None


def from_debian(pin: Pin, scratch: Path) -> Path:
    """The file out of its Debian package, downloaded and unpacked without being installed (needs no root)."""
    _run(["apt-get", "download", "-qq", pin.debian], "apt-get", cwd=scratch)
    _run(
        ["dpkg-deb", "-x", str(next(scratch.glob("*.deb"))), str(scratch / "unpacked")], "dpkg-deb"
    )
    return scratch / "unpacked" / DEBIAN_DATA.relative_to("/") / pin.name


def _run(command: list[str], name: str, cwd: Path | None = None, **environment: str) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=cwd, env={**os.environ, **environment}
        )
    except FileNotFoundError:
        raise Failed(f"{name} is not on this machine") from None
    if done.returncode:
        raise Failed(f"{name} could not download it: {_last_line(done.stderr) or 'no message'}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".")[:300] if lines else ""
