"""Build ``.venv`` from the lock, with nothing but a Python and its standard library.

``python3 mtl_lib/suite/environment.py`` is what ``make`` runs before anything else. A finished
environment carries a stamp (hash of the lock, torch version, Python, place); without the right
stamp it is deleted and built again, because a pip that was interrupted can leave a package that
looks installed and is not. Downloads are kept in pip's own cache, so building again is cheap.

torch is its own step: the same version is a CPU or a CUDA build depending on the index, so the
lock leaves it out. It goes in first, alone, so that pip's hash mode accepts locked packages that
need it; then the lock; then once more with its needs, which only a CUDA build still has.

``environment.py flower`` does the same for ``.flower`` from ``requirements-flower.lock``: Flower wants older packages than the others.
"""
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV, LOCK = ROOT / ".venv", "requirements.lock"
TORCH = "torch==2.13.0"
SUPPORTED = ((3, 11), (3, 14))  # first accepted, first refused


def torch_index() -> str:
    """The index torch is taken from: TORCH_INDEX, else the one the present environment was built with."""
    stamps = [home / ".torch-index" for home in (VENV, ROOT / ".venv")]
    return os.environ.get("TORCH_INDEX") or next((stamp.read_text() for stamp in stamps if stamp.is_file()), "")


def fingerprint() -> str:
    """Hash of everything the environment is built from."""
    parts = [(ROOT / LOCK).read_text(), TORCH, torch_index(), sys.version, str(ROOT)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def obstacle() -> str | None:
    """One line saying why no environment can be built here, or None."""
    if not SUPPORTED[0] <= sys.version_info[:2] < SUPPORTED[1]:
        return f"python {sys.version.split()[0]} at {sys.executable}: 3.11, 3.12 or 3.13 is needed (make PYTHON=python3.11 ...)"
    try:
        import ensurepip  # noqa: F401  (Debian ships venv without it)
        import venv  # noqa: F401
    except ImportError:
        return f"{sys.executable} has no venv module; on Debian or Ubuntu: apt-get install python3-venv"
    return None


def steps(index: str) -> list[tuple[str, list[str]]]:
    """The commands, in order, each with the line the terminal shows for it."""
    python = str(VENV / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-qq"]
    torch = [*pip, *(["--index-url", index] if index else []), TORCH]
    return [
        ("empty environment", [sys.executable, "-m", "venv", str(VENV)]),
        (f"{TORCH} (0.2 GB as a CPU build, about 3 GB with CUDA: README, 'torch')", [*torch, "--no-deps"]),
        ("the locked packages (0.4 GB)", [*pip, "--require-hashes", "-r", str(ROOT / LOCK)]),
        ("what this build of torch still needs", torch),
        ("mtl_lib itself", [*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)]),
        ("check", [python, "-m", "pip", "--disable-pip-version-check", "check"]),
    ]


def build() -> int:
    """Make the environment current; 0 when it is, 1 with one line on stderr when it cannot be."""
    with open(ROOT / ".venv.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another process is building .venv; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
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
        for label, command in steps(index):
            print(f"  {label}", flush=True)
            # The child holds the lock too: if this process is killed, nobody builds beside a pip that still runs.
            # A session of its own keeps Ctrl-C here, where it is one line.
            done = subprocess.run(command, env={**os.environ, "PYTHONNOUSERSITE": "1"}, pass_fds=[lock.fileno()], start_new_session=True)
            if done.returncode:
                print(f"environment: '{label}' failed; correct what pip says above and run make again", file=sys.stderr)
                return 1
        (VENV / ".torch-index").write_text(index)
        stamp.write_text(fingerprint())
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["flower"]:
        VENV, LOCK = ROOT / ".flower", "requirements-flower.lock"
    try:
        sys.exit(build())
    except KeyboardInterrupt:
        print("interrupted; the next make builds the environment afresh", file=sys.stderr)
        sys.exit(130)
