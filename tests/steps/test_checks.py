"""System checks: each problem has its id, and says what to do."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.test import override_settings

from steps import checks
from steps.definition import Step, step
from steps.registry import registry
from steps.triggers import http
from streams.registry import ImportFailure

Serve = Callable[..., None]


def handler(input: Any, ctx: Any) -> None:
    return None


def at(name: str, *routes: tuple[str, str]) -> Step:
    return step(name, handler, triggers=[http(method, path) for method, path in routes])


def found() -> list[CheckMessage]:
    return run_checks(tags=["steps"])


def ids() -> list[str | None]:
    return [message.id for message in found()]


def test_project_is_fine() -> None:
    assert ids() == []


@override_settings(STEPS={"check_responses": True, "no_such_thing": 1})
def test_unknown_setting_is_e001() -> None:
    [message] = found()
    assert message.id == "steps.E001"
    assert "no_such_thing" in message.msg
    assert "check_responses" in (message.hint or "")


@override_settings(STEPS=["check_responses"])
def test_settings_that_are_no_dict_are_e001() -> None:
    assert ids() == ["steps.E001"]


def test_import_error_is_e002(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.discovery, "failures", [ImportFailure("some.app.steps", ValueError("bad line"))])
    [message] = found()
    assert message.id == "steps.E002"
    assert "some.app.steps" in message.msg
    assert "bad line" in message.msg


@pytest.mark.parametrize(
    "path", ["/", "/admin", "/admin/x", "/streams/{id}", "/static/a", "/schema", "/healthz", "/metrics/", "/flows/todo"]
)
def test_reserved_route_is_e003(serve: Serve, path: str) -> None:
    serve(at("taken", ("GET", path)), at("free", ("GET", "/administrators"), ("GET", "/x/admin")))
    [message] = found()
    assert message.id == "steps.E003"
    assert "'taken'" in message.msg
    assert __file__ in message.msg
    assert message.hint


def test_two_steps_on_one_route_are_e004_with_both_files(serve: Serve) -> None:
    serve(at("first", ("GET", "/a/{x}")), at("second", ("GET", "/a/:y")), at("other", ("PUT", "/a/{x}")))
    [message] = found()
    assert message.id == "steps.E004"
    assert "'first'" in message.msg
    assert "'second'" in message.msg
    assert message.msg.count(__file__) == 2


def test_steps_missing_in_openapi_are_w001() -> None:
    with override_settings(SPECTACULAR_SETTINGS={**settings.SPECTACULAR_SETTINGS, "PREPROCESSING_HOOKS": []}):
        [message] = found()
    assert message.id == "steps.W001"
    assert checks.HOOK in (message.hint or "")


def test_routes_without_urls_are_w002(serve: Serve) -> None:
    urls = ModuleType("urls_of_a_test")
    urls.urlpatterns = []  # type: ignore[attr-defined]
    with override_settings(ROOT_URLCONF=urls):
        [message] = found()
        assert message.id == "steps.W002"
        assert 'include("steps.urls")' in (message.hint or "")
        serve()
        assert ids() == []
