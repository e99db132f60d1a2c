"""Every entry point takes labels in any form alike, and says in one line what it does not take."""

import functools
import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from dealt import dealt

from mtl_lib.federated import (
    IFCA,
    Centralized,
    Clients,
    FedAvg,
    FedAvgPlus,
    FedEM,
    LabelPrior,
    Local,
    drift,
    evaluate,
    join,
    match,
    metrics,
    simulate,
    smoothness,
)
from mtl_lib.federated.next_word import count
from mtl_lib.stack import MLP, SGD, Module
from mtl_lib.tasks import Inputs, Task, TaskSet

RUN = {"rounds": 2, "batch_size": 4, "seed": 1}
OUTPUTS = {"logistic": 1, "squared": 1, "squared_hinge": 1, "ce": 3}
NETS = {
    "MLP": lambda outputs: MLP((6, outputs)),
    "Module": lambda outputs: Module(
        torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.Tanh(), torch.nn.Linear(4, outputs))
    ),
}
FORMS = {
    "(n, 1)": lambda y: y[:, None],
    "a list": lambda y: y.tolist(),
    "a list of lists": lambda y: y[:, None].tolist(),
    "a Series with an index of its own": lambda y: pd.Series(y, index=range(len(y), 0, -1)),
    "a frame of one column": lambda y: pd.DataFrame({"y": y}),
    "float64": lambda y: y.astype(float),
    "float64 (n, 1)": lambda y: y.astype(float)[:, None],
    "objects": lambda y: y.astype(object),
    "a view with steps": lambda y: np.repeat(y, 2)[::2],
    "read-only": lambda y: np.frombuffer(y.tobytes(), y.dtype),
}


def in_form(tasks, form, who=None) -> TaskSet:
    """The same clients, labels of ``who`` (None: of all) in another form."""
    made = []
    for task in tasks:
        changed = who is None or task.name in who
        y = FORMS[form](task.y) if changed else task.y
        made.append(Task(task.name, task.inputs, task.rows, y, task.loss))
    return TaskSet(made)


def tasks_of(clients, loss, part="train"):
    return clients(loss, sizes=(9, 5, 12), part=part)


def of_clients(method, tasks, other):
    data = Clients.of(other, torch.float64)
    return data.x, data.y, data.sizes


def of_training(method, tasks, other):
    history = simulate(method, other, **RUN)
    return history.table["value"], *history.state.server["model"].values()


def of_splits(method, tasks, other):
    return (simulate(method, tasks, other, other, **RUN).table["value"],)


def of_evaluation(method, tasks, other):
    state = simulate(method, tasks, **RUN).state
    return (evaluate(method, state, other)["value"],)


def of_one_client(method, tasks, other):
    state = simulate(method, tasks, **RUN).state
    return (evaluate(method, state, other.subset(["client 1"]))["value"],)


def of_personal_steps(method, tasks, other):
    state = simulate(method, tasks, **RUN).state
    plus = FedAvgPlus(method.net, method.optimizer, personal_steps=3)
    return (evaluate(plus, state, tasks, train=other)["value"],)


def of_joining(method, tasks, other):
    mixture = FedEM(method.net, method.optimizer, components=2, n_e_steps=3)
    if tasks[0].loss == "squared_hinge":  # which defines no likelihood
        mixture = IFCA(method.net, method.optimizer, models=2)
    state = simulate(mixture, tasks, **RUN).state
    return tuple(join(mixture, state, other).clients.values())


def of_drift(method, tasks, other):
    history = simulate(method, tasks, **RUN)
    return (drift(method, history, other, 4, 1)["distance"],)


ENTRIES = {
    "Clients.of": of_clients,
    "train": of_training,
    "valid and test": of_splits,
    "evaluate": of_evaluation,
    "evaluate one client": of_one_client,
    "evaluate after personal steps": of_personal_steps,
    "join": of_joining,
    "drift": of_drift,
}


