"""Looking back through the runs, the newest first: so many rows at a time, however many there are.

What no index finds is looked for among those rows only; the page says how far it has looked, and goes on when asked.
"""

import re
from datetime import datetime

from django.db.models import Q, QuerySet

from ..models import Run
from ..runs import rows

ID = re.compile("[0-9a-f]{32}")


def look_back(among: QuerySet[Run], before: str, size: int) -> tuple[QuerySet[Run], str | None]:
    """Return the newest *size* of *among* that are older than the run *before*, and the run to go on before.

    before: empty, to begin with the newest. None: there are no more.
    """
    rest = among.filter(pk__lt=before) if before else among
    last = list(rest.order_by("-pk").values_list("pk", flat=True)[size - 1 : size])
    found = rest.filter(pk__gte=last[0]) if last else rest
    return found.order_by("-pk"), last[0] if last else None


def of_text(text: str) -> QuerySet[Run] | None:
    """Return the run or the runs of the trace that *text* names; None: it is no id."""
    id = text.strip()
    return rows().filter(Q(pk=id) | Q(trace_id=id)) if ID.fullmatch(id) else None


def moment(id: str) -> datetime | None:
    """Return when a run was made, as its id says; None: it was not made by this project's own clock."""
    try:
        return datetime.fromtimestamp(int(id[:14], 16) / 1_000_000).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
