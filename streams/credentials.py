"""What a request brought to say who it comes from, whatever kind of request it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from django.conf import settings
from django.http import HttpRequest, parse_cookie

SUBPROTOCOL = "Authorization"  # of a WebSocket handshake; the token is the one after it
TOKEN_LENGTH = 8192


@dataclass(frozen=True, slots=True)
class Credentials:
    """What ``authenticate_stream`` is given as its ``request``, once *user* is known.

    headers: by lower-case name; ``authorization`` is ``Bearer <token>`` wherever the token came from. query_params: the
    last value of each name. client: the address of the other end, "" where the server does not tell. user: the user of
    the session, or of a ticket. session: the key of the session that the cookie names. A cookie that another site's
    page sent along, or that came with a token, is not there at all.
    """

    headers: Mapping[str, str] = field(repr=False)
    path: str = "/"
    query_params: Mapping[str, str] = field(default_factory=dict, repr=False)
    client: str = ""
    user: Any = None
    token: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)

    def with_token(self, token: str) -> "Credentials":
        """Return the same with another token."""
        headers = {**self.headers, "authorization": f"Bearer {token}"}
        headers.pop("cookie", None)
        return replace(self, headers=headers, token=token, session=None, user=None)

    def without_token(self) -> "Credentials":
        """Return the same without its token, which stood for a user."""
        headers = {name: value for name, value in self.headers.items() if name != "authorization"}
        return replace(self, headers=headers, token=None)

    def with_user(self, user: Any) -> "Credentials":
        """Return the same, of *user*."""
        return replace(self, user=user)


def of_scope(scope: Mapping[str, Any]) -> Credentials:
    """Return the credentials of an ASGI connection, a WebSocket handshake above all."""
    headers = _headers(scope.get("headers", ()))
    offered = scope.get("subprotocols") or headers.get("sec-websocket-protocol", "").split(",")
    query = scope.get("query_string", b"").decode("latin-1")
    user = scope.get("user")  # of a middleware of the project's own
    return _credentials(
        headers,
        scope.get("path", "/"),
        dict(parse_qsl(query, keep_blank_values=True)),
        _client(scope),
        _bearer(headers) or _offered(offered) or _queried(query),
        user if user is not None and user.is_authenticated else None,
    )


def of_request(request: HttpRequest) -> Credentials:
    """Return the credentials of an HTTP request; its session user is ``request.user``, if that is loaded already."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = {name: str(value) for name, value in request.GET.items()}
    client = request.META.get("REMOTE_ADDR") or ""
    user = getattr(request, "_cached_user", None)
    return _credentials(
        headers,
        request.path,
        query,
        client,
        _bearer(headers) or _queried(request.META.get("QUERY_STRING", "")),
        user if user is not None and user.is_authenticated else None,
    )


def same_origin(headers: Mapping[str, str]) -> bool:
    """Does a request come from a page of this host, or from no browser at all (no Origin)?"""
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        where = urlsplit(origin).netloc.lower()
    except ValueError:  # http://[ is none
        return False
    return bool(where) and where == headers.get("host", "").lower()


def _credentials(
    headers: dict[str, str], path: str, query: Mapping[str, str], client: str, token: str | None, user: Any
) -> Credentials:
    if token:
        return Credentials(headers, path, query, client).with_token(token)
    if not same_origin(headers):
        headers.pop("cookie", None)
        return Credentials(headers, path, query, client)
    session = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME) or None
    return Credentials(headers, path, query, client, user, session=session)


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return *raw* as a dict; what stands several times is joined as HTTP has it."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        joint = "; " if key == "cookie" else ","
        headers[key] = f"{headers[key]}{joint}{text}" if key in headers else text
    return headers


def _bearer(headers: Mapping[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _offered(subprotocols: Sequence[str]) -> str | None:
    """Return the token among *subprotocols*: what follows ``Authorization``."""
    names = [name.strip() for name in ",".join(subprotocols).split(",")]
    if SUBPROTOCOL not in names:
        return None
    after = names[names.index(SUBPROTOCOL) + 1 :]
    return next((name for name in after if name), None)


def _queried(query: str) -> str | None:
    """Return ``authToken`` of a query string; its name has to be spelt so, because logs are searched for it."""
    found = [value for name, _, value in (pair.partition("=") for pair in query.split("&")) if name == "authToken"]
    return unquote_plus(found[-1]) or None if found else None


def _client(scope: Mapping[str, Any]) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
