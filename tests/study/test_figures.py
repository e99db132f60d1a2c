"""Every figure of the sections is legible: nothing cut, nothing under a text, no wider than a page.

One figure of each function, with names and labels as long as those of the notebooks.
"""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.legend import Legend
from matplotlib.text import Text

from study.plots import curves, federated, neural, paired, samples, structures, style, versus
from study.same_loss import PLANS

ARMS = [
    "separate again",
    "joint with A versus C, permuted",
    "shared + specific, constant, 1000 each",
]
LONG = "gained over separate networks, each on its own quarter of the labels"
PANELS = ["class (accuracy)", "hue (R²)", "rating, digits and texts", "next film"]
METHODS = ["single task", "single task, penalised intercept", "ridge about the mean"]
METHODS += ["Clustered about the mean", "trace norm about the mean", "intercept only", "pooled"]


def table(arms, **columns):
    rows = [
        {"arm": arm, "samples": m, "x": m, "mean": 0.1 * k, "low": 0.1 * k - 1, "high": 0.1 * k + 1}
        for k, arm in enumerate(arms)
        for m in (2, 9, 40)
    ]
    return pd.DataFrame(rows).assign(**columns)


def on_panels(arms, column="panel"):
    return pd.concat([table(arms, **{column: name}) for name in PANELS])


def by_measure():
    measures = dict(zip(PANELS, ["accuracy", "accuracy", "R²", "R²"], strict=True))
    grid = on_panels(ARMS, "column").query("x == 2")
    return grid.assign(row="", measure=grid["column"].map(measures))


def forest(linear=None):
    claim = "agreement of the relation found with the true one: all covariances against no relation"
    label = f"{claim}\n3a-relation-on-learned-trunk, n = 12 (draw)"
    rows = [{"label": label, "effect": 9.0, "low": -3.0, "high": 40.0, "margin": 1.0}] * 4
    rows = pd.DataFrame(rows).assign(muted=[False, True, False, False])
    words = "effect in favour of the claim, in multiples of the smallest that matters"
    return curves.effects(rows, words, linear)


def squares():
    names = ["first", "alike", "opposite", "unrelated"]
    one = pd.DataFrame(0.002 + np.eye(4), names, names)
    titles = ("true", "all covariances", "l2 heads", "strangers")
    return neural.relations(dict.fromkeys(titles, one), "correlation of tasks")


def heat():
    ratios = pd.DataFrame(np.eye(7) + 0.5, [f"structure {k}" for k in range(7)], METHODS)
    chosen = dict(zip(ratios.index, METHODS, strict=True))
    return structures.heat(ratios, chosen, "excess error over that of single task", chosen)


def costs():
    rows = table(["heads only", "shared + specific", "all separate"], task="digit", parameters=9e4)
    return neural.costs(rows.assign(score=rows["mean"], flops=34_560), "score")


def shares():
    rows = table(["joint training", "separate again (A/A)"], label="joint training", share=0.0)
    rows = rows.assign(x="48 images per task", label=rows["arm"])
    return neural.shares(rows.query("samples == 2"), "share of triples where both tasks rise")


def scatter():
    auc = np.linspace(0.4, 1, 20)
    rows = pd.DataFrame(
        {"a": auc, "b": auc, "c": auc, "gain": auc**2, "group": "12 images per task"}
    )
    names = {
        "a": "AUC of task 1 alone",
        "b": "AUC of task 2",
        "c": "probe for task 1\non a trunk of 2",
    }
    return neural.predictors(rows, names, "gain of task 1 in AUC,\njoint minus permuted")


def gains_of_pairs():
    names = ["4|9", "pullover|coat", "pullover|coat (2)", "sandal|sneaker"] * 3
    values = np.random.default_rng(0).normal(size=(12, 12)) / 50
    gains = pd.DataFrame(values, index=names, columns=names)
    return neural.gain_matrix(gains, "AUC gained over training alone")


def gains_of_triples():
    tables = {
        f"task {k}: joint minus permuted": pd.DataFrame({"gain": np.linspace(-0.1, 0.1, 30)})
        for k in range(3)
    }
    return curves.sorted_gains(tables, 0.01, "AUC", "triple", "gained")


def baselines():
    rows = [
        table(["a"], data=name, baseline=arm, chosen=True)
        for name in ("Exam", "Hsb82", "Chem97", "bdf", "Radon")
        for arm in ("single task", "pooled")
    ]
    y_label = "nMSE saved by ridge about the mean"
    return versus.two_baselines(pd.concat(rows), "samples per task", y_label, 0.01)


