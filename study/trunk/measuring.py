"""How good the trunk is: its accuracy on pictures that did not train, beside a plain baseline."""

from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from study.trunk.classes import LEFT_OUT
from study.trunk.images import Pictures
from study.trunk.kept import digest, read, scores

SIDE = 4  # pixels of a block, of which the baseline reads the mean


def facts(path: Path, train: Pictures, test: Pictures) -> dict:
    """What is kept beside the weights.

    Parameters
    ----------
    path : Path
        The weights.
    train, test : Pictures
        What trained them, and what did not.
    """
    halves = read(path)
    return {
        "classes": len(halves["head.bias"]),
        "left_out": list(LEFT_OUT),
        "training_pictures": len(train.x),
        "test_pictures": len(test.x),
        "weights": sum(values.size for values in halves.values()),
        "accuracy": round(accuracy(path, test), 4),
        "accuracy_of_logistic_regression_on_block_means": round(pixel_baseline(train, test), 4),
        "sha256": digest(halves),
    }


def accuracy(path: Path, test: Pictures) -> float:
    """Share of pictures that the kept weights put into their class."""
    return float(np.mean(scores(path, test.x).argmax(1) == test.y))


def pixel_baseline(train: Pictures, test: Pictures) -> float:
    """Accuracy of logistic regression on means of 4 x 4 pixels: 192 numbers a picture."""
    scaler = StandardScaler().fit(blocks(train.x))
    model = LogisticRegression(C=0.01, max_iter=100).fit(scaler.transform(blocks(train.x)), train.y)
    return float(np.mean(model.predict(scaler.transform(blocks(test.x))) == test.y))


def blocks(x: np.ndarray) -> np.ndarray:
    """Means of blocks of pixels, float32 (n, 3 * 8 * 8)."""
    n, channels, height, width = x.shape
    cut = x.reshape(n, channels, height // SIDE, SIDE, width // SIDE, SIDE)
    return cut.mean((3, 5), dtype=np.float32).reshape(n, -1)
