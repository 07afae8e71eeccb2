"""Frames taken out of an outbox by code: all of them, in order, and no more than were asked for lie around."""

import asyncio

import pytest

from streams.changes import Address
from streams.errors import AccessDenied, Overloaded
from streams.hints import Hint
from streams.packets import Packet
from streams.tap import LONGEST, Tap

ADDRESS = Address("s", "g")


def packet(number: int, size: int = 100) -> Packet:
    return Packet(f"{number}".ljust(size))


def change(sequence: int, size: int) -> Packet:
    hint = Hint("a", "update", sequence, f"e{sequence}", f"e{sequence - 1}", f"{sequence}".ljust(size))
    return Packet.change(ADDRESS, hint, own=True)


def never() -> None:
    raise AssertionError("this tap is not slow")


async def take(tap: Tap) -> list[Packet] | None:
    async with asyncio.timeout(5):
        return await tap.take()


async def test_everything_that_is_here_is_taken_at_once() -> None:
    tap = Tap(never)
    pushed = [packet(number) for number in range(3)]
    for item in pushed:
        tap.outbox.push(item)
    assert await take(tap) == pushed


async def test_taking_waits_for_the_first() -> None:
    tap = Tap(never)
    taking = asyncio.create_task(take(tap))
    await asyncio.sleep(0)
    assert not taking.done()
    tap.outbox.push(last := packet(1))
    assert await taking == [last]


async def test_what_is_not_taken_waits_in_the_outbox() -> None:
    tap = Tap(never)
    pushed = [packet(number, LONGEST // 2) for number in range(5)]
    for item in pushed:
        tap.outbox.push(item)
    first = await take(tap)
    assert first == pushed[:2]
    got = [*first]
    while len(got) < len(pushed):
        got += await take(tap) or []
    assert got == pushed


async def test_one_packet_longer_than_all_that_may_lie_here_passes() -> None:
    tap = Tap(never)
    tap.outbox.push(large := packet(1, 3 * LONGEST))
    assert await take(tap) == [large]


async def test_the_end_comes_after_what_is_here() -> None:
    tap = Tap(never)
    tap.outbox.push(last := packet(1))
    tap.end()
    tap.outbox.push(packet(2))
    assert await take(tap) == [last]
    assert await take(tap) is None
    assert await take(tap) is None


async def test_the_end_says_why() -> None:
    tap = Tap(never)
    taking = asyncio.create_task(take(tap))
    await asyncio.sleep(0)
    tap.end(AccessDenied("members only"))
    tap.end(Overloaded())  # it is over already
    with pytest.raises(AccessDenied, match="members only"):
        await taking


async def test_finishing_lets_everything_out_that_waits() -> None:
    tap = Tap(never)
    pushed = [packet(number, LONGEST) for number in range(4)]
    for item in pushed:
        tap.outbox.push(item)
    tap.finish()
    tap.outbox.seal()  # as its connection does
    got: list[Packet] = []
    while (packets := await take(tap)) is not None:
        got += packets
    assert got == pushed


async def test_whoever_is_too_slow_is_told_once_and_gets_no_more_than_lies_here() -> None:
    told: list[str] = []
    slow = asyncio.Event()

    def too_slow() -> None:
        told.append("slow")
        slow.set()
        tap.end()

    tap = Tap(too_slow)
    for number in range(200):  # nothing of it can be conflated
        tap.outbox.push(packet(number, LONGEST))
    await asyncio.wait_for(slow.wait(), 5)
    assert len(await take(tap) or []) == 1
    assert await take(tap) is None
    assert told == ["slow"]


async def test_changes_that_wait_are_conflated() -> None:
    tap = Tap(never)
    count = 100
    for sequence in range(1, count + 1):
        tap.outbox.push(change(sequence, LONGEST // 4))
    got: list[Packet] = []
    while not got or got[-1].hint is None or got[-1].hint.sequence < count:
        got += await take(tap) or []
    sequences = [item.hint.sequence for item in got if item.hint is not None]
    assert sequences == sorted(sequences)
    assert len(sequences) < count
    assert any(item.skipped for item in got), "our own client was not told of the hole"
