"""D-FedEM: FedEM without a server."""

from itertools import pairwise

import torch

from mtl_lib.federated.engine.updates import sample_losses
from mtl_lib.federated.methods.fedem import FedEM, mixture_scores
from mtl_lib.stack import mixed, tree_map

GRAPHS = ("complete", "ring")
MIXING = ("metropolis", "average")


class DFedEM(FedEM):
    """Each client keeps its own M components and averages them with its neighbours'.

    After its local EM round: theta_tm <- sum_s A_ts theta_sm.

    Parameters
    ----------
    graph : "complete", "ring" or dict
        The ring goes in the order of names. A dict is {client: its neighbours}; edges have no
        direction.
    mixing : {"metropolis", "average"}
        ``"metropolis"``: A_ts = 1 / (1 + max(deg_t, deg_s)) on edges and the rest on the diagonal,
        which is symmetric and doubly stochastic: clients count equally, whatever their weight.
        ``"average"``: A_ts = p_s over the neighbourhood with t itself, p as ``weights`` says. On
        the complete graph, with all taking part, this is ``FedEM`` exactly.
    net, optimizer, components, weights, keep_memory
        As ``FedEM``.

    Notes
    -----
    A client that does not take part in a round keeps its components, and its edges are left out
    (Metropolis: their weight goes to the diagonal). So with partial participation even the complete
    graph differs from a server. ``History.bytes`` counts one copy of the components up and one down
    for a participant; a network without relays carries that once per edge.

    The official code (omarfoq/FedEM) takes for A the fastest mixing symmetric matrix of a random
    graph, by a semidefinite programme, and every client takes part. A client that joins later has
    no neighbours: refused.

    References
    ----------
    Marfoq et al. 2021, Federated Multi-Task Learning under a Mixture of Distributions, the
    algorithm of the decentralised setting.
    """

    name = "D-FedEM"
    alike = None  # the server has a row for each client

    def __init__(
        self,
        net,
        optimizer,
        *,
        components: int = 3,
        graph="complete",
        mixing: str = "metropolis",
        weights: str = "samples",
        keep_memory: bool = False,
    ):
        super().__init__(
            net, optimizer, components=components, weights=weights, keep_memory=keep_memory
        )
        self._check_among(MIXING, mixing=mixing)
        if not isinstance(graph, dict) and graph not in GRAPHS:
            raise ValueError(
                f"{self.name}: graph {graph!r}, allowed are {', '.join(GRAPHS)}, or the neighbours "
                "of each client"
            )
        self.graph = graph
        self.mixing = mixing

    def init(self, train, seed, start=None):
        state = super().init(train, seed, start)
        T = len(train)
        model = state.server["model"]
        state.server["model"] = tree_map(lambda p: p[None].repeat(T, *[1] * p.ndim), model)
        state.server["edges"] = adjacency(self.graph, train.names).to(train.x.device)
        place = torch.arange(T, device=train.x.device)
        return state.with_clients(state.clients | {"place": place})

    def client_update(self, server, mine, batches):
        stack = self.stack(self._components(server, mine), batches.loss)
        likelihood = -sample_losses(stack, batches, self.components)
        message, memory = self.em_step(likelihood, stack, mine, batches)
        return message | {"place": mine["place"]}, memory

    def server_aggregate(self, server, messages, n):
        place = messages["place"]
        A = self._mixing(server["edges"], place, n)

        def gossip(before, sent):
            after = before.clone()
            after[place] = mixed(A, sent)
            return after

        return server | {"model": tree_map(gossip, server["model"], messages["model"])}

    def sends(self, server):
        return {"model": tree_map(lambda p: p[0], server["model"])}

    def joined(self, server, batches, seed):
        name = batches.clients.names[batches.who[0]]
        raise ValueError(
            f"{self.name}: client {name!r} did not train and has no neighbours; "
            "FedEM takes new clients"
        )

    def outputs(self, server, mine, x, loss):
        z = self.stack(self._components(server, mine), loss)(x)
        z = z.view(len(x), self.components, *z.shape[1:]).transpose(0, 1)
        return mixture_scores(z, mine["pi"], loss)

    def _components(self, server, mine):
        """Copies of these clients' components, client after client: (k M, ...)."""
        place = mine["place"]
        return tree_map(lambda p: p[place].reshape(-1, *p.shape[2:]), server["model"])

    def _mixing(self, edges, place, n):
        """A of the participants, float64 (participants, participants); rows sum to 1."""
        near = edges[place][:, place]
        alone = torch.eye(len(place), dtype=edges.dtype, device=edges.device)
        if self.mixing == "metropolis":
            degree = edges.sum(1)[place]
            A = near / (1 + torch.maximum(degree[:, None], degree))
            return A + torch.diag(1 - A.sum(1))
        A = (near + alone) * self.counted(n)
        whole = A.sum(1, keepdim=True)
        return torch.where(whole > 0, A / whole, alone)


def adjacency(graph, names) -> torch.Tensor:
    """Who is whose neighbour.

    Parameters
    ----------
    graph : "complete", "ring" or dict
        As ``DFedEM`` takes it.
    names : list
        The T clients.

    Returns
    -------
    float64 tensor (T, T)
        1 where two clients are neighbours; symmetric with diagonal 0.

    Raises
    ------
    ValueError
        For a client that is not among ``names``.
    """
    T = len(names)
    position = {name: k for k, name in enumerate(names)}
    if graph == "complete":
        return torch.ones(T, T, dtype=torch.float64) - torch.eye(T, dtype=torch.float64)
    if graph == "ring":
        ordered = sorted(names)
        graph = {left: [right] for left, right in pairwise([*ordered, ordered[0]])}
    edges = torch.zeros(T, T, dtype=torch.float64)
    for client, neighbours in graph.items():
        for name in (client, *neighbours):
            if name not in position:
                raise ValueError(
                    f"D-FedEM: the graph names client {name!r}, which is not among the {T} "
                    "training clients"
                )
        edges[position[client], [position[name] for name in neighbours]] = 1
    return torch.maximum(edges, edges.T).fill_diagonal_(0)
