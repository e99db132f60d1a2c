"""The networks of a triple: one head, two heads, and one softmax that reads both tasks."""

import torch

from mtl_lib.data.features.triples import FIRST, SECOND
from mtl_lib.neural import Dense, Head, Network


def log_odds_of_first(z):
    """Of A against B, from scores of A, B and C."""
    return z[..., 0] - z[..., 1]


def log_odds_of_second(z):
    """Of A or B against C, with p(person) = p_A + p_B."""
    return torch.logsumexp(z[..., :2], -1) - z[..., 2]


def networks(inputs: int, width: int) -> dict[str, Network]:
    """``Plan.network`` -> a trunk of two layers with the heads that it needs.

    Parameters
    ----------
    inputs, width : int
        Numbers of an image; units of each layer.
    """
    trunk = [Dense(inputs, width), Dense(width, width)]
    first = {FIRST: Head(width)}
    second = {SECOND: Head(width)}
    links = {FIRST: log_odds_of_first, SECOND: log_odds_of_second}
    one = {FIRST: "three", SECOND: "three"}
    return {
        "first": Network(trunk, first),
        "second": Network(trunk, second),
        "both": Network(trunk, first | second),
        "softmax": Network(trunk, {"three": Head(width, 3)}, tasks=one, links=links),
    }
