"""Tickets: they open once, for a while, for the user they were made for."""

import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connections

from streams import authentication, bouncer, revoke, ticket
from streams.authentication import authenticate_here
from streams.credentials import of_scope
from streams.errors import Unauthenticated
from streams.identity import Identity, token_key, user_key
from streams.models import UsedTicket
from streams.tickets import aticket, is_ticket, redeem
from tests.support.stores import PEOPLE
from tests.support.threads import connected
from tests.support.waiting import eventually

pytestmark = PEOPLE


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ada", password="first")


def identity(token: str) -> Identity:
    return authenticate_here(of_scope({"headers": [(b"authorization", f"Bearer {token}".encode())]}))


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    pool = authentication._threads()
    barrier = threading.Barrier(pool._pool._max_workers)

    def close() -> None:
        barrier.wait(10)
        connections.close_all()

    for future in [pool.submit(close) for _ in range(pool._pool._max_workers)]:
        future.result(10)


def test_a_ticket_comes_in_as_its_user(user: User) -> None:
    made = ticket(user)
    found = identity(made)
    assert found.auth == {"userId": str(user.pk)}
    assert found.keys == {user_key(user), token_key(made)}


def test_it_is_made_of_token_characters(user: User) -> None:
    for _ in range(50):
        assert re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", ticket(user))  # RFC 9110: what a subprotocol may hold


def test_it_is_good_once(user: User) -> None:
    made = ticket(user)
    assert identity(made).auth is not None
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            identity(made)
    assert identity(ticket(user)).auth is not None  # the next one is another


@pytest.mark.django_db(transaction=True, databases=["default", "postgres"])
@pytest.mark.parametrize("database", ["default", "postgres"])
def test_of_many_at_once_one_comes_in(settings: Any, database: str, user: User) -> None:
    settings.STREAMS = {"database": database}
    made, found = ticket(user), []
    start = threading.Barrier(8)

    def come() -> None:
        start.wait(10)
        found.append(redeem(made))

    threads = [threading.Thread(target=connected, args=(come,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len([one for one in found if one is not None]) == 1
    assert len(found) == 8


def test_it_is_good_for_a_while(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made, later = ticket(user, ttl=60), time.time() + 62
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    with pytest.raises(Unauthenticated):
        identity(made)


@pytest.mark.parametrize("change", ["password", "is_active", "deleted", "revoked"])
def test_it_ends_with_what_it_was_made_for(user: User, change: str) -> None:
    made = ticket(user)
    if change == "password":
        user.set_password("second")
        user.save()
    elif change == "is_active":
        User.objects.filter(pk=user.pk).update(is_active=False)
    elif change == "deleted":
        User.objects.filter(pk=user.pk).delete()
    else:
        revoke(user=user)
    with pytest.raises(Unauthenticated):
        identity(made)


def test_a_ticket_made_after_a_revocation_is_good(user: User) -> None:
    revoke(user=user)
    now = time.time()
    eventually(lambda: time.time() > now + 0.01, what="a later millisecond")
    assert identity(ticket(user)).auth == {"userId": str(user.pk)}


def test_what_looks_like_one_and_is_none_is_refused(user: User) -> None:
    made = ticket(user)
    head, body, stamp, mark = made.split(".")
    forged = [
        f"{head}.{body}.{stamp}.{mark[:-1]}{'A' if mark[-1] != 'A' else 'B'}",
        f"{head}.{body[:-2]}.{stamp}.{mark}",
        f"{head}.{body}.zzzzzz.{mark}",
        f"{head}.{body}.{mark}",
        "ticket.",
        "ticket.a.b.c",
        "ticket.\ud800",
        made + "=",
    ]
    for token in forged:
        assert is_ticket(token)
        assert redeem(token) is None, token
    assert not UsedTicket.objects.exists()
    assert redeem(made) == user


def everybody(request: Any, ctx: Any) -> Any:
    return {"name": request.user.get_username(), "authorization": request.headers.get("authorization")}


def test_authenticate_stream_sees_its_user_and_no_token(user: User, settings: Any) -> None:
    settings.STREAMS = {"authenticate_stream": f"{__name__}.everybody"}
    assert identity(ticket(user)).auth == {"name": "ada", "authorization": None}
    with pytest.raises(Unauthenticated):
        identity("ticket.forged")


@pytest.mark.parametrize("ttl", [0, -1, 86_401, float("nan")])
def test_a_ticket_lasts_a_day_at_most(user: User, ttl: float) -> None:
    with pytest.raises(ValueError, match="ttl"):
        ticket(user, ttl)


def test_nobody_gets_none(user: User) -> None:
    user.is_active = False
    for nobody in (user, User(username="unsaved"), AnonymousUser()):
        with pytest.raises(ValueError, match="user"):
            ticket(nobody)  # type: ignore[arg-type]


async def test_the_twin_makes_one_too(user: User, async_thread: None) -> None:
    assert is_ticket(await aticket(user))


def test_used_ones_are_forgotten_when_they_would_have_expired(user: User) -> None:
    kept, over = ticket(user), ticket(user)
    assert redeem(kept) == redeem(over) == user
    row = UsedTicket.objects.first()
    assert row is not None
    UsedTicket.objects.filter(pk=row.pk).update(expires_at="2020-01-01T00:00:00Z")
    assert bouncer._purge() is False
    assert UsedTicket.objects.count() == 1
    assert not UsedTicket.objects.filter(pk=row.pk).exists()
