"""The text of an event stream, read as browsers read it: what arrives, and what would be named to go on."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.changes import START, Address, Change, Kind, Position
from streams.conflation import conflate
from streams.hints import Hint
from streams.packets import Packet, Role
from streams.pictures import Picture
from streams.protocol import event_frame, resumed_frame
from streams.stores.base import Row, Snapshot
from streams.transcript import COMMENT, RETRY, Transcript, parse_id
from tests.support.events import Source, Told

ADDRESS = Address("s", "g")


def change(sequence: int, id: str = "a", kind: Kind = "update", previous: int | None = None) -> Change:
    return Change(
        "s", "g", id, kind, sequence, f"e{sequence}", f"e{sequence - 1}", 1000 + sequence, previous, '{"v":1}'
    )


def packet(sequence: int, id: str = "a", kind: Kind = "update") -> Packet:
    return Packet.change(ADDRESS, Hint.of(change(sequence, id, kind)), own=True)


def sync(sequence: int) -> Packet:
    [made] = Picture(ADDRESS, Snapshot(Position(sequence, f"e{sequence}"), []), 10_000).group("me", None, own=True)
    return made


def resumed(at: int, missed: Iterable[Change]) -> Packet:
    position, changes = Position(at, f"e{at}"), list(missed)
    text = resumed_frame(ADDRESS, None, position, "me", [change.frame() for change in changes])
    return Packet(text, address=ADDRESS, own=True, at=position, missed=[Hint.of(change) for change in changes])


def event() -> Packet:
    return Packet(event_frame(ADDRESS, None, {"type": "typing", "data": "x"}, 1), Role.EVENT, ADDRESS)


def read(*packets: Packet) -> list[Told]:
    return Source().read(RETRY + Transcript().write(packets))


def test_stored_changes_and_syncs_name_where_they_are() -> None:
    told = read(sync(3), packet(4, kind="create"), packet(5), packet(6, kind="delete"))
    assert [(item.kind, item.id) for item in told] == [
        ("sync", "e3:3"),
        ("create", "e4:4"),
        ("update", "e5:5"),
        ("delete", "e6:6"),
    ]
    assert [item.data["event"]["type"] for item in told] == [item.kind for item in told]


def test_data_is_the_frame_of_the_socket() -> None:
    assert f"data: {packet(4).text}\n" in Transcript().write([packet(4)])


def test_an_event_leaves_the_id_as_it_was() -> None:
    told = read(packet(4), event())
    assert (told[1].kind, told[1].data["event"]["event"], told[1].id) == (
        "event",
        {"type": "typing", "data": "x"},
        "e4:4",
    )


def test_the_parts_of_a_sync_name_nothing_before_the_last() -> None:
    rows = [Row(f"i{number}", json.dumps({"id": f"i{number}", "v": "x" * 3000}), number + 1) for number in range(5)]
    parts = Picture(ADDRESS, Snapshot(Position(9, "e9"), rows), 10_000).group("me", None, own=True)
    assert len(parts) > 1
    told = read(packet(4), *parts)
    assert [item.id for item in told] == ["e4:4", *[""] * (len(parts) - 1), "e9:9"]
    assert [item.data.get("more", False) for item in told[1:]] == [True] * (len(parts) - 1) + [False]


def test_a_group_that_was_never_written_can_be_named() -> None:
    [made] = Picture(ADDRESS, Snapshot(START, []), 10_000).group("me", None, own=True)
    [told] = read(made)
    assert parse_id(told.id) == START


def test_missed_changes_come_one_by_one() -> None:
    told = read(resumed(6, [change(5), change(6)]))
    assert [(item.kind, item.id, item.data["sequence"]) for item in told] == [
        ("update", "e5:5", 5),
        ("update", "e6:6", 6),
    ]


@pytest.mark.parametrize("missed", [[], [change(5)]])
def test_who_missed_nothing_more_goes_on_from_where_the_group_is(missed: list[Change]) -> None:
    source = Source()
    told = source.read(Transcript().write([resumed(8, missed)]))
    assert len(told) == len(missed)
    assert source.last_id == "e8:8"


def test_behind_a_skip_there_is_nothing_to_name() -> None:
    skip = Packet.skip(ADDRESS, 5, Position(6, "e6"), until=9)
    told = read(packet(4), skip, packet(7, "b"), event(), packet(8, "b"), packet(9), packet(10))
    assert [(item.kind, item.id) for item in told] == [
        ("update", "e4:4"),
        ("skip", ""),
        ("update", ""),
        ("event", ""),
        ("update", ""),
        ("update", "e9:9"),
        ("update", "e10:10"),
    ]


def test_a_skip_of_what_came_to_nothing_is_made_good_by_itself() -> None:
    told = read(Packet.skip(ADDRESS, 5, Position(6, "e6"), until=6))
    assert [item.id for item in told] == ["e6:6"]


def test_a_sync_ends_a_skip() -> None:
    skip = Packet.skip(ADDRESS, 5, Position(6, "e6"), until=90)
    assert [item.id for item in read(skip, sync(7), packet(8))] == ["", "e7:7", "e8:8"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40), st.integers(0, 40))
def test_a_position_that_is_named_was_reached(writes: list[tuple[str, bool]], cut: int) -> None:
    """Conflate at any moment; whoever names an id has the state of that sequence, or of a later one."""
    there: set[str] = set()
    history: list[Packet] = []
    for sequence, (id, gone) in enumerate(writes, 1):
        kind: Kind = "create" if id not in there else "delete" if gone else "update"
        (there.discard if kind == "delete" else there.add)(id)
        history.append(packet(sequence, id, kind))
    sent = [*conflate(history[:cut]), *history[cut:]]
    known: dict[str, int] = {}
    for item in read(*sent):
        if item.kind != "skip":
            known[item.data["id"]] = item.data["sequence"]
        if (at := parse_id(item.id)) is None:
            continue
        newest = {one.hint.id: one.hint for one in history[: at.sequence] if one.hint}
        for id, hint in newest.items():
            assert known.get(id, 0) >= hint.sequence or hint.kind == "delete"


def test_text_of_several_lines_stays_one_event() -> None:
    made = Packet('{"event":\r\n{"type":"sync",\r"data":\n[]}}', address=ADDRESS, at=START)
    [told] = read(made)
    assert told.data == {"event": {"type": "sync", "data": []}}


def test_separators_of_other_alphabets_are_no_line_ends() -> None:
    hint = Hint("a", "update", 1, "e", "", json.dumps({"v": "\u2028\u2029\x85\x0b\x0c"}, ensure_ascii=False))
    [told] = read(Packet.change(ADDRESS, hint, own=True))
    assert told.data == {"v": "\u2028\u2029\x85\x0b\x0c"}


def test_a_comment_is_nothing_to_a_page() -> None:
    source = Source()
    assert source.read(RETRY + COMMENT) == []
    assert (source.retry, source.last_id) == (2000, "")


@given(st.text(max_size=8).filter(lambda text: "\n" not in text), st.integers(0, 2**59))
def test_every_id_is_read_back(epoch: str, sequence: int) -> None:
    assert parse_id(f"{epoch}:{sequence}") == Position(sequence, epoch)


@pytest.mark.parametrize("text", ["", "7", "x", "e:", "e:-1", "e:1.5", "e:٣", "e:" + "9" * 19, "e" * 65 + ":1", "e: 1"])
def test_what_is_no_id_names_nothing(text: str) -> None:
    assert parse_id(text) is None
