"""What a federated method is: what a server holds, what a client keeps, what travels."""

import copy
import inspect

import torch

from mtl_lib.federated.engine.data_checks import check_net
from mtl_lib.federated.engine.state import State, given_start
from mtl_lib.stack import Stack, tree_map


class Method:
    """One federated method: hyper-parameters in ``__init__``, everything else in a ``State``.

    A new method writes ``init``, ``client_update``, ``server_aggregate`` and ``outputs``.

    Parameters
    ----------
    net : MLP or Module
        The architecture of every model.
    optimizer : SGD or Adam
        The rule of the local steps.
    keep_memory : bool
        Whether a client's optimiser state (momentum) lasts from round to round. Published code
        resets it.

    Attributes
    ----------
    name : str
        What figures and messages call it.
    personal_steps : int
        Mini-batches of a client's training data that ``personal`` takes; 0 for none.
    lasting : tuple of str
        What of the memory that ``personal`` returns lasts until the next evaluation.
    reads_labels : bool
        Whether ``init`` reads how often each class occurs, and not only how many samples there are.
    alike : tuple of str or None
        Which float parameters may differ, beside the learning rate, between runs that are trained
        as one stack; a method multiplies by them with ``updates.times``. There ``server`` has rows
        of its own for each client, as ``updates.broadcast`` says. None: one run after the other.
    """

    name = ""
    personal_steps = 0
    lasting = ()
    reads_labels = False
    alike: tuple | None = None

    def __init__(self, net, optimizer, *, keep_memory: bool = False):
        self.net = net
        self.optimizer = optimizer
        self.keep_memory = keep_memory

    def __repr__(self) -> str:
        """What one would type: ``net``, ``optimizer``, and parameters that are not the defaults."""
        arguments = [repr(self.net), repr(self.optimizer)]
        for name, parameter in inspect.signature(type(self)).parameters.items():
            value = getattr(self, name)
            if parameter.kind is parameter.KEYWORD_ONLY and value != parameter.default:
                arguments.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(arguments)})"

    @property
    def personalises(self) -> bool:
        """Whether a client adapts to what the server holds before it is evaluated."""
        return self.personal_steps > 0

    def place(self, train):
        """Where the training samples lie (``Clients``): with their clients."""
        return train

    def init(self, train, seed: int, start=None) -> State:
        """The state before round 1.

        Parameters
        ----------
        train : Clients
            The training data.
        seed : int
            Of the initial weights.
        start : Stack or dict, optional
            Initial models instead of drawn ones, see ``initial_models``.

        Returns
        -------
        State
        """
        raise NotImplementedError

    def client_update(self, server: dict, mine: dict, batches) -> tuple[dict, dict]:
        """The local work of k clients in a round.

        Parameters
        ----------
        server : dict
            What the server sent.
        mine : dict
            The clients' memory, one row each.
        batches : Batches
            Their mini-batches.

        Returns
        -------
        message, memory : dict, dict
            Every tensor has one row per client.
        """
        raise NotImplementedError

    def server_aggregate(self, server: dict, messages: dict, n: torch.Tensor) -> dict:
        """What the server holds after a round.

        Parameters
        ----------
        server : dict
            What it held before.
        messages : dict
            One row per participant.
        n : tensor (participants,)
            Sample counts times task weight.

        Returns
        -------
        dict
        """
        return server

    def sends(self, server: dict) -> dict:
        """What each participant receives at the start of a round, for the count of bytes."""
        return server

    def outputs(self, server: dict, mine: dict, x: torch.Tensor, loss: str) -> torch.Tensor:
        """Scores (k, n) or (k, n, C) of k clients on x (k, n, ...), in the units of the loss."""
        raise NotImplementedError

    def personal(self, server: dict, mine: dict, batches) -> dict:
        """Memory to evaluate k clients with, from ``batches`` of their training data.

        Only what ``lasting`` names goes back into the state.
        """
        return mine

    def joined(self, server: dict, batches, seed: int) -> dict:
        """Memory of k clients that did not train, from their own samples."""
        return {}

    def predict(self, state: State, client: str, X) -> torch.Tensor:
        """Scores of one client's model.

        Parameters
        ----------
        state : State
            Of a run of this method.
        client : str
            Whose model.
        X : array_like (n, ...)
            Inputs.

        Returns
        -------
        tensor (n,) or (n, C)
            In the units of the loss.

        Raises
        ------
        ValueError
            For a client the method has no memory of.
        """
        x = torch.as_tensor(X).to(state.model.dtype).to(state.model.device)
        return self.outputs(state.server, state.of([client]), x[None], state.loss)[0]

    def check(self, data, split: str = "") -> None:
        """Raise ValueError, naming the client, where the net does not fit the data of a split."""
        check_net(self.net, data, split)

    def stack(self, params: dict, loss: str) -> Stack:
        """Models of the method's net."""
        return Stack(params, self.net, loss)

    def initial_models(self, train, seed: int, models: int = 1, start=None) -> dict:
        """The models before round 1.

        Parameters
        ----------
        train : Clients
            The training data.
        seed : int
            Draws the weights; model 0 is the same in every method.
        models : int
            M, how many.
        start : Stack or dict, optional
            Name -> (M, ...), instead of a draw.

        Returns
        -------
        dict
            Name -> (M, ...).
        """
        self.check(train)
        pairs = [(seed, number) for number in range(models)]
        drawn = Stack.init(self.net, pairs, train.loss, train.x.dtype, train.x.device).params
        return drawn if start is None else given_start(self.name, start, drawn)

    def at_rate(self, factor: float) -> "Method":
        """The same method with ``factor`` times the learning rate of its optimiser."""
        method = copy.copy(self)
        method.optimizer = self.optimizer.fresh()
        method.optimizer.lr = self.optimizer.lr * factor
        return method

    def local_optimizer(self, mine: dict):
        """The optimiser of a local run: fresh, or with the memory the clients kept."""
        if self.keep_memory and "optimizer" in mine:
            return self.optimizer.fresh(tree_map(torch.clone, mine["optimizer"]))
        return self.optimizer.fresh()

    def remembered(self, optimizer) -> dict:
        """What a client keeps of its optimiser."""
        return {"optimizer": optimizer.state} if self.keep_memory else {}

    def check_at_most_one_each(self, train, **parameters) -> None:
        """Raise ValueError for more models of a kind than there are clients."""
        for what, value in parameters.items():
            if value > len(train):
                raise ValueError(
                    f"{self.name}: {value} {what} for {len(train)} clients "
                    f"({train.names[0]!r}, ...), allowed is at most one each"
                )
