"""The prior of relationship networks: known answers, and what its updates promise."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from mtl_lib.data.generated.heads import answers, related
from mtl_lib.neural import Dense, Head, Network, train
from mtl_lib.neural import relationship_network as prior
from mtl_lib.stack import SGD
from mtl_lib.tasks import Inputs, Task, TaskSet

SHAPE = (3, 2, 4)


def drawn(seed=0, shape=SHAPE):
    rng = np.random.default_rng(seed)
    roots = [rng.normal(size=(d, d)) for d in shape]
    return rng.normal(size=shape), [root @ root.T + 0.3 * np.eye(len(root)) for root in roots]


def test_one_update_by_hand():
    W = np.array([[1.0, 2.0], [0.0, 1.0]])
    first, second = prior.update(W, prior.covariances((2, 2)), nu=1.0)
    assert np.allclose(first, np.array([[6.0, 2.0], [2.0, 2.0]]) / 3)  # (W W' + I) / (2 + 1)
    inverse = 3 / 8 * np.array([[2.0, -2.0], [-2.0, 6.0]])
    assert np.allclose(second, (W.T @ inverse @ W + np.eye(2)) / 3)
    published = prior.update(W, prior.covariances((2, 2)), nu=0.0, eps=0.1)[0]
    assert np.allclose(published, W @ W.T / 2 + 0.1 * np.eye(2))


def test_one_update_of_a_tensor_by_hand():
    W = np.stack([[[1.0, 0], [2, 1]], [[0, 1.0], [1, 0]]], axis=2)  # W[:, :, 0] and W[:, :, 1]
    first, second, _ = prior.update(W, prior.covariances((2, 2, 2)), nu=1.0)
    assert np.allclose(
        first, np.array([[3.0, 2], [2, 7]]) / 5
    )  # rows (1, 0, 0, 1) and (2, 0, 1, 1): products 2, 2, 6, plus I, over 4 + 1
    assert np.allclose(
        second, np.array([[14.0, 2], [2, 10]]) / 17 + np.eye(2) / 5
    )  # with 5/17 [[7, -2], [-2, 3]], the inverse of the first


@pytest.mark.parametrize("seed", range(3))
def test_log_density_is_scipys_on_the_vector(seed):
    W, sigmas = drawn(seed)
    whole = np.kron(np.kron(sigmas[0], sigmas[1]), sigmas[2])  # C order: the last mode runs fastest
    assert np.isclose(
        prior.log_density(W, sigmas), multivariate_normal(np.zeros(W.size), whole).logpdf(W.ravel())
    )


def test_scales_can_be_exchanged():
    W, sigmas = drawn()
    other = [6 * sigmas[0], sigmas[1] / 2, sigmas[2] / 3]
    assert np.isclose(prior.log_density(W, sigmas), prior.log_density(W, other))
    for a, b in zip(sigmas, other, strict=True):
        assert np.allclose(prior.correlations(a), prior.correlations(b))


@pytest.mark.parametrize("nu", [0.1, 1, 30])
@pytest.mark.parametrize("shape", [SHAPE, (5, 4), (2, 3, 2, 2)])
def test_every_update_lowers_the_penalty(nu, shape):
    W, sigmas = drawn(1, shape)
    for _ in range(4):
        for k in range(len(shape)):
            moved = list(sigmas)
            moved[k] = prior.update(
                np.moveaxis(W, k, 0), [sigmas[k], *(s for j, s in enumerate(sigmas) if j != k)], nu
            )[0]
            assert prior.penalty(W, moved, nu) <= prior.penalty(W, sigmas, nu) + 1e-9
            nudged = [s if j != k else s + 1e-3 * np.eye(len(s)) for j, s in enumerate(moved)]
            assert prior.penalty(W, nudged, nu) >= prior.penalty(
                W, moved, nu
            )  # it is the minimum over that covariance
            sigmas = moved


def test_without_the_prior_the_penalty_has_no_bottom():
    W = np.zeros((3, 4))
    low = [prior.penalty(W, [t * np.eye(3), t * np.eye(4)], nu=0) for t in (1, 1e-3, 1e-6)]
    assert low[0] > low[1] > low[2]
    W, sigmas = prior.update(W, prior.covariances((3, 4)), nu=1)
    assert np.isfinite(W).all()


def test_heads_at_fixed_covariances_are_the_minimum():
    rng = np.random.default_rng(3)
    Xs = [rng.normal(size=(n, 4)) for n in (10, 3, 6)]
    ys, sigmas = (
        [rng.normal(size=len(X)) for X in Xs],
        [prior.update(rng.normal(size=(4, 3)), prior.covariances((4, 3)))[k] for k in (0, 1)],
    )
    W = torch.tensor(prior.ridge_heads(Xs, ys, sigmas, 0.3), requires_grad=True)
    inverse = torch.tensor(np.linalg.inv(np.kron(sigmas[0], sigmas[1])))
    loss = (
        sum(
            ((torch.tensor(y) - torch.tensor(X) @ W[:, t]) ** 2).sum()
            for t, (X, y) in enumerate(zip(Xs, ys, strict=True))
        )
        / 0.6
    )
    (loss + W.reshape(-1) @ inverse @ W.reshape(-1) / 2).backward()
    assert W.grad.abs().max() < 1e-9


def problem(n, seed=0, d=12):
    rng = np.random.default_rng(seed)
    truth = related(d, seed)
    Xs = [rng.normal(size=(n, d)) for _ in range(4)]
    return (
        truth,
        Xs,
        [answers(X, w, seed, str(t)) for t, (X, w) in enumerate(zip(Xs, truth.W.T, strict=True))],
    )


def test_the_relation_is_found_and_the_objective_falls():
    truth, Xs, ys = problem(400, d=40)
    for modes in (None, (1,)):
        W, sigmas, history = prior.related_heads(Xs, ys, 0.25, nu=0.1, modes=modes)
        assert (np.diff(history) <= 1e-8 * np.abs(history[:-1])).all()
    found = prior.correlations(sigmas[1])  # of the tasks' covariance alone
    assert np.array_equal(sigmas[0], np.eye(40))
    assert found[0, 1] > 0.6 and found[0, 2] < -0.6 and abs(found[0, 3]) < 0.4


def test_the_drawn_covariance_is_the_stated_one():
    many = np.stack([related(50, seed).W for seed in range(400)])
    assert (
        np.abs(np.einsum("sdt,sdu->tu", many, many) / 400 - related(50, 0).covariance).max() < 0.06
    )


def test_a_trained_network_carries_the_same_prior():
    rng = np.random.default_rng(0)
    W = rng.normal(size=(2, 3, 1, 2))  # networks, features, outputs, tasks
    params = {
        f"head.{name}.weight": torch.tensor(W[..., t]).transpose(1, 2)
        for t, name in enumerate("ab")
    }
    heads = prior.RelatedHeads(["a", "b"], strength=2.0, every=2)
    for call in range(3):  # identities until the second call is over
        found = heads(params)
        if call < 2:
            assert torch.allclose(found, torch.tensor((W**2).reshape(2, -1).sum(1)))
    for k in range(2):
        sigmas = prior.update(W[k], prior.covariances((3, 1, 2)))
        expected = -2 * prior.log_density(W[k], sigmas) - sum(
            W[k].size / d * np.linalg.slogdet(s)[1] for d, s in zip((3, 1, 2), sigmas, strict=True)
        )
        assert np.isclose(found[k].item(), expected - W[k].size * np.log(2 * np.pi))
    known = prior.RelatedHeads(
        ["a", "b"], every=None, sigmas=[np.eye(3), np.eye(1), np.array([[1.0, 0.5], [0.5, 1.0]])]
    )
    assert np.isclose(
        known(params)[1].item(),
        np.trace(W[1, :, 0] @ np.linalg.inv(known.sigmas[1][2]) @ W[1, :, 0].T) / 2,
    )


def test_tied_trunks_meet_in_their_mean_and_apart_are_separate():
    rng = np.random.default_rng(0)
    inputs = Inputs("x", rng.normal(size=(30, 5)))
    tasks = TaskSet([Task(name, inputs, np.arange(30), rng.normal(size=30)) for name in "ab"])
    net = Network([Dense(5, 4)], {name: Head(4, start="torch") for name in "ab"})
    weights = {"a": torch.tensor([1.0, 0.0]), "b": torch.tensor([0.0, 1.0])}

    def run(**options):
        options |= {"optimizer": SGD(0.02), "weights": weights, "dtype": torch.float64}
        trained = train(net, [tasks, tasks], steps=40, batch_size=30, seeds=[1, 1], **options)
        return trained.stack.params["trunk.0.weight"]

    plain, apart, together = (
        run(),
        run(penalty=prior.tied(2, 0.0)),
        run(penalty=prior.tied(2, 20.0)),
    )
    assert torch.equal(apart, plain)
    assert (together[0] - together[1]).norm() < 0.05 * (plain[0] - plain[1]).norm()


@pytest.mark.parametrize("nu, eps", [(-1, 0), (0, 0), (1, -1)])
def test_bad_prior(nu, eps):
    with pytest.raises(ValueError, match="allowed are numbers from 0") as caught:
        prior.update(np.ones((2, 2)), prior.covariances((2, 2)), nu, eps)
    assert "\n" not in str(caught.value)
