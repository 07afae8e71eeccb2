"""The admin's own lists beside the workbench: they find, filter and link, and none counts a whole table."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from steps.models import Run
from streams import readonly
from streams.models import Change, Group, Item
from streams.registry import registry
from streams.writer import Stream
from tests.workbench.conftest import make_run

pytestmark = pytest.mark.django_db
RUNS = reverse("admin:steps_run_changelist")
GROUPS, ITEMS, CHANGES = (reverse(f"admin:streams_{name}_changelist") for name in ("group", "item", "change"))


@pytest.fixture
def notes() -> Iterator[Stream]:
    before = registry.all()
    notes, other = Stream("notes"), Stream("other")
    registry.replace([notes, other])
    for number in range(3):
        notes.set("inbox", f"n{number}", {"text": f"note {number}"})
        other.set("inbox", f"o{number}", {"text": "another"})
    yield notes
    registry.replace(before)


def rows(client: Client, address: str, **query: Any) -> int:
    page = client.get(address, query)
    assert page.status_code == 200
    return len(re.findall(r'<th class="field-', page.content.decode()))


@pytest.mark.parametrize("address", [RUNS, GROUPS, ITEMS, CHANGES])
def test_no_list_counts_or_sorts_a_whole_table(
    person: Any, notes: Stream, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readonly, "MOST", 2)
    for _ in range(4):
        make_run()
    client = person(superuser=True)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert rows(client, address) > 0
    asked = [
        query["sql"] for query in queries.captured_queries if "steps_run" in query["sql"] or "streams_" in query["sql"]
    ]
    assert len(asked) == 2  # a bounded count, and the page
    assert all("LIMIT 3" in sql for sql in asked if "COUNT(" in sql)
    assert not any("DISTINCT" in sql for sql in asked)


def test_rows_are_found_by_their_whole_ids(person: Any, notes: Stream) -> None:
    client = person(superuser=True)
    assert rows(client, ITEMS, q="n1") == 1
    assert rows(client, ITEMS, q="inbox") == 6
    assert rows(client, CHANGES, q="inbox", stream="notes") == 3
    assert rows(client, ITEMS, q="nothing") == 0
    assert rows(client, GROUPS, stream="other") == 1


def test_runs_are_found_by_ids_and_words(person: Any) -> None:
    client = person(superuser=True)
    dead = make_run(state=Run.State.DEAD, reason="ValueError: the parcel is lost", error_id="e" * 32)
    make_run(trace_id=dead.trace_id, step="Pack")
    make_run()
    assert rows(client, RUNS, q=dead.id) == 1
    assert rows(client, RUNS, q=dead.trace_id) == 2
    assert rows(client, RUNS, q="e" * 32) == 1
    assert rows(client, RUNS, q="parcel") == 1
    assert rows(client, RUNS, step="Pack") == 1
    assert rows(client, RUNS, state__exact="dead") == 1


def test_links_lead_from_run_to_change_to_item_and_back(person: Any, notes: Stream) -> None:
    client = person(superuser=True)
    group = Group.objects.get(stream="notes")
    change = Change.objects.get(group=group, key="n1")
    operation = f'{{"operation": "streams.notes.set", "group": "inbox", "id": "n1", "sequence": "{change.sequence}"}}'
    run = make_run(state=Run.State.DONE, operations=f"[{operation}]")

    page = client.get(reverse("admin:steps_run_change", args=[run.pk])).content.decode()
    assert f'{reverse("admin:steps_workbench_traces")}?trace={run.trace_id}"' in page
    [to_change] = re.findall(rf'href="({CHANGES}[^"]*sequence[^"]*)"', page)
    page = client.get(to_change.replace("&amp;", "&")).content.decode()
    assert page.count('<th class="field-') == 1
    [to_item] = set(re.findall(rf'href="({ITEMS}[^"]*key=[^"]*)"', page))
    page = client.get(to_item.replace("&amp;", "&")).content.decode()
    assert page.count('<th class="field-') == 1
    [to_log] = set(re.findall(rf'href="({CHANGES}[^"]*key=[^"]*)"', page))
    assert client.get(to_log.replace("&amp;", "&")).content.decode().count('<th class="field-') == 1
    for row, name in ((Item.objects.get(key="n1"), "item"), (change, "change")):
        assert "note 1" in client.get(reverse(f"admin:streams_{name}_change", args=[row.pk])).content.decode()
