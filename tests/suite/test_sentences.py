"""Every sentence of the material names claims that exist, and its answer follows from theirs.

README says what is published; only an empirical sentence is ever called supported or refuted.
"""

import csv
import importlib
import json
import re

import nbformat
import pytest

from study.claims.rule import WORDS
from study.sections import SECTIONS
from suite import yaml_text
from suite.project import NOTEBOOKS, RENDERED, ROOT, read_json
from suite.site import front, makers, sentences, templates

ENTRIES = yaml_text.load("sentences", sentences.SOURCE.read_text())
SOURCES = {name: nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4) for name in SECTIONS}
CODE = "\n".join(
    cell.source
    for notebook in SOURCES.values()
    for cell in notebook.cells
    if cell.cell_type == "code"
)
REFERENCE = {
    claim
    for file in (ROOT / "reference/smoke").glob("*.json")
    for claim in read_json(file)["verdicts"]
}
PUBLISHED = {claim["id"]: claim for claim in sentences.published()}
VERDICTS = re.compile(r"\b(supported|refuted)\b", re.IGNORECASE)


def sentence(entry):
    return entry["english"][:40]


@pytest.mark.parametrize("entry", ENTRIES, ids=sentence)
def test_the_fields_of_a_sentence(entry):
    assert set(entry) <= sentences.FIELDS
    assert entry["kind"] in sentences.KINDS
    assert ("how" in entry) == (entry["kind"] != sentences.EMPIRICAL)
    assert all(entry[field] for field in ("english", "chinese", "section", "scope"))
    assert re.search(r"[\u4e00-\u9fff]", entry["chinese"])
    assert entry["claims"] or "figure" in entry


@pytest.mark.parametrize("entry", ENTRIES, ids=sentence)
def test_every_sentence_names_claims_that_a_notebook_declares(entry):
    for claim in entry["claims"]:
        assert f'id="{claim}"' in CODE or claim in REFERENCE, claim  # some ids are put together


def test_a_claim_answers_one_sentence():
    named = [claim for entry in ENTRIES for claim in entry["claims"]]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("entry", ENTRIES, ids=sentence)
def test_an_empirical_sentence_has_a_primary_claim(entry):
    if entry["kind"] == sentences.EMPIRICAL:
        there = [PUBLISHED[claim] for claim in entry["claims"] if claim in PUBLISHED]
        assert not there or any(claim["primary"] for claim in there)


def of(*words, primary=True):
    return [{"verdict": word, "primary": primary} for word in words]


@pytest.mark.parametrize(
    "words, answer",
    [
        (["supported"] * 2, "supported"),
        (["harm"], "refuted"),
        (["harm", "no effect"], "refuted"),
        (["no effect", "undecided"], "undecided"),
        (["undecided"] * 3, "undecided"),
        (["supported", "no effect"], "depends"),
        (["supported", "harm", "undecided"], "depends"),
        (["supported", "undecided"], "supported in part"),
        (["supported", "cannot tell"], "supported in part"),
        (["cannot tell"], "cannot tell"),
        (["cannot tell", "harm"], "undecided"),
        ([], "not run"),
    ],
)
def test_the_answer_to_an_empirical_sentence(words, answer):
    assert sentences.judged(of(*words)) == answer


def test_secondary_claims_do_not_answer():
    claims = of("supported") + of("harm", "undecided", primary=False)
    assert sentences.judged(claims) == "supported"
    assert sentences.judged(of("supported", primary=False)) == "not run"


def a_claim(entry, verdict):
    """A row of claims.json for the sentence's first claim."""
    return {
        "id": entry["claims"][0],
        "page": "01_classical_mtl",
        "figure": "f",
        "statement": "one beats the other",
        "scope": "here",
        "measure": "accuracy",
        "arms": ["one", "other"],
        "levels": [0.84, -0.83],
        "effect": -0.01234,
        "low": None,
        "high": 0.5,
        "p": 0.5,
        "p_holm": None,
        "margin": 0.01,
        "null_contrast": None,
        "n_units": 9,
        "unit": "school",
        "primary": True,
        "declared": "before",
        "verdict": verdict,
        "why": "",
    }


OTHERS = [entry for entry in ENTRIES if entry["kind"] != sentences.EMPIRICAL and entry["claims"]]


