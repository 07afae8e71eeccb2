"""Who may read and write over HTTP: the stream's rules, and what Django and DRF know of users."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from streams.authentication import auth_of
from streams.counters import counters
from streams.leases import Subscription
from streams.rest import StreamsAPIView
from streams.writer import Stream
from tests.support.web import ON_SQLITE

Declare = Callable[..., Stream]
Rule = Callable[..., Any]

IN_DATABASE = pytest.mark.django_db(databases=["default"])

READS = ["/streams/s/", "/streams/s/g/", "/streams/s/g/a/"]
WRITES = [
    ("put", "/streams/s/g/a/", {}, "set"),
    ("patch", "/streams/s/g/a/", [{"type": "set", "path": "n", "value": 1}], "update"),
    ("delete", "/streams/s/g/a/", None, "delete"),
    ("post", "/streams/s/g/a/", {"type": "ping"}, "send"),
    ("post", "/streams/s/g/", {"type": "ping"}, "send"),
]


def yes(*_: Any) -> bool:
    return True


async def async_yes(*_: Any) -> bool:
    return True


def odd(answer: Any) -> Rule:
    return lambda *_: answer


def fails(*_: Any) -> bool:
    raise RuntimeError("of the rule's own")


def exits(*_: Any) -> bool:
    raise SystemExit


async def async_fails(*_: Any) -> bool:
    raise RuntimeError("of the rule's own")


DENY: list[Any] = [
    *(pytest.param(odd(answer), id=repr(answer)) for answer in (False, None, 1, "yes", {}, {"authorized": True}, [1])),
    *(pytest.param(rule, id=rule.__name__) for rule in (fails, exits, async_fails)),
    pytest.param(lambda: True, id="takes nothing"),
]


@pytest.fixture
def client() -> APIClient:
    return APIClient()


def send(client: APIClient, method: str, path: str, body: Any, **more: Any) -> Any:
    return getattr(client, method)(path, json.dumps(body), content_type="application/json", **more)


def denied(answer: Any) -> bool:
    return (answer.status_code, answer.json()["error"]["code"]) == (403, "STREAM_ACCESS_DENIED")


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.feature("D6", "D15")
@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"on_join": yes},
        {"on_join": yes, "on_leave": yes},
        {"can_write": yes},
        {"can_access": odd(False), "public": True},
    ],
)
def test_without_a_rule_that_allows_it_nothing_is_read(
    declare: Declare, client: APIClient, options: dict[str, Any], path: str
) -> None:
    declare("s", **options).set("g", "a", {"secret": 1})
    before = counters.get("access_denied", "s")
    answer = client.get(path)
    assert denied(answer)
    assert b"secret" not in answer.content
    assert counters.get("access_denied", "s") == before + 1
    assert client.get("/streams/").json()["streams"] == []


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    "options", [{"public": True}, {"can_access": yes}, {"can_access": async_yes, "on_join": fails}]
)
def test_what_is_public_or_allowed_is_read(
    declare: Declare, client: APIClient, options: dict[str, Any], path: str
) -> None:
    declare("s", **options).set("g", "a", {})
    assert client.get(path).status_code == 200


@pytest.mark.feature("D6")
@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("rule", DENY)
def test_a_rule_for_reading_that_does_not_say_yes_says_no(
    declare: Declare, client: APIClient, rule: Rule, path: str
) -> None:
    declare("s", can_access=rule).set("g", "a", {})
    assert denied(client.get(path))


def test_a_rule_is_told_what_is_asked_for(declare: Declare, client: APIClient) -> None:
    asked: list[Any] = []

    def rule(subscription: Subscription, auth: Any) -> bool:
        asked.append((subscription, auth))
        return True

    declare("s", can_access=rule).set("g", "a", {})
    for path in READS:
        client.get(path)
    assert asked == [
        (Subscription("s", None, None, "", ""), None),
        (Subscription("s", "g", None, "", ""), None),
        (Subscription("s", "g", "a", "", ""), None),
    ]


def test_a_rule_that_takes_too_long_says_no(
    declare: Declare, client: APIClient, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STREAMS = {**settings.STREAMS, "hook_timeout_s": 0.05}
    declare("s", can_access=lambda *_: time.sleep(0.06) or True).set("g", "a", {})
    with caplog.at_level(logging.ERROR, "streams.rules"):
        assert denied(client.get("/streams/s/g/a/"))
    assert "a rule failed" in caplog.text


# -- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.feature("D6")
@pytest.mark.parametrize(("method", "path", "body", "operation"), WRITES)
@pytest.mark.parametrize("rule", [*DENY, pytest.param(None, id="none")])
def test_without_a_rule_that_says_yes_nobody_writes(
    declare: Declare, client: APIClient, rule: Rule | None, method: str, path: str, body: Any, operation: str
) -> None:
    stream = declare("s", public=True, can_access=yes, can_write=rule)
    stream.set("g", "a", {"n": 0})
    assert denied(send(client, method, path, body))
    assert stream.list("g") == [{"n": 0, "id": "a"}]


@pytest.mark.parametrize(("method", "path", "body", "operation"), WRITES)
@pytest.mark.parametrize("colour", ["plain", "async"])
def test_the_rule_for_writing_is_told_the_operation(
    declare: Declare, client: APIClient, colour: str, method: str, path: str, body: Any, operation: str
) -> None:
    asked: list[Any] = []

    def plain(*arguments: Any) -> bool:
        asked.append(arguments)
        return True

    async def waiting(*arguments: Any) -> bool:
        return plain(*arguments)

    stream = declare("s", public=True, can_write=plain if colour == "plain" else waiting)
    stream.set("g", "a", {"n": 0})
    assert send(client, method, path, body).status_code < 300
    item = None if path.endswith("/g/") else "a"
    assert asked == [(Subscription("s", "g", item, "", ""), None, operation)]


@pytest.mark.parametrize(("method", "path", "body", "operation"), WRITES)
def test_who_writes_need_not_be_allowed_to_see(
    declare: Declare, client: APIClient, method: str, path: str, body: Any, operation: str
) -> None:
    stream = declare("s", can_write=yes)
    stream.set("g", "a", {"secret": 1})
    answer = send(client, method, path, body)
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_rule_is_asked_before_what_was_sent_is_looked_at(declare: Declare, client: APIClient) -> None:
    declare("s", public=True)
    assert denied(client.put("/streams/s/g/a/", b"{bad", content_type="application/json"))


# -- users ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def eve(client: APIClient) -> User:
    """Somebody who has signed in."""
    user = User.objects.create_user("eve", password="secret")
    client.force_login(user)
    return user


@IN_DATABASE
def test_rules_are_told_who_asks(declare: Declare, client: APIClient, eve: User) -> None:
    asked: list[Any] = []
    declare(
        "s", can_access=lambda _, auth: not asked.append(auth), can_write=lambda _, auth, __: not asked.append(auth)
    )
    client.get("/streams/s/g/")
    send(client, "put", "/streams/s/g/a/", {})
    assert asked[:2] == [{"userId": str(eve.pk)}] * 2 == [auth_of(eve)] * 2


@IN_DATABASE
def test_a_session_writes_with_its_csrf_token_only(declare: Declare, eve: User) -> None:
    stream = declare("s", public=True, can_write=lambda _, auth, __: auth is not None)
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(eve)
    answer = send(client, "put", "/streams/s/g/a/", {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "PERMISSION_DENIED")
    assert stream.list("g") == []
    token = "x" * 32
    client.cookies["csrftoken"] = token
    assert send(client, "put", "/streams/s/g/a/", {}, HTTP_X_CSRFTOKEN=token).status_code == 201
    assert client.get("/streams/s/g/").status_code == 200


@IN_DATABASE
@override_settings(MIDDLEWARE=["django.contrib.auth.middleware.LoginRequiredMiddleware"])
def test_views_that_need_a_login_by_default_do_not_redirect_clients(declare: Declare, client: APIClient) -> None:
    declare("s", public=True)
    with override_settings(
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.auth.middleware.LoginRequiredMiddleware",
        ]
    ):
        assert [client.get(path).status_code for path in ("/streams/", "/streams/s/g/", "/streams/s/g/a/b/")] == [
            200,
            200,
            404,
        ]


@IN_DATABASE
def test_permissions_and_authentication_of_the_project_count_too(
    declare: Declare, client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StreamsAPIView, "permission_classes", [IsAuthenticated])
    monkeypatch.setattr(StreamsAPIView, "authentication_classes", [BasicAuthentication])
    User.objects.create_user("eve", password="secret")
    declare("s", public=True)
    answer = client.get("/streams/s/g/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "NOT_AUTHENTICATED")
    assert answer["WWW-Authenticate"].startswith("Basic")
    answer = client.get("/streams/s/g/", HTTP_AUTHORIZATION="Basic ZXZlOndyb25n")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AUTHENTICATION_FAILED")
    assert client.get("/streams/s/g/", HTTP_AUTHORIZATION="Basic ZXZlOnNlY3JldA==").status_code == 200


def test_throttles_of_the_project_count_too(
    declare: Declare, client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Rare(SimpleRateThrottle):
        rate = "2/hour"

        def get_cache_key(self, request: Any, view: Any) -> str:
            return "rare"

    monkeypatch.setattr(StreamsAPIView, "throttle_classes", [Rare])
    declare("s", public=True)
    assert [client.get("/streams/s/g/").status_code for _ in range(3)] == [200, 200, 429]
    answer = client.get("/streams/s/g/")
    assert answer.json()["error"]["code"] == "THROTTLED"
    assert int(answer["Retry-After"]) > 0


# -- tokens -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def tokens(settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "authenticate_stream": "tests.support.playground.tokens.authenticate"}


@ON_SQLITE
@pytest.mark.parametrize("more", [{"HTTP_AUTHORIZATION": "Bearer name-eve"}, {"QUERY_STRING": "authToken=name-eve"}])
def test_tokens_say_who_asks(declare: Declare, client: APIClient, tokens: None, more: dict[str, str]) -> None:
    asked: list[Any] = []
    declare(
        "s", can_access=lambda _, auth: not asked.append(auth), can_write=lambda _, auth, __: not asked.append(auth)
    )
    assert client.get("/streams/s/g/", **more).status_code == 200
    assert send(client, "put", "/streams/s/g/a/", {}, **more).status_code == 201
    assert asked[:2] == [{"userId": "eve"}] * 2


@pytest.mark.feature("D11")
@ON_SQLITE
def test_a_token_that_nobody_knows_is_refused(declare: Declare, client: APIClient, tokens: None) -> None:
    declare("s", public=True)
    answer = client.get("/streams/s/g/", HTTP_AUTHORIZATION="Bearer stolen")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED")
    assert answer["WWW-Authenticate"] == "Bearer"
    assert client.get("/streams/s/g/").status_code == 200


@ON_SQLITE
def test_what_comes_with_a_token_needs_no_csrf_token_and_is_not_the_session_s(
    declare: Declare, eve: User, settings: Any
) -> None:
    asked: list[Any] = []
    declare("s", public=True, can_write=lambda _, auth, __: not asked.append(auth))
    settings.STREAMS = {**settings.STREAMS, "authenticate_stream": "tests.support.playground.tokens.authenticate"}
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(eve)
    assert send(client, "put", "/streams/s/g/a/", {}, HTTP_AUTHORIZATION="Bearer name-bob").status_code == 201
    assert asked == [{"userId": "bob"}]
