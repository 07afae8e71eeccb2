"""The workbench's Streams without a browser: what it reads, at what cost, what it writes, and every kept moment."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pydantic import BaseModel

from steps.workbench import moments
from streams.definition import History
from streams.models import Change, Group, Item
from streams.registry import registry
from streams.writer import Stream

pytestmark = pytest.mark.django_db


class Note(BaseModel):
    text: str
    stars: int = 0


@pytest.fixture
def notes() -> Iterator[Stream]:
    before = registry.all()
    stream = Stream("notes", schema=Note, history=History(changes=5000), public=True, description="What to remember")
    registry.replace([stream, Stream("brief", history=None), Stream("passing", storage="memory")])
    yield stream
    registry.replace(before)


def read(client: Client, name: str, **query: Any) -> Any:
    answer = client.get(reverse(f"admin:steps_workbench_streams_{name}"), query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def do(client: Client, name: str, **body: Any) -> Any:
    return client.post(reverse(f"admin:steps_workbench_streams_do_{name}"), body, content_type="application/json")


def test_the_streams_are_listed_with_what_they_say_of_themselves(person: Any, notes: Stream) -> None:
    found = {one["name"]: one for one in read(person("streams.view_group"), "declared")["streams"]}
    assert sorted(found) == ["brief", "notes", "passing"]
    assert found["notes"]["description"] == "What to remember"
    assert found["notes"]["example"]["text"] == "text"
    assert found["notes"]["history"] == {"changes": 5000, "age": 86_400_000}
    assert (found["brief"]["history"], found["brief"]["open"]) == (None, False)


def test_streams_of_its_own_are_left_out(person: Any, notes: Stream) -> None:
    client = person(superuser=True)
    for name in ("streams:workbench", "streams:state", "nothing"):
        answer = client.get(reverse("admin:steps_workbench_streams_groups"), {"stream": name})
        assert answer.status_code == 404


def test_groups_are_found_by_their_beginning_and_paged_by_key(person: Any, notes: Stream) -> None:
    for number in range(55):
        notes.set(f"g{number:02}", "a", {"text": "x"})
    notes.set("ä", "a", {"text": "x"})
    client = person("streams.view_group")
    first = read(client, "groups", stream="notes")
    assert (len(first["groups"]), first["more"]) == (50, True)
    rest = read(client, "groups", stream="notes", after=first["groups"][-1]["group"])
    assert [one["group"] for one in rest["groups"]] == ["g50", "g51", "g52", "g53", "g54", "ä"]
    assert [one["group"] for one in read(client, "groups", stream="notes", find="g5")["groups"]] == [
        f"g5{number}" for number in range(5)
    ]


def test_items_are_paged_in_the_order_of_their_creation(person: Any, notes: Stream) -> None:
    with notes.batch("inbox") as batch:
        for number in range(120):
            batch.set(f"n{number}", {"text": f"note {number}"})
    notes.set("inbox", "n0", {"text": "again"})
    client = person("streams.view_group", "streams.view_item")
    first = read(client, "items", stream="notes", group="inbox")
    assert [one["id"] for one in first["items"]] == [f"n{number}" for number in range(100)]
    assert first["items"][0]["value"] == {"id": "n0", "text": "again"}
    assert not first["large"]
    rest = read(client, "items", stream="notes", group="inbox", after=first["after"])
    assert [one["id"] for one in rest["items"]] == [f"n{number}" for number in range(100, 120)]
    assert rest["after"] is None


def test_items_and_changes_have_permissions_of_their_own(person: Any, notes: Stream) -> None:
    notes.set("inbox", "a", {"text": "x"})
    client = person("streams.view_group")
    for name, permission in (("items", "view_item"), ("log", "view_change"), ("moment", "view_change")):
        answer = client.get(reverse(f"admin:steps_workbench_streams_{name}"), {"stream": "notes", "group": "inbox"})
        assert answer.status_code == 403
        assert permission in answer.json()["error"]


def test_a_stream_in_memory_is_shown_as_far_as_this_process_knows(person: Any, notes: Stream) -> None:
    passing: Any = registry.get("passing")
    passing.set("here", "a", {"text": "x"})
    client = person(superuser=True)
    assert [one["group"] for one in read(client, "groups", stream="passing")["groups"]] == ["here"]
    assert read(client, "items", stream="passing", group="here")["items"][0]["value"] == {"id": "a", "text": "x"}
    passing.clear("here")


def test_the_log_has_what_each_change_replaced(person: Any, notes: Stream) -> None:
    notes.set("inbox", "a", {"text": "one"})
    notes.set("inbox", "b", {"text": "other"})
    notes.set("inbox", "a", {"text": "two"})
    notes.delete("inbox", "a")
    client = person("streams.view_group", "streams.view_change")
    found = read(client, "log", stream="notes", group="inbox")
    assert (found["first"], found["last"], found["before"]) == (1, 4, None)
    assert [(one["sequence"], one["kind"], one["before"], one["value"]) for one in found["changes"]] == [
        (4, "delete", {"id": "a", "text": "two"}, None),
        (3, "update", {"id": "a", "text": "one"}, {"id": "a", "text": "two"}),
        (2, "create", None, {"id": "b", "text": "other"}),
        (1, "create", None, {"id": "a", "text": "one"}),
    ]
    only = read(client, "log", stream="notes", group="inbox", item="b")
    assert [one["sequence"] for one in only["changes"]] == [2]


@pytest.mark.parametrize("seed", range(5))
def test_every_kept_moment_is_as_it_was(person: Any, notes: Stream, seed: int) -> None:
    dice = random.Random(seed)
    history: list[list[Any]] = [[]]
    for number in range(60):
        id = f"n{dice.randrange(6)}"
        if dice.random() < 0.3 and notes.get("inbox", id):
            notes.delete("inbox", id)
        else:
            notes.set("inbox", id, {"text": f"{number}"})
        history.append(list(notes.list("inbox")))
    group = Group.objects.get(stream="notes", key="inbox")
    for sequence, items in enumerate(history):
        found = moments.moment(group, sequence)
        assert [one["value"] for one in found] == items
        assert all(one["kept"] for one in found)

    Change.objects.filter(sequence__lte=30).delete()  # as the trimmer does
    assert moments.kept(group) == (31, 60)
    for sequence in range(30, 61):
        found = moments.moment(group, sequence)
        assert {one["id"] for one in found} == {item["id"] for item in history[sequence]}
        values = {item["id"]: item for item in history[sequence]}
        assert all(one["value"] == values[one["id"]] for one in found if one["kept"])
    client = person(superuser=True)
    refused = client.get(
        reverse("admin:steps_workbench_streams_moment"), {"stream": "notes", "group": "inbox", "sequence": 20}
    )
    assert (refused.status_code, "does not go back" in refused.json()["error"]) == (400, True)


def test_a_million_changes_are_read_in_pages_of_few_queries(person: Any, notes: Stream) -> None:
    notes.set("long", "n0", {"text": "x"})
    group, last = Group.objects.get(stream="notes", key="long"), 1_000_000
    columns = [field.column for field in Change._meta.fields if field.column != "id"]
    own = {"sequence": "nth", "previous": "nth - 1", "clock": "clock + nth", "kind": "'update'"}
    with connection.cursor() as cursor:  # past the ORM: that takes long
        cursor.execute(
            "WITH RECURSIVE numbers(nth) AS (SELECT 2 UNION ALL SELECT nth + 1 FROM numbers WHERE nth < %s)"
            f" INSERT INTO streams_change ({', '.join(columns)})"
            f" SELECT {', '.join(own.get(name, name) for name in columns)} FROM numbers, streams_change"
            " WHERE group_id = %s",
            [last, group.pk],
        )
    assert Change.objects.filter(group=group).count() == last
    Group.objects.filter(pk=group.pk).update(sequence=last)
    Item.objects.update(sequence=last)
    client = person(superuser=True)
    for name, query, most in (
        ("groups", {}, 1),
        ("items", {"group": "long"}, 2),
        ("log", {"group": "long"}, 4),
        ("log", {"group": "long", "item": "n0", "before": 50_000}, 4),
        ("log", {"group": "long", "item": "nobody"}, 4),
        ("moment", {"group": "long", "sequence": last - 100}, 5),
    ):
        with CaptureQueriesContext(connection) as asked:
            answer = read(client, name, stream="notes", **query)
        ours = [one["sql"] for one in asked.captured_queries if "streams_" in one["sql"]]
        assert len(ours) <= most, ours
        assert not [sql for sql in ours if "COUNT(" in sql]
        assert len(json.dumps(answer)) < 100_000
    assert read(client, "log", stream="notes", group="long", item="nobody")["before"] == last + 1 - moments.FAR


def test_items_are_written_by_those_who_may(person: Any, notes: Stream) -> None:
    looking = person("streams.view_group", "streams.view_item")
    place = {"stream": "notes", "group": "inbox", "id": "a"}
    for name in ("create", "edit", "delete"):
        assert do(looking, name, **place, value={"text": "x"}).status_code == 403
    all_three = [f"streams.{name}_item" for name in ("add", "change", "delete")]
    client = person("streams.view_group", *all_three)
    assert do(client, "edit", **place, value={"text": "x"}).status_code == 404
    assert do(client, "create", **place, value={"text": "x"}).json() == {"item": {"id": "a", "text": "x"}}
    assert do(client, "create", **place, value={"text": "y"}).status_code == 400
    assert do(client, "edit", **place, value={"text": "y"}).status_code == 200
    assert notes.get("inbox", "a") == {"id": "a", "text": "y"}
    assert do(client, "delete", **place).json() == {"deleted": True}
    assert do(client, "delete", **place).json() == {"deleted": False}
    assert User.objects.count() == 2


def test_the_schema_says_what_is_wrong(person: Any, notes: Stream) -> None:
    client = person(superuser=True)
    refused = do(client, "create", stream="notes", group="inbox", id="a", value={"stars": "many"})
    assert refused.status_code == 400
    assert set(refused.json()["fields"]) == {"text", "stars"}
    assert do(client, "create", stream="notes", group="inbox", id="", value={"text": "x"}).status_code == 400
    assert do(client, "create", stream="notes", group="inbox", id="a", value=[]).status_code == 400
    assert do(client, "create", group="inbox", id="a", value={}).json()["error"] == "stream is missing."
    assert list(notes.list("inbox")) == []


def test_an_event_needs_a_type_and_the_permission(person: Any, notes: Stream) -> None:
    assert do(person("streams.view_group"), "send", stream="notes", group="inbox", type="hello").status_code == 403
    client = person("streams.view_group", "streams.change_group")
    assert do(client, "send", stream="notes", group="inbox", type="hello", data={"a": 1}).status_code == 200
    assert do(client, "send", stream="notes", group="inbox", type="").status_code == 400