@pytest.mark.parametrize("verdict", ["supported", "harm", "no effect", "undecided", "cannot tell"])
@pytest.mark.parametrize("entry", OTHERS, ids=sentence)
def test_a_definition_or_description_is_never_supported_or_refuted(entry, verdict):
    claims = [a_claim(entry, verdict)]
    row = next(line for line in sentences.markdown(claims).splitlines() if entry["english"] in line)
    columns = next(line for line in sentences.table(claims).splitlines() if "one beats" in line)
    shown = {
        "profile": "default",
        "sections": [],
        "claims": claims,
        "sentences": [one for one in sentences.sentences(claims) if not one["empirical"]],
        "fronts": [],
        "tally": [],
        "atlas": False,
        **sentences.FOR_TEMPLATES,
    }
    pages = [templates.template(f"{name}.html.j2").render(**shown) for name in ("index", "claims")]
    legend = templates.template("legend.html.j2").render(legend=sentences.LEGEND)
    for text in (row, columns, *(page.replace(legend, "") for page in pages)):
        assert not VERDICTS.search(re.sub(r"<[^>]*>", "", text)), text


def test_what_is_published_calls_no_definition_supported_or_refuted():
    text = front.EVERY.read_text()
    rows = [line for line in text.splitlines() if any(e["english"] in line for e in OTHERS)]
    assert len(rows) == len(OTHERS) and not [row for row in rows if VERDICTS.search(row)]


def test_effects_are_written_with_true_minus_signs_and_open_ends():
    claim = a_claim(ENTRIES[0], "harm")
    assert sentences.effect(claim) == "\u22120.012 [\u2212∞, +0.500]"
    assert sentences.levels(claim) == "accuracy 0.840 (one) against \u22120.830 (other)"


def test_every_row_names_the_best_arm_of_its_experiment():
    entry = next(entry for entry in ENTRIES if entry["claims"])
    claim = a_claim(entry, "harm") | {"best": {"arm": "a third", "level": 0.9, "of": 3}}
    row = next(line for line in sentences.markdown([claim]).splitlines() if "(one)" in line)
    assert "; best arm here: a third (0.900) (" in row
    columns = sentences.table([claim]).splitlines()
    read = next(row for row in csv.DictReader(columns) if row["claim"] == claim["id"])
    assert (read["best arm"], read["level of the best arm"]) == ("a third", "0.9")
    own = claim | {"best": {"arm": "one", "level": 0.84, "of": 2}}
    assert sentences.best(own) == "; best arm here: one"
    assert sentences.best(a_claim(entry, "harm")) == ""


def test_the_front_pages_say_what_is_published():
    assert front.outdated() == []
    claims = sentences.published()
    fronts = [entry["front"] for entry in ENTRIES if "front" in entry]
    assert len(fronts) == 5
    for page in (front.README, front.CHINESE):
        findings = page.read_text().split(front.MARKS[0])[1].split(front.MARKS[1])[0]
        assert [name for name in fronts if f"[{name}]" not in findings] == []
        for claim in claims:
            if claim["id"] in fronts:
                assert sentences.effect(claim) in " ".join(findings.split())


def test_a_front_claim_tests_its_sentence_and_is_primary():
    primary = {claim["id"]: claim["primary"] for claim in sentences.published()}
    for entry in ENTRIES:
        if "front" in entry:
            assert entry["front"] in entry["claims"] and primary[entry["front"]]


ROWS = re.findall(r"\[([\w-]+)\]\(([\w]+)/figures/([\w-]+)\.png\)", front.EVERY.read_text())


def test_every_sentence_and_the_legend_are_on_the_page_of_all_sentences():
    text = front.EVERY.read_text()
    assert [entry["english"] for entry in ENTRIES if entry["english"] not in text] == []
    lines = sentences.legend()
    assert len(lines) == 2 and all(line in text for line in lines)
    assert set(sentences.LEGEND) == set(WORDS)


@pytest.mark.parametrize(
    "unit, counted",
    [
        ("school", "131 schools"),
        ("county", "131 counties"),
        ("class pair", "131 class pairs"),
        ("draw of the speeds", "131 draws of the speeds"),
    ],
)
def test_units_are_counted_in_words(unit, counted):
    assert sentences.units({"unit": unit, "n_units": 131}) == counted


def test_a_claim_that_was_not_run_is_named():
    entry = ENTRIES[0]
    (sentence,) = [one for one in sentences.sentences([]) if one["english"] == entry["english"]]
    assert sentence["missing"] == entry["claims"]


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
