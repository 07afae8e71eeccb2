"""Frames that wait for a slow connection of our own client go out together (wire protocol, section 2: ``batch``)."""

import asyncio
import json
from typing import Any

import pytest

from streams.outbox import BATCH_BYTES, Outbox
from streams.packets import Packet, Role
from streams.writer import Stream
from tests.support.peers import house


class Line:
    """A connection whose peer takes nothing while ``reading`` is clear; ``texts`` is what was sent."""

    def __init__(self, *, batch: bool) -> None:
        self.reading = asyncio.Event()
        self.texts: list[str] = []
        self.outbox = Outbox(self._send, lambda: None, conflate_above=2**40, longest=2**40)
        self.outbox.batch = batch

    async def _send(self, packet: Packet) -> None:
        await self.reading.wait()
        self.texts.append(packet.text)

    async def drained(self) -> list[str]:
        self.reading.set()
        await self.outbox.drained()
        return self.texts


def frame(number: int, padding: str = "") -> Packet:
    return Packet(json.dumps({"n": number, "padding": padding}, ensure_ascii=False), Role.EVENT)


async def test_what_waits_goes_out_as_one_array() -> None:
    line = Line(batch=True)
    for number in range(5):
        line.outbox.push(frame(number))
    first, rest = await line.drained()
    assert json.loads(first)["n"] == 0
    assert [item["n"] for item in json.loads(rest)] == [1, 2, 3, 4]
    assert line.outbox.size == 0


async def test_a_single_frame_is_no_array() -> None:
    line = Line(batch=True)
    line.outbox.push(frame(0))
    line.outbox.push(frame(1))
    assert [json.loads(text)["n"] for text in await line.drained()] == [0, 1]


async def test_nobody_gets_arrays_who_did_not_ask() -> None:
    line = Line(batch=False)
    for number in range(4):
        line.outbox.push(frame(number))
    assert [json.loads(text)["n"] for text in await line.drained()] == [0, 1, 2, 3]


@pytest.mark.parametrize("padding", ["x" * 50_000, "ü" * 40_000, "x" * (BATCH_BYTES + 1)])
async def test_an_array_has_at_most_256_kilobytes_unless_one_frame_has_more(padding: str) -> None:
    line = Line(batch=True)
    for number in range(12):
        line.outbox.push(frame(number, padding))
    sent = [json.loads(text) for text in await line.drained()]
    assert all(len(text.encode()) <= max(BATCH_BYTES, len(frame(11, padding).text.encode())) for text in line.texts)
    flat = [item["n"] for text in sent for item in (text if isinstance(text, list) else [text])]
    assert flat == list(range(12))
    assert len(sent) < 12 or len(padding) > BATCH_BYTES


@pytest.mark.parametrize("more", [{"since": None, "batch": True}, {"since": None, "batch": False}, {}])
async def test_a_join_asks_for_it(stream: Stream, more: dict[str, Any]) -> None:
    async with house() as process:
        peer = process.peer()
        await peer.join("s", "g", subscription="a", **more)
        await peer.recv_until(lambda frame: frame.data.get("subscriptionId") == "a")
        assert peer.outbox.batch is bool(more.get("batch"))


async def test_nothing_is_lost_or_reordered_while_frames_come_and_go() -> None:
    line = Line(batch=True)
    for number in range(300):
        line.outbox.push(frame(number))
        if number % 7 == 0:
            line.reading.set()
            await asyncio.sleep(0)
            line.reading.clear()
    texts = [json.loads(text) for text in await line.drained()]
    flat = [item["n"] for text in texts for item in (text if isinstance(text, list) else [text])]
    assert flat == list(range(300))