@functools.cache
def plain(entry, loss, net, clients):
    """What an entry point makes of the plain labels."""
    tasks = tasks_of(clients, loss)
    return ENTRIES[entry](FedAvg(NETS[net](OUTPUTS[loss]), SGD(0.1)), tasks, tasks)


@dealt("entry, form, net", itertools.product(ENTRIES, FORMS), NETS)
def test_labels_in_any_form_are_the_same_labels(entry, form, net, clients):
    for loss, outputs in OUTPUTS.items():
        tasks = tasks_of(clients, loss)
        method = FedAvg(NETS[net](outputs), SGD(0.1))
        for who in (None, ["client 1"]) if loss == "squared" else (None,):
            found = ENTRIES[entry](method, tasks, in_form(tasks, form, who))
            for ours, theirs in zip(found, plain(entry, loss, net, clients), strict=True):
                np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("net", NETS)
def test_several_targets_of_a_squared_loss_are_learned_each(net, clients):
    """Two targets in one net without shared layers are two nets."""
    tasks = tasks_of(clients, "squared")
    both = TaskSet([replace(t, y=np.stack([t.y, -2 * t.y], axis=1)) for t in tasks])
    method = FedAvg(NETS[net](2), SGD(0.05))
    history = simulate(method, both, rounds=60, batch_size=None, dtype=torch.float64)
    losses = history.table.groupby("round")["value"].mean()
    assert losses.iloc[-1] < 0.5 * losses.iloc[0]
    assert method.predict(history.state, "client 0", both["client 0"].X).shape == (9, 2)


