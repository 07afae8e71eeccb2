"""Several writes to one group, collected and applied together."""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from asgiref.sync import sync_to_async

from .changes import Written
from .errors import StreamError
from .identifiers import check_id
from .operations import parse_operations
from .session import Session

Work = Callable[[Session], Written | None]


class Batch:
    """What ``with stream.batch(group_id)`` gives. What is wrong with a call is said by the call itself.

    results: after the end, a Written for each call in order; None for one that changed nothing.
    """

    def __init__(
        self, encode: Callable[[str, Any], str], apply: Callable[[list[str], Callable[[Session], None]], None]
    ) -> None:
        self._encode, self._apply = encode, apply
        self._work: list[tuple[str, Work]] = []
        self._over = False
        self.results: list[Written | None] = []

    def set(self, id: str, data: Any) -> None:
        """Create or replace an item."""
        id = check_id(id, "item")
        value = self._encode(id, data)
        self._collect(id, lambda session: session.set(id, value))

    def update(self, id: str, operations: Sequence[Mapping[str, Any]], *, if_exists: bool = False) -> None:
        """Apply update operations to an item."""
        id, parsed = check_id(id, "item"), parse_operations(operations)
        self._collect(id, lambda session: session.update(id, parsed, if_exists=if_exists))

    def delete(self, id: str) -> None:
        """Delete an item."""
        id = check_id(id, "item")
        self._collect(id, lambda session: session.delete(id))

    def _collect(self, id: str, work: Work) -> None:
        if self._over:
            raise StreamError("this batch is over")
        self._work.append((id, work))

    def _finish(self) -> None:
        if not self._work:
            return

        def work(session: Session) -> None:
            self.results = [do(session) for _, do in self._work]

        self._apply(list(dict.fromkeys(id for id, _ in self._work)), work)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        if error is None:
            self._finish()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        if error is None:
            await sync_to_async(self._finish)()
