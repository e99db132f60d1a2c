"""The chooser's page leads to every end without scripts, and names what the study names."""

import os
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup

from study.guide import chooser as study_chooser
from suite.site import atlas, cards, chooser

CHOOSER = study_chooser.load()
CLAIM = {
    "id": "1-beats-better",
    "statement": "Relating tasks saves error.",
    "scope": "schools",
    "verdict": "no effect",
    "effect": 0.001,
    "low": -0.002,
    "high": 0.004,
    "page": "01_classical_mtl",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    (folder / "01_classical_mtl").mkdir()
    (folder / "01_classical_mtl" / "index.html").touch()
    chooser.write(folder, "default", [CLAIM])
    atlas.write(folder, "default")
    return folder


@pytest.fixture(scope="module")
def page(home):
    return BeautifulSoup((home / chooser.NAME).read_text(), "html.parser")


def test_every_way_can_be_clicked_without_scripts(page):
    for said, end in CHOOSER.paths():
        place = page.find(id=study_chooser.FIRST)
        for answer in said:
            (link,) = [a for a in place.select(".answers a") if a.get_text() == answer]
            place = page.find(id=link["href"].removeprefix("#"))
        assert place["id"] == end
        assert " › ".join(said) in place.get_text()
    assert not page.select("[hidden], style, [style], [onclick]")
    assert [s["src"] for s in page.select("script")] == ["assets/chooser.js"]


@pytest.mark.parametrize("name", CHOOSER.ends)
def test_an_end_shows_what_the_study_says(page, name):
    end = CHOOSER.ends[name]
    part = page.find(id=name)
    text = " ".join(part.get_text(" ").split())
    assert end.means in text and atlas.READINGS[end.reading] in text
    for key in end.baselines:
        assert CHOOSER.baselines[key].name in text
    entries = {entry["id"]: entry for entry in cards.entries()}
    for key in end.sets:
        assert all(" ".join(trap["is"].split()) in text for trap in entries[key]["traps"])
        assert part.find("a", href=f"atlas.html#{key}")


@pytest.mark.parametrize("name", CHOOSER.ends)
def test_the_link_to_the_atlas_sets_filters_that_leave_so_many(home, page, name):
    link = page.find(id=name).find("a", href=lambda address: address.startswith("atlas.html?"))
    filters = {key: values[0] for key, values in parse_qs(urlsplit(link["href"]).query).items()}
    assert filters == CHOOSER.ends[name].atlas
    cards_of = BeautifulSoup((home / atlas.NAME).read_text(), "html.parser").select(".card")
    left = [
        card
        for card in cards_of
        if all(value in card[f"data-{key}"].split("|") for key, value in filters.items())
    ]
    assert link.get_text() == f"{len(left)} in the atlas"


def test_a_claim_that_was_run_shows_its_verdict_and_others_say_so(page):
    part = page.find(id="grouped-table")
    link = part.find("a", href="claims.html#claim-1-beats-better")
    assert link.get_text() == CLAIM["statement"]
    assert part.select_one(".verdict").get_text() == "no effect"
    assert "1-beats-pooled: not run here" in part.get_text()


def test_a_notebook_without_a_page_is_no_link(page):
    assert page.find("a", href="01_classical_mtl/index.html")
    assert not page.find("a", href="02_federated_vs_classical/index.html")


def test_it_is_written_again_only_if_something_changed(tmp_path):
    chooser.write(tmp_path, "smoke", [CLAIM])
    path = tmp_path / chooser.NAME
    for claim, kept in ((CLAIM, True), ({**CLAIM, "verdict": "harm"}, False)):
        os.utime(path, (1, 1))
        chooser.write(tmp_path, "smoke", [claim])
        assert (path.stat().st_mtime == 1) == kept


def test_a_section_leads_to_the_ends_that_lead_to_it():
    links = chooser.of_section("01_classical_mtl")
    assert links["One table, its groups are the tasks"] == "chooser.html#grouped-table"
    assert chooser.of_section("none") == {}


def test_a_study_without_a_chooser_has_no_page(tmp_path, monkeypatch):
    monkeypatch.setattr(chooser, "SETTINGS", {})
    chooser.write(tmp_path, "smoke", [])
    assert chooser.of_section("01_classical_mtl") == {} and list(tmp_path.iterdir()) == []
