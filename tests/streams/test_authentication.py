"""Who somebody is: every form of answer, every place of a token, and nobody in doubt."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import connections
from django.test import Client, RequestFactory

from streams import authentication
from streams.authentication import auth_of, authenticate, authenticate_here
from streams.credentials import Credentials, of_request, of_scope, same_origin
from streams.errors import TokenExpired, Unauthenticated
from streams.identity import session_key, token_key, user_key
from streams.revocations import revoke
from tests.support.peers import each_thread
from tests.support.stores import PEOPLE

pytestmark = PEOPLE

answers: list[Callable[[Any, Any], Any]] = []
never = threading.Event()


def asked(request: Any, ctx: Any) -> Any:
    return answers[-1](request, ctx)


async def asked_async(request: Any, ctx: Any) -> Any:
    return answers[-1](request, ctx)


@pytest.fixture(autouse=True)
async def _threads() -> AsyncIterator[None]:
    yield
    await each_thread(authentication._threads(), connections.close_all)
    await sync_to_async(connections.close_all)()


@pytest.fixture(autouse=True)
def _nobody_to_ask(settings: Any) -> None:
    """The project has somebody; these tests say themselves whom they ask."""
    settings.STREAMS = {}


@pytest.fixture(params=["asked", "asked_async"])
def says(request: pytest.FixtureRequest, settings: Any) -> Callable[[Any], None]:
    """Make ``authenticate_stream`` answer so, plain and async."""
    settings.STREAMS = {"authenticate_stream": f"{__name__}.{request.param}", "authenticate_timeout_s": 0.5}

    def set_answer(value: Any) -> None:
        answers[:] = [value if callable(value) else lambda request, ctx: value]

    return set_answer


def with_token(token: str = "t") -> Credentials:
    return of_scope({"headers": [(b"authorization", f"Bearer {token}".encode())]})


# -- what authenticate_stream may answer ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "auth"),
    [
        (None, None),
        (True, None),
        ({"unauthorized": False, "context": {"userId": "u1"}}, {"userId": "u1"}),
        ({"unauthorized": False}, None),
        ({"authorized": True, "context": {"userId": "u1"}}, {"userId": "u1"}),
        ({"userId": "u1", "roles": ["editor"]}, {"userId": "u1", "roles": ["editor"]}),
        ({}, {}),
    ],
)
async def test_accepted(says: Callable[[Any], None], given: Any, auth: Any) -> None:
    says(given)
    assert (await authenticate(with_token())).auth == auth


def raises(request: Any, ctx: Any) -> Any:
    raise LookupError("no such token")


def exits(request: Any, ctx: Any) -> Any:
    raise SystemExit


@pytest.mark.parametrize(
    "given",
    [
        False,
        {"unauthorized": True},
        {"unauthorized": True, "context": {"userId": "u1"}},
        {"authorized": False, "context": {"userId": "u1"}},
        {"unauthorized": None},
        {"unauthorized": 0},
        {"unauthorized": "false"},
        {"authorized": 1},
        {"unauthorized": False, "authorized": False},
        {"unauthorized": False, "context": "u1"},
        {"userId": "u1", "expires_at": "tomorrow"},
        {"userId": "u1", "expires_at": True},
        {"userId": "u1", "expires_at": float("nan")},
        "yes",
        1,
        0,
        [],
        object(),
        raises,
        exits,
    ],
)
async def test_refused(says: Callable[[Any], None], given: Any) -> None:
    says(given)
    with pytest.raises(Unauthenticated):
        await authenticate(with_token())
    with pytest.raises(Unauthenticated):
        await sync_to_async(authenticate_here)(with_token())


async def test_too_late_is_refused_in_time(says: Callable[[Any], None]) -> None:
    says(lambda request, ctx: never.wait(5))
    began = time.monotonic()
    with pytest.raises(Unauthenticated):
        await authenticate(with_token())
    assert time.monotonic() - began < 4.5


@pytest.mark.parametrize("path", ["no.such.module", "streams.no_such_name", "nothing"])
async def test_a_function_that_cannot_be_found_refuses(settings: Any, path: str) -> None:
    settings.STREAMS = {"authenticate_stream": path}
    with pytest.raises(Unauthenticated):
        await authenticate(with_token())


async def test_it_is_asked_about_everybody(says: Callable[[Any], None]) -> None:
    says(False)
    with pytest.raises(Unauthenticated):
        await authenticate(of_scope({"headers": []}))


@pytest.mark.feature("D11")
async def test_request_tells_where_it_came_from(says: Callable[[Any], None]) -> None:
    requests: list[Any] = []

    def note(request: Any, ctx: Any) -> None:
        requests.append(request)
        ctx.logger.info("asked", {"streams": hasattr(ctx.streams, "__getitem__")})

    says(note)
    scope = {
        "path": "/streams/",
        "headers": [(b"X-Tenant", b"acme"), (b"origin", b"https://app.example")],
        "query_string": b"authToken=q1&room=a%20b&room=c",
        "client": ["192.0.2.7", 50000],
    }
    identity = await authenticate(of_scope(scope))
    [request] = requests
    assert request.headers["x-tenant"] == "acme"
    assert request.headers["authorization"] == "Bearer q1"
    assert (request.path, request.client) == ("/streams/", "192.0.2.7")
    assert request.query_params["room"] == "c"
    assert isinstance(request.user, AnonymousUser)
    assert identity.client == "192.0.2.7"


# -- how long ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "moment",
    [lambda: time.time() + 60, lambda: datetime.now(UTC) + timedelta(seconds=60), lambda: int(time.time()) + 60],
)
async def test_it_ends_when_the_context_says(says: Callable[[Any], None], moment: Callable[[], Any]) -> None:
    says(lambda request, ctx: {"userId": "u1", "expires_at": moment()})
    identity = await authenticate(with_token())
    assert identity.expires_at == pytest.approx(time.time() + 60, abs=5)
    assert identity.auth is not None
    assert identity.auth["expires_at"] == identity.expires_at
    assert identity.claims == {"userId": "u1"}


async def test_what_is_over_does_not_begin(says: Callable[[Any], None]) -> None:
    says({"userId": "u1", "expires_at": 1_000_000_000})
    with pytest.raises(TokenExpired):
        await authenticate(with_token())


# -- where a token may be ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "token"),
    [
        ({"headers": [(b"authorization", b"Bearer h")]}, "h"),
        ({"headers": [(b"Authorization", b"bearer   h ")]}, "h"),
        ({"headers": [(b"authorization", b"Basic aDpo")]}, None),
        ({"headers": [(b"authorization", b"Bearer")]}, None),
        ({"subprotocols": ["Authorization", "s"]}, "s"),
        ({"subprotocols": ["Authorization,s"]}, "s"),
        ({"subprotocols": ["Authorization", " s "]}, "s"),
        ({"subprotocols": ["other", "Authorization", "s"]}, "s"),
        ({"subprotocols": ["Authorization"]}, None),
        ({"subprotocols": ["s"]}, None),
        ({"headers": [(b"sec-websocket-protocol", b"Authorization, s")]}, "s"),
        ({"query_string": b"authToken=q%2Fq"}, "q/q"),
        ({"query_string": b"authToken="}, None),
        ({"query_string": b"token=q"}, None),
        ({"query_string": b"authToken=a&authToken=b"}, "b"),
        ({"query_string": b"auth%54oken=q"}, None),  # logs are searched for the name as it is
        ({"query_string": b"x=1&authToken=q&y"}, "q"),
        (
            {
                "headers": [(b"authorization", b"Bearer h")],
                "subprotocols": ["Authorization", "s"],
                "query_string": b"authToken=q",
            },
            "h",
        ),
        ({"subprotocols": ["Authorization", "s"], "query_string": b"authToken=q"}, "s"),
    ],
)
def test_token_is_found(scope: dict[str, Any], token: str | None) -> None:
    found = of_scope({"headers": [], **scope})
    assert found.token == token
    if token is not None:
        assert found.headers["authorization"] == f"Bearer {token}"


def test_a_representation_gives_no_token_away() -> None:
    for scope in ({"headers": [(b"authorization", b"Bearer s3cret")]}, {"query_string": b"authToken=s3cret"}):
        assert "s3cret" not in repr(of_scope({"headers": [(b"cookie", b"sessionid=s3cret")], **scope}))


def test_http_requests_bring_the_same() -> None:
    request = RequestFactory().get("/streams/x/?authToken=q", headers={"x-tenant": "acme", "host": "h"})
    found = of_request(request)
    assert (found.token, found.headers["authorization"], found.headers["x-tenant"]) == ("q", "Bearer q", "acme")
    assert found.client == "127.0.0.1"


async def test_a_token_without_anybody_to_ask_is_nobody() -> None:
    identity = await authenticate(with_token("t"))
    assert identity.auth is None
    assert identity.keys == {token_key("t")}


async def test_a_token_longer_than_any_is_refused(says: Callable[[Any], None]) -> None:
    says(True)
    with pytest.raises(Unauthenticated):
        await authenticate(with_token("t" * 8193))


# -- sessions ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ada", password="first")


@pytest.fixture
def cookie(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[django_settings.SESSION_COOKIE_NAME].value


def handshake(cookie: str, *headers: tuple[bytes, bytes], **scope: Any) -> Credentials:
    sent = (b"cookie", f"a=b; {django_settings.SESSION_COOKIE_NAME}={cookie}".encode())
    return of_scope({"headers": [(b"host", b"house.example:8000"), sent, *headers], **scope})


async def test_a_session_needs_no_code(user: User, cookie: str) -> None:
    identity = await authenticate(handshake(cookie))
    assert identity.auth == {"userId": str(user.pk)}
    assert identity.keys == {user_key(user), session_key(cookie)}
    assert identity.expires_at == pytest.approx(time.time() + django_settings.SESSION_COOKIE_AGE, abs=60)


async def test_with_a_token_the_session_is_not_looked_at(cookie: str, says: Callable[[Any], None]) -> None:
    says(lambda request, ctx: {"user": str(request.user), "cookie": request.headers.get("cookie")})
    identity = await authenticate(handshake(cookie, (b"authorization", b"Bearer t")))
    assert identity.auth == {"user": "AnonymousUser", "cookie": None}
    assert identity.keys == {token_key("t")}


@pytest.mark.parametrize(
    ("origin", "known"),
    [
        (None, True),
        (b"http://house.example:8000", True),
        (b"http://house.example", False),
        (b"http://house.example:8001", False),
        (b"http://evil.example", False),
        (b"null", False),
        (b"http://[", False),
    ],
)
async def test_a_cookie_counts_on_pages_of_this_host_only(cookie: str, origin: bytes | None, known: bool) -> None:
    headers = [] if origin is None else [(b"origin", origin)]
    identity = await authenticate(handshake(cookie, *headers))
    assert (identity.auth is not None) is known


async def test_authenticate_stream_sees_the_user_of_the_session(cookie: str, says: Callable[[Any], None]) -> None:
    says(lambda request, ctx: {"name": request.user.username})
    assert (await authenticate(handshake(cookie))).auth == {"name": "ada"}


async def test_a_page_of_another_site_shows_no_cookie_at_all(cookie: str, says: Callable[[Any], None]) -> None:
    says(lambda request, ctx: {"user": str(request.user), "cookie": request.headers.get("cookie")})
    identity = await authenticate(handshake(cookie, (b"origin", b"https://evil.example")))
    assert identity.auth == {"user": "AnonymousUser", "cookie": None}


def _deactivate(user: User) -> None:
    user.is_active = False
    user.save()


def _change_password(user: User) -> None:
    user.set_password("second")
    user.save()


@pytest.mark.parametrize("change", [_deactivate, _change_password, User.delete])
async def test_a_session_ends_with_its_account(user: User, cookie: str, change: Callable[[User], Any]) -> None:
    await sync_to_async(change)(user)
    assert (await authenticate(handshake(cookie))).auth is None


@pytest.mark.parametrize("cookie_value", ["", "nonsense", "x" * 10_000, "a\x00b", "'; DROP TABLE"])
async def test_a_cookie_that_is_no_session_is_nobody(cookie_value: str) -> None:
    assert (await authenticate(handshake(cookie_value))).auth is None


async def test_a_revoked_session_is_nobody_and_a_revoked_token_refused(cookie: str) -> None:
    await sync_to_async(revoke)(session=cookie)
    assert (await authenticate(handshake(cookie))).auth is None
    await sync_to_async(revoke)(token="t")
    with pytest.raises(Unauthenticated):
        await authenticate(with_token("t"))
    assert (await authenticate(with_token("other"))).auth is None


# -- what is told -----------------------------------------------------------------------------------------------------


@pytest.mark.feature("D14")
async def test_a_failure_is_logged_without_its_token(
    says: Callable[[Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def fail(request: Any, ctx: Any) -> Any:
        raise ValueError(f"cannot read {request.headers['authorization']}")

    says(fail)
    with pytest.raises(Unauthenticated):
        await authenticate(with_token("s3cret-token"))
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "authenticate_stream failed",
        "authentication refused",
    ]
    formatter = logging.Formatter()
    assert not [r for r in caplog.records if "s3cret" in formatter.format(r) + str(vars(r))]


async def test_a_failure_that_says_no_token_keeps_its_traceback(
    says: Callable[[Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    says(raises)
    with pytest.raises(Unauthenticated):
        await authenticate(with_token("s3cret-token"))
    assert "LookupError: no such token" in caplog.text


async def test_many_at_once_are_served(says: Callable[[Any], None]) -> None:
    says(lambda request, ctx: {"userId": request.headers["authorization"]})
    identities = await asyncio.gather(*(authenticate(with_token(str(n))) for n in range(50)))
    assert [i.auth for i in identities] == [{"userId": f"Bearer {n}"} for n in range(50)]


# -- names and origins ------------------------------------------------------------------------------------------------


def test_somebody_is_named_by_the_key_of_the_user() -> None:
    assert auth_of(User(pk=7)) == {"userId": "7"}


@pytest.mark.parametrize("nobody", [None, AnonymousUser()])
def test_nobody_is_nothing(nobody: AnonymousUser | None) -> None:
    assert auth_of(nobody) is None


@pytest.mark.parametrize(
    ("origin", "same"),
    [
        (None, True),  # no browser at all
        ("http://house.example:8000", True),
        ("https://HOUSE.example:8000", True),
        ("http://house.example", False),
        ("http://house.example:9000", False),
        ("http://evil.example:8000", False),
        ("http://house.example:8000.evil.example", False),
        ("null", False),
        ("", False),
        ("http://[::1", False),
        ("\xff", False),
    ],
)
def test_only_pages_of_this_host_speak_for_the_session(origin: str | None, same: bool) -> None:
    headers = {"host": "house.example:8000"} | ({} if origin is None else {"origin": origin})
    assert same_origin(headers) is same


@pytest.mark.parametrize("origin", ["http://house.example", "null", ""])
def test_a_page_speaks_for_nobody_where_no_host_is_named(origin: str) -> None:
    assert same_origin({"origin": origin}) is False
