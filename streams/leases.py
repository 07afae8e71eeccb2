"""Makes sure that ``on_leave`` runs once for every granted join, also when the process that granted it was killed.

A join whose stream has an ``on_leave`` leaves a row in the transaction of its hook; ending it deletes the row in the
transaction of ``on_leave``. Processes show that they are alive; the leases of one that does not are ended by the
others.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, transaction
from django.db.models.functions import Now

from .conf import conf
from .counters import counters
from .errors import StreamError, StreamNotFound, WriteConflict
from .hooks import call_hook
from .models import Lease, Reader
from .reaper import Reaper
from .registry import registry
from .threads import DatabaseThreads
from .values import dumps, loads, normalise

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is asked for. id: the item; None: the whole group. group_id is None when groups are listed.

    The last two are empty when it is a request that asks, and no connection.
    """

    stream_name: str
    group_id: str | None
    id: str | None
    subscription_id: str
    connection_id: str


class Leases:
    """The leases of one event loop's connections."""

    def __init__(self) -> None:
        self._threads = DatabaseThreads(1, "streams-leases")  # a slow hook must not make this process look dead
        self._reaper = Reaper(self.end)
        self._reader = ""
        self._held: dict[str, Callable[[], None]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to renew, and to end what others have left behind; call it in the loop."""
        self.stop()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(work) for work in (self._renewing(), self._reaper.run())]

    def stop(self) -> None:
        """Renew no more: what is not ended by then, others end."""
        for task in self._tasks:
            task.cancel()

    async def ready(self) -> None:
        """Make sure that this process is known, so that leases can be taken."""
        if not self._reader:
            await self._threads.run(self._enter)

    # -- in the thread of a hook, in its transaction ----------------------------------------------------------------

    def take(self, subscription: Subscription, auth: Any) -> str:
        """Leave a row for *subscription*; *auth* is what on_leave will get. Raises: InvalidItem - it is no JSON."""
        name = f"{self._reader}{secrets.token_hex(8)}"
        Lease.objects.using(conf().database).create(
            name=name,
            reader_id=name[:16],
            stream=subscription.stream_name,
            group_key=subscription.group_id or "",
            item_key=subscription.id or "",
            subscription=subscription.subscription_id,
            connection=subscription.connection_id,
            auth=dumps(normalise(auth)),
        )
        return name

    def end(self, name: str) -> None:
        """Run ``on_leave`` of a lease, once, whoever else tries: it commits together with the end of the row.

        A hook that raises is logged and does not run again. Raises: what may pass, a database that fails; the lease is
        still there, for whoever comes next.
        """
        leases = Lease.objects.using(conf().database)
        lease = leases.filter(name=name).first()
        if lease is None:
            return
        try:
            undisturbed(partial(self._end, lease))
        except Exception as error:
            if _passes(error):
                raise
            counters.add("hook_failed", "on_leave")
            log.exception("on_leave failed", extra={"action": "hook_failed", "stream": lease.stream})
            leases.filter(name=name).delete()

    def _end(self, lease: Lease) -> None:
        with transaction.atomic(using=conf().database):
            if Lease.objects.using(conf().database).filter(name=lease.name).delete()[0]:
                self._run_hook(lease)

    def _run_hook(self, lease: Lease) -> None:
        try:
            definition = registry.get(lease.stream).definition
        except StreamNotFound:
            log.warning("a lease of a stream that is gone", extra={"action": "lease_ended", "stream": lease.stream})
            return
        if definition.on_leave is not None:
            subscription = Subscription(
                lease.stream, lease.group_key, lease.item_key or None, lease.subscription, lease.connection
            )
            call_hook(definition.on_leave, subscription, loads(lease.auth))

    # -- in the loop ------------------------------------------------------------------------------------------------

    def hold(self, name: str, lost: Callable[[], None]) -> None:
        """Note a lease of this process; *lost* is called when others have ended it, thinking this process dead."""
        if name[:16] == self._reader:
            self._held[name] = lost
        else:  # it was taken just before this process was thought dead
            lost()

    def release(self, name: str) -> None:
        """Note that a lease is being ended."""
        self._held.pop(name, None)

    async def confirm(self) -> bool:
        """Show that this process is alive. False: others have thought it dead, and its connections are told so."""
        reader = self._reader
        if not reader or await self._threads.run(self._renew, reader):
            return True
        if self._reader == reader:
            counters.add("leases_lost", by=len(self._held))
            log.error("this process was thought dead", extra={"action": "leases_lost", "leases": len(self._held)})
            self._reader, lost, self._held = "", list(self._held.values()), {}
            for callback in lost:
                callback()
        return False

    async def _renewing(self) -> None:
        while True:
            try:
                await self.confirm()
            except Exception as error:  # noqa: BLE001 - the database may fail; the next round tries again
                log.warning("renewing fails", extra={"action": "renew_failed", "error": repr(error)})
            await asyncio.sleep(conf().lease_renew_s)

    # -- in the thread of the leases --------------------------------------------------------------------------------

    def _enter(self) -> None:
        if not self._reader:
            name = secrets.token_hex(8)
            Reader.objects.using(conf().database).create(name=name, seen_at=Now())
            self._reader = name

    def _renew(self, reader: str) -> bool:
        readers = Reader.objects.using(conf().database)
        return bool(readers.filter(name=reader, lost=False).update(seen_at=Now()))


def undisturbed(work: Callable[[], T]) -> T:
    """Do *work*, a whole transaction, again when another one was in the way."""
    for _ in range(conf().write_attempts - 1):
        with suppress(WriteConflict):
            return work()
    return work()


def _passes(error: Exception) -> bool:
    """May what raised *error* succeed later, because it was the database that failed?"""
    return isinstance(error, OperationalError | InterfaceError) or (isinstance(error, StreamError) and error.retry)
