"""The model of every arm: what a page tells a reader to run predicts for new rows."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mtl_lib.assay import assay
from mtl_lib.assay.fitting.arms import NETWORKS
from mtl_lib.stream import stream


def rows(label):
    """Six tasks of 14 rows, two inputs, and labels made of a number."""
    rng = stream(0, "test-models")
    frame = pd.DataFrame(rng.standard_normal((84, 2)), columns=["a", "b"])
    frame["t"] = [f"t{k % 6}" for k in range(84)]
    return frame.assign(y=label(2 * frame["a"] + rng.standard_normal(84)))


KINDS = {
    "numbers": (lambda z: z, None),
    "two classes": (lambda z: np.where(z > 0, "yes", "no"), None),
    "classes": (lambda z: np.select([z > 1, z > -1], ["up", "mid"], "down"), None),
    "counts": (lambda z: np.round(np.exp(z / 2)).astype(int), "poisson"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_arm_predicts_new_rows(kind):
    label, loss = KINDS[kind]
    frame = rows(label)
    report = assay(frame, "y", "t", loss=loss)
    assert report.source.problem.kind == kind
    new = frame.drop(columns="y").head(7)
    for arm in set(report.outcome.arms) - set(NETWORKS):
        said = report.model_of(arm).predict(new)
        assert said.shape == (7,), arm
        assert set(said) <= set(frame["y"]) or kind in ("numbers", "counts"), arm
        if arm == "pooled":  # one model: the task does not matter
            same = report.model_of(arm).scores(new, "t3")
            assert_allclose(same, report.model_of(arm).scores(new), rtol=1e-12)
