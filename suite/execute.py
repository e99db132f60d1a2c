"""Run one notebook in this process: papermill, then provenance, then the page. Started by ``build``.

``python -m suite.execute JOB`` reads a JSON job, writes into the job's folder only, and
reports on stdout, one JSON object per line: a cell that starts, or how it ended. If the process
that started it dies, this one and its kernel end too.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from suite import plan
from suite.project import FAILED, MISSING, NOTEBOOKS, OK, ROOT


def main(job: dict) -> int:
    """Job: section, folder (exists, empty), params, profile, builder (its process). Returns the exit code."""
    die_with(job["builder"])
    folder, section = Path(job["folder"]), job["section"]
    before = plan.inputs(section, job["params"])
    hashes = (
        _all_module_hashes()
    )  # taken before the run: what is edited meanwhile counts as changed
    started = time.time()
    error = _run(section, folder, job["params"])
    if error:
        return error
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").unlink()
    modules = {name: hashes.get(name, "gone") for name in run.pop("modules")}
    provenance = {
        "section": section,
        "profile": job["profile"],
        **_git(),
        "seeds": {"first": job["params"].get("seed")},
        "inputs": {**before, "modules": modules, "data": run.pop("data")},
        **run,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 1),
    }
    (folder / "provenance.json").write_text(json.dumps(provenance, indent=1, sort_keys=True) + "\n")
    report(cell="page", title="rendering the page")
    from suite.site import index, page

    page.strip(folder / "notebook.ipynb")
    page.write(folder, index.pages(folder.parent, section))
    return OK


def report(**message) -> None:
    """One line for the process that builds."""
    print(json.dumps(message), flush=True)


def _run(section: str, folder: Path, params: dict) -> int:
    import papermill
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.exceptions import PapermillExecutionError

    class Reporting(NBClientEngine):
        """papermill's own engine, saying which cell starts."""

        @classmethod
        def execute_managed_notebook(cls, manager, kernel_name, **options):
            start = manager.cell_start

            def announced(cell, index=None, **more):
                _announce(manager.nb.cells, index)
                return start(cell, index, **more)

            manager.cell_start = announced
            return super().execute_managed_notebook(manager, kernel_name, **options)

    papermill_engines.register("reporting", Reporting)
    output = folder / "notebook.ipynb"
    try:
        papermill.execute_notebook(
            NOTEBOOKS / f"{section}.ipynb",
            output,
            params,
            engine_name="reporting",
            kernel_name="python3",
            progress_bar=False,
            cwd=str(NOTEBOOKS),
            autosave_cell_every=0,
            log_output=False,
        )
    except PapermillExecutionError as error:
        report(
            failed=True,
            cell=_number(_cells(output), error.cell_index),
            error=f"{error.ename}: {_one_line(error.evalue)}",
        )
        return MISSING if error.ename == "DataMissing" else FAILED
    except Exception as error:  # a dead kernel, a full disk: still one line
        report(failed=True, cell=None, error=f"{type(error).__name__}: {_one_line(str(error))}")
        return FAILED
    if not (folder / "run.json").is_file():
        report(failed=True, cell=None, error="the notebook ended without rec.done()")
        return FAILED
    return OK


def _announce(cells, index) -> None:
    """Say which cell runs, under the last heading above it."""
    if index is None or cells[index].cell_type != "code":
        return
    headings = [
        line.lstrip("# ")
        for cell in cells[:index]
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("#")
    ]
    report(
        cell=_number(cells, index),
        of=_number(cells, len(cells) - 1),
        title=headings[-1] if headings else "",
    )


def _number(cells, index: int) -> int:
    """A cell's place in the notebook as its author sees it, from 1: papermill's injected cell is not one."""
    injected = sum(
        "injected-parameters" in cell.metadata.get("tags", []) for cell in cells[: index + 1]
    )
    return index + 1 - injected


def _cells(path: Path):
    import nbformat

    return nbformat.read(path, as_version=4).cells


def die_with(builder: int) -> None:
    """End when the building process does, however and whenever it ends; the kernel watches this one in turn."""

    def watch():
        while os.getppid() == builder:
            time.sleep(0.3)
        os._exit(FAILED)

    threading.Thread(target=watch, daemon=True).start()


def _all_module_hashes() -> dict[str, str]:
    packages = [path.parent for path in ROOT.glob("*/__init__.py")]
    files = [
        path.relative_to(ROOT).with_suffix("")
        for package in packages
        for path in package.rglob("*.py")
    ]
    names = [".".join(path.parts[:-1] if path.name == "__init__" else path.parts) for path in files]
    return {name: plan.module_hash(name) for name in names}


def _git() -> dict:
    """Commit and whether what a run is made of differed from it; None outside a checkout."""

    def git(*words):
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else None

    try:
        commit, changes = (
            git("rev-parse", "HEAD"),
            git(
                "status",
                "--porcelain",
                "--",
                "mtl_lib",
                "study",
                "notebooks",
                "params",
                "requirements.lock",
            ),
        )
        return {"commit": commit, "dirty": None if changes is None else bool(changes)}
    except FileNotFoundError:
        return {"commit": None, "dirty": None}


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
