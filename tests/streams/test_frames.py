"""The texts of frames, byte by byte (wire protocol, section 3)."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.changes import Address, Change, Position, timestamp
from streams.errors import AccessDenied, BadMessage
from streams.protocol import (
    error_frame,
    event_frame,
    group_sync_frame,
    item_sync_frame,
    late_create_frame,
    parts,
    resumed_frame,
    skip_frame,
)
from tests.support.strategies import examples

TODO = Address("todo", "inbox")
NOW = 1_795_164_336_229


def change(kind: str, sequence: int, previous: int | None, value: str, clock: int = NOW * 1000) -> Change:
    return Change("todo", "inbox", "t1", kind, sequence, "Aq0d2nXe", "k3J9Qw2a", clock, previous, value)  # type: ignore[arg-type]


def test_frames_of_changes() -> None:
    assert change("create", 12, None, '{"id":"t1","v":0}').frame() == (
        '{"timestamp":1795164336229,"streamName":"todo","groupId":"inbox","id":"t1","sequence":12,"epoch":"Aq0d2nXe",'
        '"event":{"type":"create","data":{"id":"t1","v":0}}}'
    )
    assert change("update", 18, 12, '{"id":"t1","v":1}', NOW * 1000 + 1).frame() == (
        '{"timestamp":1795164336229.001,"streamName":"todo","groupId":"inbox","id":"t1","sequence":18,'
        '"epoch":"Aq0d2nXe","previous":12,"event":{"type":"update","data":{"id":"t1","v":1}}}'
    )
    assert change("delete", 19, 18, '{"id":"t1","v":1}', (NOW + 1) * 1000).frame() == (
        '{"timestamp":1795164336230,"streamName":"todo","groupId":"inbox","id":"t1","sequence":19,'
        '"epoch":"Aq0d2nXe","previous":18,"event":{"type":"delete","data":{"id":"t1","v":1}}}'
    )


def test_frames_of_snapshots() -> None:
    at = Position(17, "k3J9Qw2a")
    head = '{"streamName":"todo","groupId":"inbox"'
    assert group_sync_frame(TODO, at, '{"id":"t1","v":0},{"id":"t2"}', "s1", None) == (
        f'{head},"sequence":17,"epoch":"k3J9Qw2a","subscriptionId":"s1",'
        '"event":{"type":"sync","data":[{"id":"t1","v":0},{"id":"t2"}]}}'
    )
    assert group_sync_frame(TODO, Position(0, ""), "", "s1", None) == (
        f'{head},"sequence":0,"epoch":"","subscriptionId":"s1","event":{{"type":"sync","data":[]}}}}'
    )
    assert group_sync_frame(TODO, at, '{"id":"t1"}', None, "trimmed", more=True) == (
        f'{head},"sequence":17,"epoch":"k3J9Qw2a","resync":"trimmed","more":true,'
        '"event":{"type":"sync","data":[{"id":"t1"}]}}'
    )
    assert item_sync_frame(TODO, "t1", at, '{"id":"t1","v":0}', "s2", None) == (
        f'{head},"id":"t1","sequence":17,"epoch":"k3J9Qw2a","subscriptionId":"s2",'
        '"event":{"type":"sync","data":{"id":"t1","v":0}}}'
    )
    assert item_sync_frame(TODO, "t1", at, None, "s2", "epoch") == (
        f'{head},"id":"t1","sequence":17,"epoch":"k3J9Qw2a","subscriptionId":"s2","resync":"epoch",'
        '"event":{"type":"sync","data":null}}'
    )
    assert late_create_frame(TODO, "t1", '{"id":"t1"}') == (
        f'{head},"id":"t1","event":{{"type":"create","data":{{"id":"t1"}}}}}}'
    )


def test_frames_of_events_and_errors() -> None:
    event = {"type": "reaction", "data": {"userId": "u1"}}
    assert event_frame(TODO, "t1", event, NOW) == (
        '{"streamName":"todo","groupId":"inbox","id":"t1",'
        '"event":{"type":"event","event":{"type":"reaction","data":{"userId":"u1"}}}}'
    ), "one with an item's id has no timestamp"
    assert event_frame(TODO, None, event, NOW) == (
        '{"timestamp":1795164336229,"streamName":"todo","groupId":"inbox",'
        '"event":{"type":"event","event":{"type":"reaction","data":{"userId":"u1"}}}}'
    )
    assert error_frame(AccessDenied(), "todo", "secret", NOW) == (
        '{"timestamp":1795164336229,"streamName":"todo","groupId":"secret","event":{"type":"event",'
        '"event":{"type":"error","data":{"code":"STREAM_ACCESS_DENIED","message":"Access denied"}}}}'
    )
    assert error_frame(BadMessage("invalid JSON"), None, None, NOW) == (
        '{"timestamp":1795164336229,"event":{"type":"event",'
        '"event":{"type":"error","data":{"code":"BAD_MESSAGE","message":"invalid JSON"}}}}'
    )


def test_frames_of_resumption() -> None:
    frames = [change("update", 18, 12, '{"id":"t1"}').frame(), change("delete", 19, 18, '{"id":"t1"}').frame()]
    text = resumed_frame(TODO, None, Position(19, "b0Tz7rLe"), "s1", frames)
    assert text == (
        '{"streamName":"todo","groupId":"inbox","sequence":19,"epoch":"b0Tz7rLe","subscriptionId":"s1",'
        f'"event":{{"type":"resumed","data":[{frames[0]},{frames[1]}]}}}}'
    )
    assert skip_frame(TODO, 20, Position(21, "Yw2mD9cA"), 24) == (
        '{"streamName":"todo","groupId":"inbox","sequence":21,"epoch":"Yw2mD9cA",'
        '"event":{"type":"skip","from":20,"until":24}}'
    )


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        (1_795_164_336_229_000, "1795164336229"),
        (1_795_164_336_229_001, "1795164336229.001"),
        (1_795_164_336_229_010, "1795164336229.01"),
        (1_795_164_336_229_100, "1795164336229.1"),
        (1_795_164_336_229_999, "1795164336229.999"),
        (7, "0.007"),
        (0, "0"),
    ],
)
def test_timestamps_are_microseconds_written_as_milliseconds(clock: int, text: str) -> None:
    assert timestamp(clock) == text


@examples(150)
@given(st.integers(0, 2**52))
def test_timestamps_are_exact_and_ordered_in_every_json_parser(clock: int) -> None:
    number = json.loads(timestamp(clock))
    assert Decimal(timestamp(clock)) == Decimal(clock) / 1000
    assert round(number * 1000) == clock
    assert number == clock / 1000, "as Written.timestamp tells it"
    assert json.loads(timestamp(clock + 1)) > number


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@examples(150)
@given(NAMES, NAMES, NAMES)
def test_names_of_any_kind_are_escaped(stream: str, group: str, id: str) -> None:
    address = Address(stream, group)
    frames = [
        Change(stream, group, id, "create", 1, "e", "", 1, None, "{}").frame(),
        item_sync_frame(address, id, Position(1, "e"), None, id, None),
        group_sync_frame(address, Position(1, "e"), "", id, None),
        late_create_frame(address, id, "{}"),
        event_frame(address, id, {"type": id, "data": None}, 1),
        error_frame(BadMessage(id), stream, group, 1),
        skip_frame(address, 1, Position(1, "e"), 1),
        resumed_frame(address, id, Position(1, "e"), id, []),
    ]
    for frame in map(json.loads, frames):
        assert (frame["streamName"], frame["groupId"]) == (stream, group)
        assert {frame.get("id", id), frame.get("subscriptionId", id)} == {id}


@examples(150)
@given(st.lists(st.text(max_size=30), max_size=30), st.integers(1, 200))
def test_parts_hold_everything_in_order_and_fit(values: list[str], longest: int) -> None:
    cut = list(parts(values, longest))
    assert [value for part in cut for value in part] == values
    assert len(cut) >= 1
    for part in cut:
        assert len(part) == 1 or len(",".join(part).encode()) <= longest or not part
