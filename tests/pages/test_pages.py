"""Every page of the smoke site as a reader's browser sees it.

Policy, network, formulas, figures, links, width, accessibility (by axe-core). The site is served
with a Content-Security-Policy of 'self', and opened from disk. Each check returns what is wrong,
one line each; the last test breaks a copy of the site and sees every check report it.
"""

import contextlib
import csv
import functools
import io
import json
import re
import shutil
import sys
import threading
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag

import nbformat
import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import TimeoutError

from suite.project import NOTEBOOKS
from suite.site import sentences

pytestmark = pytest.mark.pages

POLICY = "default-src 'self'"
GUIDES = ("atlas.html", "chooser.html", "protocol.html")
NAMES = [
    "index.html",
    "claims.html",
    *GUIDES,
    *sorted(f"{path.stem}/index.html" for path in NOTEBOOKS.glob("*.ipynb")),
]
WIDTHS = (1280, 375)

# Display and inline formulas and bare environments; fenced blocks, code spans and \$ are none.
CODE = re.compile(r"^ *(```|~~~).*?^ *\1|(`+)(?!`).+?(?<!`)\2(?!`)|\\\$", re.M | re.S)
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+\$|\\begin\{(\w+\*?)\}.+?\\end\{\1\}", re.S)

WATCH = """
window.violations = [];
document.addEventListener(
  "securitypolicyviolation",
  e => violations.push(`${e.effectiveDirective}: ${e.blockedURI} ${e.sourceFile}`));
"""

FACTS = r"""async () => {
  for (const image of document.images) {
    image.loading = "eager";
    await image.decode().catch(() => null);
  }
  const all = selector => [...document.querySelectorAll(selector)];
  const formula = node => node.parentElement.closest("mjx-container");
  const code = node => node.parentElement.closest("pre, code");
  const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.data.trim() && !formula(node)) texts.push(node);
  }

  return {
    violations: window.violations,
    math: !!document.querySelector("script[src*=mathjax]"),
    formulas: all("main mjx-container").length,
    // red: an undefined macro
    errors: all('[data-mml-node="merror"], mjx-merror')
      .concat(all('mjx-container [data-mml-node="mtext"][fill="red"]'))
      .map(e => e.closest("mjx-container").textContent.trim()),
    dollars: texts.filter(t => t.data.includes("$") && !code(t)).map(t => t.data.trim()),
    images: all("img").map(i => ({src: i.getAttribute("src"), alt: i.alt, width: i.naturalWidth})),
  };
}"""

AXE = Path(sys.prefix) / ".pages" / "axe_playwright_python" / "axe.min.js"
# axe leaves text on a gradient to people: the shadows at the edges of what scrolls go first
FLAT = """() => {
  const sheet = document.styleSheets[0];
  sheet.insertRule('* { background-image: none !important }', sheet.cssRules.length);
}"""
# A formula is text that axe does not read.
BARRIERS = """axe.run(document, {resultTypes: ["violations"]}).then(found =>
  found.violations.flatMap(rule => rule.nodes
    .filter(node => rule.id !== "empty-table-header"
      || !document.querySelector(node.target[0]).querySelector("mjx-container"))
    .map(node => `${rule.id}: ${node.html.slice(0, 80)}`)))"""


@dataclass(frozen=True)
class Seen:
    """A page after it has come to rest.

    ``facts`` is what FACTS finds in it, ``trouble`` comes from requests and console, ``barriers``
    from axe.
    """

    folder: Path
    name: str
    trouble: list[str]
    facts: dict
    overflow: list[str]
    barriers: list[str]

    @property
    def file(self) -> Path:
        return self.folder / self.name


@contextlib.contextmanager
def served(folder: Path):
    """The folder on 127.0.0.1 under the policy; yields its address."""

    class Handler(SimpleHTTPRequestHandler):
        def end_headers(self):
            self.send_header("Content-Security-Policy", POLICY)
            super().end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=folder)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@functools.cache
