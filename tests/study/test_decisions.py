"""The decision table says what the published claims say, and copes with those that are absent."""

import json

import pandas as pd
import pytest

from study import matrix, stats
from study.claims import Claim, settle
from study.guide import chooser, decisions

CHOOSER = chooser.load()
PUBLISHED = decisions.published()


@pytest.mark.parametrize("name", CHOOSER.ends)
def test_every_published_claim_stands_in_its_row_with_effect_and_verdict(name):
    """Against the files in rendered/, whatever is published there today."""
    end = CHOOSER.ends[name]
    rows = decisions.table().set_index("you have")
    parts = rows.loc[end.title, "found"].split(decisions.BREAK)
    for claim_id in end.claims:
        (file,) = [
            path
            for path in decisions.RENDERED.glob("*/claims.json")
            if json.loads(path.with_name("metrics.json").read_text()).get("schema") == 2
            and claim_id in path.read_text()
        ] or [None]
        (part,) = [part for part in parts if claim_id in part]
        if file is None:
            assert part.startswith("not run")
            continue
        (claim,) = [row for row in json.loads(file.read_text()) if row["id"] == claim_id]
        assert part.endswith(f"{claim['verdict']} ({claim_id})")
        said = float(part.rsplit(": ", 1)[1].split(",")[0].replace("\N{MINUS SIGN}", "-"))
        assert said == pytest.approx(claim["effect"], abs=6e-4)


def test_something_is_published():
    assert any(name in PUBLISHED for end in CHOOSER.ends.values() for name in end.claims)


def test_without_published_claims_every_row_says_so(tmp_path):
    assert decisions.published(tmp_path) == {}
    rows = decisions.table(CHOOSER, {})
    assert all(found.startswith("not run: ") for found in rows["found"])
    assert len(rows) == len(CHOOSER.ends)


def test_a_run_by_older_rules_does_not_count(tmp_path):
    for name, schema in (("01_a", 2), ("02_b", None)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "claims.json").write_text(json.dumps([{"id": f"{name}-claim"}]))
        (folder / "metrics.json").write_text(json.dumps({"schema": schema} if schema else {}))
    assert set(decisions.published(tmp_path)) == {"01_a-claim"}


def test_a_claim_by_another_verdict_changes_the_row():
    end = CHOOSER.ends["grouped-table"]
    claim = {"arms": ["a", "b (b1 on c; b2 on d)"], "effect": -0.02, "verdict": "harm"}
    said = decisions.found(end, {end.claims[0]: claim})
    assert f"a against b: \N{MINUS SIGN}0.020, harm ({end.claims[0]})" in said
    assert "not run" in said


MATRIX_ROWS = {"2-personal-beats-prior": "labels, strong", "2-concept-personal": "concept, strong"}


@pytest.mark.parametrize("name, cell", MATRIX_ROWS.items())
def test_a_row_names_the_best_method_of_its_row_of_the_matrix(name, cell):
    """From scores of the matrix through a claim to the table, with another winner in every row."""
    arms = ["FedAvg+", matrix.PRIOR, matrix.LOCAL, *MATRIX_ROWS.values()]
    rows = [
        {"arm": arm, "cell": row, "unit": s, "seed": s, "client": 0.5 + 0.1 * (arm == row) + s / 99}
        for arm in arms
        for row in MATRIX_ROWS.values()
        for s in range(8)
    ]
    scores = pd.DataFrame(rows)
    means = matrix.gains(scores).groupby(["cell", "arm"])["gain"].mean().unstack("arm")
    words = {"section": "2", "statement": "s", "measure": "m", "scope": "s", "null": "n"}
    claim = Claim(id=name, arms=("FedAvg+", matrix.PRIOR), unit="u", margin=0.01, **words)
    claim.decide(stats.pair(scores[scores["cell"] == cell], *claim.declared.arms, "client"), "f")
    end = next(end for end in CHOOSER.ends.values() if name in end.claims)
    said = decisions.found(end, {name: settle([claim])[0]})
    assert f"(best there {means.loc[cell].idxmax()}): " in said


@pytest.mark.parametrize("name, cell", MATRIX_ROWS.items())
def test_the_published_row_names_the_best_method_of_the_published_matrix(name, cell):
    if "best" not in PUBLISHED.get(name, {}):
        pytest.skip("what is published is from before claims kept the best arm")
    folder = decisions.RENDERED / "02_federated_vs_classical"
    metrics = json.loads((folder / "metrics.json").read_text())["metrics"]
    start = f"matrix/{cell.replace(', ', '-')}/"
    row = {key.removeprefix(start): m["value"] for key, m in metrics.items() if start in key}
    arm = PUBLISHED[name]["best"]["arm"].lower().replace("+", "-plus").replace(" ", "-")
    arm = arm.replace("--", "-").replace(",", "")
    assert row[arm] == pytest.approx(max(row.values()), abs=1e-9)


def test_the_markdown_has_a_line_for_each_row():
    rows = decisions.table(CHOOSER, {})
    lines = decisions.markdown(rows).splitlines()
    assert len(lines) == len(rows) + 2
    assert len({line.count("|") for line in lines}) == 1
