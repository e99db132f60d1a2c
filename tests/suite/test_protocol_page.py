"""The protocol's page shows the study's steps with the example's figures, without scripts."""

from bs4 import BeautifulSoup

from study.guide import names
from study.guide import protocol as study_protocol
from suite.site import protocol


def test_every_step_is_shown_with_its_code_and_figures(tmp_path):
    protocol.write(tmp_path, "default")
    page = BeautifulSoup((tmp_path / protocol.NAME).read_text(), "html.parser")
    measured = names.yaml(study_protocol.MEASURED)
    steps = study_protocol.load().steps
    assert [part["id"] for part in page.select(".steps > li")] == [step.name for step in steps]
    for step in steps:
        part = page.find(id=step.name)
        text = " ".join(part.get_text(" ").split())
        assert step.do in text and step.here.format(**measured) in text
        assert [code.get_text() for code in part.select(".quiet code")] == step.code
    assert len(page.select("tbody tr")) == len(measured["baselines"])
    assert "{" not in page.main.get_text() and not page.select("script, style, [style]")


def test_a_study_without_a_protocol_has_no_page(tmp_path, monkeypatch):
    monkeypatch.setattr(protocol, "SETTINGS", {})
    protocol.write(tmp_path, "smoke")
    assert list(tmp_path.iterdir()) == []
