"""A toy project for the tests of the runner, and the order of the tests."""

import shutil
from pathlib import Path

import pytest
from toy_project import Toy


def pytest_collection_modifyitems(items):
    """The longest tests first, so that two workers finish together."""
    items.sort(key=lambda item: ("test_kill" not in item.nodeid, "suite/" not in item.nodeid))


@pytest.fixture
def toy(tmp_path) -> Toy:
    return Toy(tmp_path / "toy")


@pytest.fixture(scope="session")
def new_toy(tmp_path_factory):
    """Makes further toy projects, also for fixtures that outlive a test."""
    return lambda name: Toy(tmp_path_factory.mktemp(name) / "toy")


@pytest.fixture(scope="session")
def built_once(tmp_path_factory) -> Path:
    """A toy project with the default result of ``a_toy``, made once per worker.

    Most tests of the build begin there.
    """
    project = Toy(tmp_path_factory.mktemp("built") / "toy")
    project.build("a_toy")
    return project.root


@pytest.fixture
def built(built_once, tmp_path) -> Toy:
    """A copy of that project of the test's own."""
    shutil.copytree(built_once, tmp_path / "toy")
    return Toy(tmp_path / "toy", fresh=False)
