"""Pages of groups and of their items: of any stream, and of the state, which is kept in the same way."""

import json
from collections.abc import Mapping
from typing import Any

from streams.models import Group, Item

from ..database import alias
from .page import Json, number_of

GROUPS, ITEMS = 50, 100  # of one page
JOINED = 1000  # a group with more items is read page by page instead of joined


def stored_groups() -> Any:
    """Return the rows of all groups."""
    return Group.objects.using(alias())


def list_groups(kept: Any, query: Mapping[str, str]) -> dict[str, Json]:
    """List the groups of *kept* whose ids begin with ``find``, those after ``after``."""
    find, after = query.get("find", ""), query.get("after", "")
    if not kept.store.transactional:  # not in our tables
        names = [name for name in kept.list_groups() if name.startswith(find) and name > after]
        return {"groups": [{"group": name, "sequence": None} for name in names[:GROUPS]], "more": len(names) > GROUPS}
    rows = stored_groups().filter(stream=kept.name, key__gt=after, key__gte=find)
    found = [row for row in rows.order_by("key")[: GROUPS + 1] if row.key.startswith(find)]
    shown = [{"group": row.key, "sequence": row.sequence, "at": row.clock / 1000} for row in found[:GROUPS]]
    return {"groups": shown, "more": len(found) > GROUPS}


def list_items(kept: Any, key: str, query: Mapping[str, str]) -> dict[str, Json]:
    """List the items of a group that were created after the cursor ``after``."""
    if not kept.store.transactional:
        listed = kept.list(key, limit=ITEMS, after=query.get("after") or None)
        shown = [{"id": one["id"], "value": one, "sequence": None} for one in listed]
        return {"items": shown, "after": listed.cursor, "large": listed.cursor is not None, "logged": False}
    group = stored_groups().filter(stream=kept.name, key=key).first()
    after = number_of(query, "after", 1, 2**62) - 1
    rows = Item.objects.using(alias()).filter(group=group, created__gt=after).order_by("created")
    found = list(rows[: ITEMS + 1])
    page, beyond = found[:ITEMS], rows.values_list("created")[JOINED : JOINED + 1]
    return {
        "items": [{"id": row.key, "value": json.loads(row.value), "sequence": row.sequence} for row in page],
        "after": page[-1].created + 1 if len(found) > ITEMS else None,
        "large": after > 0 or (len(found) > ITEMS and bool(beyond)),
        "logged": kept.definition.history is not None,
    }
