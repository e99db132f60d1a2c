"""A toy project: the suite itself on three tiny notebooks, in a folder of its own."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import forked

ROOT = Path(__file__).resolve().parents[2]
STARTED = "started.txt"  # in a project's folder: the sections whose notebooks were forked

TOY_PARAMS = '''
"""Parameters of the toy project."""
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field


class Toy(BaseModel):
    """A toy section"""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    archives: ClassVar[tuple[str, ...]] = ()
    files: ClassVar[tuple[str, ...]] = ("words.txt",)
    seed: int = Field(ge=0, description="first seed")
    simulated: bool = Field(description="stand-in data")
    lam: float = Field(gt=0, description="weight of the penalty")
    alphas: list[Annotated[float, Field(gt=0)]] = Field(min_length=1, description="levels")
    kind: Literal["plain", "fancy"] = Field(description="which")
    pause: float = Field(ge=0, le=60, description="seconds of sleep")


class Archived(Toy):
    """A toy section that reads an archive"""

    archives = ("toyarchive",)


SECTIONS = {"a_toy": Toy, "b_toy": Toy, "c_archive": Archived}
'''
TOY_VALUES = "seed: 0\nsimulated: false\nlam: 0.5\nalphas: [0.1, 1e-3]\nkind: plain\npause: 0.0\n"
TOY_MODULES = {
    "__init__.py": '"""A toy study."""\n',
    "api.py": '"""A re-export."""\nfrom toy.numbers import number\n',
    "numbers.py": '"""Numbers."""\n\n\ndef number(x):\n    """Twice x."""\n    return 2 * x\n',
    "lazy.py": '"""Loaded inside a function."""\n\n\ndef late():\n    return 1.0\n',
    "other.py": '"""Loaded by nobody."""\nVALUE = 1\n',
}
SETUP = """
import time
import pandas as pd
from mtl_lib.stream import stream
from study import record
from study.plots import style
from toy.api import number
rec = record.open("{section}", simulated=simulated)
name = "{section}-up".replace("_", "-")
words = dict(statement="It goes up.", arms=("up", "zero"), measure="height", unit="unit")
words |= dict(scope="a toy", null="none")
claim = rec.declare(id=name, section="0", margin=0.1, **words)
"""
WORK = """
def load():
    from toy import lazy
    return lazy.late()

time.sleep(pause)
draws = stream(seed, "toy").normal(size=8)
for k, value in enumerate(draws):
    rec.metric(f"draw/{k}", number(value) * lam * load(), n=1)
"""
FIGURE = """
fig, axes = style.panels(1)
axes[0, 0].plot(draws)
table = pd.DataFrame({"draw": draws})
rec.figure(fig, "draws", caption="Draws with $x^2$.", alt="A line.", data=table)
"""
DECIDE = """
pairs = pd.DataFrame({"unit": range(len(draws)), "seed": 0, "a": draws + 5, "b": draws * 0})
claim.decide(pairs, figure="draws")
rec.done()
"""
ARCHIVE = """
from mtl_lib.data import store
def convert(path):
    return {"values": [float(x) for x in path.read_text().split()]}
