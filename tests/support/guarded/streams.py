"""Streams that say who may: ``mirror`` tells what it was told, ``vault`` opens to the user its group is named after."""

import json
from typing import Any

from streams import Stream


def tell(subscription: Any, ctx: Any, auth: Any) -> dict[str, Any]:
    """Refuse, and say why: because of who it is."""
    return {"unauthorized": True, "reason": json.dumps(auth)}


def owns(subscription: Any, auth: Any) -> bool:
    """Is it the user that the group is named after?"""
    return auth is not None and subscription.group_id == auth.get("userId")


mirror = Stream("mirror", on_join=tell)
vault = Stream("vault", can_access=owns)
