"""The forward pass of an update of K networks, and the way back: gradients layer by layer.

Mini-batches of tasks with inputs of their own run through the trunk side by side, as one batch.
"""

from dataclasses import dataclass

import torch

from mtl_lib.neural.network import Head, Network


@dataclass
class Answer:
    """What one head says to one task's mini-batch.

    Parameters
    ----------
    head : Head
        The head.
    depth : int
        The depth at which it reads the trunk.
    rows : slice
        Where the task's samples lie in the batch of the trunk.
    read : torch.Tensor
        (K, B, ...), what it reads there.
    steps : list
        (place, layer, what the layer keeps for its way back).
    z : torch.Tensor
        The head's outputs, (K, B, outputs), or (K, B, tokens, outputs).
    """

    head: Head
    depth: int
    rows: slice
    read: torch.Tensor
    steps: list
    z: torch.Tensor


class Tape:
    """One forward pass of the tasks of an update.

    Parameters
    ----------
    network : Network
        The architecture.
    params : dict
        Name -> (K, ...).
    batches : list of tuple
        (name of the inputs, x (K, B, ...), names of the tasks), for every mini-batch.
    fixed : tuple of str
        Parameters whose gradients are not wanted: the way back ends above the lowest layers that
        have no others.
    """

    def __init__(self, network: Network, params: dict, batches: list, fixed: tuple = ()):
        self.network = network
        self.params = params
        self.fixed = frozenset(fixed)
        self.encoders = []  # of every mini-batch: its rows and steps
        self.answers: dict[str, Answer] = {}
        encoded, rows = [], []
        for inputs, x, _ in batches:
            h, steps = self._forward(network.encoder(inputs), x)
            first = rows[-1].stop if rows else 0
            rows.append(slice(first, first + h.shape[1]))
            encoded.append(h)
            self.encoders.append((rows[-1], steps))
        asked = [
            (name, own) for (*_, names), own in zip(batches, rows, strict=True) for name in names
        ]
        self.outputs = [encoded[0] if len(encoded) == 1 else torch.cat(encoded, 1)]
        self.trunk = []
        for place, layer in network.trunk_layers(max(network.depth(name) for name, _ in asked)):
            h, steps = self._forward([(place, layer)], self.outputs[-1])
            self.outputs.append(h)
            self.trunk += steps
        for name, own in asked:
            self.answers[name] = self._answer(name, own)

    def _forward(self, layers, h):
        """Outputs of some layers, and their steps."""
        steps = []
        for place, layer in layers:
            h, saved = self.network.forward(self.params, place, layer, h)
            steps.append((place, layer, saved))
        return h, steps

    def _answer(self, name, rows) -> Answer:
        """What a task's head says."""
        head = self.network.head(name)
        depth = self.network.depth(name)
        h = self.outputs[depth]
        read = h if rows.stop - rows.start == h.shape[1] else h[:, rows]
        pooled = self.network.pooled(name, read)
        z, steps = self._forward(self.network.answering(name), pooled)
        if head.pool == "token":
            z = z.unflatten(1, read.shape[1:3])
        return Answer(head, depth, rows, read, steps, z)

    def scores(self, name: str) -> torch.Tensor:
        """The scores of a task, as ``Network.scores`` gives them."""
        return self.network.scored(name, self.answers[name].z)

    def back(self, slopes: dict, memory: dict | None = None) -> dict[str, torch.Tensor]:
        """Gradients from the derivatives in the heads' outputs.

        Parameters
        ----------
        slopes : dict
            Task -> derivative in its head's outputs, like ``Answer.z``. Tasks that are not in it
            have none.
        memory : dict, optional
            Name -> (K, ...), where the gradients are written.

        Returns
        -------
        dict
            Name -> (K, ...), 0 for what the tasks do not reach.
        """
        gradients = Gradients(self.params, memory)
        pending: dict[int, torch.Tensor] = {}  # depth -> derivative in what the trunk gives there
        floor = 0 if self._learns_encoders() else self._floor()
        for name, slope in slopes.items():
            answer = self.answers[name]
            wanted = answer.depth > floor or self._learns_encoders()
            delta = slope.flatten(1, 2) if answer.head.pool == "token" else slope
            for step in reversed(answer.steps):
                delta = gradients.back(step, delta, wanted or step is not answer.steps[0])
            if wanted:
                self._add(pending, answer, _unpooled(answer, delta))
        for depth in range(len(self.trunk), floor, -1):
            if depth in pending:
                wanted = depth > floor + 1 or self._learns_encoders()
                delta = gradients.back(self.trunk[depth - 1], pending.pop(depth), wanted)
                if wanted:
                    _merge(pending, depth - 1, delta)
        if 0 in pending and self._learns_encoders():
            self._back_encoders(gradients, pending[0])
        return gradients.all()

    def _learns_encoders(self) -> bool:
        return any(self._learns(step) for _, steps in self.encoders for step in steps)

    def _learns(self, step) -> bool:
        """Whether a layer has parameters that are not fixed."""
        place, layer, _ = step
        return any(f"{place}.{part}" not in self.fixed for part in layer.parts)

    def _floor(self) -> int:
        """How many layers at the start of the trunk learn nothing."""
        for depth, step in enumerate(self.trunk):
            if self._learns(step):
                return depth
        return len(self.trunk)

    def _back_encoders(self, gradients, delta) -> None:
        for rows, steps in self.encoders:
            own = delta[:, rows]
            for k in range(len(steps) - 1, -1, -1):
                own = gradients.back(steps[k], own, wanted=k > 0)

    def _add(self, pending, answer, delta) -> None:
        """Add a head's derivative to what is pending at its depth."""
        whole = self.outputs[answer.depth]
        if delta.shape[1] < whole.shape[1]:
            if answer.depth not in pending:
                pending[answer.depth] = torch.zeros_like(whole)
            pending[answer.depth][:, answer.rows] += delta
        else:
            _merge(pending, answer.depth, delta)


