"""The house as facts: which module imports which, and how large its rooms are."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("mtl_lib", "study", "suite")


def modules() -> dict[str, Path]:
    """Dotted name -> file of every module of the three packages."""
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {dotted(path): path for path in files}


def dotted(path: Path) -> str:
    """The name under which a file is imported; a package's is that of its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, known) -> set[str]:
    """Modules of ``known`` that a file imports anywhere, also inside functions."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            full_names = [f"{node.module}.{alias.name}" for alias in node.names]
            names += [full if full in known else node.module for full in full_names]
    return {name for name in names if name in known}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The import circles of a graph: modules that reach each other (Tarjan 1972)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for target in sorted(graph[name]):
            if target not in order:
                visit(target)
                lowest[name] = min(lowest[name], lowest[target])
            elif target in stack:
                lowest[name] = min(lowest[name], order[target])
        if lowest[name] == order[name]:
            component = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(component) > 1 or name in graph[name]:
                found.append(sorted(component))

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return found


def functions(path: Path):
    """(name, lines, lines without the docstring) of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            text = node.body[0] if ast.get_docstring(node) else None
            said = text.end_lineno - text.lineno + 1 if text else 0
            yield f"{dotted(path)}.{node.name}", lines, lines - said


def public_classes() -> list[tuple[str, str]]:
    """(class, module) of every class whose name has no leading underscore."""
    pairs = []
    for name, path in modules().items():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                pairs.append((node.name, name))
    return pairs


def one_letter_apart(first: str, second: str) -> bool:
    """Whether one word becomes the other by changing, adding or leaving out one letter."""
    if abs(len(first) - len(second)) > 1 or first == second:
        return False
    if len(first) == len(second):
        return sum(a != b for a, b in zip(first, second, strict=True)) == 1
    short, long = sorted((first, second), key=len)
    return any(long[:k] + long[k + 1 :] == short for k in range(len(long)))
