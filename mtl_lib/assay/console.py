"""``mtl-assay``: what relating buys on a table, as one line and a page."""

import argparse
import re
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from mtl_lib.assay.intake.accept import accept, needs_target
from mtl_lib.assay.intake.codes import LOSSES
from mtl_lib.assay.intake.sources import Source
from mtl_lib.assay.run import measured
from mtl_lib.assay.text import TableError

HELP = {
    "task": "column whose values are the tasks",
    "target": "target column, or several with commas",
    "group": "column that a split never cuts",
    "time": "column of numbers or dates: later rows test models of earlier ones",
    "weight": "column that says what a row counts",
    "text": "column of sentences, which become inputs",
    "loss": f"{', '.join(LOSSES)}; by default what fits the target",
    "keep": "input that looks like a row number or an id, or several with commas",
    "seed": "seed of all draws, 0 by default",
}
USAGE = 2


@dataclass(frozen=True)
class Words:
    """What was asked for, in the words of a command line.

    Parameters
    ----------
    tables : tuple[str, ...]
        The files, or a folder.
    task, group, time, weight, text, loss : str
        "" for none.
    target, keep : tuple[str, ...]
        Columns.
    seed : int
        Seed of all draws.
    """

    tables: tuple[str, ...]
    task: str = ""
    target: tuple[str, ...] = ()
    group: str = ""
    time: str = ""
    weight: str = ""
    text: str = ""
    loss: str = ""
    keep: tuple[str, ...] = ()
    seed: int = 0

    def read(self) -> Source:
        """The tasks as asked for."""
        columns = {
            name: getattr(self, name) or None for name in ("group", "time", "weight", "text")
        }
        columns["keep"] = list(self.keep)
        data = self.tables[0] if len(self.tables) == 1 else list(self.tables)
        target = list(self.target) or None
        return accept(data, target, self.task or None, self.loss or None, columns)

    def given(self) -> list[tuple[str, str]]:
        """(word, text) of everything but the tables."""
        texts = []
        for name in HELP:
            value = getattr(self, name)
            if value:
                text = ",".join(value) if isinstance(value, tuple) else str(value)
                texts.append((name, text))
        return texts

    def keeping(self, *columns: str) -> "Words":
        """The same with more columns kept."""
        return replace(self, keep=(*self.keep, *columns))


def read_words(options, tables) -> tuple[Words, Source]:
    """The words that the tables could be read with, and the tasks.

    A comma separates columns, unless one is called just so.

    Raises
    ------
    ValueError
        One line, where they cannot be read.
    """
    base = Words(
        tuple(map(str, tables)),
        task=options.task,
        group=options.group,
        time=options.time,
        weight=options.weight,
        text=options.text,
        loss=options.loss,
        seed=_seed(options.seed),
    )
    complaint = None
    for target in _choices(options.target):
        for keep in _choices(options.keep):
            words = replace(base, target=target, keep=keep)
            try:
                return words, words.read()
            except TableError as error:
                complaint = error
    raise complaint  # about the names as commas separate them


def _seed(text: str) -> int:
    """The seed. Raises ValueError for what is no whole number."""
    if not re.fullmatch(r"\d{1,9}|", text):
        raise ValueError(f"seed {text!r}, allowed is a whole number, 0 or more")
    return int(text or 0)


def _choices(text: str) -> list[tuple[str, ...]]:
    """The ways to read one or several names; the last one separates at commas."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return [(text,), names] if len(names) > 1 else [names]


def add_words(parser: argparse.ArgumentParser) -> None:
    """The words that say how tables are read."""
    for name, text in HELP.items():
        parser.add_argument(f"--{name}", default="", help=text)


def main(arguments: list[str] | None = None) -> int:
    """The command line.

    Parameters
    ----------
    arguments : list[str], optional
        Its words; those of the process by default.

    Returns
    -------
    int
        0 with a page, or 2 with one line on stderr.
    """
    parser = argparse.ArgumentParser(
        prog="mtl-assay", description="What relating buys on your own tasks, measured."
    )
    parser.add_argument("tables", nargs="+", metavar="TABLE", help="CSV, Parquet, or a folder")
    add_words(parser)
    parser.add_argument("--out", default=".", help="folder of the page, this one by default")
    options = parser.parse_args(arguments)
    if not options.target and needs_target(options.tables):
        return complain("mtl-assay needs --target COLUMN, and --task COLUMN for one table")
    try:
        words, source = read_words(options, options.tables)
        report = measured(source, words.seed, tell)
    except ValueError as error:
        return complain(" ".join(str(error).split()))
    except OSError as error:
        return complain(f"{error.filename or options.tables[0]}: {error.strerror or error}")
    given = [part for name, text in words.given() for part in (f"--{name}", text)]
    report.command = shlex.join(["mtl-assay", *words.tables, *given])
    page = report.to_html(Path(options.out) / f"{_stem(options.tables)}-assay.html")
    print(report.summary)
    for line in report.warnings:
        print(f"Look at this: {line}")
    print(f"open {page}")
    return 0


def _stem(tables: list[str]) -> str:
    """The name of the page."""
    names = "+".join(Path(table).resolve().stem for table in tables)
    return re.sub("[^A-Za-z0-9._+-]+", "-", names).strip("-.")[:80] or "table"


def tell(text: str) -> None:
    """How far it is, on stderr where somebody looks."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text} ...", end="", file=sys.stderr, flush=True)


def complain(line: str) -> int:
    """One line on stderr; the exit status of a command that cannot be carried out."""
    print(line, file=sys.stderr)
    return USAGE


if __name__ == "__main__":
    sys.exit(main())
