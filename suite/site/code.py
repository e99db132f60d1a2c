"""Code on a page: folded behind a line, plumbing apart, parameters as a table.

One switch on the page opens all code but plumbing: imports, the record, and metrics that no
reader waits for. Without scripts every cell still opens by its own line.
"""

import ast
import json
import re

from suite.project import PARAMS
from suite.yaml_text import load

COMMENT = re.compile(r"^(\w+):.*?\s#\s(.+)$", re.M)


def fold(soup) -> None:
    """Put the code of every cell behind a line that opens it.

    Cells of one kind that follow each other share a line, where nothing came out between them.
    """
    before = None
    for cell in soup.select(".code_cell"):
        source = cell.select_one(".input")
        if source is None:
            continue
        kind = "plumbing" if plumbing(source.get_text()) else "code"
        if before is not None and _goes_on(before, cell, kind):
            source.insert_before(before.extract())
            before.append(source.extract())
        else:
            before = source.wrap(soup.new_tag("details", attrs={"class": f"fold {kind}"}))
            before.insert(0, soup.new_tag("summary"))
        lines = sum(len(part.get_text().strip().splitlines()) for part in before.select(".input"))
        before.summary.string = f"{kind}, {lines} line{'' if lines == 1 else 's'}"
    for cell in soup.select(".code_cell"):
        if not cell.find(True):
            cell.decompose()


def _goes_on(fold, cell, kind: str) -> bool:
    """Whether a cell of this kind follows a fold that nothing came out of."""
    last = fold.parent
    return (
        kind in fold["class"]
        and last.find_next_sibling() is cell
        and fold.find_next_sibling() is None
    )


def plumbing(source: str) -> bool:
    """Whether a cell only imports, opens or closes the record, or notes metrics.

    Parameters
    ----------
    source : str
        Python.

    Returns
    -------
    bool
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a cell magic
        return False
    return all(_serves(statement) for statement in statements)


def _serves(statement: ast.stmt) -> bool:
    """Whether a statement is plumbing."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return True
    if isinstance(statement, ast.For | ast.With):
        return all(_serves(inner) for inner in statement.body)
    if isinstance(statement, ast.Expr | ast.Assign) and isinstance(statement.value, ast.Call):
        return ast.unparse(statement.value.func) in ("record.open", "rec.metric", "rec.done")
    return False


def parameters(soup, section: str, values: dict) -> None:
    """Put a table in the place of the parameters' cell, the first one with code.

    Parameters
    ----------
    soup : BeautifulSoup
        The page.
    section : str
        The notebook's name: its file in ``params/`` says what each parameter means.
    values : dict
        What the run took.
    """
    cell = soup.select_one(".code_cell")
    file = PARAMS / f"{section}.yaml"
    if cell is None or not file.is_file():
        return
    defaults = load(file.name, file.read_text())
    meanings = dict(COMMENT.findall(file.read_text()))
    changed = [name for name in values if name in defaults and defaults[name] != values[name]]
    table = soup.new_tag("table", attrs={"class": "parameters"})
    table.append(_row(soup, "th", ["parameter", "value", "meaning"]))
    for name in sorted(values, key=[*defaults, *values].index):
        shown = _value(values[name])
        if name in changed:
            shown += f" (by default {_value(defaults[name])})"
        table.append(_row(soup, "td", [name, shown, meanings.get(name, "")]))
    frame = soup.new_tag("div", attrs={"class": "table", "tabindex": "0"})
    frame.append(table)
    line = soup.new_tag("summary")
    line.string = f"parameters of this run: {len(values)}, {len(changed)} other than by default"
    fold = soup.new_tag("details", attrs={"class": "fold"})
    fold.extend([line, frame])
    cell.clear()
    cell.append(fold)


def _row(soup, kind: str, texts: list[str]):
    row = soup.new_tag("tr")
    for text in texts:
        place = soup.new_tag(kind)
        place.string = text
        row.append(place)
    return row


def _value(value) -> str:
    """A parameter's value as params/ writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
