"""The protocol: eight steps, the code that does each, and what it gave on one table.

``study/protocol.yaml`` is written by hand, its figures come from ``protocol_measured.yaml``.
"""

import re
from pathlib import Path

from pydantic import Field

from study.guide import names
from study.guide.chooser import Typed

FOLDER = Path(__file__).resolve().parents[1]
FILE = FOLDER / "protocol.yaml"
MEASURED = FOLDER / "protocol_measured.yaml"
STEPS = 8
PLACE = re.compile(r"\{[^}]*\}")


class Step(Typed):
    """One step.

    Parameters
    ----------
    name, do, why : str
        A short name for links; what to do; why.
    code : list of str
        Dotted names of what does it here.
    here : str
        What it gave in the example, with ``{places}`` of the measured file.
    table : str
        A list of rows of the measured file that follows, or nothing.
    """

    name: str = Field(pattern="^[a-z]+$")
    do: str = Field(min_length=1)
    why: str = Field(min_length=1)
    code: list[str] = Field(min_length=1)
    here: str = Field(min_length=1)
    table: str = ""


class Protocol(Typed):
    """The steps, and what the example is."""

    title: str
    example: str
    steps: list[Step] = Field(min_length=STEPS, max_length=STEPS)


def load(path: Path = FILE) -> Protocol:
    """The protocol as it is written; pydantic.ValidationError for another form."""
    return Protocol.model_validate(names.yaml(path))


def faults(protocol: Protocol, measured: dict) -> list[str]:
    """What is wrong with a protocol, one line each.

    Parameters
    ----------
    protocol : Protocol
        The protocol.
    measured : dict
        What the measured file holds.

    Returns
    -------
    list of str
        Code that does not exist, places that the measured file lacks, figures that were typed, and
        names that occur twice.
    """
    wrong = []
    seen: set[str] = set()
    for step in protocol.steps:
        found = [f"no code {code!r}" for code in step.code if not names.is_code(code)]
        found += _of_words(step, measured)
        found += ["its name occurs twice"] if step.name in seen else []
        wrong += [f"step {step.name!r}: {fault}" for fault in found]
        seen.add(step.name)
    return wrong


def _of_words(step: Step, measured: dict) -> list[str]:
    """Faults of what a step says of the example."""
    wrong = []
    try:
        step.here.format(**measured)
    except (KeyError, IndexError, ValueError) as error:
        wrong.append(f"no place {error}")
    typed = re.findall(r"\d[\d.,]*", PLACE.sub("", step.here))
    wrong += [f"the figure {figure!r} is typed" for figure in typed]
    if step.table and not isinstance(measured.get(step.table), list):
        wrong.append(f"no table {step.table!r}")
    return wrong