def see(browser, folder: Path, name: str, from_disk: bool = False) -> Seen:
    """Open a page, wait for its formulas and figures, and note everything that went wrong."""
    with (
        contextlib.nullcontext(folder.as_uri()) if from_disk else served(folder) as base,
        browser.new_context(viewport={"width": WIDTHS[0], "height": 900}) as context,
    ):
        trouble = []
        overflow = []
        barriers = []

        def gate(route):
            if route.request.url.startswith(f"{base}/"):
                return route.continue_()
            trouble.append(f"request outside the site: {route.request.url}")
            return route.abort()

        context.add_init_script(WATCH)
        context.route("**/*", gate)
        page = context.new_page()
        page.on("requestfailed", lambda request: trouble.append(f"failed: {request.url}"))
        page.on(
            "response",
            lambda response: (
                response.status >= 400 and trouble.append(f"{response.status}: {response.url}")
            ),
        )
        page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning") and trouble.append(f"console: {message.text}")
            ),
        )
        page.on("pageerror", lambda error: trouble.append(f"script: {error}"))
        page.goto(f"{base}/{name}")
        if page.locator("script[src*=mathjax]").count():
            try:
                page.wait_for_selector('html[data-math="ready"]', state="attached", timeout=20_000)
            except TimeoutError:
                trouble.append("formulas: not ready after 20 s")
        facts = page.evaluate(FACTS)
        if not from_disk:
            page.evaluate(AXE.read_text())
            page.evaluate(FLAT)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            needed = page.evaluate("document.documentElement.scrollWidth")
            overflow += [f"{needed} pixels wide in a window of {width}"] if needed > width else []
            barriers += [] if from_disk else page.evaluate(BARRIERS)
        return Seen(folder, name, trouble, facts, overflow, barriers)


def count_formulas(markdown: str) -> int:
    return len(FORMULA.findall(CODE.sub("", markdown)))


