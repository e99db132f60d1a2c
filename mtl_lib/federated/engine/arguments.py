"""What simulations are given: a method, clients and states that fit each other."""

from mtl_lib.federated.engine import metrics
from mtl_lib.federated.engine.clients import Clients
from mtl_lib.federated.engine.data_checks import task_list
from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.engine.settings import Settings
from mtl_lib.federated.engine.state import State
from mtl_lib.tasks import TaskSet


def check_method(owner: str, method) -> None:
    """Raise ValueError for what is no method of the stack."""
    if not isinstance(method, Method):
        what = f"the class {method.__name__}" if isinstance(method, type) else type(method).__name__
        raise ValueError(
            f"{owner}: method is {what}, allowed is an object such as FedAvg(net, optimizer)"
        )


def splits_of(
    method: Method, run: Settings, given: dict, stored: dict | None = None
) -> dict[str, Clients]:
    """The clients of every split that is there.

    Parameters
    ----------
    method : Method
        Whose net must fit.
    run : Settings
        Type and device.
    given : dict
        "train", "valid", "test" -> TaskSet, or None for a split that is not there.
    stored : dict, optional
        id of a task set -> its ``Clients``, which several runs share; what is new is added.

    Returns
    -------
    dict
        Split -> Clients.

    Raises
    ------
    ValueError
        Naming the client, for what cannot train, and for splits that do not fit the training data.
    """
    splits = {}
    stored = {} if stored is None else stored
    for name, tasks in given.items():
        if tasks is not None or name == "train":
            task_list(run.owner, tasks, name)
            if id(tasks) not in stored:
                stored[id(tasks)] = Clients.of(tasks, run.dtype, run.device)
            splits[name] = stored[id(tasks)]
    train = splits["train"]
    run.check_clients(len(train))
    for name, split in splits.items():
        metrics.check_split(name, split, train)
        method.check(split, "" if name == "train" else name)
    return splits


def clients_like(owner: str, method: Method, state: State, tasks: TaskSet) -> Clients:
    """Data of clients, as tensors like the models of a state.

    Parameters
    ----------
    owner : str
        Who is named in messages.
    method, state : Method, State
        The method and a state of it.
    tasks : TaskSet
        One task per client.

    Raises
    ------
    ValueError
        For a wrong kind of argument; naming the client, for data that fit neither state nor net.
    """
    check_method(owner, method)
    if not isinstance(state, State):
        kind = type(state).__name__
        raise ValueError(f"{owner}: state is a {kind}, allowed is the state of a History")
    task_list(owner, tasks)
    data = Clients.of(tasks, state.model.dtype, state.model.device)
    if data.loss != state.loss:
        raise ValueError(f"client {data.names[0]!r}: loss {data.loss}, in training {state.loss}")
    method.check(data)
    return data
