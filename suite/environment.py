"""Build ``.venv`` from the lock, with nothing but a Python and its standard library.

``python3 suite/environment.py`` is what ``make`` runs before anything else. A finished
environment carries a stamp (hash of the lock, torch version, Python, place); without the right
stamp it is deleted and built again, because a pip that was interrupted can leave a package that
looks installed and is not. Downloads are kept in pip's own cache, so building again is cheap.

torch is its own step: the same version is a CPU or a CUDA build depending on the index, so the
lock leaves it out. It goes in first, alone, so that pip's hash mode accepts locked packages that
need it; then the lock; then once more with its needs, which only a CUDA build still has.

``environment.py cluster`` adds what ``make sweep`` needs beyond that: Dask, from
requirements-cluster.lock, into ``.venv/.cluster``. That folder holds only what the base lock lacks,
so nothing in it can shadow a package of the base, and it is on the path of the sweep alone: no
notebook sees it. It lies inside ``.venv`` because it was resolved against that lock, and goes with
it. ``environment.py pages`` adds axe-core, with which ``make test-pages`` tests how accessible the
pages are, into ``.venv/.pages`` in the same way.

``environment.py flower`` does the same for ``.flower`` from ``requirements-flower.lock``: Flower
wants older packages than the others.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCK = "requirements.lock"
TORCH = "torch==2.13.0"
SUPPORTED = ((3, 11), (3, 14))  # first accepted, first refused
BESIDE = {"cluster": "Dask (3 MB)", "pages": "axe-core (1 MB)"}


def torch_index() -> str:
    """The index torch is taken from: TORCH_INDEX, else that of the present environment."""
    stamps = [home / ".torch-index" for home in (VENV, ROOT / ".venv")]
    remembered = [stamp.read_text() for stamp in stamps if stamp.is_file()]
    return os.environ.get("TORCH_INDEX") or next(iter(remembered), "")


def fingerprint() -> str:
    """Hash of everything the environment is built from."""
    parts = [(ROOT / LOCK).read_text(), TORCH, torch_index(), sys.version, str(ROOT), layout()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def layout() -> str:
    """What pyproject.toml says of installing the checkout; "" without that file.

    Read without a TOML parser: an old Python must reach the line that refuses it.
    """
    project = ROOT / "pyproject.toml"
    text = project.read_text() if project.is_file() else ""
    return "".join(
        re.findall(r"^\[(?:tool\.setuptools|project\.scripts).*?(?=^\[|\Z)", text, re.M | re.S)
    )


def obstacle() -> str | None:
    """One line saying why no environment can be built here, or None."""
    if not SUPPORTED[0] <= sys.version_info[:2] < SUPPORTED[1]:
        this = f"python {sys.version.split()[0]} at {sys.executable}"
        return f"{this}: 3.11, 3.12 or 3.13 is needed (make PYTHON=python3.11 ...)"
    try:
        import ensurepip  # noqa: F401  (Debian ships venv without it)
        import venv  # noqa: F401
    except ImportError:
        cure = "on Debian or Ubuntu: apt-get install python3-venv"
        return f"{sys.executable} has no venv module; {cure}"
    return None


def pip() -> list[str]:
    """The beginning of every installing command."""
    return [
        str(VENV / "bin" / "python"),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
        "-qq",
    ]


def steps(index: str) -> list[tuple[str, list[str]]]:
    """The commands, in order, each with the line the terminal shows for it."""
    python = str(VENV / "bin" / "python")
    torch = [*pip(), *(["--index-url", index] if index else []), TORCH]
    return [
        ("empty environment", [sys.executable, "-m", "venv", str(VENV)]),
        (
            f"{TORCH} (0.2 GB as a CPU build, about 3 GB with CUDA: docs/running.md, 'torch')",
            [*torch, "--no-deps"],
        ),
        (  # complete as it is: with needs, hash mode would refuse those of a CUDA build of torch
            "the locked packages (0.4 GB)",
            [*pip(), "--no-deps", "--require-hashes", "-r", str(ROOT / LOCK)],
        ),
        ("what this build of torch still needs", torch),
        ("mtl_lib itself", [*pip(), "--no-deps", "--no-build-isolation", "-e", str(ROOT)]),
        (
            "MOCHA's inner loops, compiled once (15 s)",
            [python, "-m", "suite.arithmetic", python, "-m", "mtl_lib.federated.mocha.compile"],
        ),
        ("check", [python, "-m", "pip", "--disable-pip-version-check", "check"]),
    ]


def build() -> int:
    """Make the environment current; 0 when it is, 1 with one line on stderr when it cannot be."""
    with _lock() as lock:
        stamp = VENV / ".complete"
        if stamp.is_file() and stamp.read_text() == fingerprint():
            return 0
        reason = obstacle()
        if reason:
            print(reason, file=sys.stderr)
            return 1
        index = torch_index()  # before the environment that remembers it is deleted
        print(f"building {VENV} (once; 2 to 6 minutes, most of it downloads)", flush=True)
        shutil.rmtree(VENV, ignore_errors=True)
        if not all(_done(label, command, lock) for label, command in steps(index)):
            return 1
        (VENV / ".torch-index").write_text(index)
        stamp.write_text(fingerprint())
    return 0


def build_beside(name: str) -> int:
    """Make ``.venv/.NAME`` current, where ``.venv`` is.

    Parameters
    ----------
    name : str
        One of ``BESIDE``.

    Returns
    -------
    int
        As ``build``.
    """
    with _lock() as lock:
        folder = VENV / f".{name}"
        file = ROOT / f"requirements-{name}.lock"
        text = file.read_text()
        stamp = folder / ".complete"
        if stamp.is_file() and stamp.read_text() == text:
            return 0
        shutil.rmtree(folder, ignore_errors=True)
        only_these = ["--no-deps", "--require-hashes", "-r", str(file)]
        command = [*pip(), *only_these, "--target", str(folder)]
        print(f"building {folder} (once)", flush=True)
        if not _done(BESIDE[name], command, lock):
            return 1
        stamp.write_text(text)
    return 0


@contextlib.contextmanager
def _lock():
    """Only one process builds; yields the lock's file."""
    with open(ROOT / ".venv.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another process is building .venv; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _done(label: str, command: list[str], lock) -> bool:
    """Run one step; False, after one line on stderr, if it fails."""
    print(f"  {label}", flush=True)
    # The child holds the lock too: if this process is killed, nobody builds beside a pip that
    # still runs. A session of its own keeps Ctrl-C here, where it is one line.
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONNOUSERSITE": "1"},
        pass_fds=[lock.fileno()],
        start_new_session=True,
    )
    if done.returncode:
        print(
            f"environment: '{label}' failed; correct what pip says above and run make again",
            file=sys.stderr,
        )
    return done.returncode == 0


if __name__ == "__main__":
    if sys.argv[1:] == ["flower"]:
        VENV = ROOT / ".flower"
        LOCK = "requirements-flower.lock"
    try:
        sys.exit(build_beside(sys.argv[1]) if sys.argv[1:] and sys.argv[1] in BESIDE else build())
    except KeyboardInterrupt:
        print("interrupted; the next make builds the environment afresh", file=sys.stderr)
        sys.exit(130)
