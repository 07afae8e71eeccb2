"""``manage.py streams get``, ``set``, ``groups`` and ``tail``."""

import io
import json
from collections.abc import Callable
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from streams.writer import Stream
from tests.support.waiting import eventually

Declare = Callable[..., Stream]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def run(*arguments: str, out: StringIO | None = None) -> tuple[list[str], str]:
    """What a subcommand says, line by line, and what it says beside."""
    out, err = out or StringIO(), StringIO()
    call_command("streams", *arguments, stdout=out, stderr=err)
    return out.getvalue().splitlines(), err.getvalue()


def test_set_get_and_groups(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, said = run("set", "s", "g", "a", '{"n": 1}')
    assert lines == ['{"n":1,"id":"a"}']
    assert said == "created, change 1 of the group\n"
    monkeypatch.setattr("sys.stdin", io.StringIO('{"n": 12345678901234567890123}'))
    assert run("set", "s", "g", "b", "-")[0] == ['{"n":12345678901234567890123,"id":"b"}']
    assert run("set", "s", "g", "a", '{"n": 2}')[1] == "updated, change 3 of the group\n"
    assert run("get", "s", "g", "a")[0] == ['{"n":2,"id":"a"}']
    assert [json.loads(line)["id"] for line in run("get", "s", "g")[0]] == ["a", "b"]
    assert run("get", "s", "g", "a", out=Terminal())[0] == ["{", '  "n": 2,', '  "id": "a"', "}"]
    stream.set("f", "x", {})
    assert run("groups", "s")[0] == ["f", "g"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["get", "x", "g"], "there are: s"),
        (["get", "s", "g", "none"], "no such item"),
        (["get", "s", ".."], "group id"),
        (["set", "s", "g", "a", "{bad"], "not JSON"),
        (["set", "s", "g", "a", "[]"], "object"),
        (["groups", "x"], "there are: s"),
        (["tail", "x", "g"], "there are: s"),
        (["tail", "s", ".."], "group id"),
    ],
)
@pytest.mark.usefixtures("stream")
def test_what_is_wrong_is_said(arguments: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        run(*arguments)


class Told(StringIO):
    """Says how many lines were written."""

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


def followed(writing: Callable[[], None], *arguments: str) -> list[Any]:
    """What ``tail`` says until it has said enough; *writing* begins when the first state is there."""
    out, failures = Told(), []

    def tail() -> None:
        try:
            call_command("streams", "tail", *arguments, stdout=out)
        except BaseException as error:
            failures.append(error)
            raise

    thread = Thread(target=tail, daemon=True)
    thread.start()
    eventually(lambda: out.lines or failures, what="the first state")
    writing()
    thread.join(10)
    assert not thread.is_alive(), out.lines
    assert failures == []
    return out.lines


def test_tail_follows_a_group(stream: Stream) -> None:
    stream.set("g", "a", {"n": 1})

    def write() -> None:
        stream.set("g", "b", {"n": 2})
        stream.send("g", {"type": "typing", "data": 1})
        stream.delete("g", "a")

    assert followed(write, "s", "g", "--count=4") == [
        {"type": "sync", "data": [{"n": 1, "id": "a"}]},
        {"type": "create", "data": {"n": 2, "id": "b"}},
        {"type": "event", "data": {"type": "typing", "data": 1}},
        {"type": "delete", "data": {"n": 1, "id": "a"}},
    ]


def test_tail_follows_an_item(stream: Stream) -> None:
    def write() -> None:
        stream.set("g", "b", {"n": 2})
        stream.set("g", "a", {"n": 1})

    lines = followed(write, "s", "g", "a", "--count=2")
    assert lines == [{"type": "sync", "data": None}, {"type": "create", "data": {"n": 1, "id": "a"}}]


def test_tail_is_coloured_for_people(stream: Stream) -> None:
    stream.set("g", "a", {})
    out = Terminal()
    call_command("streams", "tail", "s", "g", "--count=1", stdout=out, force_color=True)
    assert "\x1b[" in out.getvalue()
    assert '[{"id":"a"}]' in out.getvalue()
