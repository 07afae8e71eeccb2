"""A worker in the test's own thread, and the databases that it works on."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db.models.functions import Now

from steps import worker
from steps.models import Heartbeat, Run
from steps.runs import rows
from steps.watch import Watch
from streams.stores.database import DatabaseStore

APPS = ["streams", "steps", "django_celery_beat"]  # only their tables are emptied after each test
SQLITE = pytest.mark.django_db(transaction=True, databases=["default"], available_apps=APPS)
POSTGRES = pytest.mark.django_db(transaction=True, databases=["default", "postgres"], available_apps=APPS)
WITH_REQUESTS = [
    pytest.param("default", marks=pytest.mark.django_db(transaction=True, databases=["default"]), id="sqlite"),
    pytest.param(
        "postgres", marks=pytest.mark.django_db(transaction=True, databases=["default", "postgres"]), id="postgres"
    ),
]
DATABASES = [
    pytest.param("default", marks=SQLITE, id="sqlite"),
    pytest.param("postgres", marks=POSTGRES, id="postgres"),
]


class Bench:
    """A worker in the test's own thread: real rows, real claims, no Celery between."""

    def __init__(self) -> None:
        self.watch = Watch(ticking=False)
        self.lease = Heartbeat.objects.create(kind=Heartbeat.Kind.WORKER, host="test", pid=1).pk

    def work(self, most: int = 1000) -> int:
        """Do what is due until nothing is; return how many runs were claimed."""
        done = 0
        while done < most:
            due = rows().filter(state=Run.State.READY, due_at__lte=Now()).order_by("id")
            if not any(worker.perform(id) for id in due.values_list("pk", flat=True)):
                return done
            done += 1
        raise AssertionError("the runs do not come to an end")

    def hurry(self) -> None:
        """Let what waits for its time be due now."""
        rows().filter(state=Run.State.READY).update(due_at=Now())

    def finish(self) -> None:
        """Do everything, also what waits for another attempt."""
        while rows().filter(state=Run.State.READY).exists():
            self.hurry()
            self.work()


def all_runs(**filters: Any) -> Sequence[Run]:
    """Return runs in the order in which they were made."""
    return list(rows().filter(**filters).order_by("id"))


class Elsewhere(DatabaseStore):
    """A store in another database than the default one."""

    def __init__(self) -> None:
        super().__init__("postgres")
