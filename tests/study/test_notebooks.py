"""The notebooks as git has them: clean, parameterised from params/, one figure per cell.

git's index is read, not the work tree, so that working in JupyterLab does not turn tests red.
"""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from study.sections import SECTIONS
from suite import parameters
from suite.site import code as page_code

ROOT = Path(__file__).resolve().parents[2]
SHORT = {"01_classical_mtl"}  # notebooks whose cells are steps of at most 12 lines; add yours


def cells(section: str) -> list[dict]:
    """Cells of the notebook in git's index; of the file where there is no git."""
    path = f"notebooks/{section}.ipynb"
    shown = subprocess.run(["git", "show", f":{path}"], cwd=ROOT, capture_output=True, text=True)
    return json.loads(shown.stdout if shown.returncode == 0 else (ROOT / path).read_text())["cells"]


def code(section: str) -> list[tuple[str, list[str]]]:
    return [
        ("".join(c["source"]), c["metadata"].get("tags", []))
        for c in cells(section)
        if c["cell_type"] == "code"
    ]


@pytest.mark.parametrize("section", SECTIONS)
def test_no_outputs(section):
    for cell in cells(section):
        assert not cell.get("outputs") and cell.get("execution_count") is None


@pytest.mark.parametrize("section", SECTIONS)
def test_cells_have_identifiers_of_their_own(section):
    identifiers = [cell["id"] for cell in cells(section)]
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_parameters_cell_equals_the_default_profile(section):
    (source,) = [source for source, tags in code(section) if "parameters" in tags]
    values = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(source).body}
    assert values == parameters.resolve(section, "default")


@pytest.mark.parametrize("section", SECTIONS)
def test_one_figure_per_cell_and_it_is_tagged(section):
    for source, tags in code(section):
        names = re.findall(r'rec\.figure\(.*?"([a-z0-9-]+)"', source, re.S)
        assert len(re.findall(r"rec\.figure\(", source)) <= 1
        tagged = [tag.removeprefix("fig:") for tag in tags if tag.startswith("fig:")]
        assert len(tagged) == source.count("rec.figure(")
        assert set(tagged) <= set(names) | set(re.findall(r'"([a-z0-9-]+)"', source))


@pytest.mark.parametrize("section", SECTIONS)
def test_claims_are_declared_before_they_are_decided(section):
    whole = "\n".join(source for source, _ in code(section))
    assert whole.index("rec.declare(") < whole.index(".decide(")
    assert whole.rstrip().endswith("rec.done()")


@pytest.mark.parametrize("section", SECTIONS)
def test_cells_are_short_and_hold_no_algorithm(section):
    for source, tags in code(section):
        limit = 12 if section in SHORT else 31
        assert len(source.splitlines()) <= limit or "parameters" in tags, source
        assert max(map(len, source.splitlines())) <= 104
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.For, ast.FunctionDef)):
                assert node.end_lineno - node.lineno < 13, source
            assert not isinstance(node, ast.While)
            if isinstance(node, ast.FunctionDef):
                assert not re.search(r"experiment|exp\d|section", node.name)


@pytest.mark.parametrize("section", SECTIONS)
def test_wall_clock_goes_to_provenance_only(section):
    whole = "\n".join(source for source, _ in code(section))
    assert whole.count("perf_counter") <= 2 and whole.count("perf_counter") == 2 * whole.count(
        "rec.timing("
    )


@pytest.mark.parametrize("section", SECTIONS)
def test_every_parameter_has_a_comment_and_a_description(section):
    text = (ROOT / "params" / f"{section}.yaml").read_text()
    values = YAML(typ="safe", pure=True).load(text)
    lines = {line.split(":")[0]: line for line in text.splitlines() if re.match(r"\w+:", line)}
    assert set(lines) == set(values) == set(SECTIONS[section].model_fields)
    for key, line in lines.items():
        assert line.split("#", 1)[1].strip() == SECTIONS[section].model_fields[key].description


@pytest.mark.parametrize("profile", ["smoke", "full"])
@pytest.mark.parametrize("section", SECTIONS)
def test_profiles_hold_only_what_differs(section, profile):
    default = parameters.resolve(section, "default")
    values = YAML(typ="safe", pure=True).load(
        (ROOT / "params" / profile / f"{section}.yaml").read_text()
    )
    assert values and all(default[key] != value for key, value in values.items())
    assert parameters.resolve(section, profile) == {**default, **values}
    assert parameters.resolve(section, profile)["simulated"] == (profile == "smoke")


@pytest.mark.parametrize("section", SECTIONS)
def test_the_files_of_a_section_are_there(section):
    assert [name for name in SECTIONS[section].files if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("section", SECTIONS)
def test_plumbing_is_collapsed_in_jupyterlab(section):
    for cell in cells(section):
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", []):
            source = "".join(cell["source"])
            hidden = cell["metadata"].get("jupyter", {}).get("source_hidden", False)
            assert hidden == page_code.plumbing(source), source


@pytest.mark.parametrize("section", SECTIONS)
def test_no_cell_gives_a_parameter_another_meaning(section):
    """Only tolerances are tightened, for a reader's table."""
    known = set(SECTIONS[section].model_fields) - {"tol", "search_tol"}
    for source, tags in code(section):
        if "parameters" in tags:
            continue
        nodes = [node for statement in ast.parse(source).body for node in _outside(statement)]
        stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        assert not stored & known, source


def _outside(statement: ast.AST):
    """The nodes of a statement that are in no function and no comprehension of their own."""
    inner = (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp)
    if isinstance(statement, (*inner, ast.GeneratorExp)):
        return
    yield statement
    for child in ast.iter_child_nodes(statement):
        yield from _outside(child)
