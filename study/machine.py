"""What a run depended on: modules, data archives, versions and the processor."""

import importlib.metadata
import os
import platform
import sys
from pathlib import Path

from threadpoolctl import threadpool_info

ROOT = Path(__file__).resolve().parents[1]
# Packages whose version can change a number.
PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "matplotlib",
    "torch",
    "numba",
    "torchjd",
)


def loaded_modules() -> list[str]:
    """The modules of this checkout that are loaded: they are inputs of the run.

    Returns
    -------
    list of str
        Their names, sorted.
    """
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    return sorted(name for name in sys.modules if name.partition(".")[0] in packages)


def data_read() -> dict[str, str]:
    """The archives that were read.

    Returns
    -------
    dict
        Archive -> identity of its content.
    """
    store = sys.modules.get("mtl_lib.data.store.cache")
    return dict(sorted(store.READ.items())) if store else {}


def facts() -> dict:
    """Versions, threads and processor of this run, as far as they can change a number.

    Returns
    -------
    dict
        JSON content with the keys versions, python, system, threads, pools.
    """
    keys = ("internal_api", "version", "num_threads", "architecture")
    return {
        "versions": {package: _version(package) for package in PACKAGES},
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "pools": [{key: pool.get(key) for key in keys} for pool in threadpool_info()],
    }


def _version(package: str) -> str | None:
    """The version of an installed package; None if it is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
