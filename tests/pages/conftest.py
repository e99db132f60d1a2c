"""A Chromium without network, and the smoke site as it is built from today's sources."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-component-update",
]


def pytest_addoption(parser):
    parser.addoption(
        "--every-notebook", action="store_true", help="run all six notebooks in JupyterLab, not one"
    )


@pytest.fixture(scope="session")
def browser():
    """The installed Chromium with an empty profile; playwright never downloads one."""
    assert CHROMIUM, "no Chromium found (Debian, Ubuntu: apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """A copy of results/smoke, brought up to date first.

    The build makes pages of older templates again.
    """
    command = [sys.executable, "-m", "suite", "build", "--profile", "smoke", "--jobs", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    copy = tmp_path_factory.mktemp("site") / "smoke"
    shutil.copytree(ROOT / "results" / "smoke", copy, ignore=shutil.ignore_patterns(".*"))
    return copy
