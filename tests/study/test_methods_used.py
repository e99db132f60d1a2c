"""Every federated method that the library has appears in an experiment of section 2."""

import ast
import json
from pathlib import Path

import pytest

from mtl_lib import federated
from mtl_lib.federated import Method

ROOT = Path(__file__).resolve().parents[2]
METHODS = [
    name
    for name in federated.__all__
    if isinstance(getattr(federated, name), type)
    and issubclass(getattr(federated, name), Method)
    and getattr(federated, name) is not Method
] + ["Mocha", "MiniBatchSDCA", "MiniBatchSGD", "OneShotLowRank"]


def sources():
    """Code of section 2's notebooks, and of the modules of the study that they run."""
    for path in sorted((ROOT / "notebooks").glob("02*.ipynb")):
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "code":
                yield "".join(cell["source"])
    for name in ("matrix/arms.py", "schools.py", "persons.py"):
        yield (ROOT / "study" / name).read_text()


CALLED = {
    node.func.id
    for source in sources()
    for node in ast.walk(ast.parse(source))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
}


def test_there_are_methods():
    assert len(METHODS) > 15


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_made_in_an_experiment(name):
    assert name in CALLED
