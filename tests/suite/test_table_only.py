"""With a reader's table a notebook runs the cells that concern it, and no others."""

import nbformat
import pytest

from suite import execute
from suite.project import NOTEBOOKS

TAKERS = ("01_classical_mtl", "02_federated_vs_classical")


@pytest.mark.parametrize("section", TAKERS)
def test_only_the_tagged_cells_are_left(section, tmp_path):
    whole = nbformat.read(NOTEBOOKS / f"{section}.ipynb", as_version=4)
    assert execute._source(section, tmp_path, {"your_table": ""}) == NOTEBOOKS / f"{section}.ipynb"
    path = execute._source(section, tmp_path, {"your_table": "my.csv"})
    part = nbformat.read(path, as_version=4)
    assert len(part.cells) < len(whole.cells) / 4
    assert part.cells[0].source == whole.cells[0].source
    code = "\n".join(cell.source for cell in part.cells if cell.cell_type == "code")
    assert "rec.declare" not in code and code.rstrip().endswith("rec.done()")
    assert "simulated=simulated and not your_table" in code  # its figures are not called SIMULATED


def test_a_section_without_such_cells_runs_whole(tmp_path):
    section = "03b_different_inputs_different_losses"
    path = execute._source(section, tmp_path, {"your_table": "my.csv"})
    assert path == NOTEBOOKS / f"{section}.ipynb"
