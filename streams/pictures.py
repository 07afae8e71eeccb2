"""A snapshot as it is sent: cut into frames once, whoever asks."""

from functools import cached_property

from .changes import Address, Position
from .packets import Packet
from .protocol import group_sync_frame, item_sync_frame, late_create_frame, parts
from .stores.base import Snapshot


class Picture:
    """A snapshot of *address*. longest: bytes of one frame."""

    def __init__(self, address: Address, snapshot: Snapshot, longest: int) -> None:
        self.address, self.longest = address, longest
        self.position: Position = snapshot.position
        self._rows = snapshot.items

    def group(self, subscription: str | None, resync: str | None, own: bool) -> list[Packet]:
        """Return the answer to a join of the group, or the sync of a resync.

        A group too long for one frame goes to our own client in parts, to a published one as a sync of the first
        items and a create for each of the others.
        """
        address, position = self.address, self.position
        if not own:
            first = group_sync_frame(address, position, self._parts[0], subscription, resync)
            return [Packet(text, address=address, at=position) for text in (first, *self._late)]
        last = len(self._parts) - 1
        return [
            Packet(
                group_sync_frame(address, position, part, subscription, resync, more=number < last),
                address=address,
                own=True,
                at=position if number == last else None,
            )
            for number, part in enumerate(self._parts)
        ]

    def item(self, id: str, subscription: str | None, resync: str | None, own: bool) -> list[Packet]:
        """Return the answer to a join of an item, or its part of a resync."""
        text = item_sync_frame(self.address, id, self.position, self._values.get(id), subscription, resync)
        return [Packet(text, address=self.address, own=own, at=self.position)]

    @cached_property
    def _values(self) -> dict[str, str]:
        return {row.id: row.value for row in self._rows}

    @cached_property
    def _cut(self) -> list[list[str]]:
        # room for names and ids, which JSON may escape to six characters each
        return list(parts([row.value for row in self._rows], self.longest - 6 * 3 * 255 - 400))

    @cached_property
    def _parts(self) -> list[str]:
        return [",".join(part) for part in self._cut]

    @cached_property
    def _late(self) -> list[str]:
        return [late_create_frame(self.address, row.id, row.value) for row in self._rows[len(self._cut[0]) :]]
