"""Incremental by content, failures that say what and where, and the same bytes every time."""

import json
import os
import re
import subprocess
import sys

import pytest

RESULT = {
    "notebook.ipynb",
    "index.html",
    "figures",
    "claims",
    "metrics.json",
    "claims.json",
    "figures.json",
    "provenance.json",
}


def test_a_build_leaves_everything_and_nothing_else(toy):
    done = toy.build("a_toy", "b_toy", "--jobs", "2")
    assert {path.name for path in toy.result().iterdir()} == RESULT
    assert {path.name for path in (toy.result() / "figures").iterdir()} == {
        "draws.svg",
        "draws.png",
        "draws.csv",
    }
    assert "open results/default/index.html" in done.stdout
    assert re.search(r"a_toy +\d+ s  cell \d+/\d+  Part", done.stdout)
    provenance = json.loads((toy.result() / "provenance.json").read_text())
    assert {"commit", "dirty", "inputs", "seeds", "versions", "threads", "pools", "python"} <= set(
        provenance
    )
    assert (
        str(toy.root) not in (toy.result() / "notebook.ipynb").read_text()
    )  # no path of this machine
    assert {"toy.numbers", "toy.api", "toy.lazy", "study.record"} <= set(
        provenance["inputs"]["modules"]
    )


def test_nothing_to_do_is_quick_and_a_comment_changes_nothing(built):
    stamp = os.stat(built.result()).st_mtime_ns
    built.edit("toy/numbers.py", "return 2 * x", "return 2 * x  # twice")
    built.edit("toy/numbers.py", '"""Twice x."""', '"""Two times x."""')
    built.edit("toy/other.py", "VALUE = 1", "VALUE = 2")
    os.utime(built.root / "toy" / "api.py")
    assert "nothing to do" in built.build("a_toy").stdout
    assert os.stat(built.result()).st_mtime_ns == stamp
    assert built.suite("why", "a_toy").stdout == "a_toy: up to date\n"


@pytest.mark.parametrize(
    "path, old, new, named",
    [
        ("toy/numbers.py", "2 * x", "3 * x", "module toy.numbers"),  # seen through a re-export
        ("toy/lazy.py", "1.0", "2.0", "module toy.lazy"),  # loaded inside a function
        ("toy/api.py", "import number", "import number as number", "module toy.api"),
        ("study/record.py", "indent=1", "indent=2", "module study.record"),
        ("params/a_toy.yaml", "lam: 0.5", "lam: 0.25", "parameter lam changed: 0.5 -> 0.25"),
        ("requirements.lock", "==1", "==2", "requirements.lock"),
        ("words.txt", "one", "two", "file words.txt"),
        ("notebooks/a_toy.ipynb", "size=8", "size=9", "the notebook's cells"),
    ],
)
def test_a_change_is_named_and_reruns_what_reads_it(built, path, old, new, named):
    built.edit(path, old, new)
    assert named in built.suite("why", "a_toy").stdout
    assert "a_toy: to run" in built.build("a_toy").stdout
    assert "nothing to do" in built.build("a_toy").stdout


def test_a_new_default_reruns_only_the_profiles_that_take_it(built):
    path = built.root / "notebooks" / "a_toy.ipynb"
    content = json.loads(path.read_text())
    cell = next(
        cell for cell in content["cells"] if "parameters" in cell["metadata"].get("tags", [])
    )
    cell["source"] = "".join(cell["source"]) + "\nlam = 0.25"
    path.write_text(json.dumps(content))
    assert (
        "nothing to do" in built.build("a_toy").stdout
    )  # params/ still says 0.5, which papermill puts in


def test_a_change_reruns_only_the_sections_that_load_it(toy):
    toy.edit("notebooks/b_toy.ipynb", "from toy.api import number", "number = float")
    toy.build("a_toy", "b_toy")
    toy.edit("toy/numbers.py", "2 * x", "3 * x")
    out = toy.build("a_toy", "b_toy").stdout
    assert "a_toy: to run" in out and "b_toy: to run" not in out


def test_a_new_archive_reruns_what_read_it(toy):
    toy.build("a_toy", "c_archive")
    assert "nothing to do" in toy.build("a_toy", "c_archive").stdout
    toy.archive("4 5 6")
    assert "data archive toyarchive" in toy.suite("why").stdout
    out = toy.build("a_toy", "c_archive").stdout
    assert "c_archive: to run" in out and "a_toy: to run" not in out


def test_outputs_saved_by_jupyter_do_not_rerun(built):
    path = built.root / "notebooks" / "a_toy.ipynb"
    content = json.loads(path.read_text())
    content["cells"][1] |= {
        "execution_count": 3,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}],
    }
    path.write_text(json.dumps(content))
    assert "nothing to do" in built.build("a_toy").stdout


