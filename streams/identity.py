"""Who somebody is: what rules and hooks are told, and the names by which a revocation finds the connections."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Auth = dict[str, Any] | None
"""What rules and hooks get as ``auth``; None: nobody in particular."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a connection belongs to.

    keys: what it can be revoked by. expires_at: Unix seconds; None: it does not end by itself. client: the address of
    the other end, "" where the server does not tell.
    """

    auth: Auth = None
    keys: frozenset[str] = frozenset()
    expires_at: float | None = None
    client: str = ""

    @property
    def user(self) -> str | None:
        """The key of its user; None when it has none."""
        return next((key for key in self.keys if key.startswith("user:")), None)

    @property
    def claims(self) -> Mapping[str, Any] | None:
        """What it says apart from how long it lasts: a connection may go on only as long as this stays the same."""
        return None if self.auth is None else {key: value for key, value in self.auth.items() if key != "expires_at"}


def user_key(user: Any) -> str:
    """Return the key of a user: a model instance or its primary key."""
    return f"user:{digest(str(getattr(user, 'pk', user)))}"


def session_key(session: Any) -> str:
    """Return the key of a session: a session store or its session key. The key itself is stored nowhere."""
    return f"session:{digest(str(getattr(session, 'session_key', session)))}"


def token_key(token: str) -> str:
    """Return the key of a token. The token itself is stored nowhere."""
    return f"token:{digest(token)}"


def digest(text: str) -> str:
    """Return a name for *text* that does not give it away."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