@pytest.mark.parametrize("shape", ["(n, 2)", "(n, 1, 1)", "one too few"])
@pytest.mark.parametrize("loss", ["logistic", "ce", "squared_hinge"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_labels_of_another_shape_are_refused_by_name(entry, loss, shape, clients):
    tasks = tasks_of(clients, loss)
    wrong = {
        "(n, 2)": lambda y: np.stack([y, y], axis=1),
        "(n, 1, 1)": lambda y: y[:, None, None],
        "one too few": lambda y: y[1:],
    }[shape]
    method = FedAvg(MLP((6, 2 if shape == "(n, 2)" else OUTPUTS[loss])), SGD(0.1))
    if shape == "(n, 2)" and loss == "ce":
        method = FedAvg(MLP((6, 3)), SGD(0.1))
    with pytest.raises(ValueError, match="'client 1'") as caught:
        other = TaskSet([replace(t, y=wrong(t.y)) if t.name == "client 1" else t for t in tasks])
        proper = FedAvg(MLP((6, OUTPUTS[loss])), SGD(0.1))
        ENTRIES[entry](method if entry == "train" else proper, tasks, other)
    assert "\n" not in str(caught.value)


def test_a_binary_net_with_two_outputs_is_refused(clients):
    for net in NETS.values():
        with pytest.raises(ValueError, match="'client 2': 1 labels per sample for loss logistic"):
            simulate(FedAvg(net(2), SGD(0.1)), tasks_of(clients, "logistic"), **RUN)


MEASURED = {name: entry for name, entry in ENTRIES.items() if name != "Clients.of"}


@pytest.mark.parametrize("label", [3, 7, -1])
@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("entry", MEASURED)
def test_a_label_without_an_output_is_refused_by_name(entry, net, label, clients):
    tasks = tasks_of(clients, "ce")
    with pytest.raises(ValueError, match=f"'client 1'.*label {label}") as caught:
        y = np.array([0, 1, label, 2, 0])
        other = TaskSet([replace(t, y=y) if t.name == "client 1" else t for t in tasks])
        MEASURED[entry](FedAvg(NETS[net](3), SGD(0.1)), tasks, other)
    assert "\n" not in str(caught.value)
    if entry == "valid and test" and label > 0:
        assert str(caught.value).startswith("client 'client 1' of the valid data: label")


@pytest.mark.parametrize("entry", MEASURED)
def test_inputs_that_the_net_does_not_take_are_refused_by_name(entry, clients):
    tasks = tasks_of(clients, "ce")
    wide = tasks.map_inputs(lambda x: np.concatenate([x, x], axis=1))
    for net in NETS.values():
        with pytest.raises(ValueError, match="'client [12]'") as caught:
            MEASURED[entry](FedAvg(net(3), SGD(0.1)), tasks, wide)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("entry", MEASURED)
def test_another_loss_than_in_training_is_refused_by_name(entry, clients):
    tasks, other = tasks_of(clients, "logistic"), tasks_of(clients, "squared")
    if entry != "train":
        with pytest.raises(ValueError, match="'client [12]'.*squared.*logistic"):
            MEASURED[entry](FedAvg(MLP((6, 1)), SGD(0.1)), tasks, other)


def test_a_class_that_is_no_whole_number_is_refused(clients):
    with pytest.raises(ValueError, match="'client 1'.*0.5"):
        y = np.array([0, 1, 0.5, 2, 0])
        tasks = [replace(t, y=y) if t.name == "client 1" else t for t in tasks_of(clients, "ce")]
        simulate(FedAvg(MLP((6, 3)), SGD(0.1)), TaskSet(tasks), **RUN)


X = np.zeros((4, 6))
NOT_TASKS = {
    "an array": X,
    "a pair of arrays": (X, np.zeros(4)),
    "a list of arrays": [X, X],
    "None": None,
    "a task": Task("a", Inputs("a", X), np.arange(4), np.array([0, 1, 0, 1]), "logistic"),
    "a frame": pd.DataFrame(X),
    "an empty list": [],
    "text": "client 0",
}


def calls(method, state, tasks):
    """Entry point -> a function of what is passed as a task set."""
    return {
        "simulate train": lambda it: simulate(method, it, **RUN),
        "simulate valid": lambda it: simulate(method, tasks, it, **RUN),
        "simulate test": lambda it: simulate(method, tasks, test=it, **RUN),
        "evaluate": lambda it: evaluate(method, state, it),
        "evaluate train": lambda it: evaluate(method, state, tasks, it),
        "join": lambda it: join(method, state, it),
        "drift": lambda it: drift(method, state, it, 4, 1),
        "smoothness": lambda it: smoothness(it, 4),
        "Clients.of": lambda it: Clients.of(it),
    }


@pytest.mark.parametrize("what", NOT_TASKS)
@pytest.mark.parametrize("entry", calls(None, None, None))
def test_what_is_no_task_set_is_one_line(entry, what, clients):
    tasks, method = tasks_of(clients, "logistic"), FedAvg(MLP((6, 1)), SGD(0.1))
    call = calls(method, simulate(method, tasks, **RUN).state, tasks)[entry]
    if what == "None" and entry in ("simulate valid", "simulate test", "evaluate train"):
        return  # there is none
    with pytest.raises(ValueError, match=r"is a \w+, allowed is a TaskSet") as caught:
        call(NOT_TASKS[what])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("entry", calls(None, None, None))
def test_names_of_several_types_are_one_line(entry, clients):
    tasks, method = tasks_of(clients, "logistic"), FedAvg(MLP((6, 1)), SGD(0.1))
    call = calls(method, simulate(method, tasks, **RUN).state, tasks)[entry]
    with pytest.raises(ValueError, match=r"(client|task) 7\b") as caught:
        call(TaskSet([tasks[0], replace(tasks[1], name=7), tasks[2]]))
    assert "\n" not in str(caught.value)


WRONG = {
    "rounds": [-1, 1.5, None, True, "2"],
    "batch_size": [0, -3, 2.5, True, "all"],
    "local_epochs": [0, 0.5, None, True],
    "participation": [0, -0.1, 1.1, float("nan"), None, "half", True, 0.01],
    "seed": [None, 0.9, -1, "1", True],
    "eval_every": [-1, 0.5, None],
    "chunk": [0, 1.5, None, "all", True],
    "device": ["nowhere", 3.5, "cpu:x"],
    "dtype": ["float64", np.float64, torch.int64, None, float],
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize("name, value", CASES, ids=str)
def test_a_wrong_setting_is_one_line(name, value, clients):
    method = FedAvg(MLP((6, 1)), SGD(0.1))
    with pytest.raises(ValueError) as caught:
        simulate(method, tasks_of(clients, "logistic"), **{**RUN, name: value})
    line = str(caught.value)
    assert line.startswith(f"simulate: {name} ") and "allowed is" in line and "\n" not in line
    assert repr(value) in line or str(value) in line


SEEDED = {
    "evaluate": lambda m, s, t, seed: evaluate(m, s, t, t, seed=seed),
    "join": lambda m, s, t, seed: join(m, s, t, seed=seed),
    "drift": lambda m, s, t, seed: drift(m, s, t, 4, 1, seed=seed),
}


@pytest.mark.parametrize("value", [None, 0.9, "1", True])
@pytest.mark.parametrize("entry", SEEDED)
def test_a_wrong_seed_is_one_line(entry, value, clients):
    tasks, method = tasks_of(clients, "logistic"), FedAvg(MLP((6, 1)), SGD(0.1))
    state = simulate(method, tasks, **RUN).state
    with pytest.raises(ValueError, match=f"{entry}: seed {value!r}, allowed is a whole number"):
        SEEDED[entry](method, state, tasks, value)


@pytest.mark.parametrize("value", [0, 1.5, "all"])
def test_a_wrong_batch_size_is_one_line_everywhere(value, clients):
    tasks, method = tasks_of(clients, "logistic"), FedAvg(MLP((6, 1)), SGD(0.1))
    state = simulate(method, tasks, **RUN).state
    for owner, call in (
        ("evaluate", lambda: evaluate(method, state, tasks, tasks, value)),
        ("join", lambda: join(method, state, tasks, value)),
        ("drift", lambda: drift(method, state, tasks, value, 1)),
        ("smoothness", lambda: smoothness(tasks, value)),
    ):
        with pytest.raises(ValueError, match=f"{owner}: batch_size {value!r}, allowed is"):
            call()


def test_an_unknown_and_a_missing_setting_are_named(clients):
    method, tasks = FedAvg(MLP((6, 1)), SGD(0.1)), tasks_of(clients, "logistic")
    with pytest.raises(TypeError, match="simulate: no setting 'epochs', allowed are rounds, "):
        simulate(method, tasks, **RUN, epochs=2)
    with pytest.raises(TypeError, match="simulate: the setting 'batch_size' is missing"):
        simulate(method, tasks, rounds=2)


@pytest.mark.parametrize("method", [FedAvg, None, "FedAvg", MLP((6, 1))], ids=str)
def test_what_is_no_method_is_one_line(method, clients):
    tasks, good = tasks_of(clients, "logistic"), FedAvg(MLP((6, 1)), SGD(0.1))
    state = simulate(good, tasks, **RUN).state
    for call in (
        lambda: simulate(method, tasks, **RUN),
        lambda: evaluate(method, state, tasks),
        lambda: join(method, state, tasks),
        lambda: drift(method, state, tasks, 4, 1),
    ):
        with pytest.raises(ValueError, match="method is .*, allowed is an object such as FedAvg"):
            call()


def test_what_is_no_state_is_one_line(clients):
    tasks, method = tasks_of(clients, "logistic"), FedAvg(MLP((6, 1)), SGD(0.1))
    for state in (None, {}, simulate(method, tasks, **RUN).table):
        for call in (evaluate, join):
            with pytest.raises(ValueError, match=f"{call.__name__}: state is a "):
                call(method, state, tasks)


def test_nobody_joins_a_method_that_shares_nothing(clients):
    tasks, method = tasks_of(clients, "logistic"), Local(MLP((6, 1)), SGD(0.1))
    state = simulate(method, tasks, **RUN).state
    new = TaskSet([replace(tasks[0], name="new")])
    with pytest.raises(ValueError, match="Local: client 'new' did not train, and nothing is"):
        join(method, state, new)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Local(MLP((6, 1)), SGD(0.1)),
        lambda: IFCA(MLP((6, 1)), SGD(0.1), models=3),
    ],
)
def test_drift_of_a_method_without_a_global_model_is_refused(make, clients):
    tasks, method = tasks_of(clients, "logistic"), make()
    history = simulate(method, tasks, **RUN)
    with pytest.raises(ValueError, match=f"drift: {method.name} has no"):
        drift(method, history, tasks, 4, 1)


def test_pooled_takes_part_whatever_the_participation(clients):
    tasks, method = clients(), Centralized(MLP((6, 1)), SGD(0.1))
    low, full = (
        simulate(method, tasks, **RUN, participation=share, dtype=torch.float64).state.server
        for share in (0.2, 1.0)
    )
    assert torch.equal(low["model"]["weight0"], full["model"]["weight0"])


VALUES = {
    "(n, 1)": lambda v: np.array(v)[:, None],
    "a list": list,
    "a Series": lambda v: pd.Series(v, index=range(len(v), 0, -1)),
    "float32": lambda v: np.array(v, np.float32),
}


@pytest.mark.parametrize("form", VALUES)
@pytest.mark.parametrize("name", ["client_mean", "sample_mean", "bottom_decile", "worst"])
def test_summaries_take_values_in_any_form(name, form):
    values, n = [0.5, 0.25, 1.0, 0.75], [1, 2, 3, 10]
    expected = getattr(metrics, name)(np.array(values), np.array(n))
    found = getattr(metrics, name)(VALUES[form](values), VALUES[form](n))
    assert found == pytest.approx(expected, abs=1e-12)
    with pytest.raises(ValueError, match=f"{name}: values of shape"):
        getattr(metrics, name)(np.ones((2, 2)), [1, 1])
    with pytest.raises(ValueError, match=f"{name}: values of type <U1, allowed are numbers"):
        getattr(metrics, name)(["a", "b"], [1, 1])
    with pytest.raises(ValueError, match=f"{name}: no values"):
        getattr(metrics, name)([], [])


def test_sizes_that_are_not_those_of_the_values_are_refused():
    with pytest.raises(ValueError, match="sample_mean: 3 n for 2 rows"):
        metrics.sample_mean([0.5, 1.0], [1, 2, 3])


def test_components_of_different_widths_are_refused():
    with pytest.raises(ValueError, match=r"components of shape \(2, 3\) and \(4, 5\)"):
        match(np.ones((2, 3)), np.ones((4, 5)))


@pytest.mark.parametrize("form", ["(n, 1)", "a list", "a list of lists"])
def test_counts_of_words_take_labels_in_any_form(form):
    said = Inputs("words", np.array([[1], [2], [1], [1]]), "sequence")
    y = np.array([2, 1, 2, 0])
    plain = count(TaskSet([Task("a", said, np.arange(4), y, "ce")]), 3)
    other = count(TaskSet([Task("a", said, np.arange(4), FORMS[form](y), "ce")]), 3)
    np.testing.assert_array_equal(plain.pooled(), other.pooled())


def test_a_word_below_0_is_refused():
    said = Inputs("words", np.array([[1], [-1]]), "sequence")
    with pytest.raises(ValueError, match="task 'a': word -1, allowed are codes below 3"):
        count(TaskSet([Task("a", said, np.arange(2), np.array([1, 2]), "ce")]), 3)


def test_a_label_prior_counts_labels_in_any_form(clients):
    method = LabelPrior(MLP((6, 3)), SGD(0.1))
    tasks = tasks_of(clients, "ce")
    plain = simulate(method, tasks, **RUN).state
    for form in FORMS:
        other = simulate(method, in_form(tasks, form), **RUN).state
        torch.testing.assert_close(other.clients, plain.clients, rtol=0, atol=0)
