"""A federation whose clients are elsewhere: what server and nodes say to each other.

``simulation.simulate`` sees everybody's data at once. Here a node sees its own task, and the
server sees no sample. Three things travel, whatever carries them. An introduction: a node's name
and what a method's ``init`` needs to know of its data (how many samples, not which). An ``Ask``:
what the server sends in a round. The answer: the method's message. Methods are used as they are,
with the same ``init``, ``client_update`` and ``server_aggregate``, so that a run here goes through
the states of ``simulate(chunk=1)``.

An answer can get lost after the node has moved its memory. So a node keeps two memories, the one
the server knows of and the one after its last answer, and each ``Ask`` says which answer of the
node was the last to arrive. A round in which a node did not answer is then, for server and node, a
round in which it took no part: no method is told of it, and nothing but that work is lost.

What runs a method is a side, ``stack_side.StackSide`` or ``mocha_side.MochaSide``;
``sides.side_of`` chooses.
"""

from dataclasses import dataclass, field

import numpy as np

from mtl_lib.stack import tree_map
from mtl_lib.tasks import Task


@dataclass
class Ask:
    """What the server sends a node in a round: nested dicts of arrays.

    Parameters
    ----------
    round : int
        Its number, from 1.
    accepted : int
        The last round whose answer of this node arrived, 0 for none.
    first : dict
        The node's memory before that; empty once an answer has arrived.
    sent : dict
        What the method sends.
    last : bool
        There is nothing left to do; the node may look at its model.
    """

    round: int
    accepted: int
    first: dict
    sent: dict
    last: bool = False


def answer(
    side, task: Task, ask: Ask, kept: dict[int, dict], finish=None
) -> tuple[dict, dict[int, dict]]:
    """What a node does when it is asked.

    Parameters
    ----------
    side : StackSide or MochaSide
        The same as the server's.
    task : Task
        The node's own data.
    ask : Ask
        Of the server.
    kept : dict
        The memories the node kept, by the round in which they were made.
    finish : callable, optional
        (the node's model, X -> scores) -> {measure: value}: what the node tells of its model at the
        end; None for nothing.

    Returns
    -------
    message : dict
        The answer.
    kept : dict
        The memories to keep.

    Raises
    ------
    ValueError
        Names the client, where the memory that the server counts on is gone.
    """
    if ask.accepted and ask.accepted not in kept:
        if ask.last:
            return {}, kept  # there is no model to tell of, and the run is over
        raise ValueError(_lost(task.name, ask.accepted, kept))
    mine = kept[ask.accepted] if ask.accepted else ask.first
    if ask.last:
        told = finish(side.model(task, ask.sent, mine, ask.round)) if finish else {}
        return {name: np.array(float(value)) for name, value in told.items()}, kept
    message, new = side.work(task, ask.sent, mine, ask.round)
    known = {ask.accepted: mine} if ask.accepted else {}
    return message, known | {ask.round: new}


def _lost(name, accepted, kept):
    """The error of a node that does not have the memory that the server counts on."""
    memories = f"its memory of round {', '.join(map(str, kept))}" if kept else "no memory"
    return (
        f"client {name!r} lost its state: the server has its answer of round {accepted}, the node "
        f"has {memories}; was it restarted?"
    )


@dataclass
class Ledger:
    """What the server knows of its nodes' memories: the first one, and the last accepted answer.

    ``first`` is None for a method whose clients remember nothing.
    """

    first: dict[str, dict] | None
    accepted: dict[str, int] = field(default_factory=dict)
    round: int = 0

    def ask(self, name: str, sent: dict, last: bool = False) -> Ask:
        """What the node is sent in the present round."""
        accepted = self.accepted.get(name, 0)
        first = self.first[name] if self.first and not accepted else {}
        return Ask(self.round, accepted, first, sent, last)

    def accept(self, sent: dict, arrived: dict) -> dict:
        """Note whose answer has arrived, and put the answers in the order of what was sent.

        Answers come in any order; sums are in one. Without a memory there is nothing that could be
        lost, and nothing to note. Raises ValueError where nobody answered.
        """
        if not arrived:
            raise ValueError(
                f"round {self.round}: none of the {len(sent)} clients asked "
                f"({next(iter(sent))!r}, ...) answered"
            )
        if self.first is not None:
            self.accepted |= dict.fromkeys(arrived, self.round)
        return {name: arrived[name] for name in sent if name in arrived}


def serve(side, introductions: dict[str, dict], exchange) -> tuple:
    """All rounds, from the server's side.

    Parameters
    ----------
    side : StackSide or MochaSide
        The same as the nodes'.
    introductions : dict
        Client -> what ``side.introduce`` said of it.
    exchange : callable
        ({client: Ask}) -> {client: message} of those whose answer arrived.

    Returns
    -------
    fitted : State or Mocha
        What the method has at the end.
    told : dict
        Client -> {measure: value}, of those who told.

    Raises
    ------
    ValueError
        In a round in which nobody answered, for a client without a name, and for whatever ``side``
        does not take.
    """
    check_names(introductions)
    first, rounds = side.begin(introductions)
    ledger = Ledger(first)
    answers = None
    while True:
        try:
            sent = rounds.send(answers)
        except StopIteration as end:
            fitted = end.value
            break
        ledger.round += 1
        arrived = exchange({name: ledger.ask(name, what) for name, what in sent.items()})
        answers = ledger.accept(sent, arrived)
    last = side.last(fitted)
    told = exchange({name: ledger.ask(name, what, last=True) for name, what in last.items()})
    return fitted, {name: tree_map(float, told[name]) for name in sorted(told)}


def check_names(names) -> None:
    """Raises ValueError, one line, for a client whose name is not text, or empty."""
    for name in names:
        if not isinstance(name, str) or not name:
            raise ValueError(
                f"client {name!r}: a name of type {type(name).__name__}, allowed is text that is "
                "not empty"
            )
