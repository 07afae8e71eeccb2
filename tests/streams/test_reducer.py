"""The Python reducer: the vectors it shares with the JavaScript one, and random lives."""

import copy
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from streams.changes import Position
from streams.reducer import State, reduce

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "own.json").read_text())
SCHEDULES = int(os.environ.get("FUZZ_SCHEDULES", "2000"))


def position(value: dict[str, Any] | None) -> Position | None:
    return None if value is None else Position(value["sequence"], value["epoch"])


def play(state: State, frames: list[Any]) -> tuple[State, list[str]]:
    """Reduce *frames* one after another; nothing handed to the reducer may be changed by it."""
    results = []
    for frame in frames:
        before = copy.deepcopy((state, frame))
        after, result = reduce(state, frame)
        assert (state, frame) == before
        state = after
        results.append(result)
    return state, results


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_plays_the_shared_vectors(vector: dict[str, Any]) -> None:
    start, end = vector["start"], vector["end"]
    state = State.initial(start["subId"], start.get("id"), start["state"], position(start["pos"]))
    if not start["pending"]:
        state = State(state.subscription_id, state.id, state.value, state.position, pending=False, seen=state.seen)
    state, results = play(state, vector["frames"])
    assert results == vector["results"]
    assert state.value == end["state"]
    assert state.position == position(end["position"])
    assert state.pending is end["pending"]
    assert state.since == position(end["since"])


def test_there_are_as_many_vectors_as_ever() -> None:
    assert len(VECTORS) >= 27


def frame(type: str, data: Any, **more: Any) -> dict[str, Any]:
    return {"streamName": "s", "groupId": "g", **more, "event": {"type": type, "data": data}}


def test_a_server_that_numbers_nothing_is_believed() -> None:
    state, results = play(
        State.initial("A", None),
        [
            frame("sync", [{"id": "x", "v": 1}], timestamp=5),
            frame("update", {"id": "x", "v": 2}, id="x", timestamp=5),
            frame("update", {"id": "x", "v": 3}, id="x", timestamp=5),
            frame("create", {"id": "y"}, id="y", timestamp=4),
        ],
    )
    assert results == ["synced", "applied", "applied", "applied"]
    assert state.value == [{"id": "x", "v": 3}, {"id": "y"}]
    assert state.since is None


def test_the_parts_of_a_sync_that_was_cut_off_are_forgotten() -> None:
    part = frame("sync", [{"id": "x"}], sequence=4, epoch="k4", subscriptionId="A", more=True)
    whole = frame("sync", [{"id": "y"}], sequence=5, epoch="k5", subscriptionId="A")
    state, _ = play(State.initial("A", None), [part])
    assert play(state.asked(), [whole])[0].value == [{"id": "y"}]


def test_nothing_that_a_server_may_send_raises() -> None:
    dice = random.Random(7)
    scraps: list[Any] = [
        *(None, 1, "x", [], {}, 0.5, True, {"type": "sync"}, {"type": "sync", "data": 1}, {"type": 5}),
        *({"type": "create"}, {"type": "update", "data": []}, {"type": "delete", "data": None}, {"type": "skip"}),
        *({"type": "resumed", "data": [None, 1, {}, {"id": "x", "event": None}]}, {"type": "event", "event": 1}),
        *({"type": "sync", "data": [None]}, {"type": "skip", "from": 1, "until": 2}, {"type": []}),
    ]
    for id in (None, "x"):
        state = State.initial("A", id)
        for _ in range(5000):
            sent = dice.choice(scraps)
            if dice.randrange(9):
                keys = ("event", "id", "sequence", "previous")
                sent = {key: dice.choice(scraps) for key in keys} | {"subscriptionId": dice.choice([None, "A"])}
            state, _ = reduce(state.asked() if dice.randrange(5) == 0 else state, sent)
            assert isinstance(state.value, list) is (id is None)


class Group:
    """A group as the database has it, and the frames that it sends."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.items: dict[str, dict[str, Any]] = {}
        self.last: dict[str, int] = {}
        self.log: list[dict[str, Any]] = []

    @property
    def sequence(self) -> int:
        return len(self.log)

    def write(self) -> dict[str, Any]:
        """Change something and return its frame."""
        id = self.dice.choice("abc")
        kind = "create" if id not in self.items else self.dice.choice(["update", "delete"])
        data = self.items[id] if kind == "delete" else {"id": id, "v": self.dice.randrange(1000)}
        if kind == "delete":
            del self.items[id]
        else:
            self.items[id] = data
        sequence = self.sequence + 1
        previous = {} if kind == "create" else {"previous": self.last[id]}
        self.last[id] = sequence
        self.log.append(frame(kind, data, id=id, sequence=sequence, epoch=f"k{sequence}", **previous))
        return self.log[-1]

    def value(self, id: str | None) -> Any:
        return list(self.items.values()) if id is None else self.items.get(id)

    def answer(self, state: State) -> dict[str, Any]:
        """Answer a join as the server does: with what was missed where that can be known, else with everything."""
        head = {"sequence": self.sequence, "epoch": f"k{self.sequence}" if self.log else "", "subscriptionId": "A"}
        since = state.since
        if since is not None and self.dice.randrange(2):
            missed = [f for f in self.log[since.sequence :] if state.id in (None, f["id"])]
            return frame("resumed", missed, **head)
        return frame("sync", self.value(state.id), **head)


@pytest.mark.feature("C17")
@pytest.mark.parametrize("id", [None, "b"])
def test_permuted_repeated_and_dropped_frames_end_right_or_in_need_resync(id: str | None) -> None:
    for seed in range(SCHEDULES):
        live(random.Random(seed), id, seed)


def live(dice: random.Random, id: str | None, seed: int) -> None:
    """Send a subscription the frames of a group as a bad line would; it must never take itself for right wrongly."""
    group = Group(dice)
    for _ in range(dice.randrange(3)):
        group.write()
    state, _ = reduce(State.initial("A", id), group.answer(State.initial("A", id)))
    line: list[dict[str, Any]] = []
    history = {group.sequence: group.value(id)}
    for _ in range(30):
        written = group.write()
        history[group.sequence] = group.value(id)
        if id in (None, written["id"]):
            line.append(written)
        if dice.randrange(3) == 0:
            state = deliver(dice, line, state, group, history, f"seed {seed}")
            line.clear()
    state, _ = reduce(state.asked(), group.answer(state.asked()))
    assert state.value == group.value(id), f"seed {seed}: wrong at the end"


def deliver(
    dice: random.Random, line: list[dict[str, Any]], state: State, group: Group, history: dict[int, Any], where: str
) -> State:
    sent = [f for f in line if dice.randrange(8)]  # dropped
    sent += [dice.choice(group.log) for _ in range(dice.randrange(3)) if group.log]  # repeated, long ago perhaps
    sent = [f for f in sent if state.id in (None, f["id"])]
    if dice.randrange(2):
        dice.shuffle(sent)
    for one in sent:
        state, result = reduce(state, one)
        if result == "need_resync":
            state, result = reduce(state.asked(), group.answer(state.asked()))
            assert result in ("synced", "resumed"), where
        assert state.position is not None
        if state.id is None or result in ("synced", "resumed"):
            assert state.value == history[state.position.sequence], f"{where}: the value is not that of its position"
        else:  # an item's position is its own last change
            known = [f for f in group.log if f["id"] == state.id and f["sequence"] <= state.position.sequence]
            expected = None if not known or known[-1]["event"]["type"] == "delete" else known[-1]["event"]["data"]
            assert state.value == expected, f"{where}: the item is not what it was at its position"
    return state