values = store.converted("toyarchive", "toy", 1, convert)["values"]
"""


def notebook(section: str, archive: bool) -> dict:
    """A notebook with a formula, parameters, a figure, metrics and a claim."""
    parameters = "\n".join(
        [
            "seed = 0",
            "simulated = False",
            "lam = 0.5",
            "alphas = [0.1, 0.001]",
            'kind = "plain"',
            "pause = 0.0",
        ]
    )
    code = [
        (parameters, ["parameters"]),
        (SETUP.replace("{section}", section), []),
        *([(ARCHIVE, [])] if archive else []),
        (WORK, []),
        (FIGURE, ["fig:draws"]),
        (DECIDE, []),
    ]
    cells = [
        {
            "cell_type": "markdown",
            "id": "m0",
            "metadata": {},
            "source": f"# {section}\n\nA formula: $x^2$.\n\n## Part",
        }
    ]
    cells += [
        {
            "cell_type": "code",
            "id": f"c{k}",
            "metadata": {"tags": tags},
            "source": source.strip(),
            "outputs": [],
            "execution_count": None,
        }
        for k, (source, tags) in enumerate(code)
    ]
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


class Toy:
    """A toy project on disk and the suite's command line on it.

    Parameters
    ----------
    root : Path
        Its folder.
    kernel : bool
        Whether notebooks run in Jupyter kernels and commands in processes, as make starts them;
        else both are forks, which take a tenth of the time. Only Linux has forks that may use
        numerical libraries.
    fresh : bool
        Whether to make the project; else it is there.
    """

    def __init__(self, root: Path, kernel: bool = False, fresh: bool = True):
        self.root = root
        self.kernel = kernel or sys.platform != "linux"
        if fresh:
            self._make(root)

    def _make(self, root: Path) -> None:
        ignore = shutil.ignore_patterns("__pycache__", "tex-svg-full.js")
        for package in ("mtl_lib", "study", "suite"):
            shutil.copytree(ROOT / package, root / package, ignore=ignore)
        settings = (ROOT / "pyproject.toml").read_text()
        (root / "pyproject.toml").write_text(settings.replace('"study.sections"', '"toy.sections"'))
        for folder in ("toy", "notebooks", "params/smoke", "params/full", "cache"):
            (root / folder).mkdir(parents=True)
        for name, text in {"sections.py": TOY_PARAMS, **TOY_MODULES}.items():
            (root / "toy" / name).write_text(text)
        for section in ("a_toy", "b_toy", "c_archive"):
            (root / "notebooks" / f"{section}.ipynb").write_text(
                json.dumps(notebook(section, section == "c_archive"), indent=1)
            )
            (root / "params" / f"{section}.yaml").write_text(TOY_VALUES)
            (root / "params" / "smoke" / f"{section}.yaml").write_text("simulated: true\n")
        (root / "requirements.lock").write_text("nothing==1\n")
        (root / "words.txt").write_text("one\n")
        (root / "README.md").write_text(
            "Toy\n<!-- findings: made by make publish -->\n<!-- end of findings -->\nEnd\n"
        )
        self.archive("1 2 3")

    def archive(self, text: str) -> None:
        """Put an archive into the mirror and pin it."""
        mirror = self.root / "mirror"
        mirror.mkdir(exist_ok=True)
        (mirror / "toyarchive-1.0.txt").write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        pins = self.root / "mtl_lib" / "data" / "store" / "requirements-data.txt"
        pins.write_text(f"toyarchive==1.0 --hash=sha256:{digest}  # 1 MB\n")

    def environment(self, **more) -> dict:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("MTL_")}
        return {
            **clean,
            "MTL_DATA_DIR": str(self.root / "cache"),
            "MTL_DATA_MIRROR": str(self.root / "mirror"),
            "VERBOSE": "1",  # a line for every cell, by which tests find the moment to kill
            **more,
        }

    def start(self, *words: str, **more) -> subprocess.Popen | forked.Command:
        """The suite as a process."""
        if not self.kernel:
            return forked.Command(self.root, words, self.environment(**more))
        return subprocess.Popen(
            [sys.executable, "-m", "suite", *words],
            cwd=self.root,
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def suite(self, *words: str, timeout: float = 120, **more) -> subprocess.CompletedProcess:
        """The suite to its end: returncode, stdout, stderr."""
        process = self.start(*words, **more)
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def build(self, *words: str, **more) -> subprocess.CompletedProcess:
        """``build`` that must succeed."""
        done = self.suite("build", *words, **more)
        assert done.returncode == 0, done.stderr
        return done

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert old in text
        # Python knows its compiled files by size and full second.
        later = file.stat().st_mtime + 2
        file.write_text(text.replace(old, new))
        os.utime(file, (later, later))

    def result(self, section: str = "a_toy", profile: str = "default") -> Path:
        return self.root / "results" / profile / section

    def metrics(self, section: str = "a_toy", profile: str = "default") -> str:
        return (self.result(section, profile) / "metrics.json").read_text()
