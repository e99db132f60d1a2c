"""About a hundred outputs of the libraries that numbers come from, and their hashes.

``python -m suite.arithmetic python -m suite.probe`` says whether this machine computes what the
published runs were computed with, and names the first library that does not. The committed hashes
are in ``reference/arithmetic.json``; ``--write`` makes them anew.
"""

import hashlib
import json
import sys

from suite.project import FAILED, OK, REFERENCE, read_json, write_text

PLACE = REFERENCE / "arithmetic.json"


def numpy_loops(rng):
    """NumPy's own loops."""
    import numpy as np

    for kind in ("float64", "float32"):
        x = rng.normal(size=1003).astype(kind)
        positive = np.abs(x) + np.float32(0.1)
        for name in ("exp", "sin", "cos", "tanh", "expm1", "arctan", "square"):
            yield f"{name} {kind}", getattr(np, name)(x)
        for name in ("log", "sqrt", "log1p", "reciprocal"):
            yield f"{name} {kind}", getattr(np, name)(positive)
        yield f"power {kind}", positive**x
        yield f"sum {kind}", x.sum()
        yield f"std {kind}", x.std()
        yield f"cumsum {kind}", x.cumsum()
        yield f"einsum {kind}", np.einsum("i,i,i->", x, x, x)
    yield "normal draws", np.random.default_rng(1).normal(size=257)
    yield "argsort", np.argsort(rng.normal(size=1003))


def numpy_products(rng):
    """The OpenBLAS inside NumPy."""
    import numpy as np

    for kind in ("float64", "float32"):
        for n in (3, 17, 64, 130):
            A, B = rng.normal(size=(2, n, n)).astype(kind)
            yield f"product {n} {kind}", A @ B
            yield f"vector {n} {kind}", A @ B[0]
        yield f"gram {kind}", A.T @ A
    A, b = rng.normal(size=(60, 60)), rng.normal(size=60)
    S = A @ A.T + np.eye(60)
    yield "solve", np.linalg.solve(A, b)
    yield "cholesky", np.linalg.cholesky(S)
    yield "qr", np.linalg.qr(A[:, :20])[0]
    yield "singular values", np.linalg.svd(A)[1]
    yield "eigenvectors", np.abs(np.linalg.eigh(S)[1])
    yield "least squares", np.linalg.lstsq(A[:, :9], b, rcond=None)[0]


def scipy_parts(rng):
    """SciPy, with an OpenBLAS of its own."""
    from scipy import linalg, ndimage, optimize, sparse, special, stats

    x, A = rng.normal(size=501), rng.normal(size=(50, 50))
    yield "expit", special.expit(x)
    yield "gammaln", special.gammaln(abs(x) + 0.5)
    yield "ndtr", special.ndtr(x)
    yield "betainc", special.betainc(2.5, 3.5, special.expit(x))
    yield "t quantile", stats.t.ppf(special.expit(x[:50]), 7)
    yield "linalg.solve", linalg.solve(A, x[:50])
    yield "linalg.svd", linalg.svd(A)[1]
    yield "linalg.eigh", linalg.eigh(A @ A.T, eigvals_only=True)
    yield "sparse product", sparse.csr_array(A * (A > 1)) @ A
    yield "rotate", ndimage.rotate(A, 20, order=1)
    yield "lbfgs", optimize.minimize(optimize.rosen, x[:5], method="L-BFGS-B").x
    cost = rng.uniform(size=8)
    rows = rng.normal(size=(5, 8))
    limits = rng.uniform(size=5)
    yield "linprog", optimize.linprog(-cost, rows, limits, bounds=(-1, 1)).x


def sklearn_fits(rng):
    """scikit-learn's solvers."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression, MultiTaskLasso, Ridge

    X = rng.normal(size=(120, 15))
    y = X @ rng.normal(size=15) + rng.normal(size=120)
    yield "Ridge", Ridge(1.0).fit(X, y).coef_
    yield "LogisticRegression", LogisticRegression(C=1.0).fit(X, y > 0).coef_
    yield "PCA", abs(PCA(5, svd_solver="full").fit(X).components_)
    yield "MultiTaskLasso", MultiTaskLasso(0.1).fit(X, X[:, :3] + y[:, None]).coef_


def torch_loops(rng):
    """torch's own loops (ATen)."""
    import torch
    from torch.nn import functional as F

    x = torch.as_tensor(rng.normal(size=(33, 31)), dtype=torch.float32)
    for name in ("exp", "tanh", "sigmoid", "erf", "sum", "std", "cumsum"):
        yield name, getattr(x, name)(*([1] if name == "cumsum" else []))
    yield "log_softmax", F.log_softmax(x, 1)
    yield "gelu", F.gelu(x)
    yield "layer_norm", F.layer_norm(x, (31,))
    yield "cross_entropy", F.cross_entropy(x, torch.arange(33) % 31)
    yield "exp double", x.double().exp()


