"""``authenticate_stream`` of the tests: the token says what is to happen."""

import threading
import time
from typing import Any

never = threading.Event()  # is never set


async def authenticate(request: Any, ctx: Any) -> Any:
    """``user.<name>`` is that user; ``brief.<seconds>.<name>`` for so long; anything else is refused or goes wrong."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer":
        return {"userId": str(request.user.pk)} if request.user.is_authenticated else None
    kind, _, rest = token.partition(".")
    if kind == "user":
        return {"unauthorized": False, "context": {"userId": rest}}
    if kind == "brief":
        seconds, _, name = rest.partition("_")
        return {"userId": name, "expires_at": time.time() + float(seconds)}
    if kind == "raises":
        raise ValueError(f"cannot read {token}")
    if kind == "sleeps":
        never.wait(4)
    return {"unauthorized": True}