class Gradients:
    """The gradients of all parameters, written once and added to after that.

    Parameters
    ----------
    params : dict
        Name -> (K, ...).
    memory : dict, optional
        Name -> (K, ...), where gradients are written; whatever is in it is lost.
    """

    def __init__(self, params: dict, memory: dict | None):
        if memory is None:
            memory = {name: torch.empty_like(value) for name, value in params.items()}
        self.params = params
        self.memory = memory
        self.written: set[str] = set()

    def back(self, step, delta, wanted: bool):
        """Walk back through a layer; gives the derivative in its inputs, where it is wanted."""
        place, layer, saved = step
        names = [f"{place}.{part}" for part in layer.parts]
        weights = [self.params[name] for name in names]
        out = [self.memory[name] for name in names]
        again = place in self.written
        if again:
            out = [torch.empty_like(gradient) for gradient in out]
        delta = layer.backward(weights, saved, delta, out, wanted)
        if again:
            for name, gradient in zip(names, out, strict=True):
                self.memory[name] += gradient
        self.written.add(place)
        return delta

    def all(self) -> dict[str, torch.Tensor]:
        """Name -> (K, ...), 0 for what was not reached."""
        for name, gradient in self.memory.items():
            if name.rsplit(".", 1)[0] not in self.written:
                gradient.zero_()
        return self.memory


def _merge(pending, depth, delta) -> None:
    """Add a derivative of all rows to what is pending at a depth."""
    pending[depth] = pending[depth] + delta if depth in pending else delta


def _unpooled(answer: Answer, delta: torch.Tensor) -> torch.Tensor:
    """The derivative in what a head reads, from that in what it makes of it before its layers."""
    if answer.head.pool == "max":  # spread over equal largest values, as PyTorch does
        largest = answer.read == answer.read.amax(2, keepdim=True)
        return largest * (delta / largest.sum(2))[:, :, None]
    return delta.reshape(answer.read.shape)