def torch_products(rng):
    """MKL and oneDNN inside torch: products, decompositions, convolutions, a training step."""
    import torch
    from torch.nn import functional as F

    for kind in (torch.float32, torch.float64):
        for n in (5, 64, 130):
            A, B = torch.as_tensor(rng.normal(size=(2, n, n)), dtype=kind)
            yield f"product {n} {kind}", A @ B
        C = torch.as_tensor(rng.normal(size=(2, 7, 20, 20)), dtype=kind)
        yield f"batched product {kind}", torch.bmm(C[0], C[1])
        yield f"singular values {kind}", torch.linalg.svdvals(A)
    images = torch.as_tensor(rng.normal(size=(4, 3, 14, 14)), dtype=torch.float32)
    filters = torch.as_tensor(rng.normal(size=(8, 3, 3, 3)), dtype=torch.float32)
    filters.requires_grad_()
    seen = F.conv2d(images, filters, padding=1)
    yield "convolution", seen
    seen.square().mean().backward()
    yield "its gradient", filters.grad
    yield "a root", images.abs().rsqrt()


def compiled_loops(rng):
    """What numba compiles."""
    import numpy as np
    from numba import njit

    @njit
    def loop(x, y):
        total = 0.0
        for k in range(len(x)):
            total += x[k] * y[k] + np.exp(-x[k] * x[k])
        return total

    yield "loop", loop(rng.normal(size=1003), rng.normal(size=1003))


def own_fits(rng):
    """This library: a certified fit, a federation, a network."""
    import numpy as np

    from mtl_lib import Inputs, Task, TaskSet
    from mtl_lib.classical import LinearMTL, TraceNorm
    from mtl_lib.federated import FedAvg, simulate
    from mtl_lib.neural import Dense, Head, Network, train
    from mtl_lib.stack import MLP, SGD, Adam

    Xs = [rng.normal(size=(m, 6)) for m in (9, 20, 31)]
    ys = [X @ rng.normal(size=6) for X in Xs]
    yield "LinearMTL", LinearMTL(TraceNorm(), 0.3).fit(Xs, ys).coef_
    named = zip("abc", Xs, ys, strict=True)
    tasks = TaskSet([Task(name, Inputs(name, X), np.arange(len(X)), y) for name, X, y in named])
    history = simulate(FedAvg(MLP([6, 1]), SGD(0.05)), tasks, rounds=3, batch_size=5)
    yield "simulate", history.state.server["model"]["weight0"]
    trunk = [Dense(6, 8, start="torch")]  # the draw that the published hash was made of
    net = Network(trunk, {name: Head(8) for name in "abc"})
    stack = train(net, [tasks], optimizer=Adam(0.01), steps=5, batch_size=4, seeds=[0]).stack
    yield "train", next(iter(stack.params.values()))


PARTS = {
    "NumPy": numpy_loops,
    "OpenBLAS in NumPy": numpy_products,
    "SciPy": scipy_parts,
    "scikit-learn": sklearn_fits,
    "torch": torch_loops,
    "MKL or oneDNN in torch": torch_products,
    "numba": compiled_loops,
    "mtl_lib": own_fits,
}


def outputs() -> dict[str, str]:
    """Hash of every output, "library: what" -> 16 hex digits, in the order of ``PARTS``."""
    import numpy as np

    hashes = {}
    for library, part in PARTS.items():
        rng = np.random.default_rng(0)
        for name, value in part(rng):
            array = np.ascontiguousarray(value.detach() if hasattr(value, "detach") else value)
            hashes[f"{library}: {name}"] = hashlib.sha256(array.tobytes()).hexdigest()[:16]
    return hashes


def differing(hashes: dict[str, str], published: dict[str, str]) -> list[str]:
    """The outputs that are not as published, in the order of ``hashes``."""
    return [name for name, value in hashes.items() if published.get(name) != value]


def main(words: list[str]) -> int:
    """Print one line; returns FAILED where an output differs."""
    hashes = outputs()
    if words == ["--write"]:
        write_text(PLACE, json.dumps(hashes, indent=1) + "\n")
        return OK
    wrong = differing(hashes, read_json(PLACE) or {})
    if wrong:
        print(f"{len(wrong)} of {len(hashes)} outputs differ, the first is {wrong[0]}")
        return FAILED
    print(f"all {len(hashes)} outputs as published")
    return OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
