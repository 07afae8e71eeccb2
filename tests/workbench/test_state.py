"""The workbench's State without a browser: scopes and values, at a bounded cost, and what is written by hand."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from streams.models import Group, Item
from streams.state import state

pytestmark = pytest.mark.django_db


def read(client: Client, name: str, **query: Any) -> Any:
    answer = client.get(reverse(f"admin:steps_workbench_state_{name}"), query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def do(client: Client, name: str, **body: Any) -> Any:
    return client.post(reverse(f"admin:steps_workbench_state_do_{name}"), body, content_type="application/json")


def test_any_json_is_listed_by_scope_and_key(person: Any) -> None:
    state.set("pets", "1", {"name": "Max", "id": "other"})
    state.set("pets", "count", 7)
    state.set("people", "ada", ["x", None])
    client = person("streams.view_group", "streams.view_item")
    assert [one["group"] for one in read(client, "scopes")["groups"]] == ["people", "pets"]
    assert [one["group"] for one in read(client, "scopes", find="pet")["groups"]] == ["pets"]
    found = read(client, "values", group="pets")["items"]
    assert [(one["id"], one["value"]) for one in found] == [("1", {"name": "Max", "id": "other"}), ("count", 7)]
    assert read(client, "values", group="people")["items"][0]["value"] == ["x", None]


def test_values_have_a_permission_of_their_own(person: Any) -> None:
    answer = person("streams.view_group").get(reverse("admin:steps_workbench_state_values"), {"group": "pets"})
    assert (answer.status_code, "streams.view_item" in answer.json()["error"]) == (403, True)


def test_many_values_are_read_page_by_page(person: Any) -> None:
    state.set("large", "k0", 0)
    group = Group.objects.get(key="large")
    Item.objects.bulk_create(
        [
            Item(group=group, key=f"k{number}", value="1", sequence=number, created=number)
            for number in range(2, 20_000)
        ],
        batch_size=5000,
    )
    client = person(superuser=True)
    with CaptureQueriesContext(connection) as asked:
        first = read(client, "values", group="large")
    ours = [one["sql"] for one in asked.captured_queries if "streams_" in one["sql"]]
    assert len(ours) <= 3
    assert not any("COUNT(" in sql for sql in ours)
    rest = read(client, "values", group="large", after=first["after"])
    assert (len(first["items"]), rest["items"][0]["id"]) == (100, "k101")


@pytest.mark.feature("H12")
def test_values_are_written_by_those_who_may(person: Any) -> None:
    place = {"group": "pets", "id": "1"}
    looking = person("streams.view_group", "streams.view_item")
    for name in ("create", "edit", "delete"):
        assert do(looking, name, **place, value=1).status_code == 403
    client = person("streams.view_group", "streams.add_item", "streams.change_item", "streams.delete_item")
    assert do(client, "edit", **place, value=1).status_code == 404
    assert do(client, "create", **place, value=0).status_code == 200
    assert do(client, "create", **place, value=1).status_code == 400  # there is one, whatever it is
    assert do(client, "edit", **place, value={"name": "Max"}).json() == {"item": {"name": "Max"}}
    assert state.get("pets", "1") == {"name": "Max"}
    assert do(client, "delete", **place).json() == {"deleted": True}
    assert do(client, "create", group="", id="1", value=1).status_code == 400
    assert do(client, "create", group="pets", value=1).json()["error"] == "id is missing."
