"""Runs in the admin: to look at, to try again, to stop."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from steps.definition import step
from steps.messages import enqueue
from steps.queues import QueueConfig, queue
from tests.steps.bench import WITH_REQUESTS, Bench, all_runs

pytestmark = pytest.mark.parametrize("database", WITH_REQUESTS, indirect=True)
LIST = "admin:steps_run_changelist"


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


def person(*permissions: str) -> Client:
    ContentType.objects.clear_cache()  # what a test before has emptied
    create_permissions(apps.get_app_config("steps"), verbosity=0)
    user = User.objects.create_user("somebody", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def prepare(bench: Bench, serve: Any) -> None:
    def fails(data: Any, ctx: Any) -> None:
        ctx.logger.info("<b>tried</b>", {"data": data})
        raise ValueError(data)

    serve(
        step("Fails", fails, triggers=[queue("t", config=QueueConfig(max_retries=0))]),
        step("Late", lambda data, ctx: None, triggers=[queue("t", config=QueueConfig(delay_seconds=60))]),
    )
    enqueue("t", "x")
    bench.work()


def test_runs_can_be_found_and_read_and_not_edited(bench: Bench, serve: Any) -> None:
    prepare(bench, serve)
    client = person("view_run")
    dead, _late = sorted(all_runs(), key=lambda run: run.step)
    page = client.get(reverse(LIST), {"q": dead.trace_id, "state__exact": "dead"}).content.decode()
    assert dead.id in page
    assert _late.id not in page
    page = client.get(reverse("admin:steps_run_change", args=[dead.id])).content.decode()
    assert "ValueError: x" in page
    assert "&lt;b&gt;tried&lt;/b&gt;" in page
    assert "Traceback" in page
    assert client.post(reverse("admin:steps_run_change", args=[dead.id]), {"state": "done"}).status_code == 403
    assert client.get(reverse("admin:steps_run_add")).status_code == 403


def test_actions_redrive_and_cancel(bench: Bench, serve: Any) -> None:
    prepare(bench, serve)
    client = person("view_run", "change_run")
    ids = [run.id for run in all_runs()]
    answer = client.post(reverse(LIST), {"action": "try_again", "_selected_action": ids}, follow=True)
    assert "1 will be tried again." in answer.content.decode()
    assert [run.state for run in all_runs()] == ["ready", "ready"]
    answer = client.post(reverse(LIST), {"action": "stop", "_selected_action": ids}, follow=True)
    assert "2 cancelled." in answer.content.decode()
    assert [run.state for run in all_runs()] == ["cancelled", "cancelled"]


def test_who_may_only_look_has_no_actions(bench: Bench, serve: Any) -> None:
    prepare(bench, serve)
    client = person("view_run")
    client.post(reverse(LIST), {"action": "stop", "_selected_action": [run.id for run in all_runs()]}, follow=True)
    assert "cancelled" not in {run.state for run in all_runs()}