def test_same_bytes_every_time_and_for_any_number_of_jobs(toy):
    def taken():
        names = [
            (s, f)
            for s in ("a_toy", "b_toy")
            for f in (
                "metrics.json",
                "claims.json",
                "figures/draws.svg",
                "figures/draws.png",
                "claims/{}-up.csv",
            )
        ]
        return {
            (s, f): (toy.result(s) / f.format(s.replace("_", "-"))).read_bytes() for s, f in names
        }

    toy.build("a_toy", "b_toy", "--jobs", "1")
    first = taken()
    for section in ("a_toy", "b_toy"):
        os.rename(toy.result(section), toy.root / f"away-{section}")
    toy.build("a_toy", "b_toy", "--jobs", "2")
    assert taken() == first
    toy.build("a_toy", "--set", "seed=1")
    (variant,) = (toy.root / "results").glob("default-*")
    new = json.loads((variant / "a_toy" / "metrics.json").read_text())["metrics"]
    old = json.loads(first["a_toy", "metrics.json"])["metrics"]
    drawn = [name for name in old if not name.startswith("again/")]  # a tally may be the same
    assert all(new[name]["value"] != old[name]["value"] for name in drawn)


def test_a_failing_cell_is_named_and_the_old_result_stays(built):
    before = built.metrics()
    built.edit("notebooks/a_toy.ipynb", "time.sleep(pause)", "1 / 0")
    done = built.suite("build", "a_toy", "b_toy")
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert all(
        word in line
        for word in (
            "notebooks/a_toy.ipynb",
            "cell 4",
            "ZeroDivisionError",
            "results/default/a_toy.failed.ipynb",
        )
    )
    assert (built.root / "results/default/a_toy.failed.ipynb").is_file()
    assert built.metrics() == before and built.result("b_toy").exists()
    built.edit("notebooks/a_toy.ipynb", "1 / 0", "time.sleep(pause)")
    built.edit("notebooks/a_toy.ipynb", "size=8", "size=9")
    built.build("a_toy")
    assert not (built.root / "results/default/a_toy.failed.ipynb").exists()


def last_line(done):
    """The last line of a build, which must not claim to be done."""
    assert "done: open" not in done.stdout and "nothing to do" not in done.stdout
    return done.stdout.strip().splitlines()[-1]


def test_a_failed_build_says_what_failed_and_what_is_kept(built):
    built.edit("notebooks/a_toy.ipynb", "time.sleep(pause)", "1 / 0")
    page = "open results/default/index.html"
    done = built.suite("build", "a_toy")
    assert last_line(done) == f"failed: a_toy; kept: the earlier result of a_toy; {page}"
    assert "a_toy: not compared" not in done.stdout  # the earlier result is not this build's
    (built.root / "mirror" / "toyarchive-1.0.txt").unlink()
    nowhere = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(built.root / "nowhere")}
    kept = "the new result of b_toy and the earlier result of a_toy"
    said = f"failed: a_toy; data missing: c_archive; kept: {kept}; {page}"
    assert last_line(built.suite("build", **nowhere)) == said


def test_a_failed_build_without_any_result_names_no_page(toy):
    toy.edit("notebooks/a_toy.ipynb", "time.sleep(pause)", "1 / 0")
    line = last_line(toy.suite("build", "a_toy"))
    assert line == "failed: a_toy; kept: nothing, there was no earlier result"


@pytest.mark.parametrize(
    "old, new, said",
    [
        ('claim.decide(pairs, figure=\\"draws\\")', "pass", "declared and never decided"),
        ("rec.done()", "pass", "without rec.done()"),
        ("n=1)", "n=1); rec.metric('draw/0', 1.0, n=1)", "recorded already"),
    ],
)
def test_an_unfinished_record_fails_the_run(toy, old, new, said):
    toy.edit("notebooks/a_toy.ipynb", old, new)
    done = toy.suite("build", "a_toy")
    assert done.returncode == 1 and said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not toy.result().exists()


def test_a_notebook_whose_process_dies_fails_the_run(toy):
    """A kernel that dies is noticed by the process that runs it, and that one by the build."""
    toy.edit("notebooks/a_toy.ipynb", "time.sleep(pause)", "import os; os.kill(os.getpid(), 9)")
    done = toy.suite("build", "a_toy")
    (line,) = done.stderr.strip().splitlines()
    assert ("DeadKernelError" if toy.kernel else "the process ended with status -9") in line
    assert done.returncode == 1 and not toy.result().exists()


def test_missing_data_names_itself_and_the_rest_builds(toy):
    (toy.root / "mirror" / "toyarchive-1.0.txt").unlink()
    done = toy.suite(
        "build", "a_toy", "c_archive", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(toy.root / "nowhere")
    )
    assert done.returncode == 3
    assert "c_archive: data missing: toyarchive 1.0" in done.stderr and "make data" in done.stderr
    assert toy.result("a_toy").exists() and not toy.result("c_archive").exists()


