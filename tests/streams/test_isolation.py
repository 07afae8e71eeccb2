"""Streams and groups are kept apart, and what a subscriber was sent makes what is stored: random programs of writes."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from streams.changes import Address
from streams.writer import Stream
from tests.support.heard import Heard
from tests.support.histories import check_history
from tests.support.peers import Peer, house
from tests.support.replicas import Own, Published
from tests.support.sockets import Frame
from tests.support.stores import DATABASES, STORES

Declare = Callable[..., Stream]
STREAMS = ["a", "A", "a:b"]
GROUPS = ["a", "b", "a:b", "a/b", "b:a:item:a", "\u00e9", "e\u0301", "\U0001f600" * 20]
IDS = ["a", "b", "a:b", "item", "\u00e9"]


def writes(streams: list[Stream], seed: int, count: int) -> Iterator[None]:
    """Do *count* random writes, some of them several at once; yields between them."""
    dice, done = random.Random(seed), 0
    while done < count:
        stream, group, id = dice.choice(streams), dice.choice(GROUPS), dice.choice(IDS)
        value = {"stream": stream.name, "group": group, "n": done}
        done += 1
        match dice.choices(["set", "update", "delete", "batch", "clear"], [8, 6, 5, 1, 0.3])[0]:
            case "set":
                stream.set(group, id, value)
            case "update":
                stream.update(group, id, [{"type": "merge", "value": value}, {"type": "increment", "path": "updates"}])
            case "delete":
                stream.delete(group, id)
            case "clear":
                stream.clear(group)
            case "batch":
                with stream.batch(group) as batch:
                    for other in dice.sample(IDS, 3):
                        batch.set(other, value)
                        batch.delete(dice.choice(IDS))
                        done += 2
        yield


@pytest.mark.feature("A13")
@pytest.mark.parametrize("kept", STORES, indirect=True)
def test_a_thousand_random_writes_are_told_to_their_own_group_only(declare: Declare, heard: Heard, long: int) -> None:
    streams = [declare(name) for name in STREAMS]
    for _ in writes(streams, 1, 1000 * long):
        pass
    addresses = [Address(name, group) for name in STREAMS for group in GROUPS]
    assert {message.address for message in heard.messages} == set(addresses)
    for address in addresses:
        stream = streams[STREAMS.index(address.stream)]
        frames = [json.loads(frame) for frame in heard.frames(address)]
        client = Own("s", state=[], position=(0, ""), pending=False)
        for frame in frames:
            assert (frame["streamName"], frame["groupId"]) == (address.stream, address.group)
            told = frame["event"]["data"]
            assert (told["stream"], told["group"], told["id"]) == (address.stream, address.group, frame["id"])
            assert client.take(frame) == "applied", "dense, in order"
        assert client.state == stream.list(address.group) == stream.snapshot(address.group).items
        assert [change.frame() for change in check_history(stream.store, address)] == heard.frames(address)
    assert [stream.list_groups() for stream in streams] == [
        [group for group in sorted(GROUPS) if stream.list(group)] for stream in streams
    ]


class Client:
    """A connection with one subscription, of our own client or a published one."""

    def __init__(self, peer: Peer, stream: str, group: str, id: str | None, own: bool) -> None:
        self.peer, self.address, self.id = peer, (stream, group), id
        self.own, self.published = Own("s1", id), Published()
        self.kept: Any = self.own if own else self.published.subscribe(stream, group, id)
        self.message = {"streamName": stream, "groupId": group, "subscriptionId": "s1"}
        self.message |= ({} if id is None else {"id": id}) | ({"since": None} if own else {})

    def is_last(self, frame: Frame) -> bool:
        """Is this the last change that this client will be sent?"""
        return "last" in (frame.value or ()) and frame.address[2] == (self.id or IDS[-1])

    def check(self, streams: dict[str, Stream]) -> None:
        """Look at every frame this connection was sent, and at what its client makes of them."""
        at = -1
        for frame in self.peer.frames:
            assert frame.address[:2] == self.address
            assert self.id in (None, frame.address[2])
            assert frame.sequence is None or frame.sequence > at, "never twice, never backwards"
            at = frame.sequence if frame.sequence is not None else at
            if self.kept is self.own:
                assert self.own.take(frame.data) != "need_resync"
            else:
                self.published.take(frame.data)
        stream, group = self.address
        stored = streams[stream].list(group) if self.id is None else streams[stream].get(group, self.id)
        assert self.kept.state == stored


def last_writes(streams: list[Stream]) -> None:
    """Write every item once more, so that every subscriber is sent something it can wait for."""
    for stream in streams:
        for group in GROUPS:
            with stream.batch(group) as batch:
                for id in IDS:
                    batch.set(id, {"last": True})


@pytest.mark.feature("A13")
@pytest.mark.parametrize("kept", DATABASES, indirect=True)
@pytest.mark.usefixtures("async_thread")
async def test_connections_are_sent_what_they_joined_and_nothing_else(declare: Declare) -> None:
    streams = [declare(name, public=True) for name in STREAMS]
    dice, clients, program = random.Random(2), list[Client](), writes(streams, 3, 1000)
    some = sync_to_async(lambda: [next(program, None) for _ in range(15)])
    async with house() as here:
        for turn in range(60):
            if turn % 2 == 0:
                id = dice.choice([None, *IDS])
                clients.append(Client(here.peer(), dice.choice(STREAMS), dice.choice(GROUPS), id, dice.random() < 0.5))
                await clients[-1].peer.send({"type": "join", "data": clients[-1].message})
            await some()
        for client in clients:  # who is answered later still would be sent nothing to wait for
            await client.peer.recv_until(lambda frame: frame.kind in ("sync", "resumed"), within=60)
        await sync_to_async(last_writes)(streams)
        for client in clients:
            await client.peer.recv_until(client.is_last, within=60)
        by_name = dict(zip(STREAMS, streams, strict=True))
        await sync_to_async(lambda: [client.check(by_name) for client in clients])()
