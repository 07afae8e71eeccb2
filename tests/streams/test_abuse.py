"""Whatever a client says: no exception, nobody else is disturbed, and it learns nothing it may not know.

``make fuzz`` says 100,000 frames, ``make test`` 5,000 (FUZZ_FRAMES).
"""

import asyncio
import json
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.conf import conf
from streams.identifiers import MAX_LENGTH
from streams.identity import Identity
from tests.support.peers import House, Peer, house
from tests.support.stores import PEOPLE

pytestmark = PEOPLE

FRAMES = int(os.environ.get("FUZZ_FRAMES", "5000"))
PER_EXAMPLE = 50
CODES = {
    "STREAM_NOT_FOUND",
    "STREAM_ACCESS_DENIED",
    "BAD_MESSAGE",
    "FRAME_TOO_LARGE",
    "TOO_MANY_SUBSCRIPTIONS",
    "RATE_LIMITED",
    "TOKEN_EXPIRED",
    "UNAUTHENTICATED",
}
CLOSES = {4401, 4508, 4509}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ids = st.one_of(
    st.sampled_from(["g", "h", "g", "secret", "", ".", "..", "a/b", "a:item:b", "%2F", "\0", "\ud800", "é", "e\u0301"]),
    st.text(max_size=12),
    st.integers(MAX_LENGTH - 1, MAX_LENGTH + 1).map(lambda n: "x" * n),
    json_values,
)
streams = st.sampled_from(["s", "s", "s", "guarded", "none", "streams:revocations", "streams:state", "", "S"]) | ids
since = st.one_of(
    st.none(),
    json_values,
    st.fixed_dictionaries(
        {},
        optional={
            "epoch": st.sampled_from(["", "AAAAAAAA", "x" * 65]) | json_values,
            "sequence": st.integers(-1, 2**70) | json_values,
        },
    ),
)
data = st.fixed_dictionaries(
    {},
    optional={
        "streamName": streams,
        "groupId": ids,
        "id": ids,
        "subscriptionId": st.sampled_from(["a", "b", "theirs"]) | ids,
        "since": since,
        "batch": json_values,
        "token": st.sampled_from(["t", "", "x" * 9000]) | json_values,
    },
)
kinds = st.sampled_from(["join", "join", "join", "leave", "refresh", "ping", "set", "sync", "__proto__"]) | json_values
messages = st.fixed_dictionaries({}, optional={"type": kinds, "data": data | json_values}).map(
    lambda message: json.dumps(message, ensure_ascii=False)
)
broken = st.builds(lambda text, cut: text[: cut % (len(text) + 1)], messages, st.integers(0, 500))
texts = st.one_of(
    messages,
    messages,
    messages,
    broken,
    st.text(max_size=40),
    st.sampled_from(
        [
            "[" * 200,
            '{"a":' * 200,
            "NaN",
            "-0",
            "1e999",
            '"\\ud800"',
            '{"type":"join","type":"ping"}',
            "﻿{}",
            "null\0",
            '{"type":"ping"}x',
            " " * 70_000,
        ]
    ),
)
frames = st.one_of(texts, texts, st.binary(max_size=60), texts.map(lambda text: text.encode("utf-8", "surrogatepass")))


@pytest.fixture
def loop(kept: dict[str, Any]) -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


async def bystander(opened: House) -> Peer:
    neighbour = opened.peer()
    await neighbour.joined("s", "g")
    return neighbour


async def misbehave(opened: House, said: list[str | bytes]) -> None:
    peer = opened.peer()
    for frame in said:
        await peer.send(frame)
        if peer.closed:
            break
    await asyncio.sleep(0)
    if not peer.closed:
        await peer.settled()
    assert peer.close_code is None or peer.close_code in CLOSES
    for frame in peer.frames:
        if frame.data.get("type") in ("pong", "refreshed"):
            continue
        assert frame.error is None or frame.error in CODES, frame.text
        assert frame.data.get("streamName") != "guarded" or frame.error is not None, "what is guarded leaked"
        assert not str(frame.data.get("streamName")).startswith("streams:") or frame.error is not None
    await peer.cut()


