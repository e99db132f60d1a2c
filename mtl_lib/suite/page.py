"""The page of one executed notebook: figures as files, no inline style or script, contents list.

Pages must load under a Content-Security-Policy of 'self', so whatever nbconvert or pandas put
inline is taken out and one stylesheet is linked instead.
"""
import copy
import html
import json
import re
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from mtl_lib.suite import site


def write(folder: Path, section: str, provenance: dict) -> None:
    """Write ``index.html`` beside ``notebook.ipynb`` and take machine paths out of the notebook."""
    path = folder / "notebook.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
    nbformat.write(notebook, path)
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(_with_figures(notebook))
    soup = BeautifulSoup(body, "html.parser")
    title = _clean(soup) or section
    (folder / "index.html").write_text(site.template("page.html.j2").render(
        title=title, section=section, body=str(soup), contents=_contents(soup), provenance=provenance,
        claims=json.loads((folder / "claims.json").read_text())))


def _with_figures(notebook):
    """A copy whose recorded figures point at their files, and which shows each parameter once."""
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
    return (f'<figure id="fig-{figure}"><img src="figures/{figure}.svg" alt="{html.escape(alt)}">'
            f'<figcaption>{html.escape(caption)} <span class="files">{links}</span></figcaption></figure>')


def _clean(soup: BeautifulSoup) -> str | None:
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


def _contents(soup: BeautifulSoup) -> list[tuple[str, str]]:
    """(id, text) of the second-level headings."""
    return [(heading["id"], heading.get_text()) for heading in soup.find_all("h2")]
