"""New rows as the inputs that a table was read into."""

from dataclasses import dataclass

import numpy as np

from mtl_lib.assay.columns import Raw
from mtl_lib.assay.dates import to_days
from mtl_lib.assay.inputs import Column
from mtl_lib.assay.parquet import read_frame
from mtl_lib.assay.text import TableError, folded, shown


@dataclass(frozen=True)
class InputRecipe:
    """How one input is made.

    Parameters
    ----------
    column : str
        The column of the table.
    what : str
        "number", "date", "missing" or "is".
    value : object
        What a missing number becomes; the first day; or the level that is 1.
    fill : float
        What a missing date becomes.
    """

    column: str
    what: str
    value: object = None
    fill: float = 0.0


class Encoder:
    """Makes inputs of the rows of a data frame, as they were made of the table.

    Parameters
    ----------
    columns : tuple[Column, ...]
        What became of each column.
    titles : tuple[str, ...]
        The inputs.
    array : np.ndarray
        (n, d) the inputs of the table: they hold what missing numbers became.
    """

    def __init__(self, columns: tuple[Column, ...], titles: tuple[str, ...], array: np.ndarray):
        self.recipes: list[InputRecipe] = []
        for column in columns:
            self._add(column, titles, array)

    def _add(self, column: Column, titles: tuple[str, ...], array: np.ndarray) -> None:
        """The recipes of one column, in the order of the inputs."""
        name = column.name
        if column.kind == "number":
            place = len(self.recipes)
            gone = array[:, place + 1] == 1 if column.missing else np.zeros(len(array), bool)
            fill = float(array[gone, place][0]) if gone.any() else 0.0
            dated = column.note.partition("dates, read as days since ")[2][:10]
            if dated:
                self.recipes.append(InputRecipe(name, "date", float(to_days([dated])[0]), fill))
            else:
                self.recipes.append(InputRecipe(name, "number", fill))
        elif column.kind != "dropped":
            self._add_levels(column, titles)
            return
        if column.kind == "number" and column.missing:
            self.recipes.append(InputRecipe(name, "missing"))

    def _add_levels(self, column: Column, titles: tuple[str, ...]) -> None:
        """The recipes of a column with levels: each title names its level."""
        while len(self.recipes) < len(titles):
            title = titles[len(self.recipes)].rstrip("'")
            if title == f"{column.name} missing":
                self.recipes.append(InputRecipe(column.name, "missing"))
            elif title == column.name:
                self.recipes.append(InputRecipe(column.name, "is", column.levels[1]))
            elif title.removeprefix(f"{column.name} ") in column.levels:
                level = title.removeprefix(f"{column.name} ")
                self.recipes.append(InputRecipe(column.name, "is", level))
            else:
                return

    def __call__(self, frame) -> np.ndarray:
        """(n, d) inputs of a data frame. Raises ValueError for a column that is not there."""
        needed = {recipe.column for recipe in self.recipes}
        absent = sorted(needed - {str(name) for name in frame.columns})
        if absent:
            raise ValueError(f"new rows have no column {shown(absent[0])}")
        try:
            raws = read_frame(frame[sorted(needed)], lambda names: set())[0] if needed else {}
        except TableError as error:
            raise ValueError(f"new rows: {error}") from None
        columns = [_made(recipe, raws[recipe.column]) for recipe in self.recipes]
        return np.column_stack(columns) if columns else np.zeros((len(frame), 0))


def _made(recipe: InputRecipe, raw: Raw) -> np.ndarray:
    """(n,) one input of new rows."""
    missing = raw.missing
    if recipe.what == "missing":
        return missing.astype(float)
    if recipe.what == "is":
        levels = np.array([folded(raw.level(value)) == folded(recipe.value) for value in _all(raw)])
        places = raw.codes if raw.values is None else np.unique(raw.values, return_inverse=True)[1]
        return np.where(missing, 0.0, levels[np.where(missing, 0, places)] if len(levels) else 0.0)
    values = raw.values
    if recipe.what == "date":
        texts = raw.levels if values is None else [f"{value:.15g}" for value in np.unique(values)]
        days = to_days(texts)
        if days is None:
            raise ValueError(f"new rows: column {shown(raw.name)} holds no dates")
        places = raw.codes if values is None else np.unique(values, return_inverse=True)[1]
        return np.where(missing, recipe.fill, days[np.where(missing, 0, places)] - recipe.value)
    if values is None:
        raise ValueError(f"new rows: column {shown(raw.name)} is text, expected numbers")
    return np.where(missing, recipe.value, values)


def _all(raw: Raw):
    """The values that codes or ranks stand for."""
    return range(len(raw.levels)) if raw.values is None else np.unique(raw.values)
