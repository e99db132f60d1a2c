"""Texts of figures and claims: every gap gets its value, and every text belongs to something."""

import re

import pytest

from study import wording
from study.claims import Claim
from study.wording.texts import FOLDER, Wording, gaps
from suite.project import NOTEBOOKS

FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.fixture
def texts(tmp_path):
    (tmp_path / "one.yaml").write_text(
        "figures:\n  f: {caption: 'n = {n:g}', alt: bars}\n"
        "claims:\n  1-c: {statement: 'On {where}', arms: [a, 'b at {where}'], primary: true}\n"
    )
    return wording.Wording("one", tmp_path)


def test_gaps_are_filled(texts):
    assert gaps("{a} and {b:.2f}, {a}") == {"a", "b"} and gaps("none") == set()
    assert texts.figure("f", {"n": 3.0}) == {"caption": "n = 3", "alt": "bars"}
    claim = texts.claim("1-c", {"where": "Exam", "margin": 0.1})
    words = {"statement": "On Exam", "arms": ["a", "b at Exam"], "primary": True}
    assert claim == {"id": "1-c", "margin": 0.1, **words}


@pytest.mark.parametrize(
    "values, message",
    [({}, "figure 'f': no value for 'n'"), ({"n": 1, "m": 2}, "figure 'f': a value 'm'")],
)
def test_a_gap_without_a_value_and_a_value_without_a_gap_are_refused(texts, values, message):
    with pytest.raises(ValueError, match=message):
        texts.figure("f", values)


def test_what_has_no_text_is_named(texts, tmp_path):
    for missing in (texts, wording.Wording("two", tmp_path)):
        with pytest.raises(ValueError, match="claim '1-d' has no text in"):
            missing.claim("1-d", {})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_text_is_used_and_makes_a_claim_or_a_figure(path):
    texts = Wording(path.stem).texts
    source = (NOTEBOOKS / f"{path.stem}.ipynb").read_text()
    tagged = set(re.findall(r'"fig:([a-z0-9-]+)"', source))
    assert set(texts["figures"]) == tagged
    for entry in texts["figures"].values():
        assert set(entry) == {"caption", "alt"}
    for name, entry in texts["claims"].items():
        Claim(id=name, **{"margin": 1.0, **entry})
