"""The workbench's feed: who may follow it, what it says, and when it says nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from steps.feed import MOST, STREAM, feed, group_of
from steps.models import Run
from steps.runs import cancel, insert, redrive
from steps.streams import may_follow
from streams.bus import bus
from streams.hints import Message
from streams.leases import Subscription
from streams.registry import registry
from streams.state import state
from streams.values import loads
from streams.writer import Stream
from tests.support.waiting import eventually
from tests.workbench.conftest import make_run

pytestmark = pytest.mark.django_db(transaction=True)


class Ear:
    """Hears what this process tells the workbench."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def receive(self, message: Message) -> None:
        if message.address.stream == STREAM:
            self.heard += [loads(event.frame)["event"]["event"] for event in message.events]

    def polled(self) -> int:
        return 0

    def of(self, topic: str) -> list[Any]:
        return [thing for event in self.heard if event["type"] == topic for thing in event["data"][topic]]


@pytest.fixture
def ear() -> Iterator[Ear]:
    listening = Ear()
    bus.attach(listening)
    yield listening
    bus.detach(listening)


@pytest.fixture
def notes() -> Iterator[Stream]:
    before = registry.all()
    stream = Stream("notes")
    registry.replace([*before, stream])
    yield stream
    registry.replace(before)


def asked(group: str | None, connection: str = "c") -> Subscription:
    return Subscription(STREAM, group, None, "s", connection)


@pytest.mark.feature("D15")
def test_only_staff_with_the_permission_may_follow(person: Any) -> None:
    person("steps.view_run")
    person("steps.view_run", staff=False)
    person()
    allowed, guest, other = [{"userId": str(user.pk)} for user in User.objects.order_by("pk")]
    runs = group_of("runs")
    assert may_follow(asked(runs), allowed)
    assert not may_follow(asked(runs), guest)
    assert not may_follow(asked(runs), other)
    assert not may_follow(asked(group_of("streams")), allowed)  # the permission of another topic
    assert not may_follow(asked(runs, connection=""), allowed)  # a request is no subscription
    for auth in (None, {}, {"userId": None}, {"userId": "0"}, {"userId": ["1"]}, {"userId": "x" * 999}):
        assert not may_follow(asked(runs), auth)
    for group in (None, "runs", "runs.", runs[:-1], runs.upper(), "ü"):
        assert not may_follow(asked(group), allowed)
    User.objects.filter(pk=allowed["userId"]).update(is_active=False)
    assert not may_follow(asked(runs), allowed)


@pytest.mark.feature("D15")
def test_it_is_in_no_list_and_not_to_be_read(person: Any) -> None:
    root = person(superuser=True)
    assert STREAM not in root.get("/streams/").content.decode()
    assert STREAM not in {stream.definition.name for stream in registry.all()}
    for path in (f"/streams/{STREAM}/", f"/streams/{STREAM}/{group_of('runs')}/"):
        assert root.get(path).status_code == 403
        assert Client().get(path).status_code in (401, 403)


def test_groups_are_told_after_the_commit_and_once(ear: Ear, notes: Stream) -> None:
    with transaction.atomic():
        for number in range(20):
            notes.set("a", str(number), {})
        assert ear.of("streams") == []
    notes.set("b", "1", {})
    eventually(lambda: len(ear.of("streams")) >= 2, what="both groups are told")
    assert ear.of("streams") == [{"stream": "notes", "group": "a"}, {"stream": "notes", "group": "b"}]


def test_what_was_rolled_back_is_not_told(ear: Ear, notes: Stream) -> None:
    with transaction.atomic():
        notes.set("undone", "1", {})
        state.set("undone", "1", {})
        insert([Run(id="u" * 32, trace_id="t" * 32, step="Undone", trigger="queue")])
        transaction.set_rollback(True)
    state.set("scope", "key", 1)
    eventually(lambda: ear.of("streams"), what="the state's change is told")
    assert ear.of("streams") == [{"stream": "streams:state", "group": "scope"}]
    assert ear.of("runs") == []


def test_runs_are_told_with_what_became_of_them(ear: Ear) -> None:
    dead = make_run(state=Run.State.DEAD, step="Dead")
    redrive([dead.id])
    eventually(lambda: ear.of("runs"), what="the redriven run is told")
    assert ear.of("runs") == [{"id": dead.id, "state": "ready", "step": "Dead", "trace": dead.trace_id}]
    cancel([dead.id])
    eventually(lambda: len(ear.of("runs")) > 1, what="the cancelled run is told")
    assert (ear.of("runs")[-1]["id"], ear.of("runs")[-1]["state"]) == (dead.id, "cancelled")


def test_a_message_is_bounded_and_says_that_there_is_more(ear: Ear) -> None:
    for number in range(3 * MOST):
        feed.note("streams", str(number), {"stream": "s", "group": str(number)})
    eventually(lambda: any(event["data"]["more"] for event in ear.heard), what="it says that there is more")
    assert max(len(event["data"][event["type"]]) for event in ear.heard) <= MOST


def test_a_process_says_what_it_has_done(ear: Ear, notes: Stream) -> None:
    notes.set("a", "1", {})
    first = eventually(lambda: ear.of("processes"), what="a sample")[0]
    with notes.batch("a") as batch:
        for number in range(7):
            batch.set(str(number), {})
    notes.send("a", {"type": "seen"})
    eventually(
        lambda: ear.of("processes")[-1]["changes"] == first["changes"] + 8, what="seven changes and an event more"
    )
    assert ear.of("processes")[-1]["process"] == bus.origin
