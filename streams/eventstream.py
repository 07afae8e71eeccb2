"""A subscription as the body of a response that does not end.

To the hub it is a connection like a socket: the same rules and hooks, the same order, the same bounded outbox.
"""

import asyncio
from collections.abc import AsyncIterator
from contextvars import Context

from asgiref.sync import SyncToAsync, sync_to_async
from django.db import connections

from .access import Access
from .conf import conf
from .connection import Connection
from .errors import Overloaded, Restarting, StreamError, Unavailable
from .hub import Hub
from .identity import Identity
from .packets import Packet
from .protocol import Join
from .roster import Look, Roster
from .tap import Tap
from .transcript import COMMENT, RETRY, Transcript

START_S = 10.0  # how long a response may take from the view to its first byte


class EventStream:
    """A subscription whose frames are iterated over as text. Made and ended by the loop that runs it."""

    def __init__(self, hub: Hub, access: Access, roster: Roster, identity: Identity) -> None:
        self._loop = asyncio.get_running_loop()
        self._tap = Tap(self._too_slow)
        self._first: list[Packet] | None = None
        self._abandoned: asyncio.TimerHandle | None = None
        self._connection = Connection(hub, access, roster, self._tap.outbox, identity, self._close, self._refused)

    @property
    def identity(self) -> Identity:
        """Whose it is."""
        return self._connection.identity

    def look(self) -> Look:
        """Return what it is like now."""
        return self._connection.look()

    async def begin(self, join: Join) -> None:
        """Subscribe; when this returns the first frames are there.

        Raises: StreamNotFound, AccessDenied, RateLimited; Unavailable - try again.
        """
        try:
            # in a context of its own: what is begun here outlives the request's
            Context().run(self._connection.join, join)
            async with asyncio.timeout(conf().hook_timeout_s + conf().join_timeout_s):
                first = await self._tap.take()
        except BaseException as error:
            self.end()
            if isinstance(error, TimeoutError):
                raise Unavailable from error
            raise
        if first is None:
            raise Restarting
        self._first = first
        # a request that is cancelled between the view and the first byte tells nobody that the stream is not wanted
        self._abandoned = self._loop.call_later(START_S, self.end)

    async def __aiter__(self) -> AsyncIterator[str]:
        transcript = Transcript()
        try:
            if self._abandoned is not None:
                self._abandoned.cancel()
            await sync_to_async(release_connections)()  # those that middleware took after the view
            _release_thread()
            yield RETRY + transcript.write(self._first or [])
            while (packets := await self._news()) is not None:
                yield transcript.write(packets) if packets else COMMENT
        finally:
            self.end()

    def close(self) -> None:
        """End it, in any thread; the response calls this when it is closed."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.end)

    def shut(self, code: int) -> None:
        """End it after what waits; there are no codes here, browsers come back whatever happens."""
        self._connection.shut(code)

    def end(self) -> None:
        """End it at once."""
        self._connection.end()
        self._tap.end()

    async def _news(self) -> list[Packet] | None:
        """Return what came; nothing, when it is time to say so."""
        try:
            async with asyncio.timeout(conf().comment_interval_s):
                return await self._tap.take()
        except TimeoutError:
            return []

    def _close(self, code: int) -> None:
        self._tap.finish()

    def _refused(self, error: StreamError) -> None:
        """Say why while that is possible; later, what came in with a token that expires just ends."""
        if self._first is None:
            self._tap.end(error)
        else:
            self.end()

    def _too_slow(self) -> None:
        self._tap.end()
        self._connection.shut(Overloaded.close or 0)


def release_connections() -> None:
    """Give back this thread's database connections, but not those inside a transaction."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def _release_thread() -> None:
    """Give back the thread that asgiref keeps for this request; should it need one again, it gets another."""
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = None if context is None else SyncToAsync.context_to_thread_executor.pop(context, None)
    if executor is not None:
        executor.shutdown(wait=False)
