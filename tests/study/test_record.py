"""What a notebook records, and what it may not."""

import json

import pandas as pd
import pytest

from study import record
from study.claims.again import in_words
from study.plots import style


@pytest.fixture
def rec(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_RUN_DIR", str(tmp_path))
    return record.open("01_classical_mtl")


def draw(rec, name="a-figure", **options):
    fig, axes = style.panels(1)
    axes[0, 0].plot([1, 2])
    rec.figure(
        fig, name, **{"caption": "c", "alt": "a", "data": pd.DataFrame({"x": [1, 2]}), **options}
    )


DECLARATION = {
    "section": "1",
    "statement": "s",
    "arms": ("one", "other"),
    "measure": "accuracy",
    "scope": "simulated",
    "null": "none",
    "unit": "school",
}


def decided(rec):
    claim = rec.declare(id="1-x", margin=0.1, **DECLARATION)
    claim.decide(
        pd.DataFrame({"unit": range(8), "seed": 0, "a": range(8), "b": 0}), figure="a-figure"
    )


def test_everything_is_written_by_done(rec, tmp_path):
    rec.metric("exam/nmse/share=0.1", 0.5, n=65)
    rec.timing("fit", 1.0)
    draw(rec)
    decided(rec)
    rec.done()
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["schema"] == 2 and metrics["section"] == "01_classical_mtl"
    assert metrics["metrics"]["exam/nmse/share=0.1"] == {"value": 0.5, "n": 65, "se": None}
    assert set(metrics["metrics"]) == {
        "exam/nmse/share=0.1",
        "claim/1-x/effect",
        "again/excluding-zero",
    }  # no timing among them
    assert list(metrics["metrics"]) == sorted(metrics["metrics"])
    assert json.loads((tmp_path / "claims.json").read_text())[0]["figure"] == "a-figure"
    assert pd.read_csv(tmp_path / "claims" / "1-x.csv").columns.tolist() == [
        "unit",
        "seed",
        "a",
        "b",
    ]
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "a-figure.svg",
        "a-figure.png",
        "a-figure.csv",
    }
    assert json.loads((tmp_path / "run.json").read_text())["timings"] == {"fit": 1.0}


def test_figures_have_the_same_bytes_every_time(rec, tmp_path):
    draw(rec, "one")
    draw(rec, "two")
    one, two = ((tmp_path / "figures" / f"{name}.svg").read_bytes() for name in ("one", "two"))
    assert one == two and b"<dc:date>" not in one


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_metrics_are_finite(rec, value):
    with pytest.raises(ValueError, match="expected a finite number"):
        rec.metric("x", value, n=1)


def test_names_are_unique_and_plain(rec):
    rec.metric("x", 1.0, n=1)
    with pytest.raises(ValueError, match="recorded already"):
        rec.metric("x", 1.0, n=1)
    with pytest.raises(ValueError, match="allowed are"):
        rec.metric("X y", 1.0, n=1)
    draw(rec)
    with pytest.raises(ValueError, match="recorded already"):
        draw(rec)
    with pytest.raises(ValueError, match="alternative text"):
        draw(rec, "b", alt="")


def test_simulated_data_are_marked_in_every_caption(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_RUN_DIR", str(tmp_path))
    rec = record.open("x", simulated=True)
    draw(rec)
    assert rec.figures["a-figure"]["caption"].startswith("SIMULATED")


def test_without_a_run_folder_everything_is_shown_and_nothing_written(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.delenv("MTL_RUN_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    rec = record.open("01_classical_mtl")
    rec.metric("x", 1.0, n=1)
    draw(rec)
    decided(rec)
    rec.done()
    assert not list(tmp_path.iterdir())


def test_an_undecided_claim_fails_done(rec):
    rec.declare(id="1-y", margin=0.1, **DECLARATION)
    with pytest.raises(RuntimeError, match="1-y"):
        rec.done()


def test_effects_are_in_multiples_of_the_margin(rec):
    declared = rec.declare(id="1-rare-x", margin=0.05, **DECLARATION)
    declared.decide(
        pd.DataFrame({"unit": range(6), "seed": 0, "a": [1.0, 1.1, 1.2, 1.3, 1.2, 1.1], "b": 1.0}),
        figure="f",
    )
    row = rec.effects().iloc[0]
    tested = rec.claims[0].tested
    assert row["label"].startswith(
        f"{DECLARATION['measure']}: {' against '.join(DECLARATION['arms'])}"
    )
    assert row["label"].endswith("\n1-rare-x, n = 6 (school)") and row["margin"] == 1.0
    assert [row[key] * 0.05 for key in ("effect", "low", "high")] == pytest.approx(
        [getattr(tested, key) for key in ("effect", "low", "high")]
    )


def test_a_label_leaves_out_what_stands_in_brackets(rec):
    arms = ("joint", "the better baseline (pooled at 10 %; single task at 95 %)")
    said = rec.declare(id="1-x", margin=0.1, **DECLARATION | {"arms": arms}).claim.declared
    assert said.short == "accuracy: joint against the better baseline"


def again(rec, panel, effects):
    pairs = pd.DataFrame({"unit": range(len(effects)), "seed": 0, "a": effects, "b": 0.0})
    rec.again(panel, pairs, margin=0.1)


def test_a_claim_names_a_panel_that_is_recorded(rec):
    claim = rec.declare(id="1-x", margin=0.1, **DECLARATION)
    again(rec, "digits", [0.1, -0.1, 0.2, -0.2])
    pairs = pd.DataFrame({"unit": range(6), "seed": 0, "a": 1.0, "b": 0.0})
    with pytest.raises(ValueError, match="'words' is not recorded; recorded: digits"):
        claim.decide(pairs, figure="f", panel="words")
    with pytest.raises(ValueError, match="recorded already"):
        again(rec, "digits", [0.1, -0.1])
    claim.decide(pairs, figure="f", panel="digits")


def test_the_tally_is_printed_and_recorded(rec, tmp_path, capsys):
    decided(rec)
    again(rec, "one", [0.1, -0.1, 0.2, -0.2])
    again(rec, "two", [0.51, 0.5, 0.52, 0.5])
    rec.done()
    metrics = json.loads((tmp_path / "metrics.json").read_text())["metrics"]
    assert metrics["again/excluding-zero"] == {"value": 1.0, "n": 2, "se": None}
    assert metrics["again/two"]["value"] == pytest.approx(0.5075)
    said = in_words(rec.panels)
    assert "in 2 panels; 1 of the intervals exclude 0" in said and "0 to 1" in said
