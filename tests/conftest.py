"""Toy projects for the tests of the runner, with kernels and without, and the order of tests."""

import functools
import shutil
from pathlib import Path

import pytest
from toy_project import STARTED, Toy


def pytest_collection_modifyitems(items):
    """The longest tests first, so that two workers finish together."""
    items.sort(key=lambda item: ("kernels" not in item.nodeid, "suite/" not in item.nodeid))


@pytest.fixture(
    params=[
        pytest.param(False, id="forks"),
        pytest.param(True, id="kernels", marks=pytest.mark.slow),
    ]
)
def kernel(request) -> bool:
    """Whether toy projects run notebooks in Jupyter kernels: see ``Toy``.

    A module whose tests need them overrides this.
    """
    return request.param


@pytest.fixture(scope="session")
def built_once(tmp_path_factory):
    """Makes a toy project with the default result of ``a_toy``, once per worker and kind."""

    @functools.cache
    def project(kernel: bool) -> Path:
        made = Toy(tmp_path_factory.mktemp("built") / "toy", kernel)
        made.build("a_toy")
        return made.root

    return project


@pytest.fixture
def toy(built_once, kernel, tmp_path) -> Toy:
    """A toy project without results, of the test's own."""
    return copied(built_once(False), tmp_path / "toy", kernel, "results")


@pytest.fixture
def built(built_once, kernel, tmp_path) -> Toy:
    """A copy of ``built_once``, of the test's own; most tests of the build begin there."""
    return copied(built_once(kernel), tmp_path / "toy", kernel)


@pytest.fixture(scope="session")
def new_toy(tmp_path_factory):
    """Makes further toy projects with kernels, also for fixtures that outlive a test."""
    return lambda name: Toy(tmp_path_factory.mktemp(name) / "toy", kernel=True)


def copied(project: Path, place: Path, kernel: bool, *without: str) -> Toy:
    """A toy project like another one; Python's compiled files come along and save time."""
    shutil.copytree(project, place, ignore=shutil.ignore_patterns(STARTED, *without))
    return Toy(place, kernel, fresh=False)
