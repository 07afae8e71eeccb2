"""``Stream``: what the project declares, reads and writes."""

import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from pydantic import BaseModel

from .bus import bus
from .changes import Address, GroupState
from .conf import conf
from .definition import define
from .errors import InvalidEvent, InvalidItem
from .events import parse_channel, parse_event
from .groups import Items, encode_item
from .identifiers import check_id
from .protocol import event_frame
from .twins import AsyncGroups
from .values import Json, loads


class Stream(AsyncGroups):
    """A stream of items in groups: what is written here is seen by every subscriber, in the order of the commits.

    schema: pydantic model class, DRF serializer class or JSON Schema dict; options: see ``Definition``. Every method
    has an async twin with an ``a`` before its name.
    Raises: DefinitionError - an unknown option or a value that makes no sense; the file of the call is named.
    """

    def __init__(self, name: str, **options: Any) -> None:
        self.definition = define(name, options)

    def __repr__(self) -> str:
        return f"<Stream {self.definition.name!r}>"

    def encode(self, id: str, data: Any) -> str:
        if isinstance(data, BaseModel):
            try:
                data = data.model_dump(mode="json", exclude_unset=True)
            except ValueError as error:  # pydantic's own, or one of a serializer's
                raise InvalidItem(str(error)) from None
        return encode_item(self.definition, id, data)

    def get_group(self, group_id: str) -> Items:
        """Return the items of a group: the documents' name for ``list``."""
        return self.list(group_id)

    async def aget_group(self, group_id: str) -> Items:
        return await self.alist(group_id)

    def snapshot(self, group_id: str) -> GroupState:
        """Return the items of a group with their position, for a page that goes on from there."""
        found = self.store.snapshot(self.address(group_id))
        return GroupState([loads(row.value) for row in found.items], found.position.sequence, found.position.epoch)

    async def asnapshot(self, group_id: str) -> GroupState:
        return await sync_to_async(self.snapshot)(group_id)

    def send(self, channel: Any, event: Mapping[str, Any]) -> None:
        """Send an ephemeral event to whoever is subscribed now; it is never stored.

        channel: ``{"groupId": g}`` reaches the group's subscribers, ``{"groupId": g, "id": i}`` those of the item too;
        ``(g, i)`` and ``g`` are short for them. event: ``{"type": str, "data": any JSON}``.
        Inside a transaction it waits for the commit. Raises: InvalidId, InvalidEvent.
        """
        address, id = parse_channel(self.name, channel)
        frame = event_frame(address, id, parse_event(event), time.time_ns() // 1_000_000)
        longest = min(conf().event_bytes, conf().sync_bytes)
        if len(frame.encode()) > longest:
            raise InvalidEvent(f"the event is too large: its frame has more than {longest} bytes")
        self.store.on_commit(partial(bus.send, address, id, frame))

    async def asend(self, channel: Any, event: Mapping[str, Any]) -> None:
        await sync_to_async(self.send)(channel, event)

    async def subscribe(self, group_id: str, id: str | None = None) -> AsyncIterator[dict[str, Json]]:
        """Follow a group, or one item, in any process::

            async for frame in todo.subscribe("inbox"):
                frame["event"]    # {"type": "sync", "data": [...]}, then create, update, delete, event

        The first frame is the snapshot; what follows is what every subscriber gets. Nobody is asked for permission:
        this is code of the project. Raises: Overloaded - frames were not taken fast enough.
        """
        address: Address = self.address(group_id)
        frames = bus.follow(address, None if id is None else check_id(id, "item"))
        try:
            async for frame in frames:
                yield loads(frame)
        finally:
            await frames.aclose()


StreamConfig = Stream
"""The documents' name for a stream's declaration."""


def stream(config: Mapping[str, Any]) -> Stream:
    """Declare a stream from a dict of ``Stream``'s arguments, in snake_case or the documents' camelCase.

    Raises: DefinitionError.
    """
    return Stream(**config)
