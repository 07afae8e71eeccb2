"""The async twins of a stream's methods, on every store."""

from contextlib import suppress

import pytest

from streams.changes import Address, Written
from streams.writer import Stream
from tests.support.heard import Heard
from tests.support.histories import Undo
from tests.support.stores import STORES

pytestmark = pytest.mark.parametrize("kept", STORES, indirect=True)

G = Address("s", "g")


@pytest.mark.usefixtures("async_thread")
async def test_async_twins_do_what_the_plain_ones_do(stream: Stream, heard: Heard) -> None:
    created = await stream.aset("g", "a", {"n": 1})
    assert isinstance(created, Written)
    updated = await stream.aupdate("g", "a", [{"type": "increment", "path": "n"}])
    assert updated is not None
    assert await stream.aupdate("g", "none", [], if_exists=True) is None
    assert await stream.aget("g", "a") == updated.new_value == {"n": 2, "id": "a"}
    async with stream.abatch("g") as batch:
        batch.set("b", {})
        batch.delete("a")
    assert [result and result.sequence for result in batch.results] == [3, 4]
    await stream.aset("g", "c", {})
    page = await stream.alist("g", limit=1)
    assert page == [{"id": "b"}]
    assert await stream.alist("g", after=page.cursor) == [{"id": "c"}]
    assert await stream.aget_group("g") == [{"id": "b"}, {"id": "c"}]
    assert (await stream.asnapshot("g")).sequence == 5
    assert await stream.adelete("g", "c") == {"id": "c"}
    assert await stream.adelete("g", "c") is None
    assert await stream.alist_groups() == ["g"]
    await stream.asend("g", {"type": "typing"})
    assert await stream.aclear("g") == 1
    assert heard.sequences == [1, 2, 3, 4, 5, 6, 7]
    assert [len(message.events) for message in heard.messages] == [0, 0, 0, 0, 0, 1, 0]
    with suppress(Undo):
        async with stream.abatch("g") as batch:
            batch.set("x", {})
            raise Undo
    assert await stream.aget("g", "x") is None
