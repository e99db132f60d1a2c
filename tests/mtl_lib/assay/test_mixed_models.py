"""About the mean beside what statisticians fit: mixed models, and plain ridge at known answers."""

import numpy as np
import pandas as pd
import pytest

from mtl_lib.assay import assay
from mtl_lib.data.sources import sleepstudy
from mtl_lib.stream import stream


def clinics(tasks: int, m: int, seed: int) -> pd.DataFrame:
    """Random intercepts and slopes about a common line."""
    rng = stream(seed, "test-mixed")
    task = np.repeat(np.arange(tasks), m)
    x = rng.standard_normal(tasks * m)
    level = 0.8 * rng.standard_normal(tasks)
    slope = 1 + 0.5 * rng.standard_normal(tasks)
    y = 2 + level[task] + slope[task] * x + rng.standard_normal(tasks * m)
    return pd.DataFrame({"clinic": [f"c{t:02d}" for t in task], "x": x, "y": y})


def test_predictions_are_those_of_a_mixed_model():
    smf = pytest.importorskip("statsmodels.formula.api")
    frame = clinics(30, 12, 0)
    fitted = smf.mixedlm("y ~ x", frame, groups=frame["clinic"], re_formula="~x").fit()
    expected = fitted.fittedvalues.to_numpy()
    found = assay(frame, "y", "clinic").model.predict(frame)
    spread = np.std(frame["y"] - expected)
    assert np.sqrt(np.mean((found - expected) ** 2)) < 0.15 * spread
    common = fitted.fe_params["Intercept"] + fitted.fe_params["x"] * frame["x"].to_numpy()
    pulled = np.corrcoef(found - common, expected - common)[0, 1]
    assert pulled > 0.97  # each clinic leaves the common line as the mixed model says


@pytest.mark.data
def test_sleepstudys_published_fit_is_found():
    """Reaction = 251.4 + 10.47 days, by REML, in the documentation of R's lme4."""
    tasks = sleepstudy.load()
    frame = pd.concat(
        [
            pd.DataFrame({"person": task.name, "days": task.X[:, 0], "reaction": task.y})
            for task in tasks
        ]
    )
    model = assay(frame, "reaction", "person").model
    slopes = model.coef_[:, 0]
    assert abs(slopes.mean() - 10.47) < 0.2
    assert 4 < slopes.std() < 7  # REML: 5.9 between persons, less after shrinking


def test_without_relation_about_the_mean_is_ridge_on_each_task():
    rng = stream(5, "test-mixed-ridge")
    task = np.repeat(np.arange(8), 60)
    x = rng.standard_normal((480, 2))
    rules = 3 * rng.standard_normal((8, 2))
    y = np.einsum("nd,nd->n", x, rules[task]) + 0.1 * rng.standard_normal(480)
    report = assay((x, y), task=task)
    assert abs(report.gain("about the mean", "alone").value) < 0.05
    alone = report.model_of("alone")
    for t in range(8):
        own = task == t
        exact = np.linalg.lstsq(np.column_stack([np.ones(60), x[own]]), y[own], rcond=None)[0]
        assert np.abs(alone.coef_[t] - exact[1:]).max() < 0.02
