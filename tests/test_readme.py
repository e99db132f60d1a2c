"""README and docs/ are true: commands exist, examples run, files are there, and it reads fast."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from suite.site import front

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
PAGES = {"README.md": README} | {
    f"docs/{path.name}": path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))
}
TEXT = "\n".join(PAGES.values())
MAKEFILE = (ROOT / "Makefile").read_text()
SECTIONS = [path.stem for path in (ROOT / "notebooks").glob("*.ipynb")]


def commands() -> set[str]:
    """Targets of every make command the pages show, in blocks and in running text."""
    blocks = "\n".join(re.findall(r"```(?:sh)?\n(.*?)```", TEXT, re.S))
    shown = re.findall(r"^make ([a-z0-9_-]+)", blocks, re.M) + re.findall(
        r"`make ([a-z0-9_-]+)", TEXT
    )
    return set(shown)


def test_every_command_is_a_target():
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M)) | set(SECTIONS)
    assert {"all", "test", "lab", "verify"} <= commands() <= targets


def test_make_all_and_make_test_are_the_first_two_commands():
    assert re.search(r"```\nmake all\nmake test\n```", README)


@pytest.mark.parametrize("target", sorted(commands()))
def test_every_target_would_run(target):
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def typed() -> str:
    """README's running text: no code, no table, no quoted output, and not the findings."""
    before, rest = README.split(front.MARKS[0])
    text = before + rest.split(front.MARKS[1])[1]
    text = re.sub(r"```.*?```|\"[^\"]*\"", "", text, flags=re.S)
    lines = [line for line in text.splitlines() if not line.startswith(("|", "#", "!"))]
    return re.sub(r"\]\([^)]*\)", "]", "\n".join(lines))


def test_readme_is_short():
    assert README.count("\n") <= 150
    assert [line for line in README.splitlines() if len(line) > 120] == []
    sentences = re.split(r"(?<=[.:;?!])\s+|\n\n|\n- ", typed())
    assert [sentence for sentence in sentences if len(sentence.split()) > 25] == []


def test_every_command_of_a_block_is_run_or_marked():
    """By .ci/run, make test-readme or make test-distributed, on smoke where a command takes it.

    Or the text before the block says that no test runs it.
    """
    ci = [
        line.removesuffix(" PROFILE=smoke")
        for line in (ROOT / ".ci" / "run").read_text().splitlines()
    ]
    recipe = re.search(r"^test-readme:.*?\n\n", MAKEFILE, re.M | re.S)[0]
    longer = [
        words.removesuffix(" PROFILE=smoke")
        for words in re.findall(r"\$\(MAKE\) --no-print-directory (.*)", recipe)
    ]
    run = [*ci, *(f"make {words}" for words in longer), "make flower"]
    terminals = (
        "runs_the_terminals_of_the_page"
        in (ROOT / "tests" / "mtl_lib" / "federated" / "test_flower.py").read_text()
    )
    blocks = re.findall(r"((?:[^\n]+\n)+)\n```(?:sh)?\n(.*?)```", TEXT, re.S)
    shown = [
        line
        for before, block in blocks
        if not re.search(r"no\s+test\s+runs\s+this", before) and "\nmtl_lib/ " not in block
        for line in block.splitlines()
    ]
    left = [
        line
        for line in shown
        if line not in run
        and not (terminals and line.startswith(".flower/bin/python flower/start.py"))
    ]
    assert left == []


EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.S)
MARK = "--- the next example ---"
TOGETHER = """
import runpy, sys
for path in sys.argv[1:]:
    runpy.run_path(path, run_name="__main__")
    print({mark!r}, flush=True)
"""


