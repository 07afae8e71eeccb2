"""A transaction on groups in memory."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..changes import Address
from .ledger import Draft, Ledger


class Transaction:
    """What one thread writes until it commits. awaited: the group whose lock it waits for."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.drafts: dict[Address, Draft] = {}
        self.awaited: Ledger | None = None
        self.undo: list[Callable[[], None]] = []
        self.hooks: list[Callable[[], None]] = []

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what was written inside if it raises; locks are kept."""
        writes, hooks = len(self.undo), len(self.hooks)
        try:
            yield
        except BaseException:
            while len(self.undo) > writes:
                self.undo.pop()()
            del self.hooks[hooks:]
            raise

    def draft(self, ledger: Ledger) -> Draft:
        """Return the draft of a group; the first call takes its lock. Under the mutex, which is free while it waits.

        Raises: Deadlock - instead of waiting for ever.
        """
        draft = self.drafts.get(ledger.address)
        if draft is None:
            ledger.waiting += 1
            try:
                while (owner := ledger.owner) is not None:
                    self._refuse_circle(owner)
                    self.awaited = ledger
                    ledger.free.wait()
            finally:
                self.awaited = None
                ledger.waiting -= 1
            ledger.owner = self
            draft = self.drafts[ledger.address] = Draft(ledger)
        return draft

    def end(self, committed: bool) -> None:
        """Let everybody see what was written, or nobody; give the locks back. Under the mutex."""
        for draft in self.drafts.values():
            if committed:
                draft.ledger.commit(draft)
            draft.ledger.owner = None

    def _refuse_circle(self, owner: "Transaction | None") -> None:
        while owner is not None and owner.awaited is not None:
            owner = owner.awaited.owner
            if owner is self:
                raise Deadlock("two transactions wait for each other's groups; this one gives way")


class Deadlock(Exception):
    """Waiting would never end."""