def recovery():
    rows = on_panels(["L21", "single task"], "structure")
    rows = rows.assign(m=rows["x"], score="area under ROC: pairs of tasks")
    return structures.recovery(rows, "samples per task")


def lines_of_tasks():
    rows = table(METHODS[:4], slope=1.0, offset=0.0)
    return curves.task_lines(rows, (-2, 2), "reading test at 11 (sd)", "expected exam score (sd)")


def both(**options):
    levels = on_panels(ARMS[:2])
    words = "depth of the layer that is read (0: pixels)", "accuracy of a probe"
    return paired.levels_and_gains(levels, levels, *words, LONG, 0.02, **options)


FIGURES = {
    "arms by measure": lambda: curves.arms(by_measure(), LONG, 0, 0.01),
    "arms of one measure": lambda: curves.arms(by_measure().drop(columns="measure"), LONG, 0, 0.01),
    "arms, two columns": lambda: curves.arms(
        by_measure().query("column in @PANELS[:2]"), LONG, 0, 0.01
    ),
    "effects": forest,
    "effects, logarithmic": lambda: forest(1),
    "gains of pairs": gains_of_pairs,
    "sorted gains": gains_of_triples,
    "task lines": lines_of_tasks,
    "learning curves": lambda: samples.learning_curves(
        table(METHODS),
        table(METHODS),
        "training pupils per school (mean)",
        "nMSE",
        "single task",
        0.1,
    ),
    "levels and gains": both,
    "levels and gains, linear": lambda: both(log=False, references={PANELS[0]: {"alone": 0.3}}),
    "two baselines": baselines,
    "heat": heat,
    "recovery": recovery,
    "relations": squares,
    "costs": costs,
    "shares": shares,
    "predictors": scatter,
    "curves by arm": lambda: federated.by(
        on_panels(["shared trunk"]).query("panel in @PANELS[:2]"), "tasks", "share", sharey=True
    ),
}


@pytest.fixture(scope="module", params=FIGURES)
def figure(request):
    made = FIGURES[request.param]()
    made.draw_without_rendering()
    return made


def shown(figure):
    """Every text of a figure that is seen, with its place in pixels."""
    unseen = set()
    for axis in figure.axes:
        if not axis.get_visible():
            unseen |= set(axis.findobj(Text))
        for side in (axis.xaxis, axis.yaxis):  # ticks beyond the limits have labels, too
            drawn = {label for tick in side._update_ticks() for label in tick.findobj(Text)}
            ticks = side.get_major_ticks() + side.get_minor_ticks()
            drawn = drawn if axis.axison else set()
            unseen |= {label for tick in ticks for label in tick.findobj(Text)} - drawn
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and text not in unseen:
            yield text, text.get_window_extent()


def test_no_text_is_cut(figure):
    page = figure.bbox
    for text, box in shown(figure):
        inside = box.x0 >= page.x0 and box.x1 <= page.x1 and box.y0 >= page.y0 and box.y1 <= page.y1
        assert inside, f"{text.get_text()!r} at {box.extents} of {page.extents}"


def test_titles_labels_and_keys_do_not_cover_each_other(figure):
    in_panels = [text for axis in figure.axes for text in axis.texts]
    in_keys = [text for key in figure.findobj(Legend) for text in key.findobj(Text)]
    said = [
        (text.get_text(), box)
        for text, box in shown(figure)
        if text not in in_panels + in_keys and text.get_rotation() in (0, 90)
    ]
    said += [("key", key.get_window_extent()) for key in figure.legends]
    bars = [axis for axis in figure.axes if axis.get_label() == "<colorbar>"]
    said += [("colour bar", axis.get_window_extent()) for axis in bars]
    for (one, here), (other, there) in combinations(said, 2):
        assert not here.padded(-1).overlaps(there.padded(-1)), f"{one!r} and {other!r}"


def test_a_phone_can_show_it(figure):
    assert figure.get_size_inches()[0] <= 8.85  # of 375 pixels, 10 points are 6 there


def test_a_margin_has_a_key(figure):
    lines = [line for axis in figure.axes for line in axis.lines]
    if any(line.get_color() == "#D55E00" and line.get_linestyle() == "--" for line in lines):
        said = [text.get_text() for key in figure.findobj(Legend) for text in key.get_texts()]
        assert any(style.MARGIN_LABEL in text for text in said)


def test_every_arm_of_the_triples_has_a_colour():
    names = [name for name in PLANS if ", task 2" not in name]
    assert len(names) > 8
    assert [name for name in names if style.colour(name) == style.FALLBACK] == []


def test_dashes_are_for_variants_of_an_arm_that_has_a_colour():
    assert [name for name in style.DASHED if name not in style.COLOURS] == []
