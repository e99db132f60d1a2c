"""What many runs left, in one table."""

from dataclasses import dataclass

import pandas as pd

BETTER = {"accuracy": 1, "loss": -1}  # what is better high, and what is better low


@dataclass(frozen=True, eq=False)
class Results:
    """Histories of arms and units.

    Parameters
    ----------
    histories : dict
        (arm, unit) -> ``History``.
    measure : {"accuracy", "loss"}
        Which says what a best round is.
    """

    histories: dict
    measure: str = "accuracy"

    @property
    def table(self) -> pd.DataFrame:
        """arm, unit, round, client, split, measure, value, n of all rounds evaluated."""
        return self._joined({key: history.table for key, history in self.histories.items()})

    @property
    def last(self) -> pd.DataFrame:
        """``table`` after each run's last round."""
        return self._joined({key: _at(h.table) for key, h in self.histories.items()})

    @property
    def best(self) -> pd.DataFrame:
        """``table`` at each run's best round by its own validation data, the first of equals.

        Raises ValueError for a run without validation data.
        """
        sign = BETTER[self.measure]
        chosen = {}
        for key, history in self.histories.items():
            means = client_means(history.table, self.measure)
            chosen[key] = _at(history.table, (sign * means).idxmax())
        return self._joined(chosen)

    @staticmethod
    def _joined(tables: dict) -> pd.DataFrame:
        """One table, with columns for arm and unit."""
        parts = []
        for (arm, unit), table in tables.items():
            parts.append(table.assign(arm=arm, unit=[unit] * len(table)))
        whole = pd.concat(parts, ignore_index=True)
        first = ["arm", "unit"]
        return whole[first + [name for name in whole.columns if name not in first]]


def client_means(table: pd.DataFrame, measure: str, split: str = "valid") -> pd.Series:
    """Mean over clients by round.

    Parameters
    ----------
    table : DataFrame
        ``History.table``.
    measure, split : str, str
        Of which rows.

    Returns
    -------
    Series
        Round -> mean.

    Raises
    ------
    ValueError
        Where the table has no such rows.
    """
    rows = table[(table["measure"] == measure) & (table["split"] == split)]
    if rows.empty:
        raise ValueError(
            f"client_means: no {measure} on {split} data, the table has "
            f"{', '.join(table['measure'].unique())} on {', '.join(table['split'].unique())} data"
        )
    return rows.groupby("round")["value"].mean()


def _at(table: pd.DataFrame, number: int | None = None) -> pd.DataFrame:
    """The rows of one round, of the last for None."""
    return table[table["round"] == (table["round"].max() if number is None else number)]
