"""Several files of one kind: the file is the task, columns are aligned by name."""

from pathlib import Path

import numpy as np

from mtl_lib.assay.columns import Facts, Raw
from mtl_lib.assay.roles import Roles
from mtl_lib.assay.table import Table, make_table, reader
from mtl_lib.assay.text import TableError, listed, shown

FILE = "file"


def read_files(paths, roles: dict, loss: str | None) -> Table:
    """One table of several files.

    Parameters
    ----------
    paths : list[Path]
        The files, of different names.
    roles : dict
        Target, group, keep, time, weight and text, as of ``read``.
    loss : str or None
        As of ``read``.

    Returns
    -------
    Table
        Tasks are called "file NAME". Columns that some file lacks are left out and named.

    Raises
    ------
    TableError
        One line with the name of a file, or of all.
    """
    paths = [Path(path) for path in paths]
    names = _names(paths)
    roles = Roles.tidied(FILE, **roles)
    read = [_one(path, roles) for path in paths]
    facts = read[0][1]
    facts.notes = _notes(names, read)
    try:
        columns = _aligned(read, roles, facts)
        codes = np.repeat(np.arange(len(names), dtype=np.int32), [_rows(own) for own, _ in read])
        columns[FILE] = Raw(FILE, codes=codes, levels=names)
        return make_table(Path(" + ".join(names)), columns, facts, roles, loss, True)
    except TableError as error:
        raise TableError(f"{listed(names, 3)}: {error}") from None


def _names(paths: list[Path]) -> list[str]:
    """The files' names without ending; with it, or with the folder, where these are equal."""
    for part in (lambda p: p.stem, lambda p: p.name, str):
        names = [part(path) for path in paths]
        if len(set(names)) == len(names):
            return names
    raise TableError(f"a file is named twice: {listed(names)}")


def _one(path: Path, roles: Roles) -> tuple[dict[str, Raw], Facts]:
    """The columns of one file."""
    try:
        return reader(path)(path, lambda names: roles.check([*names, FILE]) - {FILE})
    except TableError as error:
        raise TableError(f"{shown(path.name)}: {error}") from None


def _rows(columns: dict[str, Raw]) -> int:
    return len(next(iter(columns.values())).array)


def _notes(names: list[str], read: list) -> list[str]:
    """What was said of each file, with its name."""
    return [
        f"{name}: {note}"
        for name, (_, facts) in zip(names, read, strict=True)
        for note in facts.notes
    ]


def _aligned(read: list, roles: Roles, facts: Facts) -> dict[str, Raw]:
    """The columns that all files have, one below the other."""
    every = [set(columns) for columns, _ in read]
    common = set.intersection(*every)
    others = sorted(set.union(*every) - common)
    if others:
        facts.notes.append(f"only some files have the columns {listed(others)}: left out")
    order = [name for name in read[0][0] if name in common]
    return {name: _joined(name, [columns[name] for columns, _ in read], facts) for name in order}


def _joined(name: str, parts: list[Raw], facts: Facts) -> Raw:
    """One column of all files: numbers where all are numbers, else text."""
    if all(part.values is not None for part in parts):
        column = Raw(name, values=np.concatenate([part.values for part in parts]))
        return column
    kinds = {part.values is None for part in parts if not part.missing.all()}
    if len(kinds) > 1:
        facts.notes.append(f"column {shown(name)} is numbers in one file and text in another")
    place: dict[str, int] = {}
    codes = []
    for part in parts:
        levels, own = part.levels, part.codes
        if part.values is not None:
            values, own = np.unique(part.values, return_inverse=True)
            levels = [f"{value:.15g}" for value in values]
            own = np.where(np.isnan(part.values), -1, own)
        numbers = np.array([place.setdefault(level, len(place)) for level in levels] + [-1])
        codes.append(numbers[own].astype(np.int32))
    return Raw(name, codes=np.concatenate(codes), levels=list(place))
