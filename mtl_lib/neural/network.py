"""Encoders, a trunk of layers, and heads that may be attached at any depth: K networks as one.

An encoder brings the inputs of a task into the trunk. The trunk is shared by all tasks. A head
reads the output of one trunk layer, if need be through layers of its own, and answers one task, or
several that share it. All tensors have the network as leading axis, so that K networks are one
batched product per layer.
"""

from dataclasses import dataclass

import numpy as np
import torch

from mtl_lib.checks import one_of, whole
from mtl_lib.neural.layers import Dense, Spelled

POOLS = (None, "token", "max")


@dataclass(frozen=True, repr=False)
class Head(Spelled):
    """An answer that is read off the trunk.

    Parameters
    ----------
    inputs : int
        Numbers the layer at that depth gives, flattened; per token where ``pool`` is given.
    outputs : int
        Scores of a task, 1 for a number or two classes.
    depth : int, optional
        How many layers of the trunk are used: None for all, 0 for the encoder's output.
    specific : tuple of int
        Widths of layers that belong to this head alone; none makes a linear head.
    pool : {None, "token", "max"}
        For layers with a vector per token (``Tokens``): ``"token"`` answers for every token,
        ``"max"`` reads the largest value over tokens.
    start : {"zero", "torch"}
        The linear layer's. At ``"zero"`` a network says nothing before it has seen data, and the
        first steps of all heads change the trunk alike. Heads that are drawn change it in
        directions of their own: of few samples two equal tasks then help or harm each other by
        chance.
    """

    inputs: int
    outputs: int = 1
    depth: int | None = None
    specific: tuple[int, ...] = ()
    pool: str | None = None
    start: str = "zero"

    def __post_init__(self):
        whole("Head", 1, inputs=self.inputs, outputs=self.outputs)
        one_of("Head", ("zero", "torch"), start=self.start)

    def layers(self) -> list[Dense]:
        """The specific layers and the linear one."""
        widths = (self.inputs, *self.specific)
        last = Dense(widths[-1], self.outputs, activation=False, start=self.start)
        return [*map(Dense, widths, widths[1:]), last]


