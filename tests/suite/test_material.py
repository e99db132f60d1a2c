"""Every sentence of the material is tested by claims that exist.

Its verdict follows from theirs, and README says what is published.
"""

import importlib
import json
import re

import nbformat
import pytest
from ruamel.yaml import YAML

from study.sections import SECTIONS
from suite.project import NOTEBOOKS, RENDERED, ROOT
from suite.site import makers, material

ENTRIES = YAML(typ="safe").load(material.SOURCE.read_text())
SOURCES = {name: nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4) for name in SECTIONS}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["sentence"][:40])
def test_every_sentence_names_claims_that_a_notebook_declares(entry):
    published = {
        claim["id"] for claim in material.published()
    }  # some ids are put together in a loop
    code = "\n".join(
        cell.source
        for notebook in SOURCES.values()
        for cell in notebook.cells
        if cell.cell_type == "code"
    )
    assert set(entry) <= {"sentence", "section", "claims", "figure"} and (
        entry["claims"] or entry["figure"]
    )
    for claim in entry["claims"]:
        assert f'id="{claim}"' in code or claim in published, claim


@pytest.mark.parametrize(
    "verdicts, whole",
    [
        (["supported"] * 2, "supported"),
        (["refuted"], "refuted"),
        (["undecided"] * 3, "undecided"),
        (["supported", "refuted"], "depends"),
        (["supported", "refuted", "undecided"], "depends"),
        (["supported", "undecided"], "undecided"),
        (["refuted", "refuted", "undecided"], "refuted"),
        (["refuted", "undecided"], "undecided"),
        (["cannot tell"], "cannot tell"),
        (["cannot tell", "refuted"], "undecided"),
        ([], "not run"),
    ],
)
def test_the_verdict_of_a_sentence(verdicts, whole):
    assert material.combined(verdicts) == whole


def test_effects_are_written_with_true_minus_signs_and_open_ends():
    assert (
        material.effect({"effect": -0.01234, "low": None, "high": 0.5})
        == "\u22120.012 [\u2212∞, +0.500]"
    )


def test_readme_says_what_is_published():
    readme = material.README.read_text()
    between = readme.split(material.MARKS[0])[1].split(material.MARKS[1])[0].strip()
    assert between == material.markdown(material.published())


ROWS = re.findall(
    r"\[([\w-]+)\]\(rendered/([\w]+)/figures/([\w-]+)\.png\)", material.README.read_text()
)


def test_every_sentence_is_in_readme():
    assert [
        entry["sentence"]
        for entry in ENTRIES
        if entry["sentence"] not in material.README.read_text()
    ] == []


@pytest.mark.parametrize("claim, section, figure", ROWS, ids=lambda value: value[:40])
def test_a_row_leads_to_its_figure_its_cell_and_the_function_that_drew_it(claim, section, figure):
    assert (RENDERED / section / "figures" / f"{figure}.png").is_file()
    rows = {row["id"]: row for row in json.loads((RENDERED / section / "claims.json").read_text())}
    assert claim == figure or rows[claim]["figure"] == figure
    (cell,) = [
        cell for cell in SOURCES[section].cells if f"fig:{figure}" in cell.metadata.get("tags", [])
    ]
    module, function = makers.made_by(cell.source, makers.called(SOURCES[section])).split(", ")
    assert (ROOT / module).is_file() and callable(
        getattr(importlib.import_module(module.removesuffix(".py").replace("/", ".")), function)
    )