def test_two_builds_at_once(toy):
    both = [toy.start("build", "a_toy", "b_toy", "--jobs", "2") for _ in range(2)]
    outs = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], outs
    assert {path.name for path in toy.result().iterdir()} == RESULT
    ran = sum(out.count(": done") + out.count("s  done") for out, _ in outs)
    assert ran == 2  # one of them ran each section, the other found it made


def test_planning_is_light(built):
    program = (
        "import sys, runpy; sys.argv = ['suite', 'why']\n"
        "try:\n runpy.run_module('suite', run_name='__main__')\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'torch', 'papermill', 'nbconvert', 'pandas', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=built.root,
        env=built.environment(),
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip().endswith("[]"), done.stdout + done.stderr


def test_verify(toy):
    assert toy.suite("reference", "a_toy").returncode == 0
    assert toy.suite("verify", "a_toy").returncode == 0
    path = toy.root / "reference" / "default" / "a_toy.json"
    reference = json.loads(path.read_text())
    assert reference["verdicts"] == {"a-toy-up": "supported"}
    reference["metrics"]["draw/3"]["value"] += 1
    path.write_text(json.dumps(reference))
    done = toy.suite("verify", "a_toy")
    assert done.returncode == 1
    assert "The one verdict as published. 9 of 10 numbers identical; 1 of the others" in done.stdout
    assert re.search(r"name +published +here", done.stdout)
    assert "draw/3" in done.stdout and "draw/4" not in done.stdout
    reference["metrics"]["draw/3"]["value"] -= 1
    reference["verdicts"]["a-toy-up"] = "undecided"
    path.write_text(json.dumps(reference))
    done = toy.suite("verify", "a_toy")
    assert done.returncode == 1 and "1 of 1 verdicts are not as published" in done.stdout
    toy.edit("params/a_toy.yaml", "lam: 0.5", "lam: 0.25")
    done = toy.suite("verify", "a_toy")
    assert done.returncode == 0 and "not compared: lam differs" in done.stdout


@pytest.mark.parametrize(
    "name, content",
    [
        ("claims.json", "[{"),
        ("provenance.json", "{}"),
        ("provenance.json", None),
        ("metrics.json", ""),
        ("figures/draws.png", None),
        ("claims/a-toy-up.csv", None),
    ],
)
def test_a_damaged_result_is_made_again(built, name, content):
    path = built.result() / name
    path.unlink() if content is None else path.write_text(content)
    assert "not whole" in built.suite("why", "a_toy").stdout
    built.build("a_toy")
    assert "nothing to do" in built.build("a_toy").stdout


def test_a_result_without_an_input_kind_of_today_runs_again(built):
    built.edit("results/default/a_toy/provenance.json", '"lock"', '"lick"')
    assert "requirements.lock changed: None" in built.suite("why", "a_toy").stdout


def test_publish_copies_current_results_only(toy):
    assert toy.suite("publish", "a_toy").returncode == 1
    toy.build("a_toy")
    assert toy.suite("publish", "a_toy").returncode == 0
    assert (toy.root / "rendered" / "a_toy" / "figures" / "draws.png").is_file()
    assert json.loads((toy.root / "rendered" / "claims.json").read_text())[0]["id"] == "a-toy-up"
    every = (toy.root / "rendered" / "README.md").read_text()
    assert "| the material says | answer |" in every
    assert (toy.root / "README.md").read_text().endswith("End\n")
    toy.edit("toy/numbers.py", "2 * x", "3 * x")
    done = toy.suite("publish", "a_toy")
    assert done.returncode == 1 and "module toy.numbers" in done.stderr


def test_publish_check_says_what_is_not_as_published(toy):
    assert "rendered/a_toy: not published" in toy.suite("publish-check", "a_toy").stdout
    toy.build("a_toy")
    toy.suite("publish", "a_toy")
    done = toy.suite("publish-check", "a_toy")
    assert done.returncode == 0 and "are those of today's sources" in done.stdout, done.stdout
    toy.edit("rendered/README.md", "| the material says |", "| somebody says |")
    toy.edit("toy/numbers.py", "2 * x", "3 * x")
    done = toy.suite("publish-check", "a_toy")
    assert (
        done.returncode == 1
        and "module toy.numbers changed" in done.stdout
        and "rendered/README.md: not what rendered/ says" in done.stdout
    )


def test_relative_data_folders_count_from_the_checkout(toy):
    toy.build("c_archive", MTL_DATA_DIR="here", MTL_DATA_MIRROR="mirror")
    assert (toy.root / "here" / "converted").is_dir() and not (
        toy.root / "notebooks" / "here"
    ).exists()
