"""Notebooks without kernels: a fork of the suite's process, whose cells IPython runs right there.

Imported in a process that runs the suite of a toy project (see ``forked``).
"""

import contextlib
import os
import signal
import sys
import traceback

import nbformat
from forked import redirect
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from papermill.engines import Engine
from toy_project import STARTED

from suite import execute, process
from suite.project import ROOT


class CellsHere(Engine):
    """Runs the cells of a notebook in this process; what they show becomes their outputs."""

    @classmethod
    def execute_managed_notebook(cls, manager, kernel_name, **options):
        shell = InteractiveShell.instance(history_load_length=0)
        shell.history_manager.enabled = False
        with _modules_of_the_project_anew():
            for index, cell in enumerate(manager.nb.cells):
                manager.cell_start(cell, index)
                error = _run(shell, cell) if cell.cell_type == "code" else None
                if error:
                    manager.cell_exception(cell, index)
                manager.cell_complete(cell, index)
                if error:
                    break


def _run(shell, cell) -> BaseException | None:
    """Run a cell and keep its outputs; what it raised, or None."""
    with capture_output() as shown:
        result = shell.run_cell(cell.source, store_history=True)
    cell.execution_count = result.execution_count
    cell.outputs = [
        nbformat.v4.new_output("stream", name=name, text=text)
        for name, text in (("stdout", shown.stdout), ("stderr", shown.stderr))
        if text
    ]
    cell.outputs += [
        nbformat.v4.new_output("display_data", data=output.data, metadata=output.metadata or {})
        for output in shown.outputs
    ]
    error = result.error_before_exec or result.error_in_exec
    if error:
        lines = traceback.format_exception(error)
        raised = {"ename": type(error).__name__, "evalue": str(error), "traceback": lines}
        cell.outputs.append(nbformat.v4.new_output("error", **raised))
    return error


@contextlib.contextmanager
def _modules_of_the_project_anew():
    """Hide the project's loaded modules: cells load their own, as they do in a kernel."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    def ours() -> list[str]:
        return [name for name in sys.modules if name.partition(".")[0] in packages]

    of_the_suite = {name: sys.modules.pop(name) for name in ours()}
    try:
        yield
    finally:
        for name in ours():
            del sys.modules[name]
        sys.modules.update(of_the_suite)


class Fork:
    """What ``process`` needs of a ``Popen``."""

    def __init__(self, pid: int, stdout):
        self.pid = pid
        self.stdout = stdout
        self.returncode = None

    def wait(self) -> int:
        if self.returncode is None:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
            self.stdout.close()
        return self.returncode

    def kill(self) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)


def start(job: process.Job, errors) -> Fork:
    """As ``process.spawn``, in a fork of this process."""
    with open(ROOT / STARTED, "a") as file:
        file.write(f"{job.section}\n")
    message = job.message
    environment = process.kernel_environment(job.partial)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Fork(pid, open(reading))
    code = 1
    try:
        redirect(writing, errors.fileno())
        code = _execute(message, environment)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _execute(message: dict, environment: dict) -> int:
    """In the fork of a notebook: what ``python -m suite.execute`` does."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_DFL)
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    return execute.main(message, CellsHere)
