"""One stream per way of keeping, and one that not everybody may read."""

from datetime import timedelta
from typing import Any

from streams import History, Stream


def not_closed(subscription: Any, auth: Any) -> bool:
    return not subscription.group_id.startswith("closed-")


WHOLE = History(changes=None, age=timedelta(days=30))


def anybody(subscription: Any, auth: Any, operation: str) -> bool:
    return True


whole = Stream("whole", public=True, can_write=anybody, history=WHOLE, description="The log is kept.")
brief = Stream("brief", public=True, history=History(changes=20), description="The log is nearly always trimmed.")
unlogged = Stream("unlogged", public=True, history=None, description="There is no log.")
guarded = Stream("guarded", can_access=not_closed, history=WHOLE, description="Groups closed-* are for nobody.")
