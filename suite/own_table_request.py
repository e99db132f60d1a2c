"""What a reader asks of a table, and the command that asks for it."""

import os
import shlex
from dataclasses import dataclass, fields
from pathlib import Path

from mtl_lib.assay import Table, TableError, read
from suite.project import ROOT


@dataclass(frozen=True)
class Request:
    """What a reader asked for, in the words of the command line.

    Parameters
    ----------
    table, task, group, loss : str
        The file, the task and group columns and the loss; "" for none.
    target, keep : tuple[str, ...]
        Target columns, and inputs to keep although they look like ids.
    """

    table: str
    task: str = ""
    target: tuple[str, ...] = ()
    group: str = ""
    loss: str = ""
    keep: tuple[str, ...] = ()

    def read(self) -> Table:
        """The table as asked for."""
        return read(
            self.table,
            self.task or None,
            list(self.target),
            self.group or None,
            self.loss or None,
            list(self.keep),
        )

    def command(self, *kept: str) -> str:
        """The command that asks for the same, with more columns kept."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["keep"] = (*self.keep, *kept)
        values["table"] = shown_path(Path(self.table))
        texts = {
            name: value if isinstance(value, str) else ",".join(value)
            for name, value in values.items()
        }
        words = [f"{name.upper()}={shlex.quote(text)}" for name, text in texts.items() if text]
        return " ".join(["make diagnose", *words])


def ask(options) -> tuple[Request, Table]:
    """What was asked for, and the table.

    Parameters
    ----------
    options : argparse.Namespace
        The words of the command line. A comma separates columns, unless one is called just so.

    Returns
    -------
    tuple[Request, Table]
        The request that the table could be read with, and the table.

    Raises
    ------
    TableError
        Where it cannot be read.
    """
    for target in _choices(options.target):
        for keep in _choices(options.keep):
            request = Request(
                options.table, options.task, target, options.group, options.loss, keep
            )
            try:
                return request, request.read()
            except TableError as error:
                complaint = error
    raise complaint  # about the names as commas separate them


def _choices(text: str) -> list[tuple[str, ...]]:
    """The ways to read one or several names; the last one separates at commas."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return [(text,), names] if len(names) > 1 else [names]


def shown_path(table: Path) -> str:
    """A table's path as a command names it: from the project's root where it lies inside."""
    if table.resolve().is_relative_to(ROOT):
        return os.path.relpath(table, ROOT)
    return str(table)
