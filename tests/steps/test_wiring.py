"""System checks of what lies between steps."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import current_app
from django.apps import apps
from django.core.checks import run_checks
from django.test import override_settings

from steps.definition import Step, step
from steps.queues import queue
from steps.triggers import http
from steps.watches import state, stream
from streams.stores.memory import MemoryStore
from streams.writer import Stream

Serve = Callable[..., None]


def handler(input: Any, ctx: Any) -> None:
    return None


def found(*, deploy: bool = False) -> list[tuple[str | None, str, str]]:
    messages = run_checks(tags=["steps"], include_deployment_checks=deploy)
    return [(message.id, str(message.msg), str(message.hint)) for message in messages]


def on(name: str, *triggers: Any, **options: Any) -> Step:
    return step(name, handler, triggers=list(triggers), **options)


def test_topic_that_nobody_listens_to(serve: Serve) -> None:
    serve(on("Sends", queue("known"), enqueues=["known", "unknown"], virtual_enqueues=["drawn"]))
    [(id, message, hint)] = found()
    assert id == "steps.W003"
    assert "step 'Sends' enqueues 'unknown'" in message
    assert 'queue("unknown")' in hint


def test_stream_that_is_not_there(serve: Serve, declare: Serve) -> None:
    declare(Stream("known"))
    serve(on("Watches", stream("known"), stream("unknown"), state("scope")))
    [(id, message, hint)] = found()
    assert id == "steps.E005"
    assert "'Watches'" in message
    assert "there is no stream named 'unknown'" in message
    assert "known" in hint


def test_store_that_commits_apart_from_the_runs(serve: Serve, declare: Serve) -> None:
    assert not MemoryStore.transactional
    declare(Stream("quick", storage="memory"), Stream("apart", storage="tests.steps.bench.Elsewhere"))
    serve(on("Watches", stream("quick")), on("Elsewhere", stream("apart")))
    assert [id for id, *_ in found()] == ["steps.E006", "steps.E006"], found()


@pytest.fixture
def _eager() -> Iterator[None]:
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False


@pytest.mark.usefixtures("_eager")
def test_eager_mode(serve: Serve) -> None:
    serve(on("Answers", http("GET", "/x")))
    assert found() == []
    serve(on("Works", queue("t")))
    assert [id for id, *_ in found()] == ["steps.E007"]


def test_missing_broker_and_beat(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(on("Works", queue("t")))
    assert [id for id, *_ in found(deploy=True)] == ["steps.W004"]
    assert found() == []
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "django_celery_beat")
    assert [id for id, *_ in found()] == ["steps.E008"]


def test_streaming_without_asgi(serve: Serve) -> None:
    async def streams(request: Any, ctx: Any) -> Any:
        yield "x"

    serve(step("Streams", streams, triggers=[http("GET", "/x")]))
    assert found() == []
    with override_settings(ASGI_APPLICATION=None):
        [(id, message, _)] = found()
    assert (id, "Streams" in message) == ("steps.W005", True)
