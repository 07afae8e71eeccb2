"""What connections are like, as the workbench is told: whose they are, what they joined, how far they are behind."""

import asyncio
from collections.abc import Callable

import pytest

from streams import roster
from streams.writer import Stream
from tests.support.peers import house
from tests.support.stores import SQLITE

Declare = Callable[..., Stream]

pytestmark = pytest.mark.parametrize("kept", [pytest.param({"database": "default"}, marks=SQLITE)], indirect=True)


async def test_a_connection_that_does_not_read_is_behind(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = declare("s", public=True)
    declare("closed")
    async with house() as here:
        monkeypatch.setitem(roster._rosters, asyncio.get_running_loop(), here.roster)
        quick, slow, refused = (here.peer({"userId": name}) for name in ("quick", "slow", "refused"))
        await quick.joined("s", "g")
        await slow.joined("s", "g")
        await slow.joined("s", "h")
        await refused.join("closed", "g")
        await refused.settled()
        slow.reading.clear()
        for number in range(3):
            await stream.aset("g", "a", {"n": number})
        await quick.recv_until(lambda frame: frame.value == {"n": 2, "id": "a"})

        first, *others = await asyncio.to_thread(roster.looks, 3)
        assert (first.identity.auth, list(first.groups)) == ({"userId": "slow"}, ["s/g", "s/h"])
        assert first.lag_s > 0
        assert first.waiting > 0
        assert all((one.lag_s, one.waiting) == (0, 0) for one in others)
        groups = {str((one.identity.auth or {})["userId"]): list(one.groups) for one in others}
        assert groups == {"quick": ["s/g"], "refused": []}
        assert [one.id for one in await asyncio.to_thread(roster.looks, 1)] == [first.id]

        slow.reading.set()
        await slow.recv_until(lambda frame: frame.value == {"n": 2, "id": "a"})
        await slow.outbox.drained()
        assert all((one.lag_s, one.waiting) == (0, 0) for one in roster.looks(3))
