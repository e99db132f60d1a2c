"""The files beside the packages: locks, the environment, data pins, sections, references."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from mtl_lib.data import sources, store
from mtl_lib.data.store import archives
from study.sections import SECTIONS
from suite import arithmetic

ROOT = Path(__file__).resolve().parents[1]


def test_pip_install_brings_only_what_classical_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {re.split("[<>=]", name)[0] for name in project["dependencies"]} == {
        "numpy",
        "scipy",
        "scikit-learn",
        "threadpoolctl",
    }


def locked(name: str) -> set[str]:
    """Packages of a lock, which must be hashed, without a path or an address, and without torch."""
    text = (ROOT / name).read_text()
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in block and "==" in block for block in blocks)
    assert not re.search(r"file:|://|find-links|index-url|/root|/home", text)
    names = {re.split("[=<> ]", block)[0] for block in blocks}
    assert not {
        name for name in names if re.match(r"(torch$|nvidia|triton|torchvision|torchaudio)", name)
    }
    return names


def wanted(*extras: str) -> set[str]:
    """Packages that pyproject.toml names, itself and in these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [
        *project["dependencies"],
        *(name for extra in extras for name in project["optional-dependencies"][extra]),
    ]
    return {re.split(r"[<>=\[]", name)[0].replace(".", "-") for name in names}


def test_the_lock_is_hashed_complete_and_without_torch_or_paths():
    assert wanted("neural", "notebooks", "test") - locked("requirements.lock") == {"torch"}


@pytest.mark.parametrize(
    "extra, packages", [("cluster", {"dask", "distributed"}), ("pages", {"axe-playwright-python"})]
)
def test_a_lock_beside_holds_its_extra_and_nothing_that_the_base_has(extra, packages):
    names = locked(f"requirements-{extra}.lock")
    assert wanted(extra) - wanted() == packages <= names and not names & locked("requirements.lock")


def test_the_lock_of_flower_is_whole():
    names = locked("requirements-flower.lock")
    assert wanted("neural", "flower") - {"torch", "mtl-lib"} <= names and "mtl-lib" not in names


def test_nothing_of_the_base_environment_needs_flower():
    assert "flwr" not in (ROOT / "requirements.lock").read_text()
    assert "flwr==1.41.0 " in (ROOT / "requirements-flower.lock").read_text()


def test_environment_yml_is_minimal():
    lines = [
        line.strip()
        for line in (ROOT / "environment.yml").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert lines == [
        "name: mtl",
        "channels: [conda-forge]",
        "dependencies:",
        "- python=3.11",
        "- make",
    ]


def test_data_pins_are_read_as_written():

    lines = [
        line for line in archives.REQUIREMENTS.read_text().splitlines() if not line.startswith("#")
    ]
    found = store.pins()
    assert (
        len(found) == len(lines) + len(archives.FILES)
        and sum(bool(pin.version) for pin in found.values()) == len(lines) > 0
    )
    assert all(
        pin.megabytes > 0 and re.fullmatch("[0-9a-f]{64}", pin.sha256) for pin in found.values()
    )


def test_every_source_has_its_archives_pinned_and_in_the_profile_its_card_says():

    named = set()
    for name in sources.NAMES:
        card = sources.module(name).CARD
        assert {store.pins()[archive].profile for archive in card.archives} == {card.profile}, name
        named |= {*card.archives, card.instead}
    assert named - {"nothing"} == set(store.pins())
    modules = {
        path.stem
        for path in (ROOT / "mtl_lib" / "data" / "sources").glob("*.py")
        if re.search("^CARD = ", path.read_text(), re.M)
    }
    assert modules == set(sources.NAMES)


def test_every_section_has_its_files_and_every_archive_a_pin():

    assert {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} == set(SECTIONS)
    for name, section in SECTIONS.items():
        for folder in ("params", "params/smoke", "params/full"):
            assert (ROOT / folder / f"{name}.yaml").is_file()
        assert set(section.archives) <= set(store.pins())


@pytest.mark.parametrize("profile", ["smoke", "default"])
@pytest.mark.parametrize("section", SECTIONS)
def test_a_reference_is_one_pinned_run_with_numbers_and_verdicts(section, profile):
    reference = json.loads((ROOT / "reference" / profile / f"{section}.json").read_text())
    assert reference["schema"] == 2 and reference["arithmetic"] == arithmetic.PUBLISHED
    assert reference["params"]["simulated"] == (profile == "smoke")
    claims = {f"claim/{claim}/effect" for claim in reference["verdicts"]}
    assert claims <= set(reference["metrics"])
    entries = reference["metrics"]
    assert all(set(entry) == {"value", "n", "se"} for entry in entries.values())
    averages = [entries[name] for name in claims if entries[name]["n"] > 1]
    assert averages and all(entry["se"] is not None for entry in averages)
