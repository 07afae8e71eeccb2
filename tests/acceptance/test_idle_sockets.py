"""Sockets that have nothing to say stay open, and stay live."""

import asyncio
import time

from tests.support.idle import Idle
from tests.support.product import Product
from tests.support.values import todo

IDLE_S = 30


def test_idle_sockets_are_open_and_live_after_thirty_seconds(idle_sockets: Idle, sqlite_product: Product) -> None:
    run, sockets = idle_sockets.loop.run, idle_sockets.sockets

    async def first_end() -> int:
        left = max(0.1, idle_sockets.since + IDLE_S - time.monotonic())
        ends = [asyncio.ensure_future(socket.wait_closed(IDLE_S * 2)) for socket in sockets]
        done, _ = await asyncio.wait(ends, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        return len(done)

    assert run(first_end()) == 0, f"closed: {[socket.close_code for socket in sockets]}"
    sqlite_product.writer.stream("todo", "set", idle_sockets.group, "t1", todo("awake?"))
    for socket in sockets:
        [frame] = run(socket.recv())
        assert (frame.kind, frame.value["description"]) == ("create", "awake?")
