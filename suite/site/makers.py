"""Which function of the study drew a figure, read from the notebook's source."""

import ast

from suite.project import SETTINGS


def made_by(source: str, names: dict[str, str]) -> str | None:
    """The function that made a cell's figure.

    Parameters
    ----------
    source : str
        Of the cell.
    names : dict
        What the notebook calls the functions it imports, or wraps in functions of its own: see
        ``called``.

    Returns
    -------
    str or None
        For example "study/plots/curves.py, learning_curves"; None if there is none.
    """
    full = _plot(ast.parse(source), names)
    if full is None:
        return None
    module, function = full.rsplit(".", 1)
    return f"{module.replace('.', '/')}.py, {function}"


def called(notebook) -> dict[str, str]:
    """What the names of a notebook stand for.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook.

    Returns
    -------
    dict
        Name -> full name of the module or function it imports; for its own functions, of the plot
        that they draw.
    """
    trees = [ast.parse(cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    own = {node.name: _plot(node, names) for node in nodes if isinstance(node, ast.FunctionDef)}
    return names | {name: plot for name, plot in own.items() if plot}


def _plot(tree: ast.AST, names: dict[str, str]) -> str | None:
    """Full name of the first plotting function of the study that is called in a syntax tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, _, rest = ast.unparse(node.func).partition(".")
            full = names.get(first, "") + (f".{rest}" if rest else "")
            module = full.rpartition(".")[0]
            if module.rpartition(".")[0] == SETTINGS["plots"]:
                return full
    return None
