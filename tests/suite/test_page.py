"""What a section's page makes of its notebook: answers first, code folded, parameters told."""

import nbformat
import pytest
from bs4 import BeautifulSoup

from suite.project import NOTEBOOKS
from suite.site import code, in_short

CLAIM = {
    "id": "1-helps",
    "statement": "Relating helps.",
    "primary": True,
    "verdict": "supported",
    "why": "",
    "measure": "error",
    "arms": ["related", "alone"],
    "levels": [0.25, 0.5],
    "effect": 0.25,
    "low": 0.2,
    "high": 0.3,
    "unit": "school",
    "n_units": 65,
}


def lines(*claims: dict) -> list[str]:
    return [line for line in in_short.answers(list(claims)).splitlines() if line.startswith("- ")]


def test_an_answer_has_statement_verdict_levels_interval_and_units():
    assert lines(CLAIM) == [
        "- *Relating helps.* **Supported**: error 0.250 (related) against 0.500 (alone), "
        "gain +0.250 [+0.200, +0.300], 65 schools."
    ]
    blind = CLAIM | {"verdict": "cannot tell", "why": "no headroom for a gain"}
    assert lines(blind)[0].endswith("65 schools. No headroom for a gain.")


def test_primary_claims_come_first_and_secondary_ones_only_fill_up():
    second = CLAIM | {"primary": False, "statement": "Another."}
    assert [("(secondary)" in line) for line in lines(*[second] * 5, CLAIM)] == [False, True, True]
    assert len(lines(*[second] * 5, *[CLAIM] * 4)) == 4
    many = in_short.answers([CLAIM] * 9)
    assert many.count("Supported") == 6 and "3 more primary claims" in many


def test_a_section_without_claims_and_a_simulated_one_say_so():
    assert "tests no claim" in in_short.answers([])
    assert in_short.SIMULATED in in_short.answers([CLAIM], simulated=True)


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_second_cell_of_a_notebook_takes_the_answers(path):
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[1].metadata.get("tags") == [in_short.TAG]
    assert path.stem in notebook.cells[1].source
    assert in_short.fill(notebook, [CLAIM])
    assert "Relating helps." in notebook.cells[1].source
    assert not in_short.fill(notebook, [CLAIM])


@pytest.mark.parametrize(
    "source, is_plumbing",
    [
        ("import numpy as np\nfrom study import record", True),
        ('rec = record.open("a")', True),
        ("for name in names:\n    rec.metric(name, 1.0)", True),
        ("rec.done()", True),
        ("fits = solve(tasks)", False),
        ('import numpy as np\nrec.figure("a", fig)', False),
        ("%timeit 1", False),
    ],
)
def test_plumbing_is_what_no_reader_waits_for(source, is_plumbing):
    assert code.plumbing(source) is is_plumbing


def page(*cells: str) -> BeautifulSoup:
    """A page of code cells; what stands after ``->`` came out of one."""
    parts = []
    for cell in cells:
        source, _, out = cell.partition(" -> ")
        shown = f"<div>{out}</div>" if out else ""
        parts.append(f'<div class="code_cell"><div class="input">{source}</div>{shown}</div>')
    return BeautifulSoup("".join(parts), "html.parser")


def test_code_is_folded_and_what_came_out_is_not():
    soup = page("import numpy", "fits = solve()\nfits -> 3", "fits = solve() -> 4")
    code.fold(soup)
    folds = [fold.summary.string for fold in soup.select("details")]
    assert folds == ["plumbing, 1 line", "code, 2 lines", "code, 1 line"]
    assert all(fold.get("open") is None for fold in soup.select("details"))
    assert [out.string for out in soup.select(".code_cell > div")] == ["3", "4"]


def test_cells_that_follow_each_other_share_a_line_until_something_comes_out():
    soup = page("import a", "import b", "x = f()", "y = f()", "z = f() -> 3", "w = f()")
    code.fold(soup)
    folds = [fold.summary.string for fold in soup.select("details")]
    assert folds == ["plumbing, 2 lines", "code, 3 lines", "code, 1 line"]
    assert [cell.get_text()[-1] for cell in soup.select(".code_cell")] == ["b", "3", ")"]


def test_parameters_are_a_table_that_names_what_differs_and_what_it_means():
    soup = page("seed = 0", "import numpy")
    code.parameters(soup, "01_classical_mtl", {"margin": 0.5, "splits": 10})
    table = soup.select_one("table.parameters")
    rows = {row.td.string: row.find_all("td") for row in table.find_all("tr")[1:]}
    assert list(rows) == ["splits", "margin"]  # the order of params/
    assert rows["splits"][1].string == "10" and "splits" in rows["splits"][2].string
    assert rows["margin"][1].string.startswith("0.5 (by default ")
    assert soup.select_one("summary").string == "parameters of this run: 2, 1 other than by default"
