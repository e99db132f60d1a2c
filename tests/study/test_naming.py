"""Names of metrics and shares, and real data or their stand-ins."""

from types import SimpleNamespace

from study.loading import loader
from study.naming import percent, plain


def test_names_of_metrics():
    words = "Exam/nmse/single task, penalised intercept/share=0.1"
    assert plain(words) == "exam/nmse/single-task-penalised-intercept/share=0.1"
    assert plain(plain(words)) == plain(words)


def test_shares_in_per_cent():
    assert [percent(share) for share in (0.07, 0.125, 1)] == ["7\xa0%", "12.5\xa0%", "100\xa0%"]


def test_a_stand_in_takes_the_place_of_the_data():
    source = SimpleNamespace(
        load=lambda *reading: ("real", *reading), standin=lambda *given: ("made", *given)
    )
    assert loader(False, 3)(source, "users") == ("real", "users")
    assert loader(True, 3)(source, "users") == ("made", 3, "users")
