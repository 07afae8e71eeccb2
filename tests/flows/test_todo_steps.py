"""Demo 1, the todo steps over HTTP: what is answered, and what is then in the stream and its log."""

import json
from typing import Any

import pytest
from django.test import Client

from project.flows.todo.streams import MAX_LENGTH, todo
from streams.models import Change, Group, Item

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "x" * 300


def send(client: Client, method: str, path: str, body: Any = None) -> Any:
    content = b"" if body is None else json.dumps(body).encode()
    return client.generic(method, path, content, "application/json")


def create(client: Client, description: str = "milk", **more: Any) -> dict[str, Any]:
    answer = send(client, "POST", "/todo", {"description": description, **more})
    assert answer.status_code == 200
    made: dict[str, Any] = answer.json()
    return made


def rows() -> tuple[int, int, int]:
    return Group.objects.count(), Item.objects.count(), Change.objects.count()


@pytest.mark.feature("B2")
def test_new_todo_is_answered_with_its_item_and_where_to_listen(client: Client) -> None:
    made = create(client, " milk ")
    assert made.pop("__stream") == {"streamName": "todo", "groupId": "inbox", "id": made["id"]}
    assert made.keys() == {"id", "description", "createdAt"}
    assert made["description"] == "milk"
    assert todo.get("inbox", made["id"]) == made
    assert create(client, "bread", dueDate="2026-01-31")["dueDate"] == "2026-01-31"
    assert "dueDate" not in create(client, "eggs", dueDate=None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "description"),
        ({"description": ""}, "description"),
        ({"description": "  "}, "description"),
        ({"description": 7}, "description"),
        ({"description": None}, "description"),
        ({"description": "x" * (MAX_LENGTH + 1)}, "description"),
        ({"description": "milk", "dueDate": 7}, "dueDate"),
        ([], ""),
    ],
)
def test_invalid_todo_is_refused_by_field_and_nothing_is_written(client: Client, body: Any, field: str) -> None:
    answer = send(client, "POST", "/todo", body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "Invalid body"
    assert answer.json()["fields"].keys() == {field}
    assert rows() == (0, 0, 0)


def test_missing_description_is_said_in_these_words(client: Client) -> None:
    answer = send(client, "POST", "/todo", {})
    assert answer.json() == {"error": "Invalid body", "fields": {"description": ["Field required"]}}


def test_checking_sets_the_time_and_unchecking_removes_it(client: Client) -> None:
    id = create(client)["id"]
    checked = send(client, "PUT", f"/todo/{id}", {"checked": True})
    assert checked.status_code == 200
    assert checked.json()["completedAt"].endswith("Z")
    assert checked.json()["__stream"]["id"] == id
    unchecked = send(client, "PUT", f"/todo/{id}", {"checked": False})
    assert unchecked.status_code == 200
    assert "completedAt" not in unchecked.json()
    assert todo.get("inbox", id) == {key: value for key, value in unchecked.json().items() if key != "__stream"}


def test_any_of_the_fields_may_be_changed_alone_or_together(client: Client) -> None:
    made = create(client, dueDate="2026-01-31")
    path = f"/todo/{made['id']}"
    assert send(client, "PUT", path, {"description": "bread"}).json()["description"] == "bread"
    assert send(client, "PUT", path, {"dueDate": "2026-02-01"}).json()["dueDate"] == "2026-02-01"
    last = send(client, "PUT", path, {"description": "eggs", "dueDate": None, "checked": True}).json()
    assert last.keys() == {"id", "description", "createdAt", "completedAt", "__stream"}
    assert last["description"] == "eggs"
    assert last["createdAt"] == made["createdAt"]


@pytest.mark.parametrize("body", [{}, {"description": ""}, {"description": None}, {"checked": None}, {"dueDate": 7}])
def test_invalid_change_is_refused_and_nothing_is_written(client: Client, body: Any) -> None:
    id = create(client)["id"]
    before = rows()
    answer = send(client, "PUT", f"/todo/{id}", body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "Invalid body"
    assert rows() == before


def test_completing_notes_when_and_by_whom(client: Client, admin_client: Client, admin_user: Any) -> None:
    id = create(client)["id"]
    todo.update("inbox", id, [{"type": "set", "path": "metadata", "value": {"kept": 1}}])
    answer = send(client, "PATCH", f"/todos/{id}/complete")
    assert answer.status_code == 200
    assert answer.json()["completedAt"]
    assert answer.json()["metadata"] == {"kept": 1, "completedBy": "user-123"}
    answer = send(admin_client, "PATCH", f"/todos/{id}/complete")
    assert answer.json()["metadata"]["completedBy"] == str(admin_user.pk)


def test_list_has_todos_in_creation_order_and_groups(client: Client) -> None:
    assert client.get("/todo").json() == {"todos": [], "groups": []}
    made = [create(client, description) for description in ("milk", "bread")]
    items = [{key: value for key, value in item.items() if key != "__stream"} for item in made]
    assert client.get("/todo").json() == {"todos": items, "groups": ["inbox"]}


def test_deleted_todo_is_gone_and_a_second_delete_is_a_404_that_writes_nothing(client: Client) -> None:
    made = create(client)
    answer = send(client, "DELETE", f"/todo/{made['id']}")
    assert answer.status_code == 200
    assert answer.json() == {key: value for key, value in made.items() if key != "__stream"}
    before = rows()
    assert send(client, "DELETE", f"/todo/{made['id']}").status_code == 404
    assert rows() == before
    assert client.get("/todo").json() == {"todos": [], "groups": []}


@pytest.mark.parametrize("id", ["unknown", LONG, "%2E%2E", "%00"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/todo/{}", {"checked": True}),
        ("PATCH", "/todos/{}/complete", None),
        ("DELETE", "/todo/{}", None),
    ],
)
def test_unknown_todo_is_a_404_and_leaves_no_ghost(client: Client, id: str, method: str, path: str, body: Any) -> None:
    answer = send(client, method, path.format(id), body)
    assert answer.status_code == 404
    assert rows() == (0, 0, 0)


def test_page_of_an_admin_may_write_with_its_csrf_token_only(admin_user: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert send(client, "POST", "/todo", {"description": "milk"}).status_code == 403
    client.cookies["csrftoken"] = "a" * 32
    answer = client.post(
        "/todo", {"description": "milk"}, content_type="application/json", headers={"X-CSRFToken": "a" * 32}
    )
    assert answer.status_code == 200
