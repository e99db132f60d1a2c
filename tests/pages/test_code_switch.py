"""Code is folded; one switch opens it, plumbing stays, and a link to a cell opens that cell."""

import pytest

pytestmark = pytest.mark.pages

PAGE = "01_classical_mtl/index.html"


@pytest.fixture(params=[1280, 375])
def page(request, browser, site):
    with browser.new_context(viewport={"width": request.param, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"{site.as_uri()}/{PAGE}")
        yield page


def opened(page, kind: str) -> list[bool]:
    return page.locator(f"details.fold.{kind}").evaluate_all("all => all.map(one => one.open)")


def test_the_switch_opens_and_closes_all_code_but_plumbing(page):
    switch = page.locator(".code-switch")
    assert len(opened(page, "code")) > 10 and not any(opened(page, "code"))
    switch.click()
    assert all(opened(page, "code")) and not any(opened(page, "plumbing"))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    switch.click()
    assert not any(opened(page, "code"))


def test_a_figures_link_to_its_cell_opens_the_code(page):
    link = page.locator('figure a[href^="#cell-"]').first
    link.click()
    cell = page.locator(link.get_attribute("href"))
    cell.wait_for(state="visible", timeout=2000)
    assert sum(opened(page, "code")) == 1


def test_the_answers_come_before_code_and_experiments(page):
    assert page.locator("h2").first.text_content() == "In short"
    assert page.locator("details, figure").first.text_content().startswith("parameters of this run")
