"""The page of one executed notebook: figures as files with what made them, no inline style or script, contents list, the way to other sections.

Pages must load under a Content-Security-Policy of 'self', so whatever nbconvert or pandas put
inline is taken out and one stylesheet is linked instead.
"""

import ast
import copy
import html
import re
from pathlib import Path

from suite import plan
from suite.project import SETTINGS, read_json, write_text
from suite.site import templates


def strip(path: Path) -> None:
    """Take papermill's timings and paths of this machine out of an executed notebook."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    for part in (notebook, *notebook.cells):
        part.metadata.pop("papermill", None)
    nbformat.write(notebook, path)


def write(folder: Path, there: list[str] = ()) -> None:
    """Write ``index.html`` beside ``notebook.ipynb`` and ``provenance.json``; ``there`` are the sections that have a page, in order."""
    import nbformat
    from bs4 import BeautifulSoup

    notebook, provenance = (
        nbformat.read(folder / "notebook.ipynb", as_version=4),
        read_json(folder / "provenance.json"),
    )
    claims = read_json(folder / "claims.json") or []
    soup = BeautifulSoup(_converted(_with_figures(notebook, claims)), "html.parser")
    title = _clean(soup) or provenance["section"]
    write_text(
        folder / "index.html",
        templates.template("page.html.j2").render(
            title=title,
            body=str(soup),
            contents=_contents(soup),
            provenance=provenance,
            version=version(),
            beside=_beside(provenance["section"], there),
        ),
    )


def current(folder: Path, there: list[str] = ()) -> bool:
    """Whether the page was made by this module and template, and leads to the sections beside it."""
    text = (folder / "index.html").read_text()
    links = [
        f'href="../{name}/index.html"' in text
        for name in _beside(read_json(folder / "provenance.json")["section"], there)
    ]
    return f'content="{version()}"' in text and all(links)


def version() -> str:
    """Hash of this module, of what it says of figures, and of the page's template."""
    return "".join(
        [
            *(plan.module_hash(f"suite.site.{name}") for name in ("page", "templates", "material")),
            plan.file_hash(templates.ASSETS / "page.html.j2"),
        ]
    )


def made_by(source: str, names: dict[str, str]) -> str | None:
    """The function that made a cell's figure, "study/plots/curves.py, learning_curves"; None if there is none.

    names : what the notebook calls the functions it imports, or wraps in functions of its own, see ``called``.
    """
    full = _plot(ast.parse(source), names)
    if full is None:
        return None
    module, function = full.rsplit(".", 1)
    return f"{module.replace('.', '/')}.py, {function}"


def called(notebook) -> dict[str, str]:
    """Name in the notebook -> full name of the module or function it imports; for its own functions, of the plot they draw."""
    names, trees = (
        {},
        [ast.parse(cell.source) for cell in notebook.cells if cell.cell_type == "code"],
    )
    nodes = [node for tree in trees for node in ast.walk(tree)]
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            names |= {
                alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names
            }
    own = {node.name: _plot(node, names) for node in nodes if isinstance(node, ast.FunctionDef)}
    return names | {name: plot for name, plot in own.items() if plot}


def _plot(tree, names: dict[str, str]) -> str | None:
    """Full name of the first plotting function of the study that is called somewhere in a syntax tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, _, rest = ast.unparse(node.func).partition(".")
            full = names.get(first, "") + (f".{rest}" if rest else "")
            if full.rpartition(".")[0].rpartition(".")[0] == SETTINGS["plots"]:
                return full
    return None


def _beside(section: str, there: list[str]) -> dict[str, str]:
    """Section -> "previous: title" or "next: title" of those beside this one."""
    if section not in there:
        return {}
    k = list(there).index(section)
    around = {there[k - 1]: "previous"} if k else {}
    around |= {there[k + 1]: "next"} if k + 1 < len(there) else {}
    return {name: f"{way}: {templates.title(name)}" for name, way in around.items()}


def _with_figures(notebook, claims):
    """A copy whose recorded figures point at their files and say what made them, and which shows each parameter once."""
    import nbformat

    notebook = copy.deepcopy(notebook)
    injected = any(
        "injected-parameters" in cell.metadata.get("tags", []) for cell in notebook.cells
    )
    notebook.cells = [
        cell
        for cell in notebook.cells
        if not (injected and "parameters" in cell.metadata.get("tags", []))
    ]
    names = called(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            figure = output.get("metadata", {}).get("mtl")
            if figure:
                output["data"] = nbformat.from_dict(
                    {
                        "text/html": _figure(
                            **figure, claims=claims, maker=made_by(cell.source, names)
                        )
                    }
                )
    return notebook


def _converted(notebook) -> str:
    """nbconvert's basic page. Its ``from_notebook_node`` parses that once more, to add what ``write`` adds itself, and its
    ``clean_html`` parses highlighted code, where everything is escaped: both together are three quarters of the work."""
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
    return TemplateExporter.from_notebook_node(exporter, notebook, exporter._init_resources({}))[0]


def _figure(figure: str, caption: str, alt: str, claims: list[dict], maker: str | None) -> str:
    links = [
        f'<a href="figures/{figure}.{kind}" download>{kind.upper()}</a>'
        for kind in ("svg", "png", "csv")
    ]
    links += [
        f'<a href="#cell-{figure}">cell</a>',
        '<a href="#parameters">parameters</a>',
        *([f"<code>{html.escape(maker)}</code>"] if maker else []),
    ]
    return (
        f'<figure id="fig-{figure}"><a href="figures/{figure}.svg"><img src="figures/{figure}.svg" '
        f'alt="{html.escape(templates.described(figure, alt, claims))}"></a>'
        f'<figcaption>{html.escape(caption)} <span class="files">{" ".join(links)}</span></figcaption></figure>'
    )


def _clean(soup) -> str | None:
    """Remove what the policy forbids, make ids plain, let wide tables scroll; returns the first heading."""
    for tag in soup.find_all(["style", "script"]):
        tag.decompose()
    for tag in soup.find_all(True):
        for attribute in ("style", "border", "align"):
            tag.attrs.pop(attribute, None)
    for anchor in soup.select("a.anchor-link"):
        heading = anchor.parent
        anchor.decompose()
        heading["id"] = re.sub(r"[^a-z0-9]+", "-", heading.get_text().lower()).strip("-")
    for table in soup.find_all("table"):
        table.wrap(soup.new_tag("div", attrs={"class": "table", "tabindex": "0"}))
    for head in soup.find_all("th"):
        if not head.find("img") and not head.get_text(strip=True):
            head.name = "td"  # pandas's corner heads nothing
    for prompt in soup.select("div.prompt"):
        prompt.decompose()
    for figure in soup.select("figure[id]"):
        cell = figure.find_parent(class_="code_cell")
        (cell.select_one(".input, .inner_cell, .highlight") or cell)["id"] = (
            f"cell-{figure['id'].removeprefix('fig-')}"
        )
    parameters = soup.select_one(
        ".code_cell"
    )  # the first one: both notebooks and papermill put them there
    if parameters:
        parameters["id"] = "parameters"
    first = soup.find("h1")
    return first.get_text() if first else None


def _contents(soup) -> list[tuple[str, str]]:
    """(id, text) of the second-level headings."""
    return [(heading["id"], heading.get_text()) for heading in soup.find_all("h2")]
