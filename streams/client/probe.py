"""Asks a server over HTTP whether a token is what it dislikes: Daphne refuses all handshakes with the same 403."""

from http import HTTPStatus
from urllib.error import HTTPError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import Request, urlopen

TIMEOUT_S = 10.0


def refuses(url: str, token: str) -> bool:
    """Does the server at *url* (``ws://`` or ``wss://``) not take *token*? Not knowing is no."""
    parts = urlsplit(url)
    scheme = "https" if parts.scheme == "wss" else "http"
    path = "/streams/" if parts.path in ("", "/") else f"{parts.path.rstrip('/')}/"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    request = Request(urlunsplit((scheme, parts.netloc, path, "", "")), headers=headers)  # noqa: S310 - see above
    try:
        with urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
            return False
    except HTTPError as error:
        return error.code == HTTPStatus.UNAUTHORIZED
    except (OSError, ValueError):  # no answer, or none that is HTTP
        return False
