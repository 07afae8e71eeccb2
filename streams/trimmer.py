"""Retention: drops what the streams' ``History`` does not keep, in bounded slices, by one process for all."""

import asyncio
import logging
import time
from collections.abc import Iterator
from datetime import timedelta

from django.db.models.functions import Now

from .conf import conf
from .counters import counters
from .definition import Definition
from .models import Duty
from .registry import registry
from .stores import Store, store_for
from .threads import DatabaseThreads

log = logging.getLogger(__name__)

DUTY = "trim"
GROUPS = 500  # looked at in one slice
FOREVER = 2**62


def trim_slice(definition: Definition, after: str = "") -> tuple[int, str | None]:
    """Trim some groups of a stream; return how many changes went, and the group to go on after (None: it was the
    last).
    """
    history = definition.history
    keep, before = 0, 0
    if history is not None:
        keep = FOREVER if history.changes is None else history.changes
        if history.age is not None:
            before = int((time.time() - history.age.total_seconds()) * 1_000_000)
    deleted, last = _store(definition).trim(definition.name, keep, before, after, GROUPS)
    counters.add("trimmed", definition.name, deleted)
    return deleted, last


def trim(definition: Definition) -> int:
    """Trim a whole stream; return how many changes went."""
    total, after = 0, ""
    while True:
        deleted, last = trim_slice(definition, after)
        total += deleted
        if last is None:
            return total
        after = last


class Trimmer:
    """Trims once per ``trim_interval_s``, a slice of every shared store in turn: whoever is first does it for all."""

    def __init__(self) -> None:
        self._threads = DatabaseThreads(1, "streams-trimmer")

    async def run(self) -> None:
        """Trim for ever."""
        while True:
            await asyncio.sleep(conf().trim_interval_s)
            try:
                await self._threads.run(self.round)
            except Exception as error:  # noqa: BLE001 - a store may raise anything; the next round tries again
                counters.add("trim_failed", type(error).__name__)
                log.warning("trimming fails", extra={"action": "trim_failed", "error": repr(error)})

    def round(self) -> None:
        """Do what is due: of this process's own stores everything, of shared ones a slice, if nobody else does."""
        definitions = [stream.definition for stream in registry.all()]
        for definition in definitions:
            if not _store(definition).shared:
                trim(definition)
        shared = [definition for definition in definitions if _store(definition).shared]
        if shared:
            self._duty(shared)

    def _duty(self, definitions: list[Definition]) -> None:
        duties = Duty.objects.using(conf().database)
        duties.get_or_create(name=DUTY, defaults={"next_at": Now()})
        due = duties.filter(name=DUTY, next_at__lte=Now())
        if not due.update(next_at=Now() + timedelta(seconds=conf().trim_interval_s)):
            return
        cursor = duties.get(name=DUTY).cursor
        stream, _, after = cursor.partition(" ")  # there is none in the name of a stream
        for definition in _from(definitions, stream):
            _, last = trim_slice(definition, after if definition.name == stream else "")
            if last is not None:  # a slice per round is enough of one stream; the next round goes on there
                cursor = f"{definition.name} {last}"
                break
        else:
            cursor = ""
        duties.filter(name=DUTY).update(cursor=cursor)


def _from(definitions: list[Definition], stream: str) -> Iterator[Definition]:
    return (definition for definition in definitions if definition.name >= stream)


def _store(definition: Definition) -> Store:
    return store_for(definition.storage)
