"""What the libraries compute, operation by operation, as hashes of the bits.

``python tests/support/arithmetic_probe.py`` prints them as JSON: run it with the variables of
``suite.arithmetic.PIN`` set, and with one thread. ``--write`` keeps them, after the lock changed.
"""

import hashlib
import json
import sys
from pathlib import Path

import numba
import numpy as np
import scipy.linalg
import torch
from sklearn.linear_model import LogisticRegression

KEPT = Path(__file__).with_suffix(".json")


@numba.njit
def dot(a, b):
    total = 0.0
    for k in range(a.size):
        total += a[k] * b[k]
    return total


def arrays() -> dict[str, np.ndarray]:
    """The inputs: sizes that are no multiples of a vector's length."""
    rng = np.random.Generator(np.random.PCG64(0))
    square = rng.standard_normal((67, 67))
    return {
        "long": rng.standard_normal(1003),
        "square": square,
        "tall": rng.standard_normal((301, 37)),
        "spd": square @ square.T + 67 * np.eye(67),
        "images": rng.standard_normal((5, 3, 19, 19)).astype(np.float32),
    }


def of_numpy(x: dict) -> dict:
    """NumPy's own loops, and OpenBLAS behind it."""
    return {
        "numpy exp": np.exp(x["long"]),
        "numpy log, float32": np.log(np.abs(x["long"]).astype(np.float32)),
        "numpy tanh": np.tanh(x["long"]),
        "numpy sum": x["tall"].sum(axis=0),
        "numpy product": x["tall"].T @ x["tall"],
        "numpy product, float32": x["tall"].T.astype(np.float32) @ x["tall"].astype(np.float32),
        "numpy solve": np.linalg.solve(x["square"], x["square"][:, :5]),
        "numpy svd": np.linalg.svd(x["tall"], compute_uv=False),
    }


def of_scipy(x: dict) -> dict:
    """The OpenBLAS of SciPy, and scikit-learn over it."""
    labels = (x["tall"][:, 0] > 0).astype(int)
    return {
        "scipy cholesky": scipy.linalg.cholesky(x["spd"]),
        "scipy eigh": scipy.linalg.eigh(x["spd"], eigvals_only=True),
        "scipy expm": scipy.linalg.expm(x["square"] / 10),
        "scikit-learn logistic": LogisticRegression().fit(x["tall"], labels).coef_,
    }


def of_torch(x: dict) -> dict:
    """ATen, oneDNN and MKL: operations, and a small network after a few steps."""
    torch.manual_seed(0)
    images = torch.from_numpy(x["images"])
    tall = torch.from_numpy(x["tall"].astype(np.float32))
    kernel = torch.from_numpy(x["long"][:108].astype(np.float32)).reshape(4, 3, 3, 3)
    return {
        "torch exp": torch.exp(tall).numpy(),
        "torch product": (tall.T @ tall).numpy(),
        "torch softmax": torch.softmax(tall, 1).numpy(),
        "torch convolution": torch.nn.functional.conv2d(images, kernel).numpy(),
        "torch training": trained(images),
    }


def trained(images: torch.Tensor) -> np.ndarray:
    """The last layer of a convolutional network after ten steps of Adam."""
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 6, 3),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(384, 5),
    )
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(10):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(images), torch.arange(5))
        loss.backward()
        optimiser.step()
    return network[-1].weight.detach().numpy()


def hashes() -> dict[str, str]:
    """Operation -> hash of the bits that it gives."""
    x = arrays()
    results = {**of_numpy(x), **of_scipy(x), **of_torch(x)}
    results["numba dot"] = np.array(dot(x["long"], x["long"][::-1].copy()))
    return {
        name: hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:16]
        for name, value in results.items()
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    text = json.dumps(hashes(), indent=1) + "\n"
    if "--write" in sys.argv:
        KEPT.write_text(text)
    print(text)
