"""A build is followed by one line a section, a bar and minutes; by cells only where asked."""

import json
import re

import pytest

from suite import progress
from suite.progress import Progress, Screen


def test_outside_a_terminal_a_section_says_when_it_starts_and_when_it_is_done(capsys):
    with Screen(verbose=False, live=False) as screen:
        section = Progress("a_section", screen, expected=90)
        section.begin()
        section.cell(3, 10, "Part two")
        section.done()
    first, last = capsys.readouterr().out.splitlines()
    assert first == "a_section: running, about 1.5 min"
    assert re.fullmatch(r"a_section +\[#{20}\]  0 s", last)


def test_verbose_has_a_line_for_every_cell(capsys):
    with Screen(verbose=True) as screen:
        section = Progress("a_section", screen, expected=90)
        section.begin()
        section.cell(3, 10, "Part two")
        section.cell("page", None, "rendering")
        section.done()
    out = capsys.readouterr().out
    assert re.findall(r"a_section +0 s  (.*)", out) == [
        "cell 3/10  Part two",
        "cell page  rendering",
        "done",
    ]


def test_a_terminal_redraws_the_lines_in_place_and_keeps_what_is_said(capsys):
    with Screen(verbose=False, live=True) as screen:
        one, two = (Progress(name, screen) for name in ("one", "two"))
        one.begin()
        two.begin()
        one.complain("a fault")
        one.done()
    shown = capsys.readouterr()
    assert shown.err == "a fault\n"
    assert "\x1b[1A\x1b[J" in shown.out and "\x1b[2A\x1b[J" in shown.out
    stays = shown.out.split("\x1b[2A\x1b[J")[-1]
    assert "one " in stays and "####" in stays  # the last line of what is done
    assert shown.out.endswith("\x1b[1A\x1b[J")  # the line of the other goes with the screen


@pytest.mark.parametrize(
    "expected, seconds, cells, full, said",
    [
        (100, 50, 0.0, 10, "50 s of about 1.7 min"),
        (100, 500, 0.0, 19, "8.3 min of about 1.7 min"),  # never full before it is done
        (None, 50, 0.25, 5, "50 s"),  # cells count where no time is known
    ],
)
def test_the_bar_goes_by_the_time_it_took_or_else_by_cells(expected, seconds, cells, full, said):
    section = Progress("a_section", Screen(live=False), expected)
    section.start -= seconds
    section.share = cells
    assert f"[{'#' * full}{'.' * (20 - full)}]  {said}  " in section.line()


def test_what_is_expected_is_the_last_run_else_what_is_published(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "RENDERED", tmp_path / "rendered")
    place = tmp_path / "results" / "a_section"
    assert progress.expected(place, "default") is None
    for folder, seconds in ((tmp_path / "rendered" / "a_section", 200), (place, 100)):
        folder.mkdir(parents=True)
        (folder / "provenance.json").write_text(json.dumps({"seconds": seconds}))
        assert progress.expected(place, "default") == seconds
    assert progress.expected(tmp_path / "elsewhere" / "a_section", "smoke") is None
