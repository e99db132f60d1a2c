"""What a run of the suite loads that is not of this project, loaded and used once: see ``forked``.

Libraries compile their patterns, schemas and fonts at first use, which takes as long as a run.
"""

import io

import IPython.core.interactiveshell
import IPython.utils.capture
import matplotlib
import nbconvert
import nbformat
import pandas
import papermill.engines
import PIL.Image
import scipy.stats
import threadpoolctl
from bs4 import BeautifulSoup
from matplotlib import pyplot
from pydantic import BaseModel
from ruamel.yaml import YAML

LOADED = (IPython, pandas, papermill, PIL, scipy, threadpoolctl)


class Parameters(BaseModel):
    """As those of a section."""

    seed: int


def page_of_a_notebook() -> str:
    """A notebook of two cells as a page."""
    cells = [nbformat.v4.new_markdown_cell("# A $x$"), nbformat.v4.new_code_cell("x = 1  # one")]
    text = nbformat.writes(nbformat.v4.new_notebook(cells=cells))
    notebook = nbformat.reads(text, as_version=4)
    page, _ = nbconvert.HTMLExporter(template_name="basic").from_notebook_node(notebook)
    return page


def search(page: str) -> None:
    """The kinds of selectors that pages are searched with."""
    soup = BeautifulSoup(page, "html.parser")
    for selector in ("a.anchor-link", "div.prompt", "figure[id]", ".input, .inner_cell"):
        soup.select(selector)


def draw() -> None:
    """A figure in the two formats of figures."""
    figure, axes = pyplot.subplots(layout="constrained")
    axes.plot([1, 2], label="$x$")
    for kind in ("png", "svg"):
        figure.savefig(io.BytesIO(), format=kind)
    pyplot.close(figure)


Parameters(**YAML(typ="safe").load("seed: 1"))
matplotlib.use("agg")
search(page_of_a_notebook())
draw()
