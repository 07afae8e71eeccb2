"""What a connection is refused: logged and counted once, with its reason, and never with what was sent."""

import json
import logging
from typing import Any

import pytest

from streams.counters import counters
from streams.identity import Identity
from tests.support.peers import Peer, house
from tests.support.stores import PEOPLE

pytestmark = PEOPLE

SECRET = "s3cretive"


def joining(stream: str, **more: Any) -> str:
    return json.dumps(
        {"type": "join", "data": {"streamName": stream, "groupId": SECRET, "subscriptionId": SECRET, **more}}
    )


def refused(reason: str) -> int:
    return counters.get("refused", reason)


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (f"{{bad {SECRET}", "BAD_MESSAGE", "refused"),
        (joining("s", id=7), "BAD_MESSAGE", "refused"),
        (joining(SECRET), "STREAM_NOT_FOUND", "refused"),
        (joining("guarded"), "STREAM_ACCESS_DENIED", "access denied"),
        (SECRET * 10_000, "FRAME_TOO_LARGE", "refused"),
        (json.dumps({"type": "refresh", "data": {"token": SECRET}}), "UNAUTHENTICATED", "refused"),
    ],
)
async def test_a_refusal_is_one_line_and_one_count(
    kept: Any, stream: Any, declare: Any, caplog: pytest.LogCaptureFixture, text: str, reason: str, line: str
) -> None:
    declare("guarded", can_access=lambda subscription, auth: False)
    before = refused(reason)
    async with house() as opened:
        caplog.set_level(logging.DEBUG, "streams")
        peer = opened.guest(Identity({"userId": SECRET}))
        await peer.send(text)
        [frame] = await peer.recv()
        assert frame.error == reason
    assert refused(reason) == before + 1
    told = [record for record in caplog.records if record.levelno >= logging.INFO]
    assert [record.getMessage() for record in told] == [line]
    assert line == "access denied" or vars(told[0])["reason"] == reason
    assert not [record for record in caplog.records if SECRET in str(vars(record))]


async def answers(peer: Peer, count: int) -> list[str | None]:
    return [frame.error for frame in await peer.recv(count)]


async def test_ten_bad_messages_in_a_minute_are_the_end(kept: Any, stream: Any) -> None:
    async with house() as opened:
        peer, neighbour = opened.peer(), opened.peer()
        for _ in range(9):
            await peer.send("{bad")
        assert await answers(peer, 9) == ["BAD_MESSAGE"] * 9
        assert (await peer.joined("s", "g")).kind == "sync"
        for _ in range(9):
            await neighbour.send("{bad")
        assert await answers(neighbour, 9) == ["BAD_MESSAGE"] * 9
        assert not peer.closed
        await peer.send("{bad")
        assert await peer.wait_closed() == 4508
        assert peer.frames[-1].error == "BAD_MESSAGE"
        assert (await neighbour.joined("s", "g")).kind == "sync"


async def test_a_connection_has_so_many_subscriptions(kept: Any, stream: Any, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "max_subscriptions": 3}
    async with house() as opened:
        peer = opened.peer()
        names = [await peer.join("s", f"g{number}") for number in range(3)]
        assert await answers(peer, 3) == [None] * 3
        await peer.leave("s", "g0", subscription=names[0])
        for again in ("s1", "s1"):  # one that is there counts once
            await peer.join("s", "g3", subscription=again)
        assert await answers(peer, 2) == [None] * 2
        await peer.join("s", "g4")
        assert await peer.wait_closed() == 4508
        assert peer.frames[-1].error == "TOO_MANY_SUBSCRIPTIONS"
