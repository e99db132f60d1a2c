"""The page of one executed notebook: figures as files, no inline style or script, contents list.

Pages must load under a Content-Security-Policy of 'self', so whatever nbconvert or pandas put
inline is taken out and one stylesheet is linked instead.
"""
import copy
import html
import re
from pathlib import Path

from mtl_lib.suite import plan, site
from mtl_lib.suite.project import read_json, write_text


def strip(path: Path) -> None:
    """Take papermill's timings and paths of this machine out of an executed notebook."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    for part in (notebook, *notebook.cells):
        part.metadata.pop("papermill", None)
    nbformat.write(notebook, path)


def write(folder: Path) -> None:
    """Write ``index.html`` beside ``notebook.ipynb`` and ``provenance.json``."""
    import nbformat
    from bs4 import BeautifulSoup
    from nbconvert import HTMLExporter

    notebook, provenance = nbformat.read(folder / "notebook.ipynb", as_version=4), read_json(folder / "provenance.json")
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(_with_figures(notebook))
    soup = BeautifulSoup(body, "html.parser")
    title = _clean(soup) or provenance["section"]
    write_text(folder / "index.html", site.template("page.html.j2").render(
        title=title, body=str(soup), contents=_contents(soup), provenance=provenance, version=version()))


def current(folder: Path) -> bool:
    """Whether the page was made by this module and template."""
    return f'content="{version()}"' in (folder / "index.html").read_text()


def version() -> str:
    """Hash of this module and of the page's template."""
    return plan.module_hash("mtl_lib.suite.page") + plan.file_hash(site.ASSETS / "page.html.j2")


def _with_figures(notebook):
    """A copy whose recorded figures point at their files, and which shows each parameter once."""
    import nbformat

    notebook = copy.deepcopy(notebook)
    injected = any("injected-parameters" in cell.metadata.get("tags", []) for cell in notebook.cells)
    notebook.cells = [cell for cell in notebook.cells if not (injected and "parameters" in cell.metadata.get("tags", []))]
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            figure = output.get("metadata", {}).get("mtl")
            if figure:
                output["data"] = nbformat.from_dict({"text/html": _figure(**figure)})
    return notebook


def _figure(figure: str, caption: str, alt: str) -> str:
    links = " ".join(f'<a href="figures/{figure}.{kind}" download>{kind.upper()}</a>' for kind in ("svg", "png", "csv"))
    return (f'<figure id="fig-{figure}"><a href="figures/{figure}.svg"><img src="figures/{figure}.svg" alt="{html.escape(alt)}"></a>'
            f'<figcaption>{html.escape(caption)} <span class="files">{links}</span></figcaption></figure>')


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
    for prompt in soup.select("div.prompt"):
        prompt.decompose()
    first = soup.find("h1")
    return first.get_text() if first else None


def _contents(soup) -> list[tuple[str, str]]:
    """(id, text) of the second-level headings."""
    return [(heading["id"], heading.get_text()) for heading in soup.find_all("h2")]