def sources(seen: Seen) -> list[str]:
    """The Markdown and the captions a page is made from."""
    if seen.name in GUIDES:
        return []
    if seen.name in ("index.html", "claims.html"):
        sections = [folder.parent for folder in seen.folder.glob("*/index.html")]
        figures = [
            figure
            for section in sections
            for figure in json.loads((section / "figures.json").read_text()).values()
        ]
        claims = [
            claim
            for section in sections
            for claim in json.loads((section / "claims.json").read_text())
        ]
        if seen.name == "index.html":
            return [figure["caption"] for figure in figures]
        return [claim[key] for claim in claims for key in ("statement", "contrast")]
    cells = nbformat.read(seen.file.parent / "notebook.ipynb", as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", []) if "data" in output]
    captions = [output.metadata.mtl.caption for output in outputs if "mtl" in output.metadata]
    return (
        [cell.source for cell in cells if cell.cell_type == "markdown"]
        + captions
        + [o.data.get("text/markdown", "") for o in outputs]
    )


# The checks: what is wrong with a page, one line each.


def network_and_policy(seen: Seen) -> list[str]:
    return seen.trouble + [f"policy: {violation}" for violation in seen.facts["violations"]]


def formulas(seen: Seen) -> list[str]:
    facts = seen.facts
    expected = sum(map(count_formulas, sources(seen)))
    wrong = (
        [f"{facts['formulas']} formulas typeset, {expected} in the sources"]
        if facts["formulas"] != expected
        else []
    )
    return (
        wrong
        + [f"formula error: {text}" for text in facts["errors"]]
        + [f"raw $: {text[:60]}" for text in facts["dollars"]]
    )


def figures(seen: Seen) -> list[str]:
    images = {image["src"]: image for image in seen.facts["images"]}
    wrong = [f"not loaded: {image['src']}" for image in images.values() if not image["width"]]
    wrong += [
        f"no alt text: {image['src']}" for image in images.values() if not image["alt"].strip()
    ]
    folders = (
        [seen.file.parent]
        if (seen.file.parent / "figures.json").is_file()
        else [path.parent for path in seen.folder.glob("*/figures.json")]
    )
    if seen.name in ("claims.html", *GUIDES):
        return wrong
    recorded = {
        path: (folder / path).relative_to(seen.file.parent).as_posix()
        for folder in folders
        for path in [
            f"figures/{name}.svg" for name in json.loads((folder / "figures.json").read_text())
        ]
    }
    return wrong + [f"recorded, not shown: {src}" for src in recorded.values() if src not in images]


def links(seen: Seen) -> list[str]:
    """Targets inside the page and beside it must exist; links to the web are left alone."""
    wrong = []
    for tag in _soup(seen.file).select("[href], [src]"):
        target = tag.get("href", tag.get("src"))
        place, fragment = urldefrag(target)
        place = place.split("?")[0]
        if re.match(r"[a-z]+:", target):
            continue
        file = seen.file.parent / unquote(place) if place else seen.file
        if not file.resolve().is_relative_to(seen.folder) or not file.is_file():
            wrong.append(f"no such file: {target}")
        elif fragment and not _soup(file).find(id=unquote(fragment)):
            wrong.append(f"no such place: {target}")
    return wrong


def width(seen: Seen) -> list[str]:
    return seen.overflow


def accessibility(seen: Seen) -> list[str]:
    return seen.barriers


CHECKS = (network_and_policy, formulas, figures, links, width, accessibility)


@functools.cache
def _soup(file: Path) -> BeautifulSoup:
    return BeautifulSoup(file.read_text(), "html.parser")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_whole(site, browser, name, check):
    assert check(see(browser, site, name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_from_disk(site, browser, name):
    seen = see(browser, site, name, from_disk=True)
    assert network_and_policy(seen) + formulas(seen) + figures(seen) == []


@pytest.mark.parametrize("page", ["index.html", "claims.html"])
def test_the_index_leads_to_every_section(site, page):
    assert {name for name in NAMES if "/" in name} <= {
        a["href"] for a in _soup(site / page).select("nav a")
    }


def test_the_atlas_filters_and_sorts_and_is_a_list_without_scripts(site, browser):
    address = (site / "atlas.html").as_uri()
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address)
        assert not page.locator(".filters").is_visible()
        everything = page.locator(".card:visible").count()
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}?reading=2&partition=made")
        cards = page.locator(".card:visible")
        assert 0 < cards.count() < everything == page.locator(".card").count()
        assert page.locator(".count").inner_text() == f"{cards.count()} data sets"
        for card in cards.all():
            assert card.get_attribute("data-partition") == "made"
            assert "2" in card.get_attribute("data-reading").split("|")
        page.locator("[name=reading]").select_option("")
        page.locator("[name=partition]").select_option("")
        page.locator("[name=order]").select_option("total")
        totals = [card.get_attribute("data-total") for card in cards.all()]
        known = [int(total) for total in totals if total]
        assert len(totals) == everything and known == sorted(known)
        assert not any(totals[len(known) :])


def test_every_sentence_has_an_answer_and_every_claim_its_effect(site):
    soup = _soup(site / "claims.html")
    files = site.glob("0*/claims.json")
    claims = [claim for file in files for claim in json.loads(file.read_text())]
    rows = list(csv.DictReader(io.StringIO((site / "claims.csv").read_text())))
    entries = sentences.sentences([claim | {"page": "x"} for claim in claims])
    answers = {entry["english"]: entry["answer"] for entry in entries}
    assert [heading.get_text() for heading in soup.select("h2[id]")] == list(answers)
    assert {row["sentence"]: row["answer"] for row in rows} == answers
    assert sentences.NOT_RUN not in answers.values()
    text = soup.get_text()
    for claim in claims:
        said = (claim["id"], sentences.effect(claim), sentences.levels(claim))
        assert [part for part in said if part not in text] == []


def test_alternative_texts_state_what_came_out_and_are_all_different(site):
    seen = {}
    for file in sorted(site.glob("0*/index.html")):
        claims = json.loads((file.parent / "claims.json").read_text())
        for image in _soup(file).select("figure img"):
            figure = Path(image["src"]).stem
            assert image["alt"] not in seen, f"{figure} and {seen.get(image['alt'])}"
            seen[image["alt"]] = figure
            for claim in (claim for claim in claims if claim["figure"] == figure):
                assert sentences.effect(claim) in image["alt"] and claim["verdict"] in image["alt"]
    assert len(seen) > 50


def test_sections_lead_to_their_neighbours(site):
    pages = [name for name in NAMES if name.endswith("/index.html")]
    for k, name in enumerate(pages):
        links = [a["href"].removeprefix("../") for a in _soup(site / name).select(".beside a")]
        assert links == [*pages[max(k - 1, 0) : k], *pages[k + 1 : k + 2]]


def test_figures_lead_to_their_cell_and_say_what_made_them(site):
    for file in sorted(site.glob("0*/index.html")):
        soup = _soup(file)
        for figure in soup.select("figure[id]"):
            place = soup.find(id=figure["id"].replace("fig-", "cell-"))
            assert place is not None and "rec.figure" in place.get_text(), figure["id"]
            module, function = figure.select_one("code").get_text().split(", ")
            assert f"def {function}(" in (NOTEBOOKS.parent / module).read_text()
        assert soup.find(id="parameters") and "seed" in soup.find(id="parameters").get_text()


def test_every_colour_of_the_stylesheet_can_be_read(site, browser, tmp_path):
    style = (site / "assets" / "style.css").read_text()
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", style, flags=re.S))
    selectors = [
        selector.strip()
        for names, body in rules
        if re.search(r"(?<![\w-])color:", body)
        for selector in names.split(",")
    ]
    of_classes = [name for name in selectors if re.fullmatch(r"(\.[\w-]+)+", name)]
    classes = [name.replace(".", " ") for name in of_classes]
    assert {" verdict refuted", " quiet", " c1"} <= set(classes)
    (tmp_path / "style.css").write_text(style)
    spans = "".join(f'<span class="{names}">text</span>' for names in classes)
    (tmp_path / "colours.html").write_text(
        f'<link rel="stylesheet" href="style.css">{spans}<div class="highlight">{spans}</div>'
    )
    assert [
        barrier
        for barrier in see(browser, tmp_path, "colours.html").barriers
        if "contrast" in barrier
    ] == []


@pytest.mark.parametrize(
    "markdown, number",
    [
        ("With $T$ tasks:\n\n$$\\sum_t\nc_t$$\n\nand $w_t$", 3),
        ("`$x$` and ``a ` $y$``", 0),
        ("```\n$x$\n```\n$y$", 1),
        ("US\\$ 5 and \\$6", 0),
        ("\\begin{align*}a&=b\\end{align*} and $$\\begin{cases}1\\end{cases}$$", 2),
    ],
)
def test_formulas_are_counted_as_markdown_reads_them(markdown, number):
    assert count_formulas(markdown) == number


FAULTS = [
    (network_and_policy, '<p style="color:red">red</p>', "policy: style-src-attr: inline"),
    (network_and_policy, "<script>window.x = 1</script>", "policy: script-src-elem: inline"),
    (
        network_and_policy,
        '<img src="https://example.org/a.png" alt="a">',
        "https://example.org/a.png",
    ),
    (network_and_policy, '<img src="figures/none.svg" alt="none">', "404: "),
    (formulas, r"<p>$\undefinedmacro + 1$</p>", r"formula error: \undefinedmacro"),
    (formulas, "<p>$1^2^3$</p>", "formula error: Double exponent"),
    (formulas, r"<p>$\frac{1$</p>", r"raw $: $\frac{1$"),
    (formulas, "<p>it costs $ 5</p>", "raw $: it costs"),
    (formulas, "<p>$y$</p>", "in the sources"),
    (figures, '<img src="figures/none.svg" alt="none">', "not loaded: figures/none.svg"),
    (figures, '<img src="figures/who-loses.png" alt="">', "no alt text: figures/who-loses.png"),
    (links, '<a href="#nowhere">to</a>', "no such place: #nowhere"),
    (links, '<a href="../02/index.html">to</a>', "no such file: ../02/index.html"),
    (width, '<img src="figures/who-loses.png" alt="">', "pixels wide in a window of 1280"),
    (accessibility, "<h5>deep</h5>", "heading-order: <h5>deep"),
    (accessibility, '<a href="index.html"> </a>', "link-name: <a href"),
    (accessibility, '<p class="faint">faint</p>', "color-contrast: <p"),
    (
        accessibility,
        '<div class="highlight"><span class="faint">code</span></div>',
        'color-contrast: <span class="faint">code',
    ),
    (accessibility, '<img src="figures/who-loses.png">', "image-alt: <img"),
    (
        accessibility,
        '<pre class="long">' + "long " * 99 + "</pre>",
        "scrollable-region-focusable: <pre",
    ),
]


def test_every_check_can_fail(site, browser, tmp_path):
    copy = tmp_path / "site"
    shutil.copytree(site, copy)
    name = "01_classical_mtl/index.html"
    page = copy / name
    style = copy / "assets" / "style.css"
    recorded = copy / "01_classical_mtl" / "figures.json"
    page.write_text(
        page.read_text().replace("</main>", "\n".join(html for _, html, _ in FAULTS) + "</main>")
    )
    style.write_text(style.read_text() + ".faint { color: #888; } .long { overflow-x: auto; }")
    recorded.write_text(json.dumps(json.loads(recorded.read_text()) | {"lost": {}}))
    seen = see(browser, copy, name)
    reported = {check: "\n".join(check(seen)) for check in CHECKS}
    expected = [*FAULTS, (figures, "", "recorded, not shown: figures/lost.svg")]
    assert [fault for fault in expected if fault[2] not in reported[fault[0]]] == []
    assert (
        "request outside the site: https://example.org/a.png"
        in see(browser, copy, name, from_disk=True).trouble
    )  # no policy there
