"""Run one notebook in this process: papermill, then provenance, then the page.

``python -m suite.execute JOB`` is started by ``process``. It reads a JSON job, writes into the
job's folder only, and reports on stdout, one JSON object per line: a cell that starts, or how it
ended. If the process that started it dies, this one and its kernel end too.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from suite import arithmetic, plan
from suite.process import die_with
from suite.project import FAILED, MISSING, NOTEBOOKS, OK, ROOT
from suite.site import index, page

TABLE_ONLY = ".table.ipynb"  # the part of a notebook that runs on a reader's table
# What a run is made of: git says whether it differs from the commit.
SOURCES = ("mtl_lib", "study", "notebooks", "params", "requirements.lock")


def main(job: dict, engine=None) -> int:
    """Run a job.

    Parameters
    ----------
    job : dict
        section, folder (exists, empty), params, profile, builder (the id of its process).
    engine : type, optional
        The engine of papermill that executes the cells; the default starts a Jupyter kernel.

    Returns
    -------
    int
        The exit code.
    """
    die_with(job["builder"])
    folder = Path(job["folder"])
    section = job["section"]
    # Taken before the run: what is edited meanwhile counts as changed.
    before = plan.inputs(section, job["params"])
    sources = _all_module_sources()
    started = time.time()
    error = _run(section, folder, job["params"], engine)
    if error:
        return error
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").unlink()
    modules = {name: plan.source_hash(sources.get(name)) for name in run.pop("modules")}
    computed = {"arithmetic": arithmetic.described(os.environ, job["params"])}
    provenance = {
        "section": section,
        "profile": job["profile"],
        **_git(),
        "seeds": {"first": job["params"].get("seed")},
        "inputs": {**before, **computed, "modules": modules, "data": run.pop("data")},
        "x86-64-v3": arithmetic.offered(),
        **run,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 1),
    }
    (folder / "provenance.json").write_text(json.dumps(provenance, indent=1, sort_keys=True) + "\n")
    report(cell="page", title="rendering the page")
    page.strip(folder / "notebook.ipynb")
    page.write(folder, index.pages(folder.parent, section))
    return OK


def report(**message) -> None:
    """One line for the process that builds."""
    print(json.dumps(message), flush=True)


def _run(section: str, folder: Path, params: dict, engine) -> int:
    """Execute the notebook; the exit code, after a report if it failed."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    _register_engine(engine)
    output = folder / "notebook.ipynb"
    try:
        papermill.execute_notebook(
            _source(section, folder, params),
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
        place = _number(_cells(output), error.cell_index)
        report(failed=True, cell=place, error=f"{error.ename}: {_one_line(error.evalue)}")
        return MISSING if error.ename == "DataMissing" else FAILED
    except Exception as error:  # a dead kernel, a full disk: still one line
        report(failed=True, cell=None, error=f"{type(error).__name__}: {_one_line(str(error))}")
        return FAILED
    finally:
        (folder / TABLE_ONLY).unlink(missing_ok=True)
    if not (folder / "run.json").is_file():
        report(failed=True, cell=None, error="the notebook ended without rec.done()")
        return FAILED
    return OK


def _source(section: str, folder: Path, params: dict) -> Path:
    """The notebook to run: of a reader's table only the cells that concern it, if some are tagged.

    So an answer comes in a minute, and the page leads with it.
    """
    import nbformat

    path = NOTEBOOKS / f"{section}.ipynb"
    if not params.get("your_table"):
        return path
    notebook = nbformat.read(path, as_version=4)
    tagged = [
        set(cell.metadata.get("tags", [])) & {"parameters", "table"} for cell in notebook.cells
    ]
    if not any("table" in tags for tags in tagged):
        return path
    cells = zip(notebook.cells, tagged, strict=True)
    notebook.cells = [cell for cell, tags in cells if tags or cell is notebook.cells[0]]
    nbformat.write(notebook, folder / TABLE_ONLY)
    return folder / TABLE_ONLY


def _register_engine(engine) -> None:
    """Make the engine ``reporting``: the given one or papermill's own, saying which cell starts."""
    from papermill.engines import NBClientEngine, papermill_engines

    class Reporting(engine or NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, manager, kernel_name, **options):
            start = manager.cell_start

            def announced(cell, index=None, **more):
                _announce(manager.nb.cells, index)
                return start(cell, index, **more)

            manager.cell_start = announced
            return super().execute_managed_notebook(manager, kernel_name, **options)

    papermill_engines.register("reporting", Reporting)


def _announce(cells, index: int | None) -> None:
    """Say which cell runs, under the last heading above it."""
    if index is None or cells[index].cell_type != "code":
        return
    texts = [cell.source for cell in cells[:index] if cell.cell_type == "markdown"]
    lines = [line for text in texts for line in text.splitlines()]
    headings = [line.lstrip("# ") for line in lines if line.startswith("#")]
    report(
        cell=_number(cells, index),
        of=_number(cells, len(cells) - 1),
        title=headings[-1] if headings else "",
    )


def _number(cells, index: int) -> int:
    """A cell's place in the notebook as its author sees it, from 1.

    papermill's injected cell is not one of them.
    """
    injected = sum(
        "injected-parameters" in cell.metadata.get("tags", []) for cell in cells[: index + 1]
    )
    return index + 1 - injected


def _cells(path: Path):
    import nbformat

    return nbformat.read(path, as_version=4).cells


def _all_module_sources() -> dict[str, bytes]:
    """The source of every module of the checkout's packages, by its name."""
    sources = {}
    for package in ROOT.glob("*/__init__.py"):
        for file in package.parent.rglob("*.py"):
            path = file.relative_to(ROOT).with_suffix("")
            name = ".".join(path.parent.parts if path.name == "__init__" else path.parts)
            sources[name] = file.read_bytes()
    return sources


def _git() -> dict:
    """The commit, and whether what a run is made of differed from it; None outside a checkout."""
    changes = _ask_git("status", "--porcelain", "--", *SOURCES)
    dirty = None if changes is None else bool(changes)
    return {"commit": _ask_git("rev-parse", "HEAD"), "dirty": dirty}


def _ask_git(*words: str) -> str | None:
    """What git prints; None without git or outside a checkout."""
    try:
        answer = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
