"""Simulated experiments whose truth is known, put through the whole machinery of claims.

An arm's score falls with the square of the distance of its learning rate from the best one, which
lies somewhere between the grid's points. The rate is chosen on noisy validation scores: by every
unit for itself (nested), or once for all units (shared), which is a random effect that no interval
over units sees.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from study import stats
from study.claims import Claim, settle
from study.claims.again import Panel

GRID = np.array([-1.5, -0.5, 0.5, 1.5])
MARGIN = 0.005
ARMS = ("baseline", "baseline again", "arm")


@dataclass(frozen=True)
class World:
    """What is true of an experiment.

    Parameters
    ----------
    gain : float
        Of the arm over the baseline, both at their best rate.
    units : int
        Draws of data and start.
    noise : float
        Standard deviation of a unit's score.
    curvature : float
        Loss of score per squared distance (in logarithms) of the rate from its best.
    tuning_noise : float
        Standard deviation of a validation score.
    nested : bool
        Whether every unit chooses for itself.
    """

    gain: float = 0.0
    units: int = 12
    noise: float = 0.006
    curvature: float = 0.02
    tuning_noise: float = 0.006
    nested: bool = True


def scores(world: World, panels: int, rng: np.random.Generator) -> np.ndarray:
    """Scores of the baseline, of the baseline again and of the arm: (panels, 3, units)."""
    best = rng.uniform(-0.5, 0.5, (panels, len(ARMS), 1, 1))
    best[:, 1] = best[:, 0]
    loss = world.curvature * (GRID - best) ** 2
    choosers = world.units if world.nested else 1
    shape = (panels, len(ARMS), choosers, len(GRID))
    validation = -loss + rng.normal(0, world.tuning_noise, shape)
    choices = stats.chosen(_long(validation), "rate", ["panel", "arm", "unit"])
    rates = GRID[choices["rate"].to_numpy()].reshape(panels, len(ARMS), choosers)
    missed = world.curvature * (rates - best[..., 0]) ** 2
    gains = world.gain * np.array([0.0, 0.0, 1.0])[:, None]
    noise = rng.normal(0, world.noise, (panels, len(ARMS), world.units))
    return 0.8 + gains - missed + noise


def _long(values: np.ndarray) -> pd.DataFrame:
    """An array (panel, arm, unit, rate) as a table of scores."""
    index = pd.MultiIndex.from_product(
        [range(size) for size in values.shape], names=["panel", "arm", "unit", "rate"]
    )
    return pd.Series(values.ravel(), index, name="score").reset_index()


def claim(name: str, primary: bool = True) -> Claim:
    """A claim that the arm beats the baseline."""
    return Claim(
        id=name,
        section="1",
        statement="The arm beats the baseline.",
        arms=("arm", "baseline"),
        measure="accuracy",
        scope="simulated",
        unit="draw",
        margin=MARGIN,
        null="none: the gain is known",
        primary=primary,
    )


def notebook(world: World, seed: int, panels: int = 7, headroom: float | None = None) -> list[dict]:
    """Rows of claims.json of a notebook with one primary claim and one A/A check per panel."""
    rng = np.random.default_rng(seed)
    claims = []
    checks = {}
    for index, (baseline, again, arm) in enumerate(scores(world, panels, rng)):
        pairs = pd.DataFrame({"unit": range(world.units), "seed": 0, "a": arm, "b": baseline})
        checks[f"p{index}"] = Panel(stats.tested(pd.Series(again - baseline)), MARGIN)
        control = None if headroom is None else pairs.assign(a=baseline + headroom)
        one = claim(f"c{index}")
        one.decide(pairs, "f", panel=checks[f"p{index}"], control=control)
        claims.append(one)
    return settle(claims, checks)