class Network:
    """The architecture of K networks that are trained at once.

    Parameters
    ----------
    trunk : list of layers
        In order; see ``mtl_lib.neural.layers``.
    heads : dict
        Name -> ``Head``.
    tasks : dict, optional
        Task name -> name of its head; None where every head has its task's name. Tasks of one head
        share its weights.
    encoders : dict, optional
        Name of inputs -> list of layers before the trunk; None where inputs go into the trunk as
        they are.
    links : dict, optional
        Task name -> function of its head's outputs (K, B, outputs) that gives the task's scores,
        for tasks that read one head differently.

    Raises
    ------
    ValueError
        For a head deeper than the trunk, an unknown pooling, a head that no task reads, a task
        whose head does not exist, and a link of an unknown task.

    Notes
    -----
    Parameters of K networks are named ``trunk.0.weight`` (K, ...), ``head.NAME.bias``,
    ``encoder.NAME.0.weight``, and ``specific.NAME.0.weight`` for layers of one head alone. They are
    drawn trunk first, then encoders, then heads, in the order given. So networks with equal seeds
    that differ in later heads have the same trunk, and heads in another order start elsewhere.
    """

    def __init__(
        self,
        trunk,
        heads: dict[str, Head],
        tasks: dict[str, str] | None = None,
        encoders: dict[str, list] | None = None,
        links: dict | None = None,
    ):
        self.trunk = list(trunk)
        self.heads = dict(heads)
        self.tasks = {name: name for name in heads} if tasks is None else dict(tasks)
        self.encoders = dict(encoders or {})
        self.links = dict(links or {})
        for task, head in self.tasks.items():
            if head not in self.heads:
                raise ValueError(f"task {task!r}: no head {head!r}, there are {_named(self.heads)}")
        for name, head in self.heads.items():
            self._check_head(name, head)
        for task in self.links:
            if task not in self.tasks:
                raise ValueError(f"link {task!r}: no such task, there are {_named(self.tasks)}")

    def __repr__(self) -> str:
        given = [repr(self.trunk), repr(self.heads)]
        if self.tasks != {name: name for name in self.heads}:
            given.append(f"tasks={self.tasks!r}")
        if self.encoders:
            given.append(f"encoders={self.encoders!r}")
        if self.links:
            given.append(f"links={self.links!r}")
        return f"Network({', '.join(given)})"

    def _check_head(self, name, head):
        if head.depth is not None and not 0 <= head.depth <= len(self.trunk):
            raise ValueError(
                f"head {name!r}: depth {head.depth}, the trunk has {len(self.trunk)} layers"
            )
        if head.pool not in POOLS:
            raise ValueError(f"head {name!r}: pool {head.pool!r}, allowed are {_named(POOLS)}")
        if name not in self.tasks.values():
            raise ValueError(f"head {name!r}: no task reads it, tasks are {_named(self.tasks)}")

    def layers(self) -> list[tuple[str, object]]:
        """(place, layer) of everything that has weights, in the order they are drawn."""
        encoders = [place for name in self.encoders for place in self.encoder(name)]
        heads = [place for name in self.heads for place in self._head_layers(name)]
        return self.trunk_layers() + encoders + heads

    def trunk_layers(self, depth: int | None = None) -> list[tuple[str, object]]:
        """(place, layer) of the trunk, the first ``depth`` of them."""
        return [(f"trunk.{k}", layer) for k, layer in enumerate(self.trunk[:depth])]

    def encoder(self, inputs: str | None) -> list[tuple[str, object]]:
        """(place, layer) of the encoder of some inputs, none where the network has no encoders."""
        if not self.encoders:
            return []
        if inputs not in self.encoders:
            raise ValueError(f"inputs {inputs!r}: no encoder, there are {_named(self.encoders)}")
        return [(f"encoder.{inputs}.{k}", layer) for k, layer in enumerate(self.encoders[inputs])]

    def head(self, task: str) -> Head:
        """The head that answers a task."""
        return self.heads[self.tasks[task]]

    def depth(self, task: str) -> int:
        """How many layers of the trunk a task uses."""
        depth = self.head(task).depth
        return len(self.trunk) if depth is None else depth

    def answering(self, task: str) -> list[tuple[str, object]]:
        """(place, layer) of the head that answers a task."""
        return self._head_layers(self.tasks[task])

    def _head_layers(self, name):
        *specific, last = self.heads[name].layers()
        places = [(f"specific.{name}.{k}", layer) for k, layer in enumerate(specific)]
        return [*places, (f"head.{name}", last)]

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Parameters of one network."""
        return {
            f"{place}.{part}": values
            for place, layer in self.layers()
            for part, values in layer.draw(rng).items()
        }

    def shared(self, name: str) -> bool:
        """Whether a parameter of that name belongs to trunk or encoders, not to one head."""
        return name.startswith(("trunk.", "encoder."))

    def parameters(self) -> int:
        """How many numbers one network has."""
        return sum(values.size for values in self.draw(np.random.default_rng(0)).values())

    def flops(self, shape: tuple, tasks, inputs: str | None = None) -> int:
        """Floating-point operations that answer some tasks for one example in one forward pass.

        Parameters
        ----------
        shape : tuple
            Of the example.
        tasks : iterable of str
            Which tasks are answered.
        inputs : str, optional
            Name of the inputs, where there are encoders.

        Returns
        -------
        int
            Two per weight and place.
        """
        tasks = list(tasks)
        heads = [self.head(task) for task in tasks]
        depths = [self.depth(task) for task in tasks]
        total = 0
        for layer in [*self.encoders.get(inputs, []), *self.trunk[: max(depths)]]:
            operations, shape = layer.flops(shape)
            total += operations
        for head in heads:
            places = shape[0] if head.pool == "token" else 1
            total += places * sum(layer.flops(shape)[0] for layer in head.layers())
        return total

    def features(
        self, params: dict, x: torch.Tensor, inputs: str | None = None, depth: int | None = None
    ) -> list[torch.Tensor]:
        """Outputs at every depth, the encoder's first.

        Parameters
        ----------
        params : dict
            Name -> (K, ...).
        x : torch.Tensor
            (K, B, ...), examples of the inputs of that name.
        inputs : str, optional
            Name of the inputs, where there are encoders.
        depth : int, optional
            The deepest layer of the trunk that is wanted, None for the last.
        """
        h = x
        for place, layer in self.encoder(inputs):
            h = self._layer(params, place, layer, h)
        outputs = [h]
        for place, layer in self.trunk_layers(depth):
            outputs.append(self._layer(params, place, layer, outputs[-1]))
        return outputs

    def scores(self, params: dict, features: list[torch.Tensor], task: str) -> torch.Tensor:
        """Scores of a task from ``features`` of its inputs.

        Returns
        -------
        torch.Tensor
            (K, B), or (K, B, outputs) where the head has several; with an axis of tokens after B
            for ``pool="token"``; whatever its link gives where the task has one.
        """
        read = features[self.depth(task)]
        h = self.pooled(task, read)
        for place, layer in self.answering(task):
            h = self._layer(params, place, layer, h)
        if self.head(task).pool == "token":
            h = h.unflatten(1, read.shape[1:3])
        return self.scored(task, h)

    def pooled(self, task: str, h: torch.Tensor) -> torch.Tensor:
        """What a task's head makes of what it reads, before its layers."""
        pool = self.head(task).pool
        if pool is not None and h.ndim != 4:
            raise ValueError(
                f"head {self.tasks[task]!r}: pool {pool!r} needs a vector per token, "
                f"the layer gives shape {tuple(h.shape[2:])}"
            )
        if pool == "token":
            return h.flatten(1, 2)
        return h.amax(2) if pool == "max" else h

    def scored(self, task: str, z: torch.Tensor) -> torch.Tensor:
        """The scores of a task from its head's outputs."""
        if task in self.links:
            return self.links[task](z)
        return z[..., 0] if self.head(task).outputs == 1 else z

    def forward(self, params: dict, place: str, layer, h: torch.Tensor) -> tuple:
        """Outputs of a layer, and what it keeps for its way back."""
        weights = [params[f"{place}.{part}"] for part in layer.parts]
        try:
            return layer.forward(weights, h)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None

    def _layer(self, params, place, layer, h):
        weights = [params[f"{place}.{part}"] for part in layer.parts]
        try:
            return layer(*weights, h)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None


def _named(names):
    return ", ".join(map(repr, names))
