"""How every method chooses its lambda: one search for all, and a record of where choices lay."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mtl_lib.classical import LinearMTL, LinearMTLCV
from mtl_lib.tasks import TaskSet
from study import stats
from study.classical.arms import AGAIN, NO_INPUTS


def folds_seed(label: str, seed: int) -> int:
    """Seed of an arm's folds; an arm whose name ends with "again" draws them anew."""
    return stats.tuning_seed(seed) if label.endswith(AGAIN) else seed


@dataclass(frozen=True)
class LambdaSearch:
    """Cross-validation with a loose gap, then a fit with a tight one.

    Parameters
    ----------
    n_lams, folds : int
        Values of lambda tried, and folds inside each task.
    ratio : dict
        Kind of penalty (``"norm"``, ``"squared"``) -> smallest lambda over the largest.
    tol, search_tol : float
        Relative duality gap of the fit, and while lambda is searched.
    weighting : str
        ``"mean"`` or ``"sum"``, for arms that do not say theirs.
    ridge : float
        On top of every penalty.
    ends : list of dict
        Filled by every search: data, arm, and whether the smallest lambda was chosen. A search that
        ``dataclasses.replace`` makes of another shares its list.
    """

    n_lams: int
    folds: int
    ratio: dict[str, float]
    tol: float
    search_tol: float
    weighting: str = "mean"
    ridge: float = 0.0
    ends: list[dict] = field(default_factory=list)

    def fitted(self, train: TaskSet, arm: dict, seed: int) -> LinearMTL:
        """An arm with the lambda that its own cross-validation chose.

        Parameters
        ----------
        train : TaskSet
            Training tasks.
        arm : dict
            Arguments of ``LinearMTL``, its penalty among them.
        seed : int
            Of the folds.

        Returns
        -------
        LinearMTL
            Fitted.
        """
        how = {"weighting": self.weighting, "ridge": self.ridge, **arm}
        ratio = self.ratio[how["penalty"].kind]
        grid = {"n_lams": self.n_lams, "folds": self.folds, "ratio": ratio}
        found = LinearMTLCV(**how, **grid, tol=self.search_tol, seed=seed).fit(train)
        if len(found.lams_) > 1:
            name = type(how["penalty"]).__name__ + (" about the mean" if found.about_mean else "")
            smallest = found.lam_ == found.lams_[-1]
            data = train.name.split(",")[0]
            self.ends.append({"data": data, "arm": name, "smallest": smallest})
        if self.tol == self.search_tol:
            return found
        return LinearMTL(lam=found.lam_, tol=self.tol, **how).fit(train)

    def models(self, train: TaskSet, arms: dict[str, dict], seed: int) -> dict[str, LinearMTL]:
        """Every arm, fitted: label -> model. "... again" draws its folds anew."""
        return {
            label: self.fitted(train, arm, folds_seed(label, seed)) for label, arm in arms.items()
        }

    def predictions(self, train: TaskSet, test: TaskSet, arms: dict, seed: int) -> dict[str, list]:
        """What every arm predicts on the test tasks; ``intercept only`` sees no inputs.

        Parameters
        ----------
        train, test : TaskSet
            The same tasks.
        arms : dict
            Label -> arm.
        seed : int
            Of the folds.

        Returns
        -------
        dict
            Label -> a list of (n_t,) arrays.
        """
        made = {}
        for label, arm in arms.items():
            parts = (train, test)
            if label == NO_INPUTS:
                parts = tuple(part.map_inputs(np.zeros_like) for part in parts)
            model = self.fitted(parts[0], arm, folds_seed(label, seed))
            made[label] = model.predict(parts[1])
        return made

    def share_at_smallest(self) -> pd.DataFrame:
        """Share of searches that chose the smallest lambda tried, (arms, data sets)."""
        return pd.DataFrame(self.ends).pivot_table(
            index="arm", columns="data", values="smallest", sort=False
        )
