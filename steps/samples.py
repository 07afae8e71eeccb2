"""What a process says of itself to the workbench: what was counted, who is connected, how long things took."""

from collections.abc import Sequence

from streams.counters import counters
from streams.identity import Auth
from streams.protocol import Json
from streams.roster import looks

COUNTERS = 100
LOOKED_AT, JOINED = 50, 10  # connections of one process; groups of one connection


def connections() -> Json:
    """Return who is connected to this process, those that are behind first."""
    return [
        {
            "id": look.id,
            "user": _user(look.identity.auth),
            "address": look.identity.client,
            "since": look.since * 1000,
            "groups": [_told(group) for group in look.groups[:JOINED]],
            "joined": len(look.groups),
            "waiting": look.waiting,
            "lag": round(look.lag_s * 1000, 1),
        }
        for look in looks(LOOKED_AT)
    ]


def _told(group: str) -> str:
    """Return the name of a group; of the workbench's own only the topic: the rest is what lets people in."""
    return group.rpartition(".")[0] if group.startswith("streams:") else group


def _user(auth: Auth) -> str | None:
    """Return what ``authenticate_stream`` calls somebody."""
    name = (auth or {}).get("userId")
    return None if name is None else str(name)[:150]


def counted() -> Json:
    """Return what was refused, dropped or healed: name, reason and how often."""
    return [[name, reason, count] for (name, reason), count in sorted(counters.all().items()) if count][:COUNTERS]


def thinned(times: Sequence[float], most: int = 50) -> Sequence[float]:
    """Return at most so many of *times*, evenly chosen from the sorted ones: their quantiles stay."""
    ordered = sorted(times)
    if len(ordered) <= most:
        return ordered
    return [ordered[round(index * (len(ordered) - 1) / (most - 1))] for index in range(most)]
