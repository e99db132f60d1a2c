"""MOCHA's inner loops are compiled once, say so, and run wherever the library is installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAD = "compiling MOCHA's inner loops, up to 15 s, "
# One small function is enough to see where compiled code is kept.
SMALL = """
import numpy as np
from mtl_lib.federated.mocha import sdca
assert sdca.dot(np.ones((2, 5)), 0, np.ones(5)) == 5
print(sdca.dot.stats.cache_path)
"""
# Everything that fits, as users call it.
FITS = """
import warnings
import numpy as np
from mtl_lib.federated import CommonMean, MiniBatchSDCA, MiniBatchSGD, Mocha, remote
from mtl_lib.tasks import Inputs, Task
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X, y = [rng.normal(size=(9, 3)) for _ in range(3)], [np.arange(9) % 2] * 3
for loss in ("squared", "logistic", "hinge"):
    for relationship in ("learned", CommonMean(1.0), np.asfortranarray(np.eye(3) / 3)):
        Mocha(loss=loss, relationship=relationship, record_theta=True, max_rounds=3).fit(X, y)
    MiniBatchSDCA(share=1, loss=loss, max_rounds=3).fit([x.astype("f4") for x in X], y)
    MiniBatchSGD(loss=loss, rounds=3).fit([np.asfortranarray(x) for x in X], y)
sent = {"model": np.zeros(3), "scale": np.ones(1)}
for array in sent.values():
    array.flags.writeable = False
node = Task("node", Inputs("X", X[0]), np.arange(9), y[0])
remote.side_of(Mocha()).work(node, sent, {}, 1)
"""


def run(*words, folder=ROOT, **variables):
    """A process that sees the library in ``folder``."""
    environment = {**os.environ, "PYTHONPATH": str(folder), **variables}
    for name in [name for name, value in environment.items() if value is None]:
        del environment[name]
    done = subprocess.run(
        [sys.executable, *words], env=environment, cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def installed(tmp_path):
    """A copy of the library in whose folders no compiled code can be kept."""
    shutil.copytree(ROOT / "mtl_lib", tmp_path / "mtl_lib", ignore=lambda *_: ["__pycache__"])
    (tmp_path / "mtl_lib" / "federated" / "mocha" / "__pycache__").touch()
    return tmp_path


@pytest.mark.slow
def test_an_environment_can_compile_beforehand(tmp_path):
    beforehand = run("-m", "mtl_lib.federated.mocha.compile", NUMBA_CACHE_DIR=str(tmp_path))
    assert beforehand.stderr == HEAD + "once per machine\n"
    assert f"kept in {tmp_path}" in beforehand.stdout
    assert run("-c", FITS, NUMBA_CACHE_DIR=str(tmp_path)).stderr == ""


def test_a_place_that_is_read_only_uses_the_users_cache(installed, tmp_path):
    home = tmp_path / "cache"
    places = {"NUMBA_CACHE_DIR": None, "XDG_CACHE_HOME": str(home)}
    done = run("-c", SMALL, folder=installed, **places)
    assert done.stdout.startswith(str(home)) and list(home.rglob("sdca.dot-*.nbc"))
    assert done.stderr == HEAD + "once per machine\n"


@pytest.mark.slow
def test_without_any_place_it_compiles_in_every_process(installed, tmp_path):
    nowhere = tmp_path / "a file"
    nowhere.touch()
    places = {"NUMBA_CACHE_DIR": None, "XDG_CACHE_HOME": str(nowhere / "cache")}
    done = run("-c", SMALL, folder=installed, **places)
    assert done.stdout == "None\n"
    assert done.stderr == HEAD + "in every process: no folder for it can be written\n"
