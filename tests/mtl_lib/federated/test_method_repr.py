"""A method shows itself as one would type it, and takes its parameters by name only."""

import inspect

import pytest
from all_methods import SIMULATED

from mtl_lib import federated
from mtl_lib.federated import FedAvg, FedAvgPlus, FedEM, PerFedAvg
from mtl_lib.federated.engine.method import Method
from mtl_lib.stack import MLP, SGD


class Shown:
    """A stand-in for a net or an optimiser that shows itself."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    def __eq__(self, other):
        return self.text == other.text


NET, RULE = Shown("net"), Shown("rule")


@pytest.mark.parametrize("name", SIMULATED)
def test_what_it_shows_makes_it_again(name):
    method = SIMULATED[name]()
    method.net, method.optimizer = NET, RULE
    again = eval(repr(method), {"net": NET, "rule": RULE, **vars(federated)})
    assert type(again) is type(method) and vars(again) == vars(method)


@pytest.mark.parametrize(
    "method, text",
    [
        (FedAvg(NET, RULE), "FedAvg(net, rule)"),
        (FedAvg(NET, RULE, weights="samples", over="all"), "FedAvg(net, rule, over='all')"),
        (FedEM(NET, RULE, components=3), "FedEM(net, rule)"),
        (FedEM(NET, RULE, components=2), "FedEM(net, rule, components=2)"),
        (PerFedAvg(NET, RULE, alpha=0.1), "PerFedAvg(net, rule, alpha=0.1)"),
        (
            FedAvgPlus(NET, RULE, personal_steps=3, keep_memory=True),
            "FedAvgPlus(net, rule, personal_steps=3, keep_memory=True)",
        ),
    ],
    ids=str,
)
def test_only_what_is_no_default_is_shown(method, text):
    assert repr(method) == text


METHODS = [
    kind
    for kind in vars(federated).values()
    if inspect.isclass(kind) and issubclass(kind, Method) and kind is not Method
]


@pytest.mark.parametrize("kind", METHODS, ids=lambda kind: kind.__name__)
def test_parameters_after_net_and_optimizer_are_keyword_only(kind):
    parameters = list(inspect.signature(kind).parameters.values())
    assert [parameter.name for parameter in parameters[:2]] == ["net", "optimizer"]
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters[2:])
    with pytest.raises(TypeError):
        kind(MLP((2, 1)), SGD(0.1), 3)


def test_every_public_name_is_there():
    assert len(set(federated.__all__)) == len(federated.__all__)
    assert all(hasattr(federated, name) for name in federated.__all__)
    assert {kind.__name__ for kind in METHODS} <= set(federated.__all__) and len(METHODS) == 15
