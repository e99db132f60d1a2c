"""Every mistake is one helpful line, exit code 2, and no notebook is started (they are counted)."""

import json
import sys

import pytest
from toy_project import STARTED

MISTAKES = {  # what is written into params/a_toy.yaml -> words of the one line
    "wrong key": (
        "seed: 0\nsimulated: false\nlamb: 0.5\nalphas: [0.1]\nkind: plain\npause: 0.0\n",
        ["params/a_toy.yaml", "lamb", "'lam'"],
    ),
    "wrong type": (
        "seed: 0\nsimulated: false\nlam: much\nalphas: [0.1]\nkind: plain\npause: 0.0\n",
        ["params/a_toy.yaml", "lam", "'much'", "weight of the penalty"],
    ),
    "no is no bool": (
        "seed: 0\nsimulated: no\nlam: 0.5\nalphas: [0.1]\nkind: plain\npause: 0.0\n",
        ["simulated", "'no'", "boolean"],
    ),
    "out of range": (
        "seed: -1\nsimulated: false\nlam: 0.5\nalphas: [0.1]\nkind: plain\npause: 0.0\n",
        ["seed", "-1", "greater than or equal to 0"],
    ),
    "no choice": (
        "seed: 0\nsimulated: false\nlam: 0.5\nalphas: [0.1]\nkind: fncy\npause: 0.0\n",
        ["kind", "'fncy'", "'plain' or 'fancy'"],
    ),
    "inside a list": (
        "seed: 0\nsimulated: false\nlam: 0.5\nalphas: [0.1, -2]\nkind: plain\npause: 0.0\n",
        ["alphas[1]", "-2"],
    ),
    "nan": (
        "seed: 0\nsimulated: false\nlam: .nan\nalphas: [0.1]\nkind: plain\npause: 0.0\n",
        ["lam", "nan"],
    ),
    "infinite": (
        "seed: 0\nsimulated: false\nlam: .inf\nalphas: [0.1]\nkind: plain\npause: 0.0\n",
        ["lam", "inf"],
    ),
    "a float for an int": (
        "seed: 0.5\nsimulated: false\nlam: 0.5\nalphas: [0.1]\nkind: plain\npause: 0.0\n",
        ["seed", "0.5", "integer"],
    ),
    "a key is missing": (
        "seed: 0\nsimulated: false\nalphas: [0.1]\nkind: plain\npause: 0.0\n",
        ["lam is missing"],
    ),
    "duplicate key": ("seed: 0\nseed: 1\n", ["line 2", "duplicate key", "seed"]),
    "empty file": ("", ["empty"]),
    "only a comment": ("# nothing\n", ["empty"]),
    "a list": ("- 1\n", ["list at the top"]),
    "broken yaml": ("seed: [1,\nlam: 2", ["not YAML", "line"]),
    "a tag that does not hold": ("seed: !!int abc\n", ["not YAML"]),
    "a date that does not exist": ("seed: 2024-13-45\n", ["not YAML"]),
    "a number without end": ("seed: " + "9" * 5000 + "\n", ["params/a_toy.yaml"]),
    "nesting without end": ("seed: " + "[" * 3000 + "\n", ["params/a_toy.yaml"]),
    "not text": (b"\xff\xfe\x00seed", ["params/a_toy.yaml"]),
}
SETS = {
    "dollar": ("lam=$x", ["$"]),
    "no value": ("lam", ["KEY=VALUE"]),
    "twice": ("lam=1 lam=2", ["lam", "twice"]),
    "wrong key": ("alpha=[0.1]", ["SET", "'alphas'"]),
    "range": ("lam=-1", ["SET", "lam", "-1"]),
    "broken": ("alphas=[0.1", ["SET", "not YAML"]),
    "a date": ("lam=2024-01-01", ["SET", "lam"]),
    "a map": ("lam={1: a, b: 2}", ["SET", "lam"]),
}


@pytest.fixture
def spy(toy):
    """Counts the notebooks that start: a kernel called python3 writes that down, and forks do."""
    kernels = toy.root / "jupyter" / "kernels" / "python3"
    kernels.mkdir(parents=True)
    started = toy.root / STARTED
    program = f"open({str(started)!r}, 'a').write('x\\n')"
    (kernels / "kernel.json").write_text(
        json.dumps(
            {
                "argv": [sys.executable, "-c", program, "{connection_file}"],
                "display_name": "spy",
                "language": "python",
            }
        )
    )
    toy.spy = {"JUPYTER_PATH": str(toy.root / "jupyter")}

    def starts():
        return len(started.read_text().splitlines()) if started.exists() else 0

    toy.starts = starts
    return toy


def refused(done, words):
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_in_a_file(spy, mistake):
    text, words = MISTAKES[mistake]
    path = spy.root / "params" / "a_toy.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    refused(spy.suite("build", "a_toy", **spy.spy), words)
    assert spy.starts() == 0


@pytest.mark.parametrize("mistake", SETS)
def test_mistakes_in_set(spy, mistake):
    text, words = SETS[mistake]
    refused(spy.suite("build", "a_toy", "--set", text, **spy.spy), words)
    assert spy.starts() == 0


def test_other_usage(spy):
    (spy.root / "params" / "b_toy.yaml").unlink()
    refused(spy.suite("build", "b_toy", **spy.spy), ["params/b_toy.yaml", "no such file"])
    refused(spy.suite("build", "a_tou", **spy.spy), ["a_tou", "'a_toy'"])
    refused(spy.suite("build", "--profile", "ful", **spy.spy), ["'ful'", "smoke, default, full"])
    refused(spy.suite("bild", **spy.spy), ["bild"])
    (spy.root / "params" / "smoke" / "a_toy.yaml").write_text("lamb: 1\n")
    refused(
        spy.suite("build", "a_toy", "--profile", "smoke", **spy.spy),
        ["params/smoke/a_toy.yaml", "lamb"],
    )
    assert spy.starts() == 0


def test_the_spy_sees_a_start(spy):
    spy.suite("build", "a_toy", **spy.spy)
    assert spy.starts() == 1


def test_profiles_and_set_are_layers(toy):
    toy.build("a_toy", "--profile", "smoke", "--set", "lam=2 alphas=[0.1, 1e-2] kind=fancy")
    (folder,) = (toy.root / "results").glob("smoke-*")
    params = json.loads((folder / "a_toy" / "provenance.json").read_text())["inputs"]["params"]
    assert params == {
        "seed": 0,
        "simulated": True,
        "lam": 2.0,
        "alphas": [0.1, 0.01],
        "kind": "fancy",
        "pause": 0.0,
    }
    assert not toy.result(profile="smoke").exists()


def test_equal_values_written_differently_are_one_variant(toy):
    toy.build("a_toy", "--set", "lam=2")
    assert "nothing to do" in toy.build("a_toy", "--set", "lam=2.0").stdout
