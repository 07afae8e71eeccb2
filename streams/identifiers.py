"""Ids of groups, items and subscriptions: what is allowed, and who refuses the rest."""

import re
from typing import Any

from .errors import InvalidId

MAX_LENGTH = 255  # code points
_STREAM_NAME = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]+")
RESERVED = "streams:"  # of names that only Millrace itself uses


def check_id(value: object, what: str) -> str:
    """Return *value* if it may be the id of a *what* ("group", "item"): 1 to 255 code points, compared as they are.

    Raises: InvalidId - not a str, empty, too long, "." or "..", U+0000 or a lone surrogate inside.
    """
    if type(value) is not str:
        if not isinstance(value, str):
            raise InvalidId(f"the {what} id must be a str, not {type(value).__name__}")
        value = str.__str__(value)  # a subclass, such as a SafeString, would travel on
    if not value:
        raise InvalidId(f"the {what} id is empty")
    if len(value) > MAX_LENGTH:
        raise InvalidId(f"the {what} id is longer than {MAX_LENGTH} characters")
    if value in (".", ".."):
        raise InvalidId(f'the {what} id may not be "." or ".."')
    if "\0" in value:
        raise InvalidId(f"the {what} id contains U+0000")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidId(f"the {what} id contains a lone surrogate") from None
    return value


def check_stream_name(value: Any) -> str:
    """Return *value* if it may be a stream's name: an id without spaces and control characters."""
    name = check_id(value, "stream")
    if not _STREAM_NAME.fullmatch(name):
        raise InvalidId("a stream's name may not contain spaces or control characters")
    if name.startswith(RESERVED):
        raise InvalidId(f"names that start with {RESERVED!r} are reserved")
    return name
