"""The suite's command line in a fork of a process that has its imports behind it.

A command and its notebooks take six seconds of one core as processes of their own, nearly all of it
imports. Python's fork server makes these once; the project's own modules are loaded anew in every
fork, from the folder of the project.
"""

import contextlib
import importlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

CHECKOUT = Path(__file__).resolve().parents[2]
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["no_addresses", "preloaded"])
# What must be in the environment when the server itself starts, at the first command. Notebooks
# have the first two.
OF_THE_SERVER = {
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "agg",
    "PYTHONPATH": str(Path(__file__).parent),
}


class Command:
    """``python -m suite WORDS`` with every notebook in a fork too and no kernel.

    It has what the tests use of a ``subprocess.Popen``.

    Parameters
    ----------
    root : Path
        The folder of the project.
    words : tuple of str
        The command line.
    environment : dict
        Of the command.
    """

    def __init__(self, root: Path, words: tuple[str, ...], environment: dict):
        self.words = words
        self.folder = tempfile.TemporaryDirectory()
        self.files = [Path(self.folder.name, name) for name in ("stdout", "stderr")]
        for file in self.files:
            file.touch()
        arguments = (root, words, environment, *self.files)
        self.process = SERVER.Process(target=_command, args=arguments)
        with mock.patch.dict(os.environ, OF_THE_SERVER):
            self.process.start()

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    @property
    def stdout(self) -> Iterator[str]:
        """Its lines as they come, to its end."""
        with self.files[0].open() as file:
            while True:
                ended = self.returncode is not None
                yield from iter(file.readline, "")
                if ended:
                    return
                time.sleep(0.005)

    def wait(self, timeout: float | None = None) -> int:
        self.process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.words, timeout)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        self.wait(timeout)
        out, err = [file.read_text() for file in self.files]
        self.folder.cleanup()
        return out, err

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        self.process.kill()


def _command(root: Path, words: tuple[str, ...], environment: dict, out: Path, err: Path) -> None:
    """In the fork: become the command."""
    redirect(out, err)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(root)
    sys.dont_write_bytecode = False  # copies of the project find its modules compiled
    sys.path[:] = [str(root), *(path for path in sys.path if path != str(CHECKOUT))]
    main = importlib.import_module("suite.__main__").main
    start = importlib.import_module("without_kernel").start
    sys.exit(main(list(words), start))


def redirect(out: Path | int, err: Path | int) -> None:
    """Let this process write its stdout and stderr there: a file, or a descriptor."""
    for number, target in ((1, out), (2, err)):
        opened = target if isinstance(target, int) else os.open(target, os.O_WRONLY)
        os.dup2(opened, number)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
