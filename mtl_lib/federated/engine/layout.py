"""Clients of several federations in one storage, so that they train as one stack."""

import numpy as np
import torch

from mtl_lib.federated.engine.clients import Clients


class FleetLayout:
    """Where the clients of F federations lie; all have the same number T of clients.

    Federations with the same data and the same seed draw the same mini-batches. Where each set of
    data serves equally many federations, they share them: their models of a client are neighbours.

    Parameters
    ----------
    placed : list of Clients
        The training data of each federation; the same object where they are the same.
    seeds : list of int
        The seed of each.

    Attributes
    ----------
    clients : Clients
        All clients, those with the most samples first, for ``copies`` federations each.
    federation : int array (clients, copies)
        Which federations a client of the storage belongs to.
    rows : int array (F, T)
        For each federation, the rows of its clients in tensors with a row for each model; in the
        order of its own ``Clients``.
    """

    def __init__(self, placed: list[Clients], seeds: list[int]):
        together: dict = {}
        for f, key in enumerate(zip(map(id, placed), seeds, strict=True)):
            together.setdefault(key, []).append(f)
        members = list(together.values())
        if len({len(some) for some in members}) > 1:
            members = [[f] for f in range(len(placed))]
        self._members = np.array(members)
        copies = self._members.shape[1]
        firsts = [placed[some[0]] for some in members]
        sizes = np.concatenate([clients.sizes for clients in firsts])
        order = np.argsort(-sizes, kind="stable")
        place = np.empty(len(order), int)
        place[order] = np.arange(len(order))
        self._place = place.reshape(len(members), -1)
        self.federation = np.repeat(self._members, self._place.shape[1], axis=0)[order]
        self.rows = np.empty((len(placed), self._place.shape[1]), int)
        for k, some in enumerate(self._members):
            self.rows[some] = self._place[k] * copies + np.arange(copies)[:, None]
        self.clients = firsts[0]
        if len(placed) > 1:
            own_seeds = [seeds[some[0]] for some in members]
            self.clients = _joined(firsts, own_seeds, order, copies)

    def models(self, clients: np.ndarray) -> np.ndarray:
        """Rows of the models of some clients of the storage, client after client."""
        copies = self._members.shape[1]
        return (clients[:, None] * copies + np.arange(copies)).ravel()

    def participants(self, positions: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Who of the storage takes part.

        Parameters
        ----------
        positions : list of int array (P,)
            Of each federation: ascending positions of its participants.

        Returns
        -------
        who : int array
            Ascending clients of the storage.
        index : int array (F, P)
            Where the messages of each federation's participants are among those of ``who``.
        """
        chosen = [
            own[positions[some[0]]] for own, some in zip(self._place, self._members, strict=True)
        ]
        who = np.sort(np.concatenate(chosen))
        copies = self._members.shape[1]
        index = np.empty((len(positions), len(chosen[0])), int)
        for own, some in zip(chosen, self._members, strict=True):
            index[some] = np.searchsorted(who, own) * copies + np.arange(copies)[:, None]
        return who, index

    def gather(self, value: torch.Tensor) -> torch.Tensor:
        """Values (F T, ...) of all federations' clients, federation after federation, by model."""
        inverse = np.empty(self.rows.size, int)
        inverse[self.rows.ravel()] = np.arange(self.rows.size)
        return value[torch.as_tensor(inverse, device=value.device)]

    def of(self, federation: int, value: torch.Tensor) -> torch.Tensor:
        """Values (T, ...) of one federation's clients, from those by model."""
        return value[torch.as_tensor(self.rows[federation], device=value.device)]


def _joined(parts: list[Clients], seeds: list[int], order: np.ndarray, copies: int) -> Clients:
    """The clients of all parts in a new order; samples that several parts share are there once."""
    stores = {id(part): part for part in parts}
    begins = np.cumsum([0, *(len(part.x) for part in stores.values())])
    begin = dict(zip(stores, begins[:-1], strict=True))
    names = [name for part in parts for name in part.names]
    own_seeds = np.repeat(seeds, [len(part) for part in parts])
    start = np.concatenate([part.start + begin[id(part)] for part in parts])
    xs = [part.x for part in stores.values()]
    ys = [part.y for part in stores.values()]
    return Clients(
        [names[k] for k in order],
        np.concatenate([part.sizes for part in parts])[order],
        np.concatenate([part.weight for part in parts])[order],
        xs[0] if len(xs) == 1 else torch.cat(xs),
        ys[0] if len(ys) == 1 else torch.cat(ys),
        parts[0].loss,
        start=start[order],
        seeds=own_seeds[order].tolist(),
        copies=copies,
    )
