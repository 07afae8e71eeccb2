"""The Content-Security-Policy of every page: scripts come from here or carry the nonce, and nothing else runs."""

import secrets
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

NONE, SELF = "'none'", "'self'"
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

# Pages of others that need more: Swagger UI and REST framework's browsable API write style attributes.
_STYLED: Mapping[str, tuple[str, ...]] = {"style-src": ("'unsafe-inline'",), "img-src": ("data:",)}
MORE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "/schema/docs/": _STYLED,
    "/streams/": _STYLED,
    "/admin/": {"img-src": ("data:",)},
}


class SecurityHeaders:
    """Middleware that sends the policy, and gives templates its nonce as ``request.csp_nonce``."""

    async_capable = True
    sync_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer *request*, with the headers."""
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        if iscoroutinefunction(self):
            return self._answer(request, nonce)
        return _with_headers(request, self._get_response(request), nonce)

    async def _answer(self, request: HttpRequest, nonce: str) -> HttpResponseBase:
        return _with_headers(request, await self._get_response(request), nonce)


def _with_headers(request: HttpRequest, response: HttpResponseBase, nonce: str) -> HttpResponseBase:
    if not (settings.DEBUG and response.status_code >= HTTPStatus.BAD_REQUEST):  # Django's own pages for developers
        response.headers.setdefault("Content-Security-Policy", policy(request.path, nonce))
    response.headers.setdefault("Permissions-Policy", PERMISSIONS)
    return response


def policy(path: str, nonce: str) -> str:
    """Return the policy for the page at *path*."""
    parts = urlsplit(settings.STATIC_URL)
    static = (f"{parts.scheme}://{parts.netloc}",) if parts.netloc else ()
    directives: dict[str, tuple[str, ...]] = {
        "default-src": (NONE,),
        "script-src": (SELF, f"'nonce-{nonce}'", *static),
        "style-src": (SELF, *static),
        "img-src": (SELF, *static),
        "font-src": (SELF, *static),
        "connect-src": (SELF,),
        "form-action": (SELF,),
        "base-uri": (NONE,),
        "frame-ancestors": (NONE,),
    }
    for prefix, more in MORE.items():
        if path.startswith(prefix):
            for name, sources in more.items():
                directives[name] += sources
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
