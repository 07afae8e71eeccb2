"""Who a token names: the ``authenticate_stream`` of this project, which signs its tokens itself.

A project with DRF tokens or JWT looks them up here instead: docs/security.md shows both.
"""

import json
import time
from typing import Any

from django.core.signing import BadSignature, Signer, b64_decode, b64_encode

_signer = Signer(sep=".", salt="project.tokens")


def token_for(user_id: str, seconds: float = 3600) -> str:
    """Return a token that names *user_id* for so long; it is made of characters that a subprotocol may have."""
    said = json.dumps([user_id, time.time() + seconds])
    return _signer.sign(b64_encode(said.encode()).decode())


def authenticate(request: Any, ctx: Any) -> Any:
    """Take our own tokens and the users of sessions; refuse any other token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return {"userId": str(request.user.pk)} if request.user.is_authenticated else None
    try:
        user_id, expires_at = json.loads(b64_decode(_signer.unsign(token).encode()))
    except (BadSignature, ValueError):
        ctx.logger.warning("a token that is not ours")
        return {"unauthorized": True}
    return {"userId": user_id, "expires_at": expires_at}
