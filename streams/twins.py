"""The async twins: ``aset`` is ``set``, awaited, with the same arguments, results and errors."""

from typing import Any

from asgiref.sync import sync_to_async

from .batch import Batch
from .changes import Written
from .groups import Groups, Items, Names, Operations


class AsyncGroups(Groups):
    """Groups with a twin of every method for async code."""

    async def aget(self, group_id: str, id: str) -> Any:
        return await sync_to_async(self.get)(group_id, id)

    async def alist(self, group_id: str, *, limit: int | None = None, after: str | None = None) -> Items:
        return await sync_to_async(self.list)(group_id, limit=limit, after=after)

    async def alist_groups(self) -> Names:
        return await sync_to_async(self.list_groups)()

    async def aset(self, group_id: str, id: str, data: Any) -> Written:
        return await sync_to_async(self.set)(group_id, id, data)

    async def aupdate(
        self, group_id: str, id: str, operations: Operations, *, if_exists: bool = False
    ) -> Written | None:
        return await sync_to_async(self.update)(group_id, id, operations, if_exists=if_exists)

    async def adelete(self, group_id: str, id: str) -> Any:
        return await sync_to_async(self.delete)(group_id, id)

    async def aclear(self, group_id: str) -> int:
        return await sync_to_async(self.clear)(group_id)

    def abatch(self, group_id: str) -> Batch:
        """Return a batch for ``async with``."""
        return self.batch(group_id)
