"""The page of the atlas says what the study's files say, needs no script, and is made once."""

import os
import re

import pytest
from bs4 import BeautifulSoup

from study import atlas as study_atlas
from study.atlas import steps
from suite.site import atlas, cards

ATLAS = study_atlas.load()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    atlas.write(home, "default")
    return BeautifulSoup((home / atlas.NAME).read_text(), "html.parser")


def test_every_entry_is_a_card_with_its_facts_and_traps(page):
    for entry in ATLAS.entries:
        card = page.find(id=entry.id)
        text = " ".join(card.get_text(" ").split())
        assert entry.name in text and f"A task is {entry.task}" in text
        assert card["data-reading"].split("|") == list(entry.readings)
        assert len(card.select("dl")[0].select("dd")) == len(entry.facts)
        for trap in entry.traps:
            assert " ".join(trap.value.split()) in text
        if "tasks" in entry.facts:
            assert f"{entry.facts['tasks'].value:,}" in text
        assert ("not measured" in text) == (not entry.measures)


def test_every_fact_shows_its_source(page):
    for entry in ATLAS.entries:
        details = page.find(id=entry.id).details
        links = {link["href"] for link in details.select("a")}
        for fact in (*entry.facts.values(), *entry.traps):
            address = "" if fact.source == "here" else ATLAS.sources[fact.source].address
            assert not address.startswith("http") or address in links
        if entry.loader:
            assert "counted here" in details.get_text()


def test_the_page_and_the_study_count_the_same_fields(page):
    filled, fields = ATLAS.filled()
    assert atlas.filled(cards.entries()) == (filled, fields)
    assert f"{filled:,} of {fields:,} fields are filled" in " ".join(page.get_text().split())


def test_what_scripts_do_is_hidden_without_them(page):
    assert page.form.has_attr("hidden")
    assert not any(card.has_attr("hidden") for card in page.select(".card"))
    assert [s["src"] for s in page.select("script")] == ["assets/atlas.js"]
    assert not page.select("style, [style], [onclick]")


def test_every_choice_of_a_filter_has_cards(page):
    for name, attribute in (("reading", "reading"), ("terms", "terms"), ("size", "size")):
        choices = [o.get("value", o.get_text()) for o in page.find(attrs={"name": name})("option")]
        there = "|".join(card[f"data-{attribute}"] for card in page.select(".card")).split("|")
        assert set(choices[1:]) == set(there), name


def test_sizes_are_classed_at_their_borders():
    sizes = [cards._size(total) for total in (None, 10_000, 10_001, 10**6, 10**6 + 1)]
    assert sizes == ["not found", "up to 10,000", "up to 1 million", "up to 1 million", "more"]


def test_it_is_written_again_only_if_something_changed(tmp_path):
    atlas.write(tmp_path, "smoke")
    path = tmp_path / atlas.NAME
    os.utime(path, (1, 1))
    atlas.write(tmp_path, "smoke")
    assert path.stat().st_mtime == 1
    atlas.write(tmp_path, "default")
    assert path.stat().st_mtime > 1


def test_a_study_without_an_atlas_has_no_page(tmp_path, monkeypatch):
    monkeypatch.setattr(atlas, "SETTINGS", {})
    atlas.write(tmp_path, "smoke")
    assert not atlas.there() and list(tmp_path.iterdir()) == []


def test_every_step_of_the_study_has_a_line():
    assert {*cards.STEPS} == {*steps.STEPS}
    for entry in ATLAS.entries:
        if entry.loader:
            loader = vars(entry.loader)
            assert re.search(r"mtl_lib\.[a-z_.]+\(", cards._code(loader))


@pytest.mark.parametrize(
    "loader, code",
    [
        ({"source": "exam"}, 'mtl_lib.data.load("exam")'),
        (
            {"source": "bdf", "options": {"reading": "subjects"}},
            "mtl_lib.data.load(\"bdf\", reading='subjects')",
        ),
        (
            {"source": "fashion", "step": "dirichlet", "arguments": {"clients": 10, "alpha": 0.5}},
            'mtl_lib.data.partitions.dirichlet(mtl_lib.data.load("fashion")[0], clients=10, '
            "alpha=0.5, seed=0)",
        ),
        (
            {"source": "grouped", "options": {"name": "gapminder"}},
            "mtl_lib.data.grouped.load('gapminder')",
        ),
        (
            {"source": "fashion", "step": "four questions"},
            "mtl_lib.data.features.questions.questions("
            'mtl_lib.data.features.triples.grey([mtl_lib.data.load("fashion")]))',
        ),
    ],
)
def test_the_line_that_loads_it(loader, code):
    assert cards._code(loader) == code