def test_fuzzed_frames_disturb_nobody(
    loop: asyncio.Runner, declare: Any, caplog: pytest.LogCaptureFixture, settings_of_limits: None
) -> None:
    caplog.set_level(logging.WARNING)
    stream = declare("s", public=True)
    declare("guarded")
    opening = house()
    opened = loop.run(opening.__aenter__())
    neighbour = loop.run(bystander(opened))
    told = 0

    async def example(said: list[str | bytes]) -> None:
        nonlocal told
        await misbehave(opened, said)
        told += 1
        await stream.aset("g", "i", {"n": told})
        [*_, frame] = await neighbour.recv_until(lambda frame: frame.value.get("n") == told)
        assert frame.kind in ("create", "update")

    @settings(
        max_examples=max(1, FRAMES // PER_EXAMPLE),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(frames, min_size=PER_EXAMPLE, max_size=PER_EXAMPLE))
    def fuzz(said: list[str | bytes]) -> None:
        loop.run(example(said))

    try:
        fuzz()
    finally:
        loop.run(opening.__aexit__(None, None, None))
    assert not neighbour.frames[0].error
    failures = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert failures == []


@pytest.fixture
def settings_of_limits(settings: Any) -> None:
    """Let one bad message not end the connection, so that what follows is looked at, too."""
    settings.STREAMS = {
        **settings.STREAMS,
        "max_bad_messages_per_minute": 100,
        "max_joins_per_user_per_minute": 10**9,
        "max_messages_per_user_per_minute": 10**9,
    }


@pytest.mark.parametrize(
    "since",
    [
        {"epoch": "AAAAAAAA", "sequence": 1},
        {"epoch": "", "sequence": 1},
        {"epoch": "AAAAAAAA", "sequence": 2**62},
        {"epoch": "AAAAAAAA", "sequence": 0},
    ],
)
async def test_forged_since_gets_what_is_there_and_no_more(kept: Any, stream: Any, since: Any) -> None:
    for number in range(3):
        await stream.aset("g", f"i{number}", {"n": number})
    async with house() as opened:
        peer = opened.peer()
        await peer.join("s", "g", subscription="a", since=since)
        [answer] = await peer.recv()
        assert answer.kind == "sync"
        assert answer.data["resync"] in ("epoch", "ahead", "trimmed")
        assert len(answer.value) == 3


async def test_replayed_since_of_what_is_guarded_gets_nothing(kept: Any, declare: Any) -> None:
    allowed = {"yes": True}
    guarded = declare("guarded", can_access=lambda subscription, auth: allowed["yes"])
    await guarded.aset("g", "i", {"n": 1})
    async with house() as opened:
        peer = opened.peer()
        answer = await peer.joined("guarded", "g")
        held = {"epoch": answer.data["epoch"], "sequence": answer.data["sequence"]}
        allowed["yes"] = False
        await guarded.aset("g", "i", {"n": 2})
        again = opened.peer()
        await again.join("guarded", "g", subscription="a", since=held)
        assert [frame.error for frame in await again.recv()] == ["STREAM_ACCESS_DENIED"]


async def test_subscription_ids_of_others_are_nobodys(kept: Any, stream: Any) -> None:
    async with house() as opened:
        mine, theirs = opened.peer(), opened.peer()
        await theirs.join("s", "g", subscription="theirs")
        await theirs.recv()
        await mine.leave("s", "g", subscription="theirs")
        await mine.join("s", "g", subscription="theirs")
        assert (await mine.recv())[0].data["subscriptionId"] == "theirs"
        await mine.leave("s", "g", subscription="theirs")
        await mine.settled()
        await stream.aset("g", "i", {"n": 1})
        assert [frame.kind for frame in await theirs.recv()] == ["create"]
        assert [frame.kind for frame in mine.frames] == ["sync", "pong"]


async def test_a_flood_of_messages_ends_the_flood_only(kept: Any, stream: Any, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "max_messages_per_minute": 500}
    async with house() as opened:
        flooding, neighbour = opened.peer(), opened.peer()
        await neighbour.joined("s", "g")
        for _ in range(501):
            await flooding.send({"type": "ping"})
        assert await flooding.wait_closed() == 4508
        await stream.aset("g", "i", {"n": 1})
        assert [frame.kind for frame in await neighbour.recv()] == ["create"]


async def test_a_frame_that_is_too_large_ends_its_connection(kept: Any, stream: Any) -> None:
    async with house() as opened:
        for text in (
            "x" * (conf().frame_bytes + 1),
            "é" * (conf().frame_bytes // 2 + 1),
            b"x" * (conf().frame_bytes + 1),
        ):
            peer = opened.peer()
            await peer.send(text)
            assert await peer.wait_closed() == 4509
            assert [frame.error for frame in peer.frames] == ["FRAME_TOO_LARGE"]
        peer = opened.peer()
        await peer.send(json.dumps({"type": "ping", "pad": "x" * (conf().frame_bytes - 30)}))
        assert [frame.kind for frame in await peer.recv()] == ["pong"]


@pytest.mark.feature("D15")
async def test_internal_streams_are_nobodys(kept: Any) -> None:
    admin = Identity({"userId": "1"}, frozenset())
    async with house() as opened:
        peer = opened.guest(admin)
        for name in ("streams:state", "streams:revocations", "steps:runs"):
            await peer.join(name, "all")
            assert [frame.error for frame in await peer.recv()] == ["STREAM_NOT_FOUND"]
