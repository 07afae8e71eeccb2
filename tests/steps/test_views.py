"""Steps over HTTP: who may, what goes wrong, and what is never said."""

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.test import Client, override_settings
from django.utils.translation import gettext_lazy
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.permissions import IsAdminUser, IsAuthenticated
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle

from steps.context import Context
from steps.definition import Step, step
from steps.requests import Request
from steps.triggers import http
from streams.errors import StreamNotFound

Serve = Callable[..., None]


def at(method: str, path: str, handler: Any = None, name: str = "Tested", **options: Any) -> Step:
    return step(name, handler or (lambda input, ctx: "done"), triggers=[http(method, path, **options)])


class OnePerMinute(SimpleRateThrottle):
    rate = "1/min"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return f"steps-tests-{view.route.step.name}-{id(view.route)}"


# -- routing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/x", "/x/"])
def test_slash_at_the_end_does_not_count(serve: Serve, client: Client, path: str) -> None:
    serve(at("POST", "/x"))
    assert client.post(path).json() == "done"


def test_unknown_path_is_a_404(serve: Serve, client: Client) -> None:
    serve(at("GET", "/x"))
    for path in ("/y", "/x/y", "/x//", "/x%0A"):
        assert client.get(path).status_code == 404


def test_wrong_method_is_a_405_that_says_which_are_right(serve: Serve, client: Client) -> None:
    serve(at("GET", "/x/{id}", name="Get"), at("PUT", "/x/{other}", name="Put"), at("POST", "/x/new", name="New"))
    answer = client.delete("/x/new")
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD, OPTIONS, POST, PUT"
    assert answer.json() == {"error": "Method not allowed"}
    assert client.delete("/x/1")["Allow"] == "GET, HEAD, OPTIONS, PUT"
    assert "Allow" not in client.get("/x/1")


def test_options_says_what_is_allowed_and_head_answers_as_get(serve: Serve, client: Client) -> None:
    serve(at("GET", "/x"))
    options = client.options("/x")
    assert (options.status_code, options["Allow"], options.content) == (204, "GET, HEAD, OPTIONS", b"")
    head = client.head("/x")
    assert (head.status_code, head.content, head["Content-Type"]) == (200, b"", "application/json")


def test_options_and_head_can_be_steps(serve: Serve, client: Client) -> None:
    serve(at("OPTIONS", "/x"), at("HEAD", "/y", lambda input, ctx: {"status": 202}, name="Head"))
    assert client.options("/x").json() == "done"
    assert client.head("/y").status_code == 202
    assert client.get("/y").status_code == 405


def test_one_step_answers_all_its_triggers(serve: Serve, client: Client) -> None:
    def handler(input: Request, ctx: Context) -> str:
        return f"{ctx.trigger.type} {input.method} {sorted(input.path_params)}"

    serve(step("Both", handler, triggers=[http("GET", "/x"), http("POST", "/y/{id}")]))
    assert client.get("/x").json() == "http GET []"
    assert client.post("/y/1").json() == "http POST ['id']"


def test_every_accept_header_is_answered_in_json(serve: Serve, client: Client) -> None:
    serve(at("GET", "/x"))
    for accept in ("text/html", "text/event-stream", "application/xml", "*/*"):
        answer = client.get("/x", headers={"accept": accept})
        assert (answer.status_code, answer.json()) == (200, "done")


# -- handlers ---------------------------------------------------------------------------------------------------------


def test_context_speaks_the_colour_of_the_handler(serve: Serve, client: Client) -> None:
    seen: dict[str, Any] = {}

    def plain(input: Request, ctx: Context) -> None:
        seen["plain"] = ctx.streams.todo

    async def colourful(input: Request, ctx: Context) -> None:
        seen["async"] = ctx.streams["todo"]

    serve(at("GET", "/plain", plain, "Plain"), at("GET", "/async", colourful, "Async"))
    assert client.get("/plain").status_code == client.get("/async").status_code == 204
    assert not asyncio.iscoroutinefunction(seen["plain"].set)
    assert asyncio.iscoroutinefunction(seen["async"].set)


