"""Who makes an HTTP request, for REST framework: the same answer that a socket would get."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from .authentication import authenticate_here
from .credentials import of_request
from .errors import StreamError
from .identity import Identity


class Refused(APIException):
    """A refusal of ours in REST framework's words."""

    def __init__(self, error: StreamError) -> None:
        super().__init__({"error": error.message, "code": error.code})
        self.status_code, self.error = error.status, error


class TokenUser:
    """Whom a token names, as much of a user as permissions ask for."""

    is_authenticated, is_active = True, True
    is_anonymous = is_staff = is_superuser = False

    def __init__(self, pk: str) -> None:
        self.pk = self.id = pk

    def __str__(self) -> str:
        return self.pk

    def get_username(self) -> str:
        """Return what it is known by."""
        return self.pk


class StreamAuthentication(SessionAuthentication):
    """``request.user`` is the session's, or whom the token names; ``request.auth`` is the ``Identity``.

    A cookie that proves something needs the CSRF token when it writes.
    """

    def authenticate(self, request: Request) -> tuple[Any, Identity]:
        """Return the user of the session, if that is who asks, and the identity.

        Raises: Refused - 401; PermissionDenied - the CSRF token is missing.
        """
        http = request._request
        credentials = of_request(http)
        if credentials.session is not None:
            credentials = credentials.with_user(http.user if http.user.is_authenticated else None)
        try:
            identity = authenticate_here(credentials)
        except StreamError as error:
            raise Refused(error) from None
        if "cookie" in credentials.headers and identity.auth is not None:
            self.enforce_csrf(request)
        return credentials.user or _named(identity), identity

    def authenticate_header(self, request: Request) -> str:
        """Make a refusal a 401 that says how to come in."""
        return "Bearer"


def _named(identity: Identity) -> Any:
    """Return the user that ``userId`` names."""
    user_id = (identity.auth or {}).get("userId")
    return TokenUser(str(user_id)) if type(user_id) in (str, int) else AnonymousUser()
