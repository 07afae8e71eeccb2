"""Everything that can go wrong, as one tree.

    StreamError
    ├── InvalidInput                  what the caller sent is wrong; sending it again will not help
    │   ├── InvalidId                 a stream, group, item or subscription id
    │   ├── InvalidItem               an item's value; ``fields`` says where
    │   ├── InvalidUpdate             an update operation
    │   ├── InvalidEvent              an ephemeral event
    │   ├── InvalidCursor             a page cursor
    │   ├── KeyReused                 the Idempotency-Key of another request
    │   └── BadMessage                a frame of the socket
    ├── DefinitionError               a stream is declared wrongly
    │   └── NotTransactional          the store cannot do what was asked of it
    ├── StreamNotFound
    ├── ItemNotFound
    ├── AccessDenied
    ├── Unauthenticated               whoever it is, they are not who they say
    │   └── TokenExpired
    ├── LimitExceeded                 too much of something; the connection is closed
    │   ├── FrameTooLarge
    │   ├── TooManySubscriptions
    │   ├── TooManyConnections
    │   └── RateLimited
    └── Unavailable                   nothing was done; the same call may succeed later
        ├── WriteConflict
        ├── LayerUnavailable
        ├── Overloaded
        └── Restarting

Four class attributes tell every edge what to do: ``code`` (wire protocol), ``status`` (HTTP), ``close`` (WebSocket
close code, None: the socket stays open) and ``retry`` (may the same call succeed later?). A class's docstring is its
default message. Close codes below 4500 mean "come back", 4500 and above "do not reconnect by yourself".
"""

from typing import ClassVar


class StreamError(Exception):
    """Something went wrong inside a stream."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    close: ClassVar[int | None] = None
    retry: ClassVar[bool] = False

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(self.message)


class InvalidInput(StreamError):
    """The input is not valid."""

    code, status = "INVALID_INPUT", 400


class InvalidId(InvalidInput):
    """The id is not valid."""

    code = "INVALID_ID"


class InvalidItem(InvalidInput):
    """The item is not valid."""

    code = "INVALID_ITEM"

    def __init__(self, message: str | None = None, *, fields: dict[str, list[str]] | None = None) -> None:
        self.fields = fields or {}
        if message is None and self.fields:
            message = "; ".join(f"{name or 'item'}: {', '.join(texts)}" for name, texts in self.fields.items())
        super().__init__(message)


class InvalidUpdate(InvalidInput):
    """The update operation is not valid."""

    code = "INVALID_UPDATE"


class InvalidEvent(InvalidInput):
    """The event is not valid."""

    code = "INVALID_EVENT"


class InvalidCursor(InvalidInput):
    """The cursor is not one that a page before has returned."""

    code = "INVALID_CURSOR"


class KeyReused(InvalidInput):
    """This Idempotency-Key was used for another request."""

    code, status = "IDEMPOTENCY_KEY_REUSED", 422


class BadMessage(InvalidInput):
    """The message is not valid."""

    code = "BAD_MESSAGE"


class DefinitionError(StreamError):
    """The stream is not declared correctly."""

    code = "DEFINITION_ERROR"


class NotTransactional(DefinitionError):
    """This stream's store has no transactions."""

    code = "NOT_TRANSACTIONAL"


class StreamNotFound(StreamError):
    """There is no such stream."""

    code, status = "STREAM_NOT_FOUND", 404


class ItemNotFound(StreamError):
    """There is no such item."""

    code, status = "ITEM_NOT_FOUND", 404


class AccessDenied(StreamError):
    """Access denied"""

    code, status = "STREAM_ACCESS_DENIED", 403


class Unauthenticated(StreamError):
    """The credentials are not accepted."""

    code, status, close = "UNAUTHENTICATED", 401, 4401


class TokenExpired(Unauthenticated):
    """The token has expired."""

    code = "TOKEN_EXPIRED"


class LimitExceeded(StreamError):
    """A limit of this connection is exceeded."""

    code, status, close = "LIMIT_EXCEEDED", 429, 4508


class FrameTooLarge(LimitExceeded):
    """The frame is too large."""

    code, status, close = "FRAME_TOO_LARGE", 413, 4509


class TooManySubscriptions(LimitExceeded):
    """This connection has too many subscriptions."""

    code = "TOO_MANY_SUBSCRIPTIONS"


class TooManyConnections(LimitExceeded):
    """This user or address has too many connections."""

    code = "TOO_MANY_CONNECTIONS"


class RateLimited(LimitExceeded):
    """Too many messages."""

    code = "RATE_LIMITED"


class Unavailable(StreamError):
    """The service cannot do this right now; try again."""

    code, status, retry = "UNAVAILABLE", 503, True


class WriteConflict(Unavailable):
    """Another transaction was in the way; nothing was written, try again."""

    code, status = "WRITE_CONFLICT", 409


class LayerUnavailable(Unavailable):
    """The channel layer does not answer."""

    code = "LAYER_UNAVAILABLE"


class Overloaded(Unavailable):
    """The connection is too slow for what it subscribed to."""

    code, close = "OVERLOADED", 4013


class Restarting(Unavailable):
    """The server is restarting."""

    code, close = "RESTARTING", 4012