def test_context_knows_the_run_and_its_log_lines_say_so(
    serve: Serve, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    contexts: list[Context] = []

    async def handler(input: Request, ctx: Context) -> None:
        ctx.logger.info("seen", {"name": "clashes with nothing"})
        ctx.logger.info("again", extra={"key": 1})
        contexts.append(ctx)

    serve(step("Logs", handler, triggers=[http("GET", "/x")], flows=["a"]))
    with caplog.at_level(logging.INFO, __name__):
        client.get("/x")
        client.get("/x")
    first, second = contexts
    assert first.flows == ("a",)
    assert first.trigger.type == "http"
    assert len(first.trace_id) == len(second.trace_id) == 32
    assert first.trace_id != second.trace_id
    line, other, *_ = (vars(record) for record in caplog.records if record.name == __name__)
    assert (line["message"], line["data"]) == ("seen", {"name": "clashes with nothing"})
    assert (line["step"], line["trace_id"]) == ("Logs", first.trace_id)
    assert (other["message"], other["data"]) == ("again", {"key": 1})


def test_async_handler_works_on_the_thread_and_connection_of_its_request(serve: Serve, client: Client) -> None:
    threads: list[tuple[int, int]] = []

    def where() -> tuple[int, int]:
        return threading.get_ident(), id(connection.connection)

    async def handler(input: Request, ctx: Context) -> None:
        threads.extend([await sync_to_async(where)(), await sync_to_async(where)()])

    serve(at("GET", "/x", handler))
    client.get("/x")
    assert threads == [where(), where()]


def test_plain_function_that_returns_a_coroutine_is_a_clear_error(
    serve: Serve, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    async def inner(input: Request, ctx: Context) -> str:
        return "never awaited"

    serve(at("GET", "/x", lambda input, ctx: inner(input, ctx)))
    assert client.get("/x").status_code == 500
    assert "declare it with async def" in caplog.text


# -- conditions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [True, None, 0, "", []])
def test_only_false_skips(serve: Serve, client: Client, verdict: object) -> None:
    serve(at("POST", "/x/{id}", condition=lambda input: verdict))
    assert client.post("/x/1").json() == "done"


def test_condition_sees_the_input_and_false_is_a_422(serve: Serve, client: Client) -> None:
    called: list[str] = []

    async def is_one(input: Request) -> bool:
        return input.path_params["id"] == "1"

    serve(at("POST", "/x/{id}", lambda input, ctx: called.append("yes"), condition=is_one))
    assert client.post("/x/1").status_code == 204
    answer = client.post("/x/2")
    assert answer.status_code == 422
    assert answer.json() == {"error": "The condition of this step is not met", "skipped": True}
    assert called == ["yes"]


def test_condition_is_asked_after_validation(serve: Serve, client: Client) -> None:
    serve(at("POST", "/x", body={"type": "object", "required": ["a"]}, condition=lambda input: False))
    assert client.post("/x", {}, content_type="application/json").status_code == 400
    assert client.post("/x", {"a": 1}, content_type="application/json").status_code == 422


def test_raising_condition_is_a_500(serve: Serve, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    def broken(input: Request) -> bool:
        raise RuntimeError("secret of the condition")

    serve(at("GET", "/x", condition=broken))
    answer = client.get("/x")
    assert answer.status_code == 500
    assert "secret" not in answer.content.decode()
    assert "secret of the condition" in caplog.text


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    "error", [RuntimeError("secret"), StreamNotFound("secret"), KeyError("secret"), RecursionError("secret")]
)
def test_exception_is_a_500_that_says_nothing_and_a_log_line_that_says_all(
    serve: Serve, client: Client, caplog: pytest.LogCaptureFixture, error: Exception, debug: bool
) -> None:
    async def handler(input: Request, ctx: Context) -> None:
        raise error

    serve(at("GET", "/x", handler, "Broken"))
    with override_settings(DEBUG=debug):
        answer = client.get("/x")
    assert answer.status_code == 500
    body = answer.json()
    assert body == {"error": "Internal server error", "error_id": body["error_id"]}
    assert "secret" not in str(answer.headers)
    [record] = [record for record in caplog.records if record.name == "steps.views"]
    facts = vars(record)
    assert record.levelno == logging.ERROR
    assert (facts["error_id"], facts["step"]) == (body["error_id"], "Broken")
    assert len(facts["trace_id"]) == 32
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert "in handler" in caplog.text


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (Http404("No such thing"), 404, {"detail": "No such thing"}),
        (PermissionDenied("Not you"), 403, {"detail": "Not you"}),
        (ValidationError({"text": ["Too short"]}), 400, {"text": ["Too short"]}),
        (ValidationError([gettext_lazy("No"), Decimal("1.5")]), 400, ["No", "1.5"]),
        (Throttled(wait=7), 429, None),
    ],
)
def test_exceptions_that_drf_has_answers_for_are_answers(
    serve: Serve, client: Client, error: Exception, status: int, body: Any
) -> None:
    def handler(input: Request, ctx: Context) -> None:
        raise error

    serve(at("GET", "/x", handler))
    answer = client.get("/x")
    assert answer.status_code == status
    assert body is None or answer.json() == body
    assert status != 429 or answer["Retry-After"] == "7"


