"""What hubs read: a few threads with a database connection each, for all connections of the process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from .changes import Address, Change, Position
from .conf import conf
from .counters import counters
from .registry import registry
from .stores import Store, store_for
from .stores.base import Log, Snapshot
from .threads import DatabaseThreads

log = logging.getLogger(__name__)

T = TypeVar("T")
THREADS = 2
RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0)
ANSWER_OVERHEAD = 8192  # names and ids of an answer: at most 255 characters each, which JSON may escape to six


@dataclass(frozen=True, slots=True)
class JoinRead:
    """What joins are answered from. log: where one of them named a position; snapshot: where one of them needs it."""

    log: Log | None
    snapshot: Snapshot | None


class Reads(Protocol):
    """The reads of a hub; each is a new transaction on the primary."""

    async def join(self, address: Address, ids: Collection[str] | None, since: Sequence[Position | None]) -> JoinRead:
        """Read for joins that hold these positions (None: none). ids: of the items they want; None: all."""

    async def log(self, address: Address, after: int) -> Log: ...

    async def snapshot(self, address: Address) -> Snapshot: ...

    async def positions(self, addresses: Collection[Address]) -> dict[Address, Position]: ...


def missed(log: Log, since: Position) -> list[Change] | str:
    """Return the changes after *since*, all of them, or the reason why that cannot be proven.

    It can if *since* is where the group is, or if the change after it is kept and names its epoch as the one before.
    More than fits into one frame counts as trimmed.
    """
    if since == log.position:
        return []
    if since.sequence > log.position.sequence:
        return "ahead"
    if since.sequence == log.position.sequence:
        return "epoch"
    changes = [change for change in log.changes if change.sequence > since.sequence]
    # all of them: a history begun by hand takes a sequence that no change has
    if [change.sequence for change in changes] != list(range(since.sequence + 1, log.position.sequence + 1)):
        return "trimmed"
    if changes[0].previous_epoch != since.epoch:
        return "epoch"
    size = sum(len(change.frame().encode()) + 1 for change in changes)
    return changes if size + ANSWER_OVERHEAD <= conf().sync_bytes else "trimmed"


def other_history(noted: Position, stored: Position) -> str | None:
    """Return why *stored*, read when the room was at *noted*, is not of its history; None when it may be."""
    if stored.sequence < noted.sequence:
        return "ahead"
    return "epoch" if stored.sequence == noted.sequence and stored.epoch != noted.epoch else None


async def insist(read: Callable[[], Awaitable[T]]) -> T:
    """Read until it works."""
    failures = 0
    while True:
        try:
            return await read()
        except Exception as error:  # noqa: BLE001 - a store may raise anything; it is counted, logged and tried again
            counters.add("read_failed", type(error).__name__)
            if not failures:
                log.warning("a read fails", extra={"action": "read_failed", "error": repr(error)})
            await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
            failures += 1


class StoreReads:
    """Reads from the streams' stores."""

    async def join(self, address: Address, ids: Collection[str] | None, since: Sequence[Position | None]) -> JoinRead:
        return await _threads.run(_join, address, ids, since)

    async def log(self, address: Address, after: int) -> Log:
        return await _threads.run(lambda: _store(address.stream).log(address, after))

    async def snapshot(self, address: Address) -> Snapshot:
        return await _threads.run(lambda: _store(address.stream).snapshot(address))

    async def positions(self, addresses: Collection[Address]) -> dict[Address, Position]:
        return await _threads.run(_positions, addresses)


def _store(stream: str) -> Store:
    return store_for(registry.get(stream).definition.storage)


def _join(address: Address, ids: Collection[str] | None, since: Sequence[Position | None]) -> JoinRead:
    store, held = _store(address.stream), [position for position in since if position is not None]
    log = None
    if held:
        log = store.log(address, min(position.sequence for position in held), conf().resume_changes)
    if len(held) == len(since) and log is not None and all(_resumable(missed(log, position)) for position in held):
        return JoinRead(log, None)
    return JoinRead(log, store.snapshot(address, ids))


def _resumable(changes: list[Change] | str) -> bool:
    return not isinstance(changes, str)


def _positions(addresses: Collection[Address]) -> dict[Address, Position]:
    by_store: dict[Store, list[Address]] = {}
    for address in addresses:
        by_store.setdefault(_store(address.stream), []).append(address)
    found: dict[Address, Position] = {}
    for store, its in by_store.items():
        found |= store.positions(its)
    return found


_threads = DatabaseThreads(THREADS, "streams-reads")
