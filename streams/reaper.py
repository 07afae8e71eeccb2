"""Ends the leases of processes that are not seen any more."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import connections
from django.db.models.functions import Now

from .conf import conf
from .counters import counters
from .models import Lease, Reader
from .threads import DatabaseThreads

log = logging.getLogger(__name__)

SLICE = 100  # leases that are read at once


class Reaper:
    """Looks once per ``lease_renew_s``; every process does, and may. end: ends a lease by its name."""

    def __init__(self, end: Callable[[str], None]) -> None:
        self._end = end
        self._threads = DatabaseThreads(1, "streams-reaper")
        self._reached = ""

    async def run(self) -> None:
        """Look for ever."""
        while True:
            more = False
            try:
                more = await self._threads.run(self._reap)
            except Exception as error:  # noqa: BLE001 - the database may fail; the next round tries again
                log.warning("looking for the lost fails", extra={"action": "reap_failed", "error": repr(error)})
            if not more:
                await asyncio.sleep(conf().lease_renew_s)

    def _reap(self) -> bool:
        """End some leases of processes that are not seen any more; tell whether there are others to look at."""
        readers, leases = Reader.objects.using(conf().database), Lease.objects.using(conf().database)
        readers.filter(seen_at__lt=Now() - timedelta(seconds=conf().lease_s), lost=False).update(lost=True)
        if not readers.filter(lost=True).exists():
            return False
        lost = leases.filter(reader__lost=True, name__gt=self._reached).order_by("name")
        names = list(lost.values_list("name", flat=True)[:SLICE])
        for name in names:
            self._try_to_end(name)
        readers.filter(lost=True, leases__isnull=True).delete()
        self._reached = names[-1] if len(names) == SLICE else ""  # those that cannot be ended keep nobody waiting
        return len(names) == SLICE

    def _try_to_end(self, name: str) -> None:
        counters.add("lease_ended", "process lost")
        try:
            self._end(name)
        except Exception as error:  # noqa: BLE001 - it is counted, logged and tried again in the next round
            counters.add("hook_failed", "on_leave")
            log.warning("on_leave waits", extra={"action": "hook_failed", "error": repr(error)})
            connections[conf().database].close_if_unusable_or_obsolete()
