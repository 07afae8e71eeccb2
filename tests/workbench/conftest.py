"""People with permissions, and runs for them to look at."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from steps.models import Run
from steps.spans import new_run_id, new_trace_id

Person = Callable[..., Client]


@pytest.fixture
def person() -> Person:
    """Log somebody in: ``person("steps.view_run", staff=True)``."""
    ContentType.objects.clear_cache()  # what a test before has emptied
    for app in ("steps", "streams", "django_celery_beat"):
        create_permissions(apps.get_app_config(app), verbosity=0)

    def log_in(*permissions: str, staff: bool = True, superuser: bool = False) -> Client:
        user = User.objects.create_user(f"person{User.objects.count()}", is_staff=staff, is_superuser=superuser)
        for permission in permissions:
            app, _, codename = permission.partition(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        client = Client()
        client.force_login(user)
        return client

    return log_in


def make_run(using: str = "default", **columns: Any) -> Run:
    """Store a run in the database *using*; one that is not unfinished has ended now."""
    given = {"id": new_run_id(), "trace_id": new_trace_id(), "step": "Sample", "trigger": "queue", "source": "samples"}
    if columns.get("state", Run.State.READY) not in (Run.State.READY, Run.State.RUNNING):
        given |= {"started_at": datetime.now(UTC), "finished_at": datetime.now(UTC)}
    return Run.objects.using(using).create(**{**given, **columns})
