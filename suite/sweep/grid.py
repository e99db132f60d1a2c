"""What a sweep's file says, and which runs its points are."""

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from suite import parameters, plan
from suite.project import PARAMS, PROFILES, RESULTS, ROOT, USAGE, Stop, shown

HOME = RESULTS / "sweeps"


class Sweep(BaseModel):
    """The keys of ``params/sweeps/NAME.yaml``."""

    model_config = ConfigDict(extra="forbid", strict=True)
    section: str = Field(description="the notebook that runs at every point")
    profile: Literal[PROFILES] = Field(
        "default", description="where parameters outside the grid come from"
    )
    metric: str = Field(description="the metric of the figure; the table has all")
    grid: dict[str, list] = Field(
        min_length=1,
        description="parameter: [values]; the first is the figure's axis, the others are its lines",
    )
    seeds: list[int] = Field(
        min_length=1, description="values of the parameter seed, each at every point of the grid"
    )


@dataclass(frozen=True)
class Point:
    """One run.

    Parameters
    ----------
    values : dict
        What SET gives.
    set : str
        SET as text.
    params : dict
        The checked parameters of the section.
    home : Path
        The results folder.
    """

    values: dict
    set: str
    params: dict
    home: Path


@dataclass
class SweepTask:
    """A sweep to run: its name, its file, its points, and the reasons of those that failed."""

    name: str
    sweep: Sweep
    points: list[Point]
    where: str
    failures: dict[str, str] = field(default_factory=dict)


def read(file: str, profile: str = "") -> tuple[str, Sweep]:
    """The checked content of a sweep's file.

    Parameters
    ----------
    file : str
        The file, from the checkout on.
    profile : str
        Replaces the file's, and is then part of the sweep's name.

    Returns
    -------
    tuple
        The sweep's name and its content.

    Raises
    ------
    Stop
        USAGE, one line.
    """
    path = find(file)
    where = shown(path)
    sweep = _checked(parameters.read(path), where)
    try:
        parameters.sections([sweep.section])
    except Stop as stop:
        raise Stop(USAGE, f"{where}: {stop}") from None
    if "seed" in sweep.grid:
        value = parameters.short(sweep.grid["seed"])
        why = "seeds are not part of the grid, they have the key seeds"
        raise Stop(USAGE, f"{where}: grid[seed] = {value}: {why}")
    for key, values in [*sweep.grid.items(), ("seeds", sweep.seeds)]:
        if not values:
            raise Stop(USAGE, f"{where}: grid[{key}] = []: at least one value is needed")
    if profile in ("", sweep.profile):
        return path.stem, sweep
    if profile not in PROFILES:
        raise Stop(USAGE, f"no profile {profile!r}; profiles are {', '.join(PROFILES)}")
    return f"{path.stem}-{profile}", sweep.model_copy(update={"profile": profile})


def _checked(values: dict, where: str) -> Sweep:
    """The file's keys and values; Stop(USAGE) with one line for the first mistake."""
    fields = Sweep.model_fields
    for key, value in values.items():
        if key not in fields:
            hint = parameters.nearest(str(key), fields)
            why = f"a sweep has no such key{hint}; keys are {', '.join(fields)}"
            raise Stop(USAGE, f"{where}: {key} = {parameters.short(value)}: {why}")
    try:
        return Sweep(**values)
    except ValidationError as error:
        mistake = error.errors()[0]
    key = str(mistake["loc"][0])
    inside = "".join(f"[{part}]" for part in mistake["loc"][1:])
    if mistake["type"] == "missing":
        complaint = f"{key}{inside}: missing"
    else:
        value = parameters.short(mistake["input"])
        complaint = f"{key}{inside} = {value}: {parameters.lower(mistake['msg'])}"
    raise Stop(USAGE, f"{where}: {complaint} ({fields[key].description})")


def find(file: str) -> Path:
    """The path of a sweep's file. Raises Stop(USAGE) naming those there are."""
    there = [shown(path) for path in sorted((PARAMS / "sweeps").glob("*.yaml"))]
    if not file:
        names = ", ".join(there) or "none in params/sweeps"
        raise Stop(USAGE, f"SWEEP: no file given; there are {names}")
    path = (ROOT / file).resolve()
    if not path.is_file():
        raise Stop(USAGE, f"SWEEP: {file}: no such file{parameters.nearest(file, there)}")
    return path


def expand(sweep: Sweep, where: str) -> list[Point]:
    """All points, seeds fastest, each checked as SET would be.

    Parameters
    ----------
    sweep : Sweep
        The checked file.
    where : str
        The file's name, for messages.

    Returns
    -------
    list of Point

    Raises
    ------
    Stop
        USAGE, one line for a value that the section refuses, and for a point that is there twice.
    """
    points: dict[Path, Point] = {}
    for combination in itertools.product(*sweep.grid.values(), sweep.seeds):
        values = dict(zip([*sweep.grid, "seed"], combination, strict=True))
        try:
            params = parameters.resolve(sweep.section, sweep.profile, values, place=where)
            text = parameters.set_text(values)
        except Stop as stop:
            plain = " ".join(f"{key}={value}" for key, value in values.items())
            raise Stop(USAGE, f"{stop}; at the point {plain}") from None
        home = RESULTS / parameters.variant(sweep.profile, values, {sweep.section: params})
        if home in points:
            same = points[home].set
            raise Stop(USAGE, f"{where}: {text} is there twice: {same} is the same run")
        points[home] = Point({key: params[key] for key in values}, text, params, home)
    return list(points.values())


def differences(sweep: Sweep, point: Point) -> list[str]:
    """Why a point has no current result, see ``plan``; empty if it has one."""
    return plan.differences(point.home / sweep.section, sweep.section, point.params)
