"""What of a slow connection's waiting packets is still worth sending (wire protocol, W12).

Events go first. Of each item at most a delete, a create and the newest update stay, in their order; a create and its
later delete annihilate with everything between; delete and create are never merged, nor is anything across an answer
or a sync of the group. Our own clients are told of every hole by a skip.
"""

from collections.abc import Iterable, Sequence

from .changes import Address, Position
from .counters import counters
from .packets import Packet, Role


def conflate(packets: Sequence[Packet]) -> list[Packet]:
    """Return what stays of *packets*, in order."""
    kept: list[Packet | None] = [packet for packet in packets if packet.role is not Role.EVENT]
    counters.add("event_dropped", "slow connection", len(packets) - len(kept))
    for segment in _segments(packets := [packet for packet in kept if packet is not None]):
        _merge(packets, segment, kept)
    return [packet for packet in kept if packet is not None]


def _segments(packets: Sequence[Packet]) -> Iterable[list[int]]:
    """Return the runs of indexes whose packets may be merged: changes of one group, between its fixed packets."""
    open_: dict[Address, list[int]] = {}
    for index, packet in enumerate(packets):
        if packet.address is None:
            continue
        if packet.role is Role.FIXED:
            if segment := open_.pop(packet.address, None):
                yield segment
        else:
            open_.setdefault(packet.address, []).append(index)
    yield from open_.values()


def _merge(packets: Sequence[Packet], segment: list[int], kept: list[Packet | None]) -> None:
    """Take out of *kept* what is superseded in *segment*; put skips where our own client must be told."""
    replaced = _replaced(packets, segment)
    counters.add("conflated", "slow connection", len(replaced))
    for index in replaced:
        kept[index] = None
    run: list[int] = []
    for index in segment:
        if index in replaced or packets[index].role is Role.SKIP:
            run.append(index)
        else:
            _declare(packets, run, replaced, kept)
            run = []
    _declare(packets, run, replaced, kept)


def _replaced(packets: Sequence[Packet], segment: list[int]) -> dict[int, int]:
    """Return the indexes of superseded changes, each with the sequence of what stands for it in the end."""
    by: dict[int, int] = {}
    stacks: dict[str, list[int]] = {}
    for index in segment:
        hint = packets[index].hint
        if hint is None:
            continue
        stack = stacks.setdefault(hint.id, [])
        if hint.kind != "create" and stack and _kind(packets[stack[-1]]) == "update":
            by[stack.pop()] = index
        if hint.kind == "delete" and stack and _kind(packets[stack[-1]]) == "create":
            by[stack.pop()] = by[index] = index
        else:
            stack.append(index)
    return {index: _sequence(packets[_final(by, index)]) for index in by}


def _final(by: dict[int, int], index: int) -> int:
    while by.get(index, index) != index:
        index = by[index]
    return index


def _kind(packet: Packet) -> str | None:
    return packet.hint.kind if packet.hint else None


def _sequence(packet: Packet) -> int:
    return packet.hint.sequence if packet.hint else 0


def _declare(packets: Sequence[Packet], run: list[int], replaced: dict[int, int], kept: list[Packet | None]) -> None:
    """Put one skip in the place of *run*, unless its connection is not our own client."""
    if not run or not packets[run[0]].own:
        return
    holes = [packets[index].skipped or _hole(packets[index], replaced[index]) for index in run]
    for index in run:
        kept[index] = None
    address = packets[run[0]].address
    assert address is not None
    kept[run[-1]] = Packet.skip(address, holes[0][0], holes[-1][1], max(until for _, _, until in holes))


def _hole(packet: Packet, until: int) -> tuple[int, Position, int]:
    hint = packet.hint
    assert hint is not None
    return hint.sequence, Position(hint.sequence, hint.epoch), until
