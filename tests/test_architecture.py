"""The frame, as facts: which way imports run, how large rooms are, what names mean."""

import ast
import itertools
import re
import statistics
import subprocess
import sys

import house
import pytest

ROOT = house.ROOT
MODULES = house.modules()
GRAPH = {name: house.imports(path, MODULES) for name, path in MODULES.items()}
# Inside the library a module imports from its own part and from parts further up in this list.
LAYERS = (
    {"stream", "checks"},
    {"splits"},
    {"tasks"},
    {"transforms"},
    {"data", "stack"},
    {"classical", "federated", "neural"},
    {"compare"},
    {"assay"},
)


def part(module: str) -> str:
    """The part of the library that a module belongs to, "" for ``mtl_lib`` itself."""
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize("name", [name for name in MODULES if part(name) and "mtl_lib" in name])
def test_imports_of_the_library_run_one_way(name):
    (level,) = [k for k, parts in enumerate(LAYERS) if part(name) in parts]
    allowed = {part(name)}.union(*LAYERS[:level])
    assert {part(target) for target in GRAPH[name] if target.startswith("mtl_lib")} <= allowed
    assert all(target.startswith("mtl_lib") for target in GRAPH[name])


@pytest.mark.parametrize("package, allowed", [("study", "mtl_lib"), ("suite", "mtl_lib")])
def test_study_and_runner_import_the_library_and_not_each_other(package, allowed):
    for name in MODULES:
        if name.split(".")[0] == package:
            packages = {target.split(".")[0] for target in GRAPH[name]}
            assert packages <= {package, allowed}, name


def test_no_imports_run_in_a_circle():
    assert house.circles(GRAPH) == []


def test_the_search_for_circles_finds_one():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a", "d"}}
    assert house.circles(graph) == [["b", "c"], ["d"]]


@pytest.mark.parametrize("name", [n for n, path in MODULES.items() if path.name == "__init__.py"])
def test_init_files_are_tables_of_contents(name):
    tree = ast.parse(MODULES[name].read_text())
    assert ast.get_docstring(tree)
    allowed = (ast.ImportFrom, ast.Assign, ast.AnnAssign)
    if name == "mtl_lib":  # loads its names on first use: planning a build needs no NumPy
        allowed = (*allowed, ast.If, ast.FunctionDef)
    assert all(isinstance(node, allowed) for node in tree.body[1:])


def test_the_runner_knows_of_data_only_where_they_come_from():
    """But the reader's own table is read by the library, and the probe runs it."""
    parts = set()
    for name in MODULES:
        if name.startswith("suite") and not re.match(r"suite\.(own_table|probe)", name):
            parts |= {target for target in GRAPH[name] if target.startswith("mtl_lib")}
    assert parts <= {"mtl_lib.data.store", "mtl_lib.data.sources"}


def test_no_two_public_classes_share_a_name():
    by_name: dict[str, list[str]] = {}
    for name, module in house.public_classes():
        by_name.setdefault(name, []).append(module)
    assert {name: homes for name, homes in by_name.items() if len(homes) > 1} == {}


def test_no_two_files_of_a_folder_differ_by_a_letter():
    for folder in {path.parent for path in MODULES.values()}:
        stems = sorted(path.stem for path in folder.glob("*.py"))
        pairs = itertools.combinations(stems, 2)
        assert [pair for pair in pairs if house.one_letter_apart(*pair)] == [], folder


def test_rooms_stay_small():
    lengths = {name: len(path.read_text().splitlines()) for name, path in MODULES.items()}
    assert {name: lines for name, lines in lengths.items() if lines > 320} == {}
    assert statistics.median(lengths.values()) <= 120


def test_functions_stay_short():
    """At most 45 lines with the docstring; without it, nine of ten have at most 25."""
    functions = [entry for path in MODULES.values() for entry in house.functions(path)]
    assert {name: lines for name, lines, _ in functions if lines > 45} == {}
    assert statistics.quantiles([code for *_, code in functions], n=10)[-1] <= 25


HEARSAY = r"\brecalled\b|a stored version|\bSCIENCE\b|\bDESIGN\b|as far as I know"


@pytest.mark.parametrize("name", MODULES)
def test_no_text_of_the_house_is_hearsay(name):
    assert re.findall(HEARSAY, MODULES[name].read_text()) == []


def test_classical_needs_neither_torch_nor_the_notebooks():
    blocked = ["torch", "pandas", "matplotlib", "pydantic", "IPython", "papermill", "ruamel"]
    program = (
        f"import sys\nclass Block:\n def find_spec(self, name, path=None, target=None):\n"
        f"  if name.split('.')[0] in {blocked}: raise ImportError(name)\nsys.meta_path.insert(0, "
        "Block())\n"
        "from mtl_lib.classical import LinearMTL, TraceNorm\n"
        "print(LinearMTL(TraceNorm(), 0.1).fit([[[1.0], [2.0]], [[0.0], [3.0]]], [[1.0, 2.0], "
        "[0.0, 1.0]]).dual_gap_)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_no_file_holds_the_marks_of_a_merge():
    files = subprocess.run(
        ["git", "grep", "-lIE", "^(<{7}|>{7}) "], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    assert files == []


def test_only_the_transport_knows_flower():
    users = {
        name
        for name, path in MODULES.items()
        if re.search(r"^\s*(from|import) flwr", path.read_text(), re.M)
    }
    assert users == {"mtl_lib.federated.remote.flower"}
