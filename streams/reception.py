"""How a connection comes in: counted, authenticated, and not revoked by the time it is there."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from .authentication import authenticate, says_nothing
from .bouncer import current_bouncer
from .credentials import Credentials
from .errors import Restarting
from .identity import Identity
from .roster import Member, current_roster


class Guest(Member, Protocol):
    """A connection that the roster knows from its beginning."""

    def end(self) -> None:
        """Leave everything, without a word."""


G = TypeVar("G", bound=Guest)


async def welcome(credentials: Credentials, open: Callable[[Identity], G]) -> G:
    """Authenticate, and *open* the connection of who it is.

    Raises: Unauthenticated, TokenExpired, RateLimited, TooManyConnections, Restarting - nothing is open.
    """
    roster = current_roster()
    if roster.closing:
        raise Restarting
    roster.greet(credentials.client)
    if says_nothing(credentials):
        return open(await authenticate(credentials))
    bouncer = current_bouncer()
    mark = await bouncer.ready()
    identity = await authenticate(credentials)
    if roster.closing:
        raise Restarting
    guest = open(identity)
    try:
        bouncer.vouch(identity, mark)
    except BaseException:
        guest.end()
        raise
    return guest


async def renew(credentials: Credentials, token: str) -> Identity:
    """Return who the holder of *token* is, to go on with a connection that came in with *credentials*.

    Raises: Unauthenticated, TokenExpired.
    """
    bouncer = current_bouncer()
    mark = await bouncer.ready()
    identity = await authenticate(credentials.with_token(token))
    bouncer.vouch(identity, mark)
    return identity
