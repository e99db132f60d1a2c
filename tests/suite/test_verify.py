"""What "reproduced" means: verdicts, then bits, then standard errors."""

import json
import math

import pytest

from suite import arithmetic, reference, verify

METRICS = {
    "error": {"value": 0.25, "n": 12, "se": 0.01},
    "count": {"value": 100.0, "n": 1, "se": None},
    "other": {"value": -1.5, "n": 3, "se": 0.2},
}
CLAIMS = [{"id": "c-one", "verdict": "supported"}, {"id": "c-two", "verdict": "no effect"}]
INPUTS = {"arithmetic": arithmetic.PUBLISHED, "params": {"lam": 1}, "data": {"a": "1"}}


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A result and the reference made of it; returns a function that changes the result."""
    monkeypatch.setattr(verify, "REFERENCE", tmp_path / "reference")
    monkeypatch.setattr(reference, "REFERENCE", tmp_path / "reference")
    home = tmp_path / "home"
    (home / "a").mkdir(parents=True)

    def write(metrics=METRICS, claims=CLAIMS, inputs=INPUTS):
        contents = {"metrics": {"metrics": metrics}, "claims": claims}
        contents["provenance"] = {"inputs": inputs}
        for name, content in contents.items():
            (home / "a" / f"{name}.json").write_text(json.dumps(content))
        return home

    write()
    assert reference.write(home, ["a"], "default") == 0
    return write


def changed(name, value):
    return {**METRICS, name: {**METRICS[name], "value": value}}


def test_the_same_run_is_reproduced(published, capsys):
    assert verify.verify(published(), ["a"], "default") == 0
    assert "All 2 verdicts as published. All 3 numbers identical." in capsys.readouterr().out


def test_a_unit_in_the_last_place_is_reported_and_does_not_fail(published, capsys):
    home = published(changed("error", math.nextafter(0.25, 1)))
    assert verify.verify(home, ["a"], "default") == 0
    out = capsys.readouterr().out
    assert "2 of 3 numbers identical; the largest of the others is 5.6e-15 standard errors" in out
    assert "error" in out and "too far" not in out


@pytest.mark.parametrize("errors, code", [(0.4, 0), (0.6, 1)])
def test_half_a_standard_error_is_the_limit(published, capsys, errors, code):
    home = published(changed("error", 0.25 - errors * 0.01))
    assert verify.verify(home, ["a"], "default") == code
    assert ("too far" in capsys.readouterr().out) == bool(code)


@pytest.mark.parametrize("value, code", [(100.5, 0), (102.0, 1)])
def test_a_number_without_standard_error_may_be_off_by_a_share(published, value, code):
    assert verify.verify(published(changed("count", value)), ["a"], "default") == code


def test_another_verdict_fails_and_is_named(published, capsys):
    claims = [CLAIMS[0], {"id": "c-two", "verdict": "undecided"}]
    assert verify.verify(published(claims=claims), ["a"], "default") == 1
    out = capsys.readouterr().out
    assert "1 of 2 verdicts are not as published." in out
    assert "c-two: published no effect, here undecided" in out


@pytest.mark.parametrize("gone", ["error", "count"])
def test_a_missing_and_a_new_number_fail(published, gone):
    fewer = {name: entry for name, entry in METRICS.items() if name != gone}
    assert verify.verify(published(fewer), ["a"], "default") == 1
    more = {**METRICS, "new": {"value": 1.0, "n": 1, "se": None}}
    assert verify.verify(published(more), ["a"], "default") == 1


def test_a_missing_and_a_new_claim_fail(published):
    assert verify.verify(published(claims=CLAIMS[:1]), ["a"], "default") == 1
    more = [*CLAIMS, {"id": "c-three", "verdict": "supported"}]
    assert verify.verify(published(claims=more), ["a"], "default") == 1


def test_another_arithmetic_is_judged_by_standard_errors_only(published, capsys, monkeypatch):
    monkeypatch.setattr(arithmetic, "offered", lambda: False)
    inputs = {**INPUTS, "arithmetic": arithmetic.ANOTHER}
    home = published(changed("error", 0.253), inputs=inputs)
    assert verify.verify(home, ["a"], "default") == 0
    out = capsys.readouterr().out
    assert "not the published arithmetic" in out and "0.3 standard errors off" in out
    assert verify.verify(published(changed("error", 0.26), inputs=inputs), ["a"], "default") == 1


def test_other_parameters_or_data_are_not_compared(published, capsys):
    home = published(inputs={**INPUTS, "params": {"lam": 2}, "data": {"a": "2"}})
    assert verify.verify(home, ["a"], "default") == 0
    out = capsys.readouterr().out
    assert "a: not compared: lam, a differ" in out and "Nothing was compared" in out
    assert verify.summary(home, ["a"], "default") == ["a: not compared: lam, a differ"]


def test_a_reference_comes_from_the_pinned_arithmetic_only(published):
    home = published(inputs={**INPUTS, "arithmetic": arithmetic.ANOTHER})
    with pytest.raises(reference.Stop, match="not the published arithmetic"):
        reference.write(home, ["a"], "default")
