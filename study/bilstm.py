"""A sentence network as the literature has it: embeddings, a BiLSTM, tags of words, an intent.

Plain PyTorch, one network after the other: sentences differ in length, and a stack of networks
would compute the padding of the longest for all of them.
"""

import copy
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mtl_lib.neural import Head, Network, Tokens
from mtl_lib.neural.arms import Arm, Scores, first_rows
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet
from study.networks import Experiment, Trials

RATE = 0.003
DROPOUT = 0.4
PATIENCE = 4  # passes without a lower validation loss
NO_TAG = -100


class Sentences(nn.Module):
    """Embeddings, one bidirectional LSTM, and a linear head for every task.

    Parameters
    ----------
    words : int
        Ids run from 0 (padding) to words - 1.
    outputs : dict
        Task -> (number of labels, whether every word has one).
    width : int
        Numbers of an embedding, and of the states of each direction.
    """

    def __init__(self, words: int, outputs: dict[str, tuple[int, bool]], width: int = 64):
        super().__init__()
        self.table = nn.Embedding(words, width, padding_idx=0)
        self.lstm = nn.LSTM(width, width, batch_first=True, bidirectional=True)
        self.heads = nn.ModuleDict({n: nn.Linear(2 * width, k) for n, (k, _) in outputs.items()})
        self.by_word = {name: of_words for name, (_, of_words) in outputs.items()}

    def forward(self, ids) -> dict:
        """Task -> scores (n, labels) or (n, L, labels) for ids (n, L)."""
        lengths = (ids > 0).sum(1).clamp(min=1)
        h = F.dropout(self.table(ids), DROPOUT, self.training)
        packed = nn.utils.rnn.pack_padded_sequence(
            h, lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=ids.shape[1]
        )
        states = F.dropout(states, DROPOUT, self.training)
        hidden = states.masked_fill((ids == 0)[..., None], -torch.inf).amax(1)
        return {
            name: head(states if self.by_word[name] else hidden)
            for name, head in self.heads.items()
        }


def shape(words: int, outputs: dict[str, int]) -> Network:
    """What an ``Arm`` needs to know of the tasks: a vocabulary, and heads for intent and slots.

    Parameters
    ----------
    words : int
        Size of the vocabulary, padding included.
    outputs : dict
        ``"intent"``, ``"slots"`` -> number of labels.
    """
    pools = {"intent": "max", "slots": "token"}
    heads = {name: Head(1, count, pool=pools[name]) for name, count in outputs.items()}
    return Network([Tokens(words, 1, 1)], heads)


def compared(
    trials: Trials, name: str, compared_arms: dict, parts, size: int, score, epochs: int = 30
) -> Experiment:
    """Arms on draws of sentences, all at one learning rate.

    Parameters
    ----------
    trials : Trials
        Its draws.
    name : str
        Of the experiment.
    compared_arms : dict
        Name -> Arm on a network of ``shape``.
    parts : tuple of TaskSet
        What is drawn from, where training stops, what is tested.
    size : int
        Training sentences of a draw.
    score : callable
        As of ``arms.scored``.
    epochs : int
        Passes at most.
    """
    pool, valid, test = parts
    values = {}
    for seed in trials.seeds:
        drawn = first_rows(pool, size, seed)
        for label, arm in compared_arms.items():
            for task, z in answers(arm, drawn, valid, test, seed, epochs, PATIENCE).items():
                values[label, task, (size, seed)] = np.reshape(score(test[task], z[None]), -1)
    return trials.kept(name, Scores(values, ("size", "seed"), {}))


def answers(
    arm: Arm, train: TaskSet, valid: TaskSet, test: TaskSet, seed: int, epochs: int, patience: int
) -> dict[str, np.ndarray]:
    """Train the networks of an arm on one draw; scores of the test set by task.

    Parameters
    ----------
    arm : Arm
        Its way, ``again`` and ``only`` are read; its network says how many outputs a task has.
    train, valid, test : TaskSet
        Tasks on the same sentences.
    seed : int
        Of start, order and dropout.
    epochs, patience : int
        At most so many passes; a network stops where the loss of the tasks that it answers has not
        fallen on ``valid`` for so many passes, and keeps its best weights.

    Returns
    -------
    dict
        Task -> (n, labels) or (n, L, labels).
    """
    found = {}
    for task in arm.answers(train.names):
        shown = arm.prepared(train, task, seed)
        answered = train.names if task is None else [task]
        trained = answered if arm.way == "alone" else train.names
        net = _trained(arm, shown, valid, trained, answered, seed + arm.again, epochs, patience)
        found |= {name: _asked(net, test)[name] for name in answered}
    return found


def _trained(arm, train, valid, trained, answered, seed, epochs, patience) -> Sentences:
    """One network at its best pass."""
    torch.manual_seed(seed)
    outputs = {t.name: (arm.network.head(t.name).outputs, t.y.ndim > 1) for t in train}
    net = Sentences(arm.network.trunk[0].vocabulary, outputs)
    optimizer = torch.optim.Adam(net.parameters(), RATE)
    rng = stream(seed, "sentences")
    least, waited, best = np.inf, 0, None
    for _ in range(epochs):
        net.train()
        for rows in batches(train, rng):
            optimizer.zero_grad()
            _loss(net, train, rows, trained).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            value = float(_loss(net, valid, np.arange(len(valid[0])), answered))
        if value < least:
            least, waited, best = value, 0, copy.deepcopy(net.state_dict())
        else:
            waited += 1
        if waited >= patience:
            break
    net.load_state_dict(best)
    return net.eval()


def batches(tasks: TaskSet, rng: np.random.Generator, size: int = 32) -> Iterator[np.ndarray]:
    """Mini-batches of an epoch: rows of alike lengths together, in random order."""
    lengths = (tasks[0].X > 0).sum(1) + rng.random(len(tasks[0]))
    order = np.argsort(lengths)
    parts = np.array_split(order, max(1, len(order) // size))
    for k in rng.permutation(len(parts)):
        yield parts[k]


def _loss(net: Sentences, tasks: TaskSet, rows: np.ndarray, names) -> torch.Tensor:
    """The sum of the mean losses of some tasks on some rows."""
    X = tasks[0].X[rows]
    longest = int((X > 0).sum(1).max())
    z = net(torch.as_tensor(X[:, :longest]))
    total = torch.zeros(())
    for name in names:
        y = torch.as_tensor(tasks[name].y[rows])
        scores = z[name]
        if y.ndim > 1:
            y = y[:, :longest].reshape(-1)
            scores = scores.flatten(0, 1)
        total = total + F.cross_entropy(scores, y, ignore_index=NO_TAG)
    return total


def _asked(net: Sentences, tasks: TaskSet) -> dict[str, np.ndarray]:
    """Scores of every task."""
    with torch.no_grad():
        return {name: z.numpy() for name, z in net(torch.as_tensor(tasks[0].X)).items()}
