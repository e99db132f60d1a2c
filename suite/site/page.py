"""The page of one executed notebook.

Figures are files with what made them; there is a contents list, and the way to other sections.
Pages must load under a Content-Security-Policy of 'self', so whatever nbconvert or pandas put
inline is taken out and one stylesheet is linked instead.
"""

import copy
import html
import re
from pathlib import Path

from suite import plan
from suite.project import read_json, write_text
from suite.site import chooser, code, in_short, makers, templates

# Modules whose text decides how a page looks.
MODULES = ("page", "makers", "templates", "sentences", "chooser", "code", "in_short")
PARTS = ("page.html.j2", "top.html.j2")


def strip(path: Path) -> None:
    """Take papermill's timings and paths of this machine out of an executed notebook."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    for part in (notebook, *notebook.cells):
        part.metadata.pop("papermill", None)
    nbformat.write(notebook, path)


def write(folder: Path, there: list[str] = ()) -> None:
    """Write ``index.html`` beside ``notebook.ipynb``, and the answers into that notebook.

    Parameters
    ----------
    folder : Path
        The run's folder.
    there : list of str
        The sections that have a page, in order.
    """
    import nbformat
    from bs4 import BeautifulSoup

    notebook = nbformat.read(folder / "notebook.ipynb", as_version=4)
    provenance = read_json(folder / "provenance.json")
    claims = read_json(folder / "claims.json") or []
    values = provenance["inputs"]["params"]
    if in_short.fill(notebook, claims, bool(values.get("simulated"))):
        nbformat.write(notebook, folder / "notebook.ipynb")
    soup = BeautifulSoup(_converted(_with_figures(notebook, claims)), "html.parser")
    title = _clean(soup) or provenance["section"]
    code.parameters(soup, provenance["section"], values)
    code.fold(soup)
    text = templates.template("page.html.j2").render(
        title=title,
        body=str(soup),
        contents=_contents(soup),
        provenance=provenance,
        version=version(),
        beside=_beside(provenance["section"], there),
        situations=chooser.of_section(provenance["section"]),
    )
    write_text(folder / "index.html", text)


def current(folder: Path, there: list[str] = ()) -> bool:
    """Whether the page was made by this module and template, and leads to its neighbours.

    Parameters
    ----------
    folder : Path
        The run's folder.
    there : list of str
        The sections that have a page, in order.

    Returns
    -------
    bool
    """
    text = (folder / "index.html").read_text()
    section = read_json(folder / "provenance.json")["section"]
    links = [f'href="../{name}/index.html"' in text for name in _beside(section, there)]
    return f'content="{version()}"' in text and all(links)


def version() -> str:
    """Hash of the modules that make a page, of its templates, and of the ways that lead to it."""
    hashes = [plan.module_hash(f"suite.site.{name}") for name in MODULES]
    files = [plan.file_hash(templates.ASSETS / name) for name in PARTS]
    return "".join([*hashes, *files, chooser.file_hash()])


def _beside(section: str, there: list[str]) -> dict[str, str]:
    """Section -> "previous: title" or "next: title" of those beside this one."""
    if section not in there:
        return {}
    place = list(there).index(section)
    around = {}
    if place > 0:
        around[there[place - 1]] = "previous"
    if place + 1 < len(there):
        around[there[place + 1]] = "next"
    return {name: f"{way}: {templates.title(name)}" for name, way in around.items()}


def _with_figures(notebook, claims: list[dict]):
    """A copy whose recorded figures point at their files and say what made them.

    Each parameter is shown once: the cell of the defaults goes where papermill put in its own.
    """
    import nbformat

    notebook = copy.deepcopy(notebook)
    if any(_has_tag(cell, "injected-parameters") for cell in notebook.cells):
        notebook.cells = [cell for cell in notebook.cells if not _has_tag(cell, "parameters")]
    names = makers.called(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            figure = output.get("metadata", {}).get("mtl")
            if figure:
                maker = makers.made_by(cell.source, names)
                shown = _figure(figure, claims, maker)
                output["data"] = nbformat.from_dict({"text/html": shown})
    return notebook


def _has_tag(cell, tag: str) -> bool:
    return tag in cell.metadata.get("tags", [])


def _converted(notebook) -> str:
    """nbconvert's basic page, without three quarters of its work.

    Its ``from_notebook_node`` parses the page once more, to add what ``write`` adds itself, and its
    ``clean_html`` parses highlighted code, where everything is escaped.
    """
    from nbconvert import HTMLExporter, TemplateExporter
    from nbconvert.filters import Highlight2HTML
    from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter

    exporter = HTMLExporter(template_name="basic")
    exporter.register_filter("clean_html", lambda highlighted: highlighted)
    exporter.register_filter(
        "highlight_code", Highlight2HTML(pygments_lexer="ipython3", parent=exporter)
    )
    exporter.register_filter(
        "filter_data_type",
        WidgetsDataTypeFilter(notebook_metadata={}, resources={}, parent=exporter),
    )
    resources = exporter._init_resources({})
    page, _ = TemplateExporter.from_notebook_node(exporter, notebook, resources)
    return page


def _figure(recorded: dict, claims: list[dict], maker: str | None) -> str:
    """A recorded figure (figure, caption, alt) with the links to its files, cell and parameters."""
    name = recorded["figure"]
    links = [
        f'<a href="figures/{name}.{kind}" download>{kind.upper()}</a>'
        for kind in ("svg", "png", "csv")
    ]
    links.append(f'<a href="#cell-{name}">cell</a>')
    links.append('<a href="#parameters">parameters</a>')
    if maker:
        links.append(f"<code>{html.escape(maker)}</code>")
    alt = html.escape(templates.described(name, recorded["alt"], claims))
    image = f'<img src="figures/{name}.svg" alt="{alt}">'
    files = f'<span class="files">{" ".join(links)}</span>'
    caption = f"<figcaption>{html.escape(recorded['caption'])} {files}</figcaption>"
    return f'<figure id="fig-{name}"><a href="figures/{name}.svg">{image}</a>{caption}</figure>'


def _clean(soup) -> str | None:
    """Remove what the policy forbids, and make tables and ids plain; the first heading."""
    for tag in soup.find_all(["style", "script"]):
        tag.decompose()
    for tag in soup.find_all(True):
        for attribute in ("style", "border", "align"):
            tag.attrs.pop(attribute, None)
    for anchor in soup.select("a.anchor-link"):
        heading = anchor.parent
        anchor.decompose()
        heading["id"] = re.sub(r"[^a-z0-9]+", "-", heading.get_text().lower()).strip("-")
    _let_tables_scroll(soup)
    for prompt in soup.select("div.prompt"):
        prompt.decompose()
    _name_cells(soup)
    first = soup.find("h1")
    return first.get_text() if first else None


def _let_tables_scroll(soup) -> None:
    """Wrap tables; pandas's corner heads nothing, so that it is no head."""
    for table in soup.find_all("table"):
        table.wrap(soup.new_tag("div", attrs={"class": "table", "tabindex": "0"}))
    for head in soup.find_all("th"):
        if not head.find("img") and not head.get_text(strip=True):
            head.name = "td"


def _name_cells(soup) -> None:
    """Ids of the cells that drew figures, and of the parameters' cell."""
    for figure in soup.select("figure[id]"):
        cell = figure.find_parent(class_="code_cell")
        source = cell.select_one(".input, .inner_cell, .highlight") or cell
        source["id"] = f"cell-{figure['id'].removeprefix('fig-')}"
    # The first code cell: both notebooks and papermill put the parameters there.
    parameters = soup.select_one(".code_cell")
    if parameters:
        parameters["id"] = "parameters"


def _contents(soup) -> list[tuple[str, str]]:
    """(id, text) of the second-level headings."""
    return [(heading["id"], heading.get_text()) for heading in soup.find_all("h2")]
