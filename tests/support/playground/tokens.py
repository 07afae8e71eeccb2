"""Who may come in, as a project decides it: tokens that say a name, and the users of sessions."""

import time
from typing import Any


def authenticate(request: Any, ctx: Any) -> dict[str, Any] | bool | None:
    """Take ``name-<somebody>``, and ``brief-<somebody>`` for half a second; no other token."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind != "Bearer":
        return {"userId": str(request.user.pk)} if request.user.is_authenticated else None
    kind, _, name = token.partition("-")
    if kind == "name":
        return {"userId": name}
    return {"userId": name, "expires_at": time.time() + 0.5} if kind == "brief" else False
