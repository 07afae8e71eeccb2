"""Writers that commit, roll back and go back to savepoints, and clients that keep no frame but what it made of them."""

import asyncio
import json
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from streams.conf import conf
from streams.registry import registry

from .replicas import Own
from .values import todo

UNDONE = "this was rolled back"  # nobody may ever see it
ITEMS = 8


class _Undone(Exception):
    """Rolls a transaction back."""


def transactions(stream: str, groups: list[str], seed: int, count: int) -> dict[str, int]:
    """Do *count* transactions, 20 % of them rolled back and 5 % with a savepoint rolled back by hand.

    Run through a Console; returns how many there were of each kind.
    """
    target: Any = registry.get(stream)
    dice, done = random.Random(seed), Counter[str]()
    for number in range(count):
        group = dice.choice(groups)
        kind = dice.choices(["alone", "together", "rolled back", "savepoint"], [40, 35, 20, 5])[0]
        done[kind] += 1
        if kind == "alone":
            _write(target, group, dice, f"{seed} {number}")
            continue
        with suppress(_Undone), transaction.atomic(using=conf().database):
            _write(target, group, dice, UNDONE if kind == "rolled back" else f"{seed} {number}")
            if kind == "rolled back":
                _write(target, group, dice, UNDONE)
                raise _Undone
            if kind == "savepoint":
                savepoint = transaction.savepoint(using=conf().database)
                _write(target, group, dice, UNDONE)
                transaction.savepoint_rollback(savepoint, using=conf().database)
            _write(target, group, dice, f"{seed} {number} again")
    return dict(done)


def _write(target: Any, group: str, dice: random.Random, mark: str) -> None:
    item = f"t{dice.randrange(ITEMS)}"
    match dice.choice(["set", "set", "update", "delete"]):
        case "set":
            target.set(group, item, todo(mark))
        case "update":
            target.update(group, item, [{"type": "set", "path": "description", "value": mark}], if_exists=True)
        case "delete":
            target.delete(group, item)


@dataclass
class Watcher:
    """A client of our own kind that follows groups and checks each frame; it comes back when its line is lost."""

    url: str
    stream: str
    kept: dict[str, Own]
    frames: int = 0
    lost: int = 0
    problems: list[str] = field(default_factory=list)
    _answered: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, stream: str, groups: list[str]) -> "Watcher":
        """Connect, join all *groups*, and wait for their answers."""
        watcher = cls(url, stream, {group: Own(group) for group in groups})
        watcher._task = asyncio.create_task(watcher._run())
        async with asyncio.timeout(60):
            await watcher._answered.wait()
        return watcher

    async def _run(self) -> None:
        while True:
            with suppress(ConnectionClosed, OSError, TimeoutError):  # a busy server answers no handshake in time
                async with connect(self.url, compression=None, max_size=None, max_queue=None, proxy=None) as connection:
                    for group in self.kept:
                        await self._join(connection, group)
                    async for text in connection:
                        await self._take(connection, str(text))
            self.lost += 1

    async def _join(self, connection: ClientConnection, group: str) -> None:
        own = self.kept[group]
        data = {"streamName": self.stream, "groupId": group, "subscriptionId": group, "since": own.since}
        own.ask()
        await connection.send(json.dumps({"type": "join", "data": data}))

    async def _take(self, connection: ClientConnection, text: str) -> None:
        self.frames += 1
        if UNDONE in text:
            self.problems.append(f"was rolled back: {text}")
        frame = json.loads(text)
        if frame["event"]["type"] == "event":
            self.problems.append(text)
            return
        group = frame["groupId"]
        if self.kept[group].take(frame) == "need_resync":
            self.problems.append(f"something is missing before {text}")
            await self._join(connection, group)
        elif not any(own.pending for own in self.kept.values()):
            self._answered.set()

    def at(self, group: str) -> tuple[int, str] | None:
        """The position it shows of a group."""
        return self.kept[group].position

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
