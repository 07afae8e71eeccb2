"""What is revoked ends, exactly that, in every process, whether or not anybody is told of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connections, transaction
from django.db.models.functions import Now
from django.test import Client

from streams import bouncer as bouncers
from streams import revoke
from streams.bouncer import Bouncer
from streams.bus import bus
from streams.errors import TokenExpired, Unauthenticated
from streams.identity import Identity, session_key, token_key, user_key
from streams.models import Revocation
from streams.revocations import arevoke
from tests.support.peers import House, Peer, each_thread, house
from tests.support.stores import PEOPLE

pytestmark = PEOPLE


class Guarded:
    """A process with connections and a bouncer."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.bouncer = Bouncer(house.roster, house.hub)
        self.bouncer.start()

    def guest(self, *keys: str, **more: Any) -> Peer:
        return self.house.guest(Identity({"keys": list(keys)}, frozenset(keys), **more))


@asynccontextmanager
async def guarded() -> AsyncIterator[Guarded]:
    async with house() as opened:
        process = Guarded(opened)
        await process.bouncer.ready()
        yield process
        process.bouncer.stop()
        await each_thread(process.bouncer._threads, connections.close_all)


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hint gets anywhere: neither to this process nor to the layer."""
    monkeypatch.setattr(bus, "broadcast", lambda message: None)


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ada", password="first")


@pytest.mark.parametrize("hint", ["heard", "lost"])
@pytest.mark.parametrize(
    ("argument", "key"),
    [
        ({"user": "u1"}, user_key("u1")),
        ({"session": "s1"}, session_key("s1")),
        ({"token": "t1"}, token_key("t1")),
    ],
)
async def test_exactly_the_affected_connections_end(
    request: pytest.FixtureRequest, kept: Any, async_thread: None, hint: str, argument: Any, key: str
) -> None:
    if hint == "lost":
        request.getfixturevalue("deaf")
    others = [user_key("u2"), session_key("u1"), token_key("u1"), user_key("s1"), user_key("t1"), token_key("s1")]
    async with guarded() as process:
        mine, my_other = process.guest(key, user_key("x")), process.guest(key)
        peers = [process.guest(other) for other in others if other != key] + [process.guest()]
        await arevoke(**argument)
        assert await mine.wait_closed() == 4401
        assert await my_other.wait_closed() == 4401
        assert [peer.closed for peer in peers] == [False] * len(peers)
        await process.bouncer._look()  # and once more: what was dealt with stays so
        assert [peer.closed for peer in peers] == [False] * len(peers)


async def test_several_processes_find_the_same_row(kept: Any, async_thread: None, deaf: None) -> None:
    async with guarded() as first, guarded() as second:
        peers = [first.guest(user_key(1)), second.guest(user_key(1))]
        await arevoke(user=1)
        assert [await peer.wait_closed(2.0) for peer in peers] == [4401, 4401]


async def test_no_frame_follows_a_revocation(kept: Any, stream: Any, async_thread: None) -> None:
    async with guarded() as process:
        peer, neighbour = process.guest(user_key(1)), process.guest(user_key(2))
        await peer.joined("s", "g")
        await neighbour.joined("s", "g")
        await arevoke(user=1)
        await peer.wait_closed(2.0)
        await stream.aset("g", "i", {"v": 1})
        await neighbour.recv_until(lambda frame: frame.kind == "create")
        assert [frame.kind for frame in peer.frames] == ["sync"]


async def test_what_is_rolled_back_revokes_nobody(kept: Any, async_thread: None) -> None:
    def work() -> None:
        with transaction.atomic():
            revoke(user=1)
            transaction.set_rollback(True)

    async with guarded() as process:
        peer = process.guest(user_key(1))
        await sync_to_async(work)()
        await process.bouncer._look()
        assert not peer.closed


async def test_it_takes_effect_with_the_commit(kept: Any, async_thread: None) -> None:
    revoked, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        with transaction.atomic():
            revoke(user=1)
            loop.call_soon_threadsafe(revoked.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)

    async with guarded() as process:
        peer = process.guest(user_key(1))
        done = asyncio.create_task(sync_to_async(work)())
        await revoked.wait()
        await process.bouncer._look()
        assert not peer.closed
        go_on.set()
        await done
        assert await peer.wait_closed(2.0) == 4401


async def test_who_comes_in_meanwhile_is_noticed(kept: Any, async_thread: None, deaf: None) -> None:
    async with guarded() as process:
        mark = await process.bouncer.ready()  # now somebody is authenticated ...
        await arevoke(user=1)
        await process.bouncer._look()  # ... and the process learns of it before they are in
        with pytest.raises(Unauthenticated):
            process.bouncer.vouch(Identity(None, frozenset({user_key(1)})), mark)
        process.bouncer.vouch(Identity(None, frozenset({user_key(2)})), mark)
        later = await process.bouncer.ready()
        process.bouncer.vouch(Identity(None, frozenset({user_key(1)})), later)


async def test_what_was_revoked_before_a_process_looked_concerns_nobody_in_it(kept: Any, async_thread: None) -> None:
    await arevoke(user=1)
    async with guarded() as process:
        peer = process.guest(user_key(1))
        await process.bouncer._look()
        assert not peer.closed


async def test_a_database_that_failed_is_looked_at_further_back(
    kept: Any, async_thread: None, deaf: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with guarded() as process:
        peer = process.guest(user_key(1))
        read, back = bouncers._read, []

        def failing(back_s: float) -> Any:
            back.append(back_s)
            raise OSError("away")

        monkeypatch.setattr(bouncers, "_read", failing)
        with pytest.raises(OSError, match="away"):
            await process.bouncer._look()
        await arevoke(user=1)
        process.bouncer._looked_at -= 500
        monkeypatch.setattr(bouncers, "_read", lambda back_s: back.append(back_s) or read(back_s))
        assert await peer.wait_closed(5.0) == 4401
        assert back[-1] > 550


async def test_nobody_is_vouched_for_without_a_look(
    kept: Any, async_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(back_s: float) -> Any:
        raise OSError("away")

    async with guarded() as process:
        monkeypatch.setattr(bouncers, "_read", failing)
        process.bouncer._looked_at -= 10
        with pytest.raises(OSError, match="away"):
            await process.bouncer.ready()


def test_the_table_is_bounded(kept: Any) -> None:
    for number in range(3):
        revoke(user=number)
    Revocation.objects.filter(key=user_key(1)).update(at="2020-01-01T00:00:00Z")
    assert bouncers._purge() is False
    assert set(Revocation.objects.values_list("key", flat=True)) == {user_key(0), user_key(2)}


def test_a_late_commit_is_said_again(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("streams.revocations.time.monotonic", lambda: now[0])
    with transaction.atomic():
        revoke(user=1)
        now[0] = 40.0
    assert Revocation.objects.filter(key=user_key(1), at__lte=Now()).count() == 2


def test_a_row_says_neither_session_nor_token(kept: Any) -> None:
    revoke(user="u-name", session="s3cret-session", token="s3cret-token")
    said = " ".join(Revocation.objects.values_list("key", flat=True))
    assert len(said.split()) == 3
    assert not any(secret in said for secret in ("u-name", "s3cret-session", "s3cret-token"))


def test_nothing_is_not_revoked(kept: Any) -> None:
    with pytest.raises(TypeError):
        revoke()


# -- accounts ---------------------------------------------------------------------------------------------------------


def revoked() -> set[str]:
    return set(Revocation.objects.values_list("key", flat=True))


@pytest.fixture
def group(user: User) -> Group:
    group = Group.objects.create(name="editors")
    user.groups.add(group)
    Revocation.objects.all().delete()
    return group


@pytest.fixture
def permission() -> Permission:
    kind = ContentType.objects.get_or_create(app_label="auth", model="user")[0]
    return Permission.objects.get_or_create(codename="edit_all", content_type=kind, defaults={"name": "edit"})[0]


def set_password(user: User, **_: Any) -> None:
    user.set_password("second")
    user.save()


def set_flag(name: str) -> Callable[..., None]:
    def change(user: User, **_: Any) -> None:
        setattr(user, name, not getattr(user, name))
        user.save(update_fields=[name])

    return change


CHANGES: dict[str, Callable[..., Any]] = {
    "password": set_password,
    "is_active": set_flag("is_active"),
    "is_staff": set_flag("is_staff"),
    "is_superuser": set_flag("is_superuser"),
    "deleted": lambda user, **_: user.delete(),
    "joins a group": lambda user, **_: user.groups.add(Group.objects.create(name="other")),
    "is added to a group": lambda user, **_: Group.objects.create(name="other").user_set.add(user),
    "leaves a group": lambda user, group, **_: user.groups.remove(group),
    "leaves all groups": lambda user, **_: user.groups.clear(),
    "is removed from a group": lambda user, group, **_: group.user_set.remove(user),
    "group is emptied": lambda group, **_: group.user_set.clear(),
    "group is deleted": lambda group, **_: group.delete(),
    "groups are set": lambda user, **_: user.groups.set([]),
    "group gets a permission": lambda group, permission, **_: group.permissions.add(permission),
    "permission gets a group": lambda group, permission, **_: permission.group_set.add(group),
    "user gets a permission": lambda user, permission, **_: user.user_permissions.add(permission),
    "permission gets a user": lambda user, permission, **_: permission.user_set.add(user),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_account_revokes_its_user(
    kept: Any, user: User, group: Group, permission: Permission, change: str
) -> None:
    other = User.objects.create_user("bob")
    key = user_key(user)
    CHANGES[change](user=User.objects.get(pk=user.pk), group=group, permission=permission)
    assert revoked() == {key}
    assert user_key(other) not in revoked()


@pytest.mark.parametrize("change", ["clear", "remove"])
def test_what_a_group_may_no_longer_revokes_its_users(
    kept: Any, user: User, group: Group, permission: Permission, change: str
) -> None:
    group.permissions.add(permission)
    Revocation.objects.all().delete()
    if change == "clear":
        group.permissions.clear()
    else:
        permission.group_set.remove(group)
    assert revoked() == {user_key(user)}


def test_what_matters_to_nobody_revokes_nobody(kept: Any, user: User, group: Group) -> None:
    user.first_name = "Ada"
    user.save()
    user.save(update_fields=["last_login"])
    user.groups.add(group)  # is in it already
    User.objects.create_user("bob", password="x", is_staff=True)
    Group.objects.create(name="empty").delete()
    assert revoked() == set()


def test_a_change_is_revoked_with_its_commit_only(kept: Any, user: User) -> None:
    with transaction.atomic():
        set_password(user)
        transaction.set_rollback(True)
    assert revoked() == set()


def test_logout_revokes_its_session_and_no_other(kept: Any, user: User) -> None:
    here, there = Client(), Client()
    here.force_login(user)
    there.force_login(user)
    mine = session_key(here.session)
    Revocation.objects.all().delete()
    here.logout()
    assert revoked() == {mine}
    assert mine != session_key(there.session)


@pytest.mark.parametrize("engine", ["cached_db", "cache", "file"])
def test_logout_revokes_with_other_engines_too(
    kept: Any, user: User, settings: Any, tmp_path: Any, engine: str
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    client = Client()
    client.force_login(user)
    mine = session_key(client.session)
    Revocation.objects.all().delete()
    client.logout()
    assert mine in revoked()


def test_deleting_sessions_revokes_those_that_lasted(kept: Any, user: User) -> None:
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(user)
    Revocation.objects.all().delete()
    expired, lasting = (client.session for client in clients)
    Session.objects.filter(session_key=expired.session_key).update(expire_date="2020-01-01T00:00:00Z")
    Session.objects.all().delete()
    assert revoked() == {session_key(lasting)}


def test_a_new_password_revokes_the_session_it_leaves(kept: Any, user: User) -> None:
    client = Client()
    client.force_login(user)
    mine = session_key(client.session)
    Revocation.objects.all().delete()
    user.set_password("second")
    user.save()
    assert revoked() == {user_key(user)}
    client.logout()
    assert revoked() == {user_key(user), mine}


# -- the life of a connection -----------------------------------------------------------------------------------------

Renewal = Callable[[str], Awaitable[Identity]]


def renewal(answers: dict[str, Identity | Exception]) -> Renewal:
    async def renew(token: str) -> Identity:
        answer = answers[token]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return renew


def lasting(seconds: float, name: str = "u1", **more: Any) -> Identity:
    ends = time.time() + seconds
    return Identity({"userId": name, "expires_at": ends, **more}, frozenset({user_key(name)}), ends)


async def refresh(peer: Peer, token: str) -> None:
    await peer.send({"type": "refresh", "data": {"token": token}})


async def test_a_connection_ends_when_it_expires(kept: Any, stream: Any) -> None:
    async with house() as opened:
        peer, neighbour = opened.guest(lasting(2.0)), opened.guest(lasting(60))
        await peer.joined("s", "g")
        assert await peer.wait_closed() == 4401
        assert [frame.error for frame in peer.frames if frame.error] == ["TOKEN_EXPIRED"]
        assert not neighbour.closed


async def test_a_renewed_connection_goes_on(kept: Any, stream: Any, async_thread: None) -> None:
    async with house() as opened:
        peer = opened.guest(lasting(2.0), renewal({"t2": lasting(60)}))
        await peer.joined("s", "g")
        ended = asyncio.create_task(opened.guest(lasting(2.1)).wait_closed())
        await refresh(peer, "t2")
        await peer.recv_until(lambda frame: frame.kind == "refreshed")
        await ended  # by then it would have ended, too
        await stream.aset("g", "i", {"v": 1})
        assert (await peer.recv_until(lambda frame: frame.kind == "create"))[-1].value == {"v": 1, "id": "i"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Unauthenticated(), "UNAUTHENTICATED"),
        (TokenExpired(), "TOKEN_EXPIRED"),
        (lasting(60, "u2"), "UNAUTHENTICATED"),
        (lasting(60, roles=["none"]), "UNAUTHENTICATED"),
        (Identity(), "UNAUTHENTICATED"),
    ],
)
async def test_a_token_that_does_not_say_the_same_ends_it(kept: Any, answer: Identity | Exception, error: str) -> None:
    async with house() as opened:
        peer = opened.guest(lasting(60), renewal({"t2": answer}))
        await refresh(peer, "t2")
        assert await peer.wait_closed(2.0) == 4401
        assert [frame.error for frame in peer.frames] == [error]


async def test_a_connection_that_takes_no_token_ends(kept: Any) -> None:
    async with house() as opened:
        peer = opened.guest(lasting(60))
        await refresh(peer, "t2")
        assert await peer.wait_closed(2.0) == 4401


async def test_refreshes_are_answered_in_order(kept: Any) -> None:
    first, second, entered = asyncio.Event(), asyncio.Event(), []

    async def slow(token: str) -> Identity:
        entered.append(token)
        if token == "a":
            first.set()
            await second.wait()
        return lasting(60)

    async with house() as opened:
        peer = opened.guest(lasting(60), slow)
        await refresh(peer, "a")
        await refresh(peer, "b")
        await first.wait()
        assert entered == ["a"]
        second.set()
        assert [frame.kind for frame in await peer.recv(2)] == ["refreshed", "refreshed"]
        assert entered == ["a", "b"]


async def test_what_was_renewed_is_revoked_by_its_new_token(kept: Any, async_thread: None) -> None:
    def holding(token: str) -> Identity:
        return Identity({"userId": "u1"}, frozenset({user_key("u1"), token_key(token)}))

    async with guarded() as process:
        peer = process.house.guest(holding("t1"), renewal({"t2": holding("t2")}))
        await refresh(peer, "t2")
        await peer.recv_until(lambda frame: frame.kind == "refreshed")
        await arevoke(token="t1")
        await process.bouncer._look()
        assert not peer.closed
        await arevoke(token="t2")
        assert await peer.wait_closed(2.0) == 4401


@pytest.mark.parametrize("data", [{}, {"token": 7}, {"token": ""}, {"token": "x" * 9000}, {"token": None}])
async def test_a_refresh_without_a_token_is_a_bad_message(kept: Any, data: Any) -> None:
    async with house() as opened:
        peer = opened.guest(lasting(60))
        await peer.send({"type": "refresh", "data": data})
        assert [frame.error for frame in await peer.recv()] == ["BAD_MESSAGE"]
        assert not peer.closed