def answer_with_values(exc: Exception, context: Any) -> Response:
    return Response({"said": gettext_lazy("Yes"), "at": date(2026, 1, 31), "price": Decimal("0.10")}, status=418)


def test_exception_handler_of_the_project_is_asked(serve: Serve, client: Client) -> None:
    def handler(input: Request, ctx: Context) -> None:
        raise RuntimeError

    serve(at("GET", "/x", handler))
    with override_settings(REST_FRAMEWORK={**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": answer_with_values}):
        answer = client.get("/x")
    assert (answer.status_code, answer.json()) == (418, {"said": "Yes", "at": "2026-01-31", "price": "0.10"})


def save_and_fail(input: Request, ctx: Context) -> None:
    User.objects.create(username="saved")
    raise RuntimeError


async def async_save_and_fail(input: Request, ctx: Context) -> None:
    await User.objects.acreate(username="saved")
    raise RuntimeError


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("handler", [save_and_fail, async_save_and_fail])
def test_failed_handler_is_rolled_back_where_it_is_atomic(serve: Serve, client: Client, handler: Any) -> None:
    serve(step("Atomic", handler, triggers=[http("POST", "/x")], atomic=True), at("POST", "/y", handler))
    assert client.post("/x").status_code == 500
    assert not User.objects.exists()
    assert client.post("/y").status_code == 500
    assert User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_failed_handler_is_rolled_back_with_atomic_requests(
    serve: Serve, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    serve(at("POST", "/x", save_and_fail))
    assert client.post("/x").status_code == 500
    assert not User.objects.exists()


# -- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_permissions_of_the_trigger_count(serve: Serve, client: Client, django_user_model: Any) -> None:
    serve(at("GET", "/x", permission_classes=[IsAdminUser]), at("GET", "/open", name="Open"))
    assert client.get("/x").status_code == 403
    client.force_login(django_user_model.objects.create_user("anna"))
    assert client.get("/x").status_code == 403
    client.force_login(django_user_model.objects.create_superuser("admin"))
    assert client.get("/x").status_code == 200
    assert Client().get("/open").status_code == 200


@pytest.mark.django_db
def test_refused_request_does_not_reach_the_handler_or_its_body(serve: Serve, client: Client) -> None:
    called: list[Any] = []
    serve(at("POST", "/x", lambda input, ctx: called.append(input), permission_classes=[IsAuthenticated]))
    assert client.post("/x", b"{bad", content_type="application/json").status_code == 403
    assert called == []


@pytest.mark.django_db
def test_authentication_of_the_trigger_counts(serve: Serve, client: Client, django_user_model: Any) -> None:
    django_user_model.objects.create_user("anna", password="secret")
    serve(
        at(
            "GET",
            "/x",
            lambda input, ctx: input.user.username,
            authentication_classes=[BasicAuthentication],
            permission_classes=[IsAuthenticated],
        )
    )
    answer = client.get("/x")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Basic")
    assert client.get("/x", headers={"authorization": "Basic YW5uYTpzZWNyZXQ="}).json() == "anna"


def test_throttles_of_the_trigger_count(serve: Serve, client: Client) -> None:
    serve(at("GET", "/x", throttle_classes=[OnePerMinute]))
    assert client.get("/x").status_code == 200
    answer = client.get("/x")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


@pytest.mark.django_db
def test_session_writes_need_the_csrf_token_and_anonymous_ones_do_not(serve: Serve, django_user_model: Any) -> None:
    serve(at("POST", "/x", authentication_classes=[SessionAuthentication]))
    client = Client(enforce_csrf_checks=True)
    assert client.post("/x").status_code == 200
    client.force_login(django_user_model.objects.create_user("anna"))
    refused = client.post("/x")
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]
    token = "a" * 32
    client.cookies["csrftoken"] = token
    assert client.post("/x", headers={"X-CSRFToken": token}).status_code == 200


def test_login_required_middleware_leaves_it_to_the_permissions(serve: Serve, client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    serve(at("GET", "/x"))
    assert client.get("/x").status_code == 200
