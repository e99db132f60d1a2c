"""A new reader comes to the index with data and leaves with data sets, traps and baselines.

Five situations, on a wide screen and on a telephone, without a network.
"""

import time

import pytest

from suite.site import chooser

pytestmark = pytest.mark.pages

# What the reader says, answer by answer.
SITUATIONS = {
    "one table with groups": ("rows of one table, with a column that groups them", "one"),
    "several tables": ("several tables", "yes, and the same target"),
    "sites": ("sites or devices that share no rows", "no, or something else"),
    "one input, several labels": (
        "one input with several labels",
        "of different kinds, and every input has them all",
    ),
    "several inputs": ("several inputs, with a label each", "no"),
}


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("said", SITUATIONS.values(), ids=SITUATIONS)
def test_from_the_index_to_data_and_baselines_within_a_minute(site, browser, said, width):
    began = time.perf_counter()
    with browser.new_context(viewport={"width": width, "height": 800}, offline=True) as context:
        page = context.new_page()
        page.goto((site / "index.html").as_uri())
        page.locator("main a[href='chooser.html']").first.click()
        for answer in said:
            assert page.locator(".step:visible").count() == 1
            _follow(page, page.locator(".answers:visible").get_by_text(answer, exact=True))
        end = page.locator(".step:visible")
        text = end.inner_text()
        assert end.count() == 1 and "Baselines to run" in text
        assert text.count("Trap") >= 3 and "alone" in text
        sets = end.locator("a[href^='atlas.html#']")
        assert sets.count() >= 3
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        _the_atlas_shows_those_like_it(page, end)
    assert time.perf_counter() - began < 60


def _follow(page, link):
    """Click a link to a part of the page, and wait until that part is the one that is shown."""
    part = link.get_attribute("href")
    link.click()
    page.locator(part).wait_for(state="visible")


def _the_atlas_shows_those_like_it(page, end):
    """The link sets the filters, and the page says how many are left."""
    link = end.locator("a[href^='atlas.html?']")
    promised = int(link.inner_text().split()[0])
    link.click()
    page.locator(".filters").wait_for(state="visible")
    assert page.locator(".count").inner_text() == f"{promised} data sets"
    assert page.locator(".card:visible").count() == promised >= 3


def test_the_back_button_takes_an_answer_back(site, browser):
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto((site / "chooser.html").as_uri())
        first = page.locator(".step:visible").inner_text()
        _follow(page, page.locator(".answers:visible a").first)
        assert page.locator(".step:visible").inner_text() != first
        page.go_back()
        page.locator("#start").wait_for(state="visible")
        assert page.locator(".step:visible").inner_text() == first


def test_without_scripts_all_of_it_is_a_list(site, browser):
    with browser.new_context(java_script_enabled=False, offline=True) as context:
        page = context.new_page()
        page.goto((site / "chooser.html").as_uri())
        written = chooser.written_file()
        parts = len(written["questions"]) + len(written["ends"])
        assert page.locator(".step:visible").count() == parts
        page.locator(".answers a").first.click()
        assert page.url.endswith(f"#{written['questions']['start']['answers'][0]['to']}")
