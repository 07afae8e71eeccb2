"""Lanes: runs of one order key, which start one after another, and steps whose runs are counted."""

import hashlib

from django.db.models import F

from .database import alias
from .models import Lane


def lane_of(*parts: str) -> str:
    """Return the key of the lane, or of anything else, that *parts* name together."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()


def next_number(key: str) -> int:
    """Take the next number of a lane, and its lock to the end of the open transaction: numbers commit in order."""
    lanes = Lane.objects.using(alias())
    if not lanes.filter(pk=key).update(number=F("number") + 1):
        lanes.bulk_create([Lane(key=key)], ignore_conflicts=True)
        lanes.filter(pk=key).update(number=F("number") + 1)
    return lanes.values_list("number", flat=True).get(pk=key)


def hold(key: str) -> None:
    """Take the lock of a lane to the end of the open transaction."""
    lanes = Lane.objects.using(alias())
    if not lanes.filter(pk=key).update(number=F("number")):
        lanes.bulk_create([Lane(key=key)], ignore_conflicts=True)
        lanes.filter(pk=key).update(number=F("number"))
