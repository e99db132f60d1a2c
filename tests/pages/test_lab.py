"""A notebook in JupyterLab as ``make lab`` starts it.

The right kernel, Run All Cells, a parameter changed and run again, and nothing written but the
notebook. ``pytest -m pages tests/pages/test_lab.py --every-notebook`` does so with all six, which
takes minutes.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from study.sections import SECTIONS
from suite import parameters

pytestmark = pytest.mark.pages

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("mtl_lib", "study", "suite", "notebooks", "params", "tests")
FILES = ("Makefile", "pyproject.toml", "requirements.lock", ".gitignore")
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}  # every cell stays in the page, also far below


def pytest_generate_tests(metafunc):
    every = metafunc.config.getoption("--every-notebook", False)
    metafunc.parametrize(
        "section", list(SECTIONS) if every else ["03b_different_inputs_different_losses"]
    )


@pytest.fixture
def project(tmp_path, section) -> Path:
    """A copy of the repository in git, its notebook clean.

    Then edited as a user would: smaller parameters, one cell more.
    """
    copy = tmp_path / "project"
    for name in FOLDERS:
        shutil.copytree(
            ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
    for name in FILES:
        shutil.copy(ROOT / name, copy / name)
    place = copy / "notebooks" / f"{section}.ipynb"
    notebook = nbformat.read(place, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    nbformat.write(notebook, place)
    git(copy, "init", "-q")
    git(copy, "add", "-A")
    git(copy, "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-qm", "clean")
    (cell,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    cell.source = "\n".join(
        f"{key} = {value!r}" for key, value in parameters.resolve(section, "smoke").items()
    )
    notebook.cells.insert(
        0,
        nbformat.v4.new_code_cell(
            "import sys, mtl_lib\nprint(sys.executable)\nprint(mtl_lib.__file__)"
        ),
    )
    nbformat.write(notebook, place)
    return copy


@pytest.fixture
def lab(project, tmp_path):
    """The server of ``make lab``; yields its address. The user has a kernel called python3 too."""
    home = tmp_path / "home"
    theirs = home / "data" / "kernels" / "python3"
    theirs.mkdir(parents=True)
    (theirs / "kernel.json").write_text(
        json.dumps(
            {"argv": ["false"], "display_name": "Python of another project", "language": "python"}
        )
    )
    for name, content in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(content))
    own = {
        "HOME": home,
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "PYTHONPATH": project,
    }
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("MTL_", "JUPYTER", "MPL", "MAKE", "MFLAGS"))
    }
    dry = subprocess.run(
        ["make", "-n", "lab", f"VENV_PYTHON={sys.executable}"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    command = ["env", *shlex.split(dry.stdout.splitlines()[-1])]
    assert "jupyterlab" in command
    flags = [
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",
        "--IdentityProvider.token=secret",
    ]
    with open(tmp_path / "lab.log", "w") as log:
        environment |= {key: str(value) for key, value in own.items()}
        server = subprocess.Popen(
            [*command, *flags], cwd=project, env=environment, stdout=log, stderr=log
        )
    try:
        (info,) = wait_for(
            lambda: list((home / "runtime").glob("jpserver-*.json")), "JupyterLab to start", 60
        )
        yield json.loads(info.read_text())["url"]
    finally:
        server.terminate()  # it ends its kernels first
        server.wait(30)


def test_run_all_cells_in_jupyterlab(browser, lab, project, section):
    file = f"notebooks/{section}.ipynb"
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        outside = []
        context.route(
            re.compile(f"^(?!{re.escape(lab)})"),
            lambda route: (outside.append(route.request.url), route.abort()),
        )
        page = context.new_page()
        page.goto(f"{lab}lab/tree/{section}.ipynb?token=secret")
        expect(page.locator(".jp-NotebookPanel-toolbar .jp-KernelName")).to_have_text(
            "Python 3 (ipykernel)", timeout=60_000
        )
        prompts = page.locator(".jp-Notebook .jp-CodeCell .jp-InputArea-prompt")
        sources = nbformat.read(project / file, as_version=4).cells
        count = sum(cell.cell_type == "code" for cell in sources)
        run_all(page, prompts, count)
        drawn = [
            cell
            for cell in sources
            if not cell.source.startswith(("if your_table:", "if own:", "if schools is not None:"))
        ]  # optional arms
        tags = [
            tag for cell in drawn for tag in cell.metadata.get("tags", []) if tag.startswith("fig:")
        ]
        images = page.locator(".jp-OutputArea-output img")
        widths = images.evaluate_all("images => images.map(image => image.naturalWidth)")
        assert len(widths) == len(tags) > 0 and min(widths) > 300
        before = images.evaluate_all("images => images.map(image => image.src)")
        page.locator(".jp-Notebook .cm-line", has_text=re.compile(r"^seed = \d+$")).click()
        page.keyboard.press("End")
        page.keyboard.press("Backspace")
        page.keyboard.type("1")
        run_all(page, prompts, 2 * count)
        after = images.evaluate_all("images => images.map(image => image.src)")
        assert (
            len(after) == len(before)
            and sum(old != new for old, new in zip(before, after, strict=True)) > len(tags) / 2
        )
        verdicts = page.locator(".jp-CodeCell").last.locator(".jp-RenderedMarkdown table")
        expect(verdicts.locator("thead")).to_contain_text("verdict")
        declared = page.locator(
            ".jp-RenderedMarkdown blockquote", has_text=re.compile(r"^\s*Claim \S+")
        )  # shown as they are declared, some in a loop
        assert (
            verdicts.locator("tbody tr").count()
            == declared.count()
            >= sum(cell.source.count("rec.declare(") for cell in sources)
        )
        with page.expect_response(
            lambda response: (
                response.request.method == "PUT" and response.url.startswith(f"{lab}api/contents/")
            )
        ):
            page.keyboard.press("Control+S")
        assert outside == []

    cells = [
        cell
        for cell in nbformat.read(project / file, as_version=4).cells
        if cell.cell_type == "code"
    ]
    assert cells[-1].outputs
    outputs = [output for cell in cells for output in cell.outputs]
    assert [
        output
        for output in outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ] == []
    executable, library = cells[0].outputs[0].text.split()
    assert Path(executable).parent == Path(sys.executable).parent
    assert Path(library) == project / "mtl_lib" / "__init__.py"
    # Only the notebook in the work tree has changed. Git's index, which the notebook tests read, is
    # as clean as before.
    assert git(project, "status", "--porcelain") == f" M {file}\n"
    assert not (project / "results").exists()
    assert not any(
        cell.get("outputs")
        for cell in nbformat.reads(git(project, "show", f":{file}"), as_version=4).cells
    )
    pytest_words = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    tests = subprocess.run(
        [sys.executable, *pytest_words, "tests/study/test_notebooks.py"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
    )
    assert tests.returncode == 0, tests.stdout


def run_all(page, prompts, count: int) -> None:
    """Run All Cells, and wait until the last has the number ``count``."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(prompts.last).to_have_text(f"[{count}]:", timeout=180_000)


def wait_for(condition, what: str, seconds: float):
    """The first true value of ``condition()``."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.2)
    return value


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
