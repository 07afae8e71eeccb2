"""Many processes write, many roll back, some are killed: nothing is lost, nothing is seen that was not committed.

``make stress`` runs it at full size (MILLRACE_LONG=1) and prints what it did.
"""

import asyncio
import os
import random
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.support import journal
from tests.support.console import Console
from tests.support.product import Product, Products
from tests.support.server import Server
from tests.support.sockets import Socket
from tests.support.stress import UNDONE, Watcher
from tests.support.values import todo
from tests.support.waiting import eventually

LONG = bool(os.environ.get("MILLRACE_LONG"))
SETTINGS, STREAM = "tests.support.stress_settings", "whole"
PATIENCE_S = 3600.0 if LONG else 120.0
SEED = int(os.environ.get("SEED", "3"))


@dataclass(frozen=True)
class Size:
    """Of one run. writers: processes; killed: of them, by SIGKILL, each followed by another."""

    writers: int
    transactions: int
    groups: int
    clients: int
    killed: int
    increments: int


FULL = {"sqlite": Size(4, 5000, 20, 20, 4, 1000), "postgres": Size(8, 5000, 20, 20, 6, 1000)}
SMALL = {"sqlite": Size(3, 60, 4, 6, 1, 200), "postgres": Size(4, 60, 4, 6, 1, 200)}


@dataclass
class Field:
    """What a run happens on."""

    product: Product
    server: Server
    size: Size


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def field(request: pytest.FixtureRequest, products: Products) -> Field:
    product = products.make(request.param)
    product.web.kill()  # it does not know the stream
    product.environment["DJANGO_SETTINGS_MODULE"] = SETTINGS
    return Field(product, product.serve(settings=SETTINGS), (FULL if LONG else SMALL)[request.param])


@pytest.mark.feature("B16")
async def test_nothing_is_lost_and_nothing_rolled_back_is_seen(
    field: Field, capsys: pytest.CaptureFixture[str]
) -> None:
    size, product, dice = field.size, field.product, random.Random(SEED)
    groups = [f"g{number}-{uuid4().hex[:8]}" for number in range(size.groups)]
    consoles = [product.console() for _ in range(size.writers)]
    watchers = [await Watcher.open(field.server.ws, STREAM, groups) for _ in range(size.clients)]
    began = time.monotonic()
    for number, console in enumerate(consoles):
        begin(console, groups, SEED + number, size.transactions)
    for number in range(size.killed):
        await kill_one(field, consoles, groups, dice, number)
    done = Counter[str]()
    for console in consoles:
        done.update(await asyncio.to_thread(console.result, PATIENCE_S))
    took = time.monotonic() - began

    await asyncio.to_thread(
        eventually, lambda: all(up_to_date(product, watcher) for watcher in watchers), what="all see all", within=120.0
    )
    behind = time.monotonic() - began - took
    changes = 0
    for group in groups:
        items = journal.check(product.rows, STREAM, group)
        changes += whole(product, group)
        for watcher in watchers:
            assert watcher.kept[group].state == items, group
    assert [watcher.problems[:3] for watcher in watchers] == [[]] * size.clients
    assert not any(UNDONE in str(value) for value in product.rows("SELECT value FROM streams_change"))
    assert done["rolled back"] > 0
    assert done["savepoint"] > 0
    for watcher in watchers:
        await watcher.close()
    for console in consoles:
        console.close()
    with capsys.disabled():
        frames = sum(watcher.frames for watcher in watchers)
        if LONG:
            print(
                f"\n{product.database}, seed {SEED}: {dict(done)} in {took:.0f} s by {size.writers} processes, "
                f"{size.killed} killed; {changes} changes in {size.groups} groups ({changes / took:.0f}/s), "
                f"{frames} frames to {size.clients} clients, all equal {behind:.2f} s after the last commit, "
                f"{sum(watcher.lost for watcher in watchers)} lines lost"
            )


def begin(console: Console, groups: list[str], seed: int, count: int) -> None:
    console.begin("tests.support.stress:transactions", stream=STREAM, groups=groups, seed=seed, count=count)


async def kill_one(field: Field, consoles: list[Console], groups: list[str], dice: random.Random, number: int) -> None:
    """Kill a writer while it writes, and let another take its place."""
    before = total(field.product, groups)
    victim = dice.randrange(len(consoles))
    step = 20 if not LONG else field.size.transactions // 4
    await asyncio.to_thread(
        eventually, lambda: total(field.product, groups) > before + step, what="writes go on", within=PATIENCE_S
    )
    consoles[victim].process.kill()
    consoles[victim] = field.product.console()
    begin(consoles[victim], groups, SEED + 100 + number, field.size.transactions // 2)


def total(product: Product, groups: list[str]) -> int:
    """How many changes there are in all groups."""
    marks = ", ".join("?" * len(groups))
    rows = product.rows(
        f"SELECT COALESCE(SUM(sequence), 0) FROM streams_group WHERE stream = 'whole' AND key IN ({marks})", groups
    )
    counted: int = rows[0][0]
    return counted


def whole(product: Product, group: str) -> int:
    """Check that the log has every sequence from 1 to N, once; return N."""
    [(number, sequence)] = product.rows(
        "SELECT id, sequence FROM streams_group WHERE stream = 'whole' AND key = ?", [group]
    )
    rows: list[Any] = product.rows("SELECT sequence FROM streams_change WHERE group_id = ? ORDER BY sequence", [number])
    assert [row[0] for row in rows] == list(range(1, sequence + 1))
    return int(sequence)


def up_to_date(product: Product, watcher: Watcher) -> bool:
    """Does it show each group where the database has it?"""
    rows = product.rows("SELECT key, sequence, epoch FROM streams_group WHERE stream = 'whole'")
    stored = {key: (sequence, epoch) for key, sequence, epoch in rows}
    return all(watcher.at(group) == stored.get(group, (0, "")) for group in watcher.kept)


@pytest.mark.feature("B12", "B16")
async def test_concurrent_increments_are_all_counted_and_seen_in_order(field: Field) -> None:
    size, product, group = field.size, field.product, uuid4().hex
    consoles = [product.console() for _ in range(4)]
    await product.writer.astream(STREAM, "set", group, "t", todo("count", number=0))
    sockets = [await Socket.connect(field.server.ws) for _ in range(size.clients)]
    for socket in sockets:
        await socket.joined(STREAM, group)
    for console in consoles:
        console.begin("increments", stream=STREAM, group=group, item="t", count=size.increments // 4)
    for console in consoles:
        assert await asyncio.to_thread(console.result, PATIENCE_S) == size.increments // 4
    [stored] = journal.check(product.rows, STREAM, group)
    assert stored["number"] == size.increments
    for socket in sockets:
        frames = await socket.recv(size.increments, within=60)
        assert [frame.value["number"] for frame in frames] == list(range(1, size.increments + 1))
        assert [frame.sequence for frame in frames] == list(range(2, size.increments + 2))
        await socket.close()
    for console in consoles:
        console.close()
