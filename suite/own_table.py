"""``make diagnose``: the assay of the reader's own tables, and which notebooks run on them.

The page says what was measured on the reader's rows, and nothing that was not.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import re
import shlex
import sys
from pathlib import Path

from mtl_lib.assay import Report, Table
from mtl_lib.assay.console import HELP, Words, add_words, complain, read_words, tell
from mtl_lib.assay.inputs import NO_INPUT
from mtl_lib.assay.intake.accept import needs_target
from mtl_lib.assay.run import measured
from mtl_lib.data import store
from suite.own_table_sections import CLASSICAL, READINGS, offers
from suite.project import FAILED, OK, RESULTS, ROOT, write_text

MAKE_WORDS = ("TABLE", *(name.upper() for name in HELP))
GENERAL = ("PYTHON", "TORCH_INDEX", "JOBS", "PROFILE")  # words of make itself


def main(words: list[str]) -> int:
    """The command line.

    Parameters
    ----------
    words : list[str]
        Its arguments.

    Returns
    -------
    int
        0 with a page, or 2 with one line on stderr.
    """
    parser = argparse.ArgumentParser(prog="make diagnose", description=__doc__.splitlines()[0])
    parser.add_argument("--table", default="", help="a CSV or Parquet file, or several")
    parser.add_argument("--words", default="", help="every word of the make line, to refuse some")
    add_words(parser)
    options = parser.parse_args(words)
    unknown = sorted(set(options.words.split()) - {*MAKE_WORDS, *GENERAL})
    if unknown:
        return complain(
            f"make diagnose knows no {unknown[0]}=; allowed are {', '.join(MAKE_WORDS)}"
        )
    tables = split_tables(options.table)
    if not tables or not options.target and needs_target(tables):
        return complain(
            "make diagnose needs TABLE=my.csv and TARGET=column, and TASK=column unless there are "
            "several targets or several files"
        )
    try:
        asked, source = read_words(options, tables)
        page = write(measured(source, asked.seed, tell), asked)
    except ValueError as error:
        return complain(" ".join(str(error).split()))
    except OSError as error:
        print(f"{error.filename or options.table}: {error.strerror or error}", file=sys.stderr)
        return FAILED
    print(f"open {os.path.relpath(page)}")
    return OK


def split_tables(text: str) -> list[str]:
    """The files that a word names: one whose name may hold blanks, or several."""
    if not text or Path(text).exists():
        return [text] if text else []
    try:
        parts = shlex.split(text)
    except ValueError:  # a quote without its other
        return [text]
    return parts if any(Path(part).exists() for part in parts) else [text]


def write(report: Report, words: Words) -> Path:
    """Write the page of a report to results/tables/NAME.

    Parameters
    ----------
    report : Report
        What was measured.
    words : Words
        What was asked for.

    Returns
    -------
    Path
        Its index.html.
    """
    folder = place(words)
    folder.mkdir(parents=True, exist_ok=True)
    report.command = command(words)
    table = report.source.table
    if table is not None:
        report.warnings = [*_left_out(table), *report.warnings]
        report.following = [*report.following, *_next(table, words, folder)]
    report.following.append(("The same again:", report.command))
    print(report.summary)
    return report.to_html(folder / "index.html")


def command(words: Words) -> str:
    """The command that asks for the same."""
    tables = " ".join(map(shown_path, words.tables))
    if len(words.tables) > 1:
        tables = shlex.join(map(shown_path, words.tables))
    texts = [("table", tables), *words.given()]
    parts = [f"{name.upper()}={shlex.quote(text)}" for name, text in texts]
    return " ".join(["make diagnose", *parts])


def shown_path(table: str) -> str:
    """A table's path as a command names it: from the project's root where it lies inside."""
    path = Path(table)
    return os.path.relpath(path, ROOT) if path.resolve().is_relative_to(ROOT) else str(path)


def place(words: Words) -> Path:
    """The folder of a page: the table's name, and a hash of where it lies and how it is read.

    Two files of one name have different folders, and so have two readings of one file.
    """
    stem = "+".join(Path(table).stem for table in words.tables)
    name = re.sub("[^A-Za-z0-9._+-]+", "-", stem).strip("-.")[:80] or "table"
    paths = [str(Path(table).resolve()) for table in words.tables]
    fields = dataclasses.astuple(dataclasses.replace(words, tables=()))
    reading = hashlib.sha256(repr((paths, fields)).encode()).hexdigest()
    return RESULTS / "tables" / f"{name}-{reading[:8]}"


def _left_out(table: Table) -> list[str]:
    """A line for each column that looks like an id."""
    return [f"Column {name} {why}: it is no input." for name, why in table.ids.items()]


def _next(table: Table, words: Words, folder: Path) -> list[tuple[str, str]]:
    """What to run on a table."""
    reading = READINGS[table.tasks.regime]
    sections = "; ".join(", ".join(filter(None, section)) for section in reading.sections)
    lines = [(f"This is {reading.title}. Notebooks that concern it: {sections}.", "")]
    lines += [
        (f"Column {name} measures something after all?", command(words.keeping(name)))
        for name in table.ids
    ]
    return [*lines, *_offers(table, words, folder)]


def _offers(table: Table, words: Words, folder: Path) -> list[tuple[str, str]]:
    """What the sections that take a table make of it; the parameters for those that run."""
    parameters_file = folder / f"{CLASSICAL}.yaml"
    parameters_file.unlink(missing_ok=True)
    if len(words.tables) > 1:
        return [("The notebooks take one file: put the files into one, with a task column.", "")]
    if table.tasks[0].inputs.columns == (NO_INPUT,):
        return [("The notebooks need an input, and this table has none.", "")]
    if words.text:
        return [("The notebooks read no sentences.", "")]
    values = {
        "your_table": str(Path(words.tables[0]).resolve()),
        "your_table_sha256": store.sha256(Path(words.tables[0])),
        "your_task": words.task,
        "your_target": list(words.target),
        "your_group": words.group,
        "your_keep": list(words.keep),
    }
    made = offers(table.tasks, values)
    if any(not offer.problem for offer in made):
        # JSON strings and lists are YAML.
        texts = {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
        lines = "".join(f"{key}: {text}\n" for key, text in texts.items())
        write_text(parameters_file, f"# Written by make diagnose; make SECTION reads it.\n{lines}")
    shown = shlex.quote(shown_path(words.tables[0]))
    reading = f"TASK={shlex.quote(words.task)} TARGET={shlex.quote(','.join(words.target))}"
    lines = []
    for offer in made:
        if offer.problem:
            text = f"Notebook {offer.section} does not run on this table: {offer.problem}."
            lines.append((text, ""))
        else:
            text = f"Notebook {offer.section} on this table:"
            if table.target_kind == "binary":
                text = f"Notebook {offer.section} on this table, squared loss on 0 and 1:"
            lines.append((text, f"make {offer.section} TABLE={shown} {reading}"))
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
