"""Takes the locks of several groups in one order, so that transactions that write them cannot wait for each other."""

from typing import Any

from .errors import StreamError
from .groups import Groups
from .identifiers import check_id
from .registry import registry


def lock(*groups: tuple[Any, str]) -> None:
    """Lock *groups*, pairs of a stream (or its name) and a group id, to the end of the open transaction::

        with transaction.atomic():
            lock((accounts, "alice"), (accounts, "bob"))

    Two transactions that write two groups in opposite order wait for each other until PostgreSQL ends one of them, a
    second or more later; taken here first, in one order, they queue. Raises: StreamError - no transaction is open.
    """
    chosen: dict[tuple[str, str], Groups] = {}
    for stream, group_id in groups:
        declared: Any = registry.get(stream) if isinstance(stream, str) else stream
        if not isinstance(declared, Groups):
            raise StreamError(f"lock() takes streams or their names, not {stream!r:.80}")
        chosen[declared.name, check_id(group_id, "group")] = declared
    for (_, group_id), declared in sorted(chosen.items(), key=lambda pair: pair[0]):
        if not declared.store.is_foreign():
            raise StreamError("lock() holds to the end of a transaction, and none is open")
        declared.store.lock(declared.address(group_id), [], make=True)