def printed(*examples: str, folder: Path) -> list[str]:
    """What each example prints, one after the other in one process."""
    files = [folder / f"example_{k}.py" for k in range(len(examples))]
    for file, example in zip(files, examples, strict=True):
        file.write_text(example)
    words = [sys.executable, "-c", TOGETHER.format(mark=MARK), *map(str, files)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(f"{MARK}\n")[:-1]


def certified(shown: str, gap: float):
    """Checks that an example prints this, and at its end a gap."""

    def check(out: str) -> None:
        assert shown in out and -1e-12 < float(out.split()[-1]) <= gap

    return check


def learns(out: str) -> None:
    accuracy = re.search(r"^ *test +([\d.]+)", out, re.M)
    assert float(accuracy[1]) > 0.7  # one model for all reaches less


def compares_its_arms(out: str) -> None:
    rows = [
        line.split()
        for line in out.splitlines()
        if re.search(r" [\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$", line)
    ]
    assert len(rows) == 4 and all(float(value) > 0.6 for row in rows for value in row[-4:])


def assays(out: str) -> None:
    first, *_, last = out.splitlines()
    assert "but saves 51 % [30, 72] of the error of one model for all" in first
    assert first.split(" With twice")[0] in " ".join(README.split())
    assert "boosting" in out and len(re.findall(r"\d+\.\d+", last)) == 5


CHECKS = {
    "assay": assays,
    "fit": certified("(3, 5)", 1e-6),
    "penalty": certified("[0 1]", 1e-6),
    "federated": learns,
    "MOCHA": certified("(12, 8) (12, 12)", 1e-4),
    "neural": compares_its_arms,
}


def test_the_examples_do_what_is_said(tmp_path):
    for check, out in zip(CHECKS.values(), printed(*EXAMPLES, folder=tmp_path), strict=True):
        check(out)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_each_example_runs_alone(name, tmp_path):
    (out,) = printed(EXAMPLES[list(CHECKS).index(name)], folder=tmp_path)
    CHECKS[name](out)


def test_every_section_and_folder_is_described():
    for section in SECTIONS:
        assert f"`{section}`" in README
    tree = re.search(r"```\n(notebooks/.*?)```", PAGES["docs/maintainers.md"], re.S)[1]
    for name in re.findall(r"^ {0,2}([\w./]+?/?)(?= {2,})", tree, re.M):
        assert (ROOT / name).exists() or (ROOT / "mtl_lib" / name).exists(), name
    for path in (ROOT / "mtl_lib").iterdir():
        if not path.name.startswith("_") and path.name != "py.typed":
            assert re.search(rf"\b{re.escape(path.name)}", tree), path.name


def test_every_page_of_docs_is_reached_from_readme():
    reached = "\n".join(PAGES.values())
    for name in PAGES:
        assert name == "README.md" or Path(name).name in reached.replace(PAGES[name], ""), name


def test_the_chinese_page_names_every_section_and_only_commands_that_exist():
    chinese = (ROOT / "README.zh.md").read_text()
    assert all(f"`{section}`" in chinese for section in SECTIONS)
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M)) | set(SECTIONS)
    assert set(re.findall(r"(?:^|`)make ([a-z0-9_-]+)", chinese, re.M)) <= targets
    assert "\n```\nmake all\nmake test\n```" in chinese
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", chinese):
        assert (ROOT / target).is_file(), target


def anchors(text: str) -> set[str]:
    """What links may lead to in a page."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w]+", "-", heading.lower()).strip("-") for heading in headings}


@pytest.mark.parametrize("name", [*PAGES, "CONTRIBUTING.md", "rendered/README.md"])
def test_every_link_leads_to_a_file_and_a_heading(name):
    page = ROOT / name
    for target in set(re.findall(r"\]\(([^)\s]+)\)", page.read_text())):
        file, _, anchor = target.partition("#")
        there = page.parent / file if file else page
        assert there.is_file(), target
        assert not anchor or anchor in anchors(there.read_text()), target


def test_the_table_of_the_example_is_there():
    for table in re.findall(r"TABLE=([^ \n]+\.csv) TASK", README):
        assert (ROOT / table).is_file() and f"TABLE={table}" in (ROOT / ".ci" / "run").read_text()


def test_the_sweep_of_the_example_is_there():
    named = set(re.findall(r"SWEEP=(params\S+)", TEXT))
    assert named and all((ROOT / name).is_file() for name in named)


def test_the_set_examples_are_accepted():
    from suite import parameters

    texts = re.findall(r'make 01_classical_mtl SET="([^"]+)"', TEXT)
    assert texts
    for text in texts:
        assert parameters.resolve("01_classical_mtl", "default", parameters.parse_set(text))


def test_every_source_is_listed_as_its_card_says():
    from mtl_lib.data import sources

    for name in sources.NAMES:
        card = sources.module(name).CARD
        row = f"| `{name}` | {card.title} | {card.tasks} | {card.licence} |"
        assert row in PAGES["docs/data.md"]
