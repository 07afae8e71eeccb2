"""Responses that an async generator writes, chunk by chunk, while the client reads."""

import asyncio
import contextvars
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from asgiref.sync import async_to_sync, sync_to_async
from django.db import connections
from django.db.backends.signals import connection_created
from django.http import StreamingHttpResponse

from streams.protocol import dumps

from .errors import InvalidResult
from .responses import status_of, to_json
from .spans import Span

log = logging.getLogger(__name__)

HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
RELEASE_S = 0.05  # so long a database connection may wait for the next operation
END: Any = object()

Ended = Callable[[int, str, str], None]
"""Told once, at the end: status, reason, error id."""


@dataclass(frozen=True, slots=True)
class SSE:
    """An event of an event stream. data: text goes out as it is, line by line, anything else as JSON."""

    data: Any = None
    event: str | None = None
    id: str | None = None

    def __str__(self) -> str:
        """Return the event as it goes over the wire."""
        text = self.data if isinstance(self.data, str) else dumps(to_json(self.data))
        lines = [f"{name}: {_line(value)}" for name, value in (("event", self.event), ("id", self.id)) if value]
        lines += [f"data: {line}" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
        return "\n".join(lines) + "\n\n"


def respond_streaming(source: AsyncGenerator[Any, None], span: Span, ended: Ended) -> StreamingHttpResponse:
    """Return the response that *source* writes; what it raises before its first chunk is raised here.

    The first thing it yields may be ``{"status", "headers"}``; everything else is ``str``, ``bytes`` or ``SSE``.
    """
    chunks = _Chunks(source, span, ended)
    first = async_to_sync(chunks.next)()
    status, headers = 200, HEADERS
    if isinstance(first, Mapping):
        status, headers = _form(first)
        first = async_to_sync(chunks.next)()
    chunks.status = status
    text = b"" if first is END else chunk(first)
    release()  # the request's own; a stream may stay open for hours
    return StreamingHttpResponse(chunks.written(text, over=first is END), status=status, headers=headers)


class _Chunks:
    """What a generator yields, each asked for as the run that goes on."""

    def __init__(self, source: AsyncGenerator[Any, None], span: Span, ended: Ended) -> None:
        self.status = 200
        self._source, self._span, self._ended = source, span, ended

    async def next(self) -> Any:
        with self._span.current():
            return await anext(self._source, END)

    async def written(self, first: bytes, *, over: bool) -> AsyncIterator[bytes]:
        """Yield the chunks as they go out. Who stops listening stops the handler."""
        reason = error_id = ""
        token = _open.set(_Releaser())
        try:
            async with aclosing(self._source):
                if first:
                    yield first
                while not over:
                    item = await self.next()
                    if item is END:
                        break
                    yield chunk(item)
        except (asyncio.CancelledError, GeneratorExit):
            reason = "the client went away"
            raise
        except Exception as error:
            error_id, reason = uuid4().hex, f"{type(error).__name__}: {error}"
            self._span.fail(error, reason)
            facts = {"action": "stream_failed", "step": self._span.step, "error_id": error_id}
            with self._span.current():
                log.exception("step failed while it streamed", extra=facts | {"trace_id": self._span.trace_id})
            yield chunk(SSE({"error": "Internal server error", "error_id": error_id}, event="error"))
        finally:
            self._ended(500 if error_id else self.status, reason, error_id)
            _forget(token)


def chunk(item: Any) -> bytes:
    """Return what goes over the wire for something that a handler has yielded. Raises: InvalidResult."""
    if isinstance(item, bytes):
        return item
    if isinstance(item, str | SSE):
        return str(item).encode()
    raise InvalidResult(f"a streaming step yields str, bytes or SSE, not {type(item).__name__}")


def release() -> None:
    """Close this thread's database connections, but those with an open transaction."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


_open: ContextVar["_Releaser | None"] = ContextVar("steps.streaming", default=None)


class _Releaser:
    """Gives back the database connections that a streaming handler opens, soon after it has used them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        self._tasks: set[asyncio.Task[None]] = set()

    def opened(self) -> None:
        """Called in the thread in which a connection was opened."""
        self._loop.call_soon_threadsafe(self._loop.call_later, RELEASE_S, self._begin)

    def _begin(self) -> None:
        task = self._loop.create_task(sync_to_async(release)(), context=self._context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _opened(**_: object) -> None:
    releaser = _open.get()
    if releaser is not None:
        releaser.opened()


connection_created.connect(_opened, dispatch_uid="steps.streaming")


def _forget(token: "contextvars.Token[_Releaser | None]") -> None:
    try:
        _open.reset(token)
    except ValueError:  # closed in another context than it began in: that one has ended
        return


def _form(form: Mapping[str, Any]) -> tuple[int, dict[str, str]]:
    if unknown := sorted(set(form) - {"status", "headers"}):
        raise InvalidResult(f"the head of a streaming response has status and headers, not {', '.join(unknown)}")
    headers = form.get("headers") or {}
    if not isinstance(headers, Mapping):
        raise InvalidResult("headers must be a dict of str")
    given = {str(name).title(): str(value) for name, value in headers.items()}
    given.pop("Connection", None)  # of the hop, not of the response: the server's own business
    return status_of(form.get("status", 200)), HEADERS | given


def _line(text: str) -> str:
    if any(character in text for character in "\r\n\0"):
        raise InvalidResult("event and id of an SSE are one line each")
    return text
