"""The commit that a ``TestCase`` never comes to."""

from collections.abc import Iterator
from typing import Any

from django.db import connections

from ..conf import conf


def commit(using: str | None = None) -> int:
    """Run what waits for the commit of a ``TestCase``'s transaction, as if it were committed now; return how many ran.

    Nothing runs inside an ``atomic()`` of the code under test: that is not over yet. using: the alias of a database;
    default: the one of streams.
    """
    connection: Any = connections[using or conf().database]
    blocks = connection.atomic_blocks
    if not blocks or not all(getattr(block, "_from_testcase", False) for block in blocks):
        return 0
    ran = 0
    # what ran is replaced, not removed: captureOnCommitCallbacks counts the places
    for place, (savepoints, hook, robust) in _waiting(connection):
        connection.run_on_commit[place] = (savepoints, _nothing, robust)
        hook()
        ran += 1
    return ran


def _waiting(connection: Any) -> Iterator[tuple[int, Any]]:
    place = 0
    while place < len(connection.run_on_commit):  # a hook may add others
        if connection.run_on_commit[place][1] is not _nothing:
            yield place, connection.run_on_commit[place]
        place += 1


def _nothing() -> None:
    """Stand where a hook stood that has run."""
