"""The server's line to its nodes, with a clock and a post of its own: nobody waits here."""

from types import SimpleNamespace

import pytest

from mtl_lib.federated.remote import Ask, link

SAID = {"size": 3}


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Post:
    """Nodes that answer after some seconds; None for a node that is gone.

    arrivals : node -> (its client's name, seconds until it is there).
    delays : (node, round) -> seconds until it answers, 0 if not named, None where it is gone.
    """

    def __init__(self, clock, arrivals, delays=(), said=None):
        self.clock = clock
        self.arrivals = arrivals
        self.delays = dict(delays)
        self.said = said or {}
        self.underway = []
        self.asked = []

    def nodes(self):
        return {node for node, (_, at) in self.arrivals.items() if self.clock.now >= at}

    def greet(self, node):
        content = {"name": self.arrivals[node][0], **self.said.get(node, SAID)}
        return self._send(node, "greeting", content, 0)

    def ask(self, node, ask):
        self.asked.append((ask.round, self.arrivals[node][0]))
        delay = self.delays.get((node, ask.round), 0)
        answer = None if delay is None else {"of": self.arrivals[node][0], "round": ask.round}
        return self._send(node, ask.round, answer, delay or 0), 10

    def _send(self, node, what, content, delay):
        self.underway.append((self.clock.now + delay, f"{node}, {what}", node, content))
        return [self.underway[-1][1]]

    def take(self, waiting):
        there = [m for m in self.underway if m[0] <= self.clock.now and m[1] in waiting]
        self.underway = [m for m in self.underway if m not in there]
        return [(message, node, content, 7) for _, message, node, content in there]


@pytest.fixture
def clock(monkeypatch):
    passing = Clock()
    monkeypatch.setattr(
        link, "time", SimpleNamespace(monotonic=passing.monotonic, sleep=passing.sleep)
    )
    return passing


def asks(number, names=("a", "b")):
    return {name: Ask(number, 0, {}, {}) for name in names}


def test_the_server_waits_until_all_have_said_who_they_are(clock):
    line = link.Link(Post(clock, {1: ("b", 0), 2: ("a", 30)}))
    assert line.meet(2, 60) == {"a": SAID, "b": SAID}
    assert line.node == {"a": 2, "b": 1} and 30 <= clock.now < 31


@pytest.mark.parametrize(
    "arrivals, said, error, words",
    [
        (
            {1: ("a", 0), 2: ("b", 100)},
            {},
            TimeoutError,
            "waited 60 s for 2 clients, there are 1: a",
        ),
        ({}, {}, TimeoutError, "there are 0: none"),
        (
            {1: ("a", 0), 2: ("b", 0), 3: ("c", 0)},
            {},
            ValueError,
            "3 clients are there, the run is",
        ),
        (
            {1: ("a", 0), 2: ("a", 0)},
            {2: {"size": 4}},
            ValueError,
            "client 'a': two nodes have this",
        ),
    ],
    ids=["one missing", "nobody", "one too many", "one name, other data"],
)
def test_who_is_there_is_one_line(clock, arrivals, said, error, words):
    with pytest.raises(error, match=words) as caught:
        link.Link(Post(clock, arrivals, said=said)).meet(2, 60)
    assert "\n" not in str(caught.value)


def test_all_are_waited_for_without_a_timeout(clock):
    post = Post(clock, {1: ("a", 0), 2: ("b", 0)}, {(2, 1): 500})
    line = link.Link(post)
    line.meet(2, 60)
    assert set(line.exchange(asks(1))) == {"a", "b"}
    (log,) = line.log
    assert log["seconds"] >= 500 and {**log, "seconds": 0} == {
        "asked": 2,
        "answered": 2,
        "seconds": 0,
        "down": 20,
        "up": 14,
    }


def test_a_late_client_is_waited_for_once_and_left_out_until_it_answers(clock):
    post = Post(clock, {1: ("a", 0), 2: ("b", 0)}, {(2, 1): 12, (1, 2): 3, (1, 3): 3})
    line = link.Link(post, timeout=6)
    line.meet(2, 60)
    answered = [sorted(line.exchange(asks(number))) for number in (1, 2, 3, 4)]
    assert answered == [["a"], ["a"], ["a"], ["a", "b"]]
    assert [name for number, name in post.asked if number in (2, 3)] == ["a", "a"]
    assert line.log[0]["seconds"] >= 6 > max(log["seconds"] for log in line.log[1:])


def test_a_node_that_is_gone_is_not_waited_for(clock):
    line = link.Link(Post(clock, {1: ("a", 0), 2: ("b", 0)}, {(2, 1): None}))
    line.meet(2, 60)
    assert line.exchange(asks(1)) == {"a": {"of": "a", "round": 1}}
    assert clock.now < 1 and set(line.exchange(asks(2))) == {"a", "b"}


def test_a_node_started_anew_takes_its_clients_place(clock):
    post = Post(clock, {1: ("a", 0), 2: ("b", 0), 3: ("b", 5)}, {(2, 1): 1e9, (1, 1): 5})
    line = link.Link(post, timeout=1)
    line.meet(2, 60)
    assert set(line.exchange(asks(1))) == {"a"}
    assert set(line.exchange(asks(2))) == {"a", "b"} and line.node["b"] == 3
