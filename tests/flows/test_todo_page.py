"""/flows/todo/ as the server renders it, and its forms for browsers without scripts."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from project.flows.todo.streams import todo

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/flows/todo/"


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    """No collected files are needed to look at a page, whatever .env says."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def client() -> Client:
    return Client(enforce_csrf_checks=True)


def post(client: Client, **data: str) -> Any:
    client.get(PAGE)
    return client.post(PAGE, {**data, "csrfmiddlewaretoken": client.cookies["csrftoken"].value})


def snapshot(html: str) -> Any:
    [text] = re.findall(r'<script id="snapshot" type="application/json">(.*?)</script>', html)
    return json.loads(text)


def items() -> list[Any]:
    return list(todo.list("inbox"))


def test_empty_page_says_so_and_knows_the_position_of_nothing(client: Client) -> None:
    html = client.get(PAGE).content.decode()
    assert re.search(r'id="empty">', html)
    assert snapshot(html) == {"items": [], "sequence": 0, "epoch": ""}


def test_page_shows_the_items_and_hands_them_to_the_script_with_their_position(client: Client) -> None:
    made = todo.set("inbox", "a", {"description": "<b>milk</b>", "createdAt": "2026-11-20T10:00:00Z"})
    html = client.get(PAGE).content.decode()
    assert '<span class="what">&lt;b&gt;milk&lt;/b&gt;</span>' in html
    assert re.search(r'id="empty" hidden>', html)
    handed = snapshot(html)
    assert handed["items"] == [made.new_value]
    assert (handed["sequence"], handed["epoch"]) == (made.sequence, todo.snapshot("inbox").epoch)
    assert "1 open, 0 done" in html


@pytest.mark.parametrize(
    ("due", "done", "shown", "overdue"),
    [
        ("2020-03-01", False, "1 Mar 2020", True),
        ("2020-03-01", True, "1 Mar 2020", False),
        ("today", False, None, False),
        ("next week, perhaps", False, "next week, perhaps", False),
    ],
)
def test_due_dates_are_readable_and_late_ones_stand_out(
    client: Client, due: str, done: bool, shown: str | None, overdue: bool
) -> None:
    item = {"description": "milk", "createdAt": "2026-11-20T10:00:00Z"}
    item["dueDate"] = timezone.localdate().isoformat() if due == "today" else due
    todo.set("inbox", "a", item | ({"completedAt": "2026-11-20T11:00:00Z"} if done else {}))
    html = client.get(PAGE).content.decode()
    [(attributes, text)] = re.findall(r'<time class="due"\s*(datetime[^>]*)>([^<]*)</time>', html)
    assert ("data-overdue" in attributes) is overdue
    if shown is not None:
        assert text == shown


def test_forms_add_tick_untick_and_delete(client: Client) -> None:
    answer = post(client, add="yes", description="  milk ", dueDate="2026-12-01")
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    [item] = items()
    assert item.keys() == {"id", "description", "dueDate", "createdAt"}
    assert (item["description"], item["dueDate"]) == ("milk", "2026-12-01")
    post(client, check=item["id"])
    assert items()[0]["completedAt"]
    post(client, uncheck=item["id"])
    assert items() == [item]
    post(client, delete=item["id"])
    assert items() == []


@pytest.mark.parametrize("action", ["check", "uncheck", "delete"])
def test_todo_that_is_gone_stays_gone(client: Client, action: str) -> None:
    assert post(client, **{action: "gone"}).status_code == 302
    assert items() == []
    assert post(client, **{action: "x" * 256}).status_code == 400


def test_what_cannot_be_added_is_explained_and_kept_in_the_form(client: Client) -> None:
    answer = post(client, add="yes", description="x" * 501, dueDate="2026-12-01")
    html = answer.content.decode()
    assert answer.status_code == 400
    assert "description: String should have at most 500 characters" in html
    assert "x" * 501 in html
    assert 'value="2026-12-01"' in html
    assert items() == []


def test_post_without_the_token_is_refused(client: Client) -> None:
    assert client.post(PAGE, {"add": "yes", "description": "milk"}).status_code == 403
    assert items() == []


def test_dates_are_days_of_the_reader_not_times() -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    todo.set("inbox", "a", {"description": "milk", "createdAt": "x", "dueDate": yesterday.isoformat()})
    assert "data-overdue" in Client().get(PAGE).content.decode()
