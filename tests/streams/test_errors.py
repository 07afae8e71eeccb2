"""The errors are one tree, drawn in the module's docstring; each tells every edge what to do."""

import re
from pathlib import Path

import pytest

from streams import errors
from streams.errors import InvalidItem, StreamError

ROOT = Path(__file__).parents[2]
TABLE = {
    # class: code, HTTP status, WebSocket close code, may the same call succeed later?
    "StreamError": ("INTERNAL", 500, None, False),
    "InvalidInput": ("INVALID_INPUT", 400, None, False),
    "InvalidId": ("INVALID_ID", 400, None, False),
    "InvalidItem": ("INVALID_ITEM", 400, None, False),
    "InvalidUpdate": ("INVALID_UPDATE", 400, None, False),
    "InvalidEvent": ("INVALID_EVENT", 400, None, False),
    "InvalidCursor": ("INVALID_CURSOR", 400, None, False),
    "KeyReused": ("IDEMPOTENCY_KEY_REUSED", 422, None, False),
    "BadMessage": ("BAD_MESSAGE", 400, None, False),
    "DefinitionError": ("DEFINITION_ERROR", 500, None, False),
    "NotTransactional": ("NOT_TRANSACTIONAL", 500, None, False),
    "StreamNotFound": ("STREAM_NOT_FOUND", 404, None, False),
    "ItemNotFound": ("ITEM_NOT_FOUND", 404, None, False),
    "AccessDenied": ("STREAM_ACCESS_DENIED", 403, None, False),
    "Unauthenticated": ("UNAUTHENTICATED", 401, 4401, False),
    "TokenExpired": ("TOKEN_EXPIRED", 401, 4401, False),
    "LimitExceeded": ("LIMIT_EXCEEDED", 429, 4508, False),
    "FrameTooLarge": ("FRAME_TOO_LARGE", 413, 4509, False),
    "TooManySubscriptions": ("TOO_MANY_SUBSCRIPTIONS", 429, 4508, False),
    "TooManyConnections": ("TOO_MANY_CONNECTIONS", 429, 4508, False),
    "RateLimited": ("RATE_LIMITED", 429, 4508, False),
    "Unavailable": ("UNAVAILABLE", 503, None, True),
    "WriteConflict": ("WRITE_CONFLICT", 409, None, True),
    "LayerUnavailable": ("LAYER_UNAVAILABLE", 503, None, True),
    "Overloaded": ("OVERLOADED", 503, 4013, True),
    "Restarting": ("RESTARTING", 503, 4012, True),
}


def tree(kind: type[StreamError] = StreamError) -> list[type[StreamError]]:
    """All classes of the module, the root first."""
    inner = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    return [kind, *(found for child in inner for found in tree(child))]


@pytest.mark.parametrize("kind", tree(), ids=lambda kind: kind.__name__)
def test_every_error_tells_the_edges_what_to_do(kind: type[StreamError]) -> None:
    assert (kind.code, kind.status, kind.close, kind.retry) == TABLE[kind.__name__]
    assert kind.__doc__
    assert "\n" not in kind.__doc__, "one line: it is what people read"
    assert kind().message == str(kind()) == kind.__doc__, "the docstring is the default message"
    assert kind("another").message == str(kind("another")) == "another"
    assert issubclass(kind, StreamError)


def test_no_error_is_left_out() -> None:
    assert {kind.__name__ for kind in tree()} == set(TABLE)
    assert len({kind.code for kind in tree()}) == len(TABLE), "codes tell errors apart"


def test_close_codes_say_by_their_range_whether_to_come_back() -> None:
    for kind in tree():
        if kind.close is not None:
            assert 4000 <= kind.close <= 4999, "Daphne can send no others"
            asked_to_stay_away = kind.close >= 4500
            assert asked_to_stay_away == issubclass(kind, errors.LimitExceeded)


def test_the_drawing_is_the_tree() -> None:
    lines = re.finditer(r"^    ([│ ├└─]*)(\w+)( .*)?$", errors.__doc__ or "", re.MULTILINE)
    drawn = [(len(line[1]) // 4, line[2]) for line in lines]
    assert drawn == [(kind.__mro__.index(StreamError), kind.__name__) for kind in tree()]


def test_items_name_their_fields() -> None:
    error = InvalidItem(fields={"a.b": ["is wrong", "is odd"], "": ["is not whole"]})
    assert error.fields == {"a.b": ["is wrong", "is odd"], "": ["is not whole"]}
    assert error.message == "a.b: is wrong, is odd; item: is not whole"
    assert (InvalidItem("text").fields, InvalidItem().fields) == ({}, {})
    assert InvalidItem("text", fields={"a": ["b"]}).message == "text"


def test_documentation_names_the_codes_of_the_socket() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text()
    on_the_socket = {"STREAM_NOT_FOUND", "STREAM_ACCESS_DENIED", "BAD_MESSAGE", "INTERNAL"}
    on_the_socket |= {kind.code for kind in tree(errors.LimitExceeded)} - {"LIMIT_EXCEEDED"}
    on_the_socket |= {kind.code for kind in tree(errors.Unauthenticated)}
    assert {code for code in on_the_socket if f"`{code}`" not in text} == set()
    closing = {str(kind.close) for kind in tree() if kind.close is not None}
    assert {code for code in closing if code not in text} == set()
