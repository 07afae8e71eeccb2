"""Who a client is: what rules and hooks get as ``auth``, alike for sockets, event streams and requests."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

Auth = dict[str, Any] | None


def auth_of(user: Any) -> Auth:
    """Return what rules and hooks are told of *user*: nothing, unless it is somebody."""
    if user is None or not user.is_authenticated:
        return None
    return {"userId": str(user.pk)}


def same_origin(headers: Mapping[str, str]) -> bool:
    """Does a request come from a page of this host, or from no browser at all (no Origin)?

    headers: by name in lower case. A session's cookie proves who sits there, not that the page is ours.
    """
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    except ValueError:  # half an IPv6 address, for example
        return False
