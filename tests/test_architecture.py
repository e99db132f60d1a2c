"""The frame, as facts: which way imports run, what classical needs, what the environment may contain."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "mtl_lib"
MODULES = sorted(path.relative_to(LIBRARY) for path in LIBRARY.rglob("*.py"))
# part -> parts of mtl_lib it may import
ARROWS = {
    "stream": set(),
    "splits": {"stream"},
    "tasks": {"splits", "stream"},
    "data": {"stream", "tasks"},
    "classical": {"stream", "tasks", "data"},
    "stack": {"stream"},
    "federated": {"stack", "stream", "tasks"},
    "neural": {"stack", "stream", "tasks"},
    "shift": {"stream", "tasks"},
    "advice": set(),
    "diagnose": {"advice", "shift", "tasks", "data", "plots", "suite"},
    "stats": {"stream"},
    "claims": {"stats"},
    "record": {"claims", "stats"},
    "plots": set(),
    "params": set(),
    "suite": {"params", "data", "stats", "plots"},
}


def imported(path: Path) -> set[str]:
    """Parts of mtl_lib a module imports anywhere in its text."""
    found = set()
    for node in ast.walk(ast.parse((LIBRARY / path).read_text())):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [
                f"{node.module}.{a.name}" if node.module == "mtl_lib" else node.module
                for a in node.names
            ]
        found |= {name.split(".")[1] for name in names if name.startswith("mtl_lib.")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_run_one_way(path):
    part = path.parts[0].removesuffix(".py")
    if part != "__init__":
        assert imported(path) <= ARROWS[part] | {part}


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=str)
def test_init_files_hold_a_docstring_and_reexports(path):
    tree = ast.parse((LIBRARY / path).read_text())
    assert ast.get_docstring(tree)
    assert all(isinstance(node, (ast.ImportFrom, ast.Assign)) for node in tree.body[1:])


def test_the_suite_knows_of_data_only_where_they_come_from():
    for path in (LIBRARY / "suite").glob("*.py"):
        for line in re.findall(
            r"from mtl_lib\.data import (.*)|import mtl_lib\.data\.(\w+)", path.read_text()
        ):
            assert line[0] in ("store", "sources, store"), path


def test_classical_needs_neither_torch_nor_the_notebooks():
    blocked = ["torch", "pandas", "matplotlib", "pydantic", "IPython", "papermill", "ruamel"]
    program = (
        f"import sys\nclass Block:\n def find_spec(self, name, path=None, target=None):\n"
        f"  if name.split('.')[0] in {blocked}: raise ImportError(name)\nsys.meta_path.insert(0, Block())\n"
        "from mtl_lib.classical import LinearMTL, TraceNorm\n"
        "print(LinearMTL(TraceNorm(), 0.1).fit([[[1.0], [2.0]], [[0.0], [3.0]]], [[1.0, 2.0], [0.0, 1.0]]).dual_gap_)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_pip_install_brings_only_what_classical_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {re.split("[<>=]", name)[0] for name in project["dependencies"]} == {
        "numpy",
        "scipy",
        "scikit-learn",
        "threadpoolctl",
    }


def locked(name: str) -> set[str]:
    """Packages of a lock, which must be hashed, without a path or an address, and without torch."""
    text = (ROOT / name).read_text()
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in block and "==" in block for block in blocks)
    assert not re.search(r"file:|://|find-links|index-url|/root|/home", text)
    names = {re.split("[=<> ]", block)[0] for block in blocks}
    assert not {
        name for name in names if re.match(r"(torch$|nvidia|triton|torchvision|torchaudio)", name)
    }
    return names


def wanted(*extras: str) -> set[str]:
    """Packages that pyproject.toml names, itself and in these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [
        *project["dependencies"],
        *(name for extra in extras for name in project["optional-dependencies"][extra]),
    ]
    return {re.split(r"[<>=\[]", name)[0].replace(".", "-") for name in names}


def test_the_lock_is_hashed_complete_and_without_torch_or_paths():
    assert wanted("neural", "notebooks", "test") - locked("requirements.lock") == {"torch"}


@pytest.mark.parametrize(
    "extra, packages", [("cluster", {"dask", "distributed"}), ("pages", {"axe-playwright-python"})]
)
def test_a_lock_beside_holds_its_extra_and_nothing_that_the_base_has(extra, packages):
    names = locked(f"requirements-{extra}.lock")
    assert wanted(extra) - wanted() == packages <= names and not names & locked("requirements.lock")


def test_no_file_holds_the_marks_of_a_merge():
    files = subprocess.run(
        ["git", "grep", "-lIE", "^(<{7}|>{7}) "], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    assert files == []


def test_the_lock_of_flower_is_whole():
    names = locked("requirements-flower.lock")
    assert wanted("neural", "flower") - {"torch", "mtl-lib"} <= names and "mtl-lib" not in names


def test_nothing_of_the_base_environment_needs_flower():
    assert (
        "flwr" not in (ROOT / "requirements.lock").read_text()
        and "flwr==1.41.0 " in (ROOT / "requirements-flower.lock").read_text()
    )
    users = {
        str(path)
        for path in MODULES
        if re.search(
            r"\bflwr\b.*\bimport\b|import flwr|federated(\.| import )flower",
            (LIBRARY / path).read_text(),
        )
    }
    assert users == {"federated/flower.py"}


def test_environment_yml_is_minimal():
    lines = [
        line.strip()
        for line in (ROOT / "environment.yml").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert lines == [
        "name: mtl",
        "channels: [conda-forge]",
        "dependencies:",
        "- python=3.11",
        "- make",
    ]


def test_data_pins_are_read_as_written():
    from mtl_lib.data import store
    from mtl_lib.data.store import archives as pins

    lines = [
        line for line in pins.REQUIREMENTS.read_text().splitlines() if not line.startswith("#")
    ]
    found = store.pins()
    assert (
        len(found) == len(lines) + len(pins.FILES)
        and sum(bool(pin.version) for pin in found.values()) == len(lines) > 0
    )
    assert all(
        pin.megabytes > 0 and re.fullmatch("[0-9a-f]{64}", pin.sha256) for pin in found.values()
    )


def test_every_source_has_its_archives_pinned_and_in_the_profile_its_card_says():
    from mtl_lib.data import sources, store

    named = set()
    for name in sources.NAMES:
        card = sources.module(name).CARD
        assert {store.pins()[archive].profile for archive in card.archives} == {card.profile}, name
        named |= {*card.archives, card.instead}
    assert named - {"nothing"} == set(store.pins())
    modules = {
        path.stem
        for path in (LIBRARY / "data" / "sources").glob("*.py")
        if re.search("^CARD = ", path.read_text(), re.M)
    }
    assert modules == set(sources.NAMES)


def test_every_section_has_its_files_and_every_archive_a_pin():
    from mtl_lib.data import store
    from study.sections import SECTIONS

    assert {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} == set(SECTIONS)
    for name, section in SECTIONS.items():
        for folder in ("params", "params/smoke", "params/full"):
            assert (ROOT / folder / f"{name}.yaml").is_file()
        assert set(section.archives) <= set(store.pins())


def test_reference_files_hold_a_tolerance_for_every_metric():
    from study.sections import SECTIONS

    for path in [ROOT / "reference" / "default" / f"{section}.json" for section in SECTIONS]:
        reference = json.loads(path.read_text())
        assert reference["metrics"] and all(
            entry["tolerance"] > 0 for entry in reference["metrics"].values()
        )
