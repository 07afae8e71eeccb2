"""What is done in the workbench stands in the admin's history, with who did it."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from steps.models import Run
from streams.registry import registry
from streams.writer import Stream
from tests.workbench.conftest import make_run

pytestmark = pytest.mark.django_db
JSON = "application/json"


def do(client: Any, name: str, body: Any) -> Any:
    return client.post(reverse(f"admin:steps_workbench_{name}"), body, content_type=JSON)


def test_actions_are_noted_with_who_did_them(person: Any) -> None:
    client = person(superuser=True)
    dead = make_run(state=Run.State.DEAD)
    assert do(client, "queues_do_redrive", {"ids": [dead.pk]}).status_code == 200
    [entry] = LogEntry.objects.all()
    assert (entry.object_repr, entry.change_message) == ("Queues: redrive", f"1 runs: {dead.pk}")
    assert entry.user.is_superuser
    assert "Queues: redrive" in client.get(reverse("admin:index")).content.decode()


def test_values_are_not_noted(person: Any) -> None:
    before = registry.all()
    registry.replace([Stream("notes")])
    try:
        item = {"stream": "notes", "group": "g", "id": "1", "value": {"secret": "letmein"}}
        assert do(person(superuser=True), "streams_do_create", item).status_code == 200
    finally:
        registry.replace(before)
    [entry] = LogEntry.objects.all()
    assert (entry.object_repr, entry.change_message) == ("Streams: create", "stream notes, group g, id 1")


def test_what_was_refused_or_changes_nothing_is_not_noted(person: Any) -> None:
    client = person("steps.view_run")
    assert do(client, "queues_do_redrive", {"ids": [make_run(state=Run.State.DEAD).pk]}).status_code == 403
    assert do(person(superuser=True), "endpoints_do_check", {"id": "POST /todo", "value": {}}).status_code == 200
    assert not LogEntry.objects.exists()
