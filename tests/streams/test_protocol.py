"""What clients say: understood, or refused as a bad message and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.changes import Address, Position
from streams.errors import BadMessage
from streams.protocol import Join, Leave, Ping, Refresh, error_frame, parse_message, said_address
from tests.support.strategies import examples, json_values

TODO = Address("todo", "inbox")
JOIN = {"streamName": "todo", "groupId": "inbox", "subscriptionId": "s1"}


def said(kind: Any, data: Any = None, **more: Any) -> str:
    return json.dumps({"type": kind, "data": data, **more})


@pytest.mark.parametrize(
    ("data", "join"),
    [
        ({}, Join(TODO, None, "s1")),
        ({"id": None}, Join(TODO, None, "s1")),
        ({"id": ""}, Join(TODO, None, "s1")),
        ({"id": "t1", "unknown": [1]}, Join(TODO, "t1", "s1")),
        ({"id": "a:b/c"}, Join(TODO, "a:b/c", "s1")),
        ({"since": None}, Join(TODO, None, "s1", own=True)),
        ({"since": {"epoch": "k3J9Qw2a", "sequence": 17}}, Join(TODO, None, "s1", True, Position(17, "k3J9Qw2a"))),
        ({"since": {"epoch": "", "sequence": 0, "more": 1}}, Join(TODO, None, "s1", True, Position(0, ""))),
        ({"since": None, "batch": True}, Join(TODO, None, "s1", own=True, batch=True)),
        ({"batch": 1}, Join(TODO, None, "s1")),
    ],
)
def test_joins(data: dict[str, Any], join: Join) -> None:
    text = said("join", {**JOIN, **data})
    assert parse_message(text) == join
    assert parse_message(text.encode()) == join


def test_other_messages() -> None:
    assert parse_message(said("leave", {**JOIN, "id": 7})) == Leave(TODO, "s1")
    assert parse_message('{"type":"ping"}') == Ping()
    assert parse_message(said("refresh", {"token": "t" * 8192})) == Refresh("t" * 8192)
    assert parse_message(said("something new", 7)) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "invalid JSON"),
        ("{bad", "invalid JSON"),
        (b"\xff\xfe", "invalid JSON"),
        ('{"type":"join","data":{"streamName":"\\ud800"}}', "invalid JSON"),
        ("[" * 30_000, "invalid JSON"),
        ("[]", "a message is an object with a type"),
        ("null", "a message is an object with a type"),
        ("{}", "a message is an object with a type"),
        ('{"type":["join"]}', "a message is an object with a type"),
        ('{"type":"join"}', "data is missing"),
        (said("leave", [1]), "data is missing"),
        (said("join", {}), "streamName is missing"),
        (said("join", {**JOIN, "streamName": 7}), "streamName is missing"),
        (said("join", {**JOIN, "streamName": "s" * 256}), "streamName is too long"),
        (said("join", {**JOIN, "groupId": None}), "groupId is missing"),
        (said("join", {**JOIN, "groupId": "g" * 256}), "longer than 255"),
        (said("join", {**JOIN, "groupId": ".."}), 'may not be "." or ".."'),
        (said("join", {**JOIN, "groupId": "a\0"}), "contains U+0000"),
        (said("join", {**JOIN, "id": 7}), "must be a str, not int"),
        (said("join", {**JOIN, "id": False}), "must be a str, not bool"),
        (said("join", {**JOIN, "id": ["t"]}), "must be a str, not list"),
        (said("join", {**JOIN, "id": "."}), 'may not be "." or ".."'),
        (said("join", {**JOIN, "subscriptionId": ""}), "subscriptionId is missing"),
        (said("join", {**JOIN, "subscriptionId": "s" * 256}), "subscriptionId is too long"),
        (said("leave", {**JOIN, "subscriptionId": None}), "subscriptionId is missing"),
        (said("refresh", {"token": 7}), "token is missing"),
        (said("refresh", {"token": "t" * 8193}), "token is too long"),
        *(
            (said("join", {**JOIN, "since": since}), "since must be null or a position")
            for since in (
                *(7, "k:17", [], {}, {"epoch": "k"}, {"sequence": 1}, {"epoch": 1, "sequence": 1}),
                *({"epoch": "k", "sequence": True}, {"epoch": "k", "sequence": 1.0}, {"epoch": "k", "sequence": -1}),
                *({"epoch": "k" * 65, "sequence": 1}, {"epoch": "k", "sequence": 2**63}),
            )
        ),
    ],
)
def test_bad_messages_are_refused_with_the_reason(text: str | bytes, why: str) -> None:
    with pytest.raises(BadMessage) as caught:
        parse_message(text)
    assert why in caught.value.message


NOISE = json_values | st.text() | st.sampled_from(["join", "leave", "todo", "inbox", "", ".", "\0", "x" * 300, 2**70])
FIELDS = ["streamName", "groupId", "id", "subscriptionId", "since", "batch", "token"]
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["join", "leave", "refresh", "ping"]) | NOISE,
        "data": st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, NOISE)) | NOISE,
    },
).map(json.dumps)


@examples(500)
@given(NEARLY | st.text() | st.binary() | json_values.map(json.dumps))
@example('{"type":"join","data":{"streamName":"\\ud800","groupId":"1234567890123456789","subscriptionId":"s"}}')
@example('{"type":"join","data":{"streamName":"s","groupId":"1234567890123456789","subscriptionId":"\\udfff"}}')
@example('{"type":"join","data":{"streamName":1e999,"groupId":12345678901234567890}}')
@example('{"type":"join","data":' * 5000)
def test_whatever_is_said_is_understood_or_a_bad_message(text: str | bytes) -> None:
    try:
        parse_message(text)
    except BadMessage as error:
        answer = json.loads(error_frame(error, *said_address(text), 1))
        assert answer["event"]["event"]["data"]["code"] == "BAD_MESSAGE"
    stream, group = said_address(text)
    assert all(name is None or json.dumps(name).encode() for name in (stream, group))


@pytest.mark.parametrize(
    ("text", "said_"),
    [
        (said("join", {"streamName": "todo", "groupId": "inbox"}), ("todo", "inbox")),
        (said("join", {"streamName": "todo", "groupId": 7}), ("todo", None)),
        (said("join", {"groupId": "inbox"}), (None, "inbox")),
        (said("join", [1]), (None, None)),
        ("[]", (None, None)),
        ("7", (None, None)),
        ("{bad", (None, None)),
        (b"\xff", (None, None)),
    ],
)
def test_answers_repeat_the_names_that_were_said(text: str | bytes, said_: tuple[str | None, str | None]) -> None:
    assert said_address(text) == said_
