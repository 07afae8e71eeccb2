"""``manage.py streams verify`` and ``new-epoch``: what they find and do, on every store."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from streams.audit import Record, audit, record
from streams.changes import Address, Position
from streams.reads import missed
from streams.stores import Store
from streams.stores.base import Current
from streams.writer import Stream
from tests.support.heard import Heard
from tests.support.histories import undone
from tests.support.stores import DATABASES, STORES

every_store = pytest.mark.parametrize("kept", STORES, indirect=True)


def run(*arguments: str) -> tuple[str, str]:
    """What a subcommand says, and what it complains about."""
    out, err = StringIO(), StringIO()
    call_command("streams", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def written(stream: Stream, group: str = "g") -> None:
    stream.set(group, "a", {"n": 1})
    stream.set(group, "b", {"n": 2})
    stream.update(group, "a", [{"type": "increment", "path": "n"}])
    stream.delete(group, "b")
    stream.set(group, "b", {"n": 3})


def position(store: Store, group: str = "g") -> Position:
    return store.positions([Address("s", group)])[Address("s", group)]


# -- verify -----------------------------------------------------------------------------------------------------------


@every_store
def test_verify_finds_nothing_wrong_with_what_was_written(stream: Stream) -> None:
    written(stream)
    written(stream, "empty")
    stream.clear("empty")
    out, err = run("verify")
    assert (out, err) == ("s: 2 groups, 12 changes kept, 0 flaws\n", "")


@every_store
def test_verify_looks_at_what_is_left_of_a_trimmed_log(stream: Stream, store: Store) -> None:
    for number in range(8):
        stream.set("g", f"i{number % 3}", {"n": number})
    store.trim("s", 4, 0, "", 10)
    assert run("verify", "s", "--group", "g")[0] == "s: 1 groups, 4 changes kept, 0 flaws\n"


@every_store
@pytest.mark.parametrize(
    ("flaw", "damage"),
    [
        ("hole", lambda kept: replace(kept, changes=[kept.changes[0], *kept.changes[2:]])),
        ("epoch", lambda kept: replace(kept, changes=changed(kept, 2, previous_epoch="elsewher"))),
        ("clock", lambda kept: replace(kept, changes=changed(kept, 1, clock=kept.changes[0].clock))),
        ("chain", lambda kept: replace(kept, changes=changed(kept, 2, previous=2))),
        ("chain", lambda kept: replace(kept, changes=changed(kept, 2, kind="create"))),
        ("position", lambda kept: replace(kept, changes=kept.changes[:-1])),
        ("position", lambda kept: replace(kept, position=Position(5, "elsewher"))),
        ("position", lambda kept: replace(kept, clock=kept.clock + 1)),
        ("item", lambda kept: replace(kept, items={**kept.items, "a": Current('{"n":7}', 1, 3)})),
        ("item", lambda kept: replace(kept, items={"a": kept.items["a"]})),
        ("item", lambda kept: replace(kept, items={**kept.items, "x": Current("{}", 4, 4)})),
        ("item", lambda kept: replace(kept, items={**kept.items, "b": replace(kept.items["b"], created=2)})),
    ],
)
def test_each_flaw_is_found(flaw: str, damage: Callable[[Record], Record], stream: Stream) -> None:
    written(stream)
    sound = record(stream.definition, "g")
    assert audit(sound) == []
    assert flaw in {finding.flaw for finding in audit(damage(sound))}


def changed(kept: Record, index: int, **values: Any) -> list[Any]:
    changes = list(kept.changes)
    changes[index] = replace(changes[index], **values)
    return changes


# -- new-epoch --------------------------------------------------------------------------------------------------------


@every_store
def test_new_epoch_leaves_the_history_and_keeps_the_items(stream: Stream, store: Store) -> None:
    written(stream)
    before, items = position(store), stream.list("g")
    assert run("new-epoch", "s", "g")[0] == "s: 1 groups begin a new history\n"
    after = position(store)
    assert (after.sequence, stream.list("g")) == (before.sequence + 1, items)
    assert len({before.epoch, after.epoch}) == 2
    assert len(store.log(Address("s", "g"), 0).changes) == 5  # nothing is logged
    assert missed(store.log(Address("s", "g"), before.sequence), before) == "trimmed"
    stream.set("g", "c", {})
    log = store.log(Address("s", "g"), 0)
    assert (log.changes[-1].sequence, log.changes[-1].previous_epoch) == (after.sequence + 1, after.epoch)
    assert missed(log, before) == "trimmed"
    assert missed(log, after) == [log.changes[-1]]
    assert run("verify")[1] == ""


@every_store
def test_new_epoch_is_told_to_all_after_its_commit(stream: Stream, heard: Heard) -> None:
    written(stream)
    del heard.messages[:]
    run("new-epoch", "s", "g")
    [message] = heard.messages
    assert (message.address, message.hints, message.events) == (Address("s", "g"), (), ())


@every_store
def test_new_epoch_of_everything_leaves_out_what_was_never_written(stream: Stream, store: Store) -> None:
    written(stream, "g")
    written(stream, "h")
    stream.clear("h")
    stream.update("nothing", "a", [], if_exists=True)
    assert run("new-epoch")[0] == "s: 2 groups begin a new history\n"
    assert store.known("s") == ["g", "h"]
    assert run("verify")[0] == "s: 2 groups, 12 changes kept, 0 flaws\n"


@every_store
def test_new_epoch_of_what_is_not_there_is_an_error(stream: Stream) -> None:
    with pytest.raises(CommandError, match="no group 'g'"):
        run("new-epoch", "s", "g")
    with pytest.raises(CommandError, match="no stream"):
        run("new-epoch", "nothing")


@every_store
def test_two_new_epochs_in_a_row_are_no_flaw(stream: Stream) -> None:
    written(stream)
    for _ in range(2):
        run("new-epoch", "s")
        assert run("verify")[1] == ""
    stream.set("g", "a", {})
    assert run("verify")[1] == ""


@every_store
def test_a_new_epoch_that_is_rolled_back_never_was(stream: Stream, store: Store) -> None:
    written(stream)
    before = position(store)
    with undone(store):
        store.renew(Address("s", "g"))
    assert position(store) == before
    assert run("verify")[1] == ""


# -- the exit code, of a database that was really damaged --------------------------------------------------------------


@pytest.mark.parametrize("kept", DATABASES, indirect=True)
@pytest.mark.parametrize(
    ("damage", "flaw"),
    [
        ("DELETE FROM streams_change WHERE sequence = 2", "hole"),
        ("UPDATE streams_group SET sequence = 4, clock = clock - 1", "position"),
        ("DELETE FROM streams_item WHERE key = 'a'", "item"),
        ("UPDATE streams_change SET epoch = 'elsewher' WHERE sequence = 3", "epoch"),
        ('UPDATE streams_change SET value = \'{"id":"b","n":9}\' WHERE sequence = 5', "item"),
    ],
)
def test_a_damaged_database_is_reported_and_the_command_fails(
    stream: Stream, alias: str, damage: str, flaw: str
) -> None:
    written(stream)
    with connections[alias].cursor() as cursor:
        cursor.execute(damage)
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="flaws"):
        call_command("streams", "verify", stdout=out, stderr=err)
    assert f" {flaw}: " in err.getvalue()
    assert json.loads(out.getvalue().split(", ")[-1].split()[0]) > 0
