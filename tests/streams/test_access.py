"""Who may join: rules and hooks are asked, and everything that is no clear yes is a no."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from streams.conf import conf
from streams.errors import AccessDenied
from streams.leases import Subscription
from streams.models import Change, Item, Lease
from streams.state import state
from streams.writer import Stream
from tests.support.peers import Peer, each_thread, house
from tests.support.sockets import Frame
from tests.support.stores import DATABASES, SQLITE
from tests.support.threads import Steps, aside, connected

Declare = Callable[..., Stream]
Answer = Callable[[], Any]

COLOURS = pytest.mark.parametrize("colour", ["plain", "async"])
ON_BOTH = pytest.mark.parametrize("kept", DATABASES, indirect=True)
ON_SQLITE = pytest.mark.parametrize("kept", [pytest.param({"database": "default"}, marks=SQLITE)], indirect=True)


class Odd(Exception):
    """What a hook of a project may raise."""


def fail() -> Any:
    raise Odd("of the hook's own")


def vanish() -> Any:
    raise SystemExit("a hook must not end anything")


YES: dict[str, Answer] = {
    "none": lambda: None,
    "true": lambda: True,
    "not unauthorized": lambda: {"unauthorized": False},
    "authorized": lambda: {"authorized": True},
    "authorized with context": lambda: {"authorized": True, "context": {"a": 1}},
    "both say yes": lambda: {"unauthorized": False, "authorized": True, "reason": "not asked for"},
}
NO: dict[str, Answer] = {
    "false": lambda: False,
    "unauthorized": lambda: {"unauthorized": True},
    "not authorized": lambda: {"authorized": False, "context": {"a": 1}},
    "one says no": lambda: {"unauthorized": True, "authorized": True},
    "the other says no": lambda: {"unauthorized": False, "authorized": False},
    "says nothing": dict,
    "only a context": lambda: {"context": {"a": 1}},
    "only a reason": lambda: {"reason": "because"},
    "misspelt": lambda: {"unauthorised": False},
    "true as text": lambda: {"authorized": "true"},
    "true as number": lambda: {"authorized": 1},
    "false as number": lambda: {"unauthorized": 0},
    "unauthorized none": lambda: {"unauthorized": None},
    "one": lambda: 1,
    "zero": lambda: 0,
    "text": lambda: "yes",
    "list": lambda: [True],
    "object": object,
    "raises": fail,
    "raises access denied": lambda: (_ for _ in ()).throw(AccessDenied("not even then")),
}


def hook(colour: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function* as a plain or an async one."""

    async def awaited(*arguments: Any) -> Any:
        await asyncio.sleep(0)
        return function(*arguments)

    return awaited if colour == "async" else function


async def ask(peer: Peer, stream: str, group: str, item: str | None = None) -> Frame:
    """Join and return the frame that answers: a sync, or an error."""
    name = await peer.join(stream, group, item)
    frames = await peer.recv_until(lambda frame: frame.data.get("subscriptionId") == name or frame.error is not None)
    return frames[-1]


def outcome(frame: Frame) -> str:
    return frame.error or frame.kind


# -- what an answer means ----------------------------------------------------------------------------------------------


@pytest.mark.feature("D3")
@COLOURS
@ON_SQLITE
async def test_only_a_clear_yes_of_on_join_lets_in(declare: Declare, colour: str) -> None:
    answers = YES | NO
    declare("hall", on_join=hook(colour, lambda subscription, ctx, auth: answers[subscription.group_id]()))
    async with house() as here:
        peer = here.peer()
        got = {group: outcome(await ask(peer, "hall", group)) for group in answers}
    assert got == dict.fromkeys(YES, "sync") | dict.fromkeys(NO, "STREAM_ACCESS_DENIED")


@COLOURS
@ON_SQLITE
async def test_only_true_of_can_access_lets_in(declare: Declare, colour: str) -> None:
    answers: dict[str, Answer] = {
        "true": lambda: True,
        "false": lambda: False,
        "none": lambda: None,
        "one": lambda: 1,
        "text": lambda: "yes",
        "dict": lambda: {"authorized": True},
        "raises": fail,
    }
    declare("hall", can_access=hook(colour, lambda subscription, auth: answers[subscription.group_id]()))
    async with house() as here:
        peer = here.peer()
        got = {group: outcome(await ask(peer, "hall", group)) for group in answers}
    assert got == dict.fromkeys(answers, "STREAM_ACCESS_DENIED") | {"true": "sync"}


@pytest.mark.feature("D15")
@pytest.mark.parametrize("options", [{}, {"on_leave": lambda *_: None}, {"can_write": lambda *_: True}])
@ON_SQLITE
async def test_stream_without_a_rule_is_closed(declare: Declare, options: dict[str, Any]) -> None:
    declare("hall", **options)
    async with house() as here:
        assert outcome(await ask(here.peer({"userId": "1"}), "hall", "g")) == "STREAM_ACCESS_DENIED"


@ON_SQLITE
async def test_public_stream_is_open_unless_a_rule_says_no(declare: Declare) -> None:
    streams = [
        declare("plaza", public=True),
        declare("gate", public=True, can_access=lambda subscription, auth: auth is not None),
        declare("door", public=True, on_join=lambda subscription, ctx, auth: auth is not None),
    ]
    async with house() as here:
        anybody, somebody = here.peer(), here.peer({"userId": "1"})
        got = {s.name: [outcome(await ask(peer, s.name, "g")) for peer in (anybody, somebody)] for s in streams}
    denied = "STREAM_ACCESS_DENIED"
    assert got == {"plaza": ["sync", "sync"], "gate": [denied, "sync"], "door": [denied, "sync"]}


@ON_SQLITE
async def test_can_access_is_asked_before_on_join_and_both_must_agree(declare: Declare) -> None:
    asked: list[str] = []

    def can_access(subscription: Subscription, auth: Any) -> bool:
        asked.append("can_access")
        return subscription.group_id != "closed"

    def on_join(subscription: Subscription, ctx: Any, auth: Any) -> bool:
        asked.append("on_join")
        return subscription.group_id == "open"

    declare("hall", can_access=can_access, on_join=on_join)
    async with house() as here:
        peer = here.peer()
        for group, expected, questions in [
            ("open", "sync", ["can_access", "on_join"]),
            ("half open", "STREAM_ACCESS_DENIED", ["can_access", "on_join"]),
            ("closed", "STREAM_ACCESS_DENIED", ["can_access"]),
        ]:
            assert outcome(await ask(peer, "hall", group)) == expected
            assert asked == questions
            asked.clear()


@pytest.mark.feature("D5")
@ON_SQLITE
async def test_reason_of_the_hook_is_what_the_denied_one_reads(declare: Declare) -> None:
    reasons: dict[str, Any] = {"told": "Members only", "none": None, "odd": ["no", "text"], "empty": ""}
    declare(
        "hall",
        on_join=lambda subscription, ctx, auth: {"unauthorized": True, "reason": reasons[subscription.group_id]},
    )
    async with house() as here:
        peer = here.peer()
        frames = {group: await ask(peer, "hall", group) for group in reasons}
        unknown = await ask(peer, "no such stream", "told")
    messages = {group: frame.value["data"] for group, frame in frames.items()}
    default = {"code": "STREAM_ACCESS_DENIED", "message": "Access denied"}
    assert messages == dict.fromkeys(reasons, default) | {"told": {**default, "message": "Members only"}}
    assert all(frame.address == ("hall", group, None) for group, frame in frames.items())
    assert all("subscriptionId" not in frame.data and "sequence" not in frame.data for frame in frames.values())
    assert unknown.error == "STREAM_NOT_FOUND"
    assert unknown.address == ("no such stream", "told", None)
    assert "Members" not in unknown.text


# -- what a hook is given ----------------------------------------------------------------------------------------------


@pytest.mark.feature("D1", "D16")
@COLOURS
@ON_SQLITE
async def test_hooks_get_the_subscription_a_context_and_who_it_is(
    declare: Declare, colour: str, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[tuple[str, Subscription, Any]] = []

    def plain(name: str) -> Callable[..., Any]:
        def on(subscription: Subscription, ctx: Any, auth: Any) -> None:
            assert ctx.streams.board.set("seen", name, {"who": auth["userId"]}).created
            assert ctx.streams["board"].get("seen", name) == {"id": name, "who": auth["userId"]}
            ctx.state.set("hooks", name, [subscription.group_id])
            assert ctx.state.get("hooks", name) == [subscription.group_id]
            ctx.logger.info("speaks", {"who": name, "group": subscription.group_id})
            calls.append((name, subscription, auth))

        return on

    def awaited(name: str) -> Callable[..., Any]:
        async def on(subscription: Subscription, ctx: Any, auth: Any) -> None:
            assert (await ctx.streams.board.set("seen", name, {"who": auth["userId"]})).created
            assert await ctx.streams["board"].get("seen", name) == {"id": name, "who": auth["userId"]}
            await ctx.state.set("hooks", name, [subscription.group_id])
            assert await ctx.state.get("hooks", name) == [subscription.group_id]
            ctx.logger.info("speaks", {"who": name, "group": subscription.group_id})
            calls.append((name, subscription, auth))

        return on

    make = awaited if colour == "async" else plain
    declare("board")
    declare("hall", on_join=make("on_join"), on_leave=make("on_leave"))
    with caplog.at_level(logging.INFO):
        async with house() as here:
            peer = here.peer({"userId": "u42"})
            group = await ask(peer, "hall", "room 1")
            assert group.kind == "sync"
            await peer.leave("hall", "room 1", subscription=group.data["subscriptionId"])
            await here.gone()
    name = group.data["subscriptionId"]
    expected = Subscription("hall", "room 1", None, name, peer.server.id)
    assert calls == [("on_join", expected, {"userId": "u42"}), ("on_leave", expected, {"userId": "u42"})]
    said = [record.data for record in caplog.records if record.getMessage() == "speaks"]  # type: ignore[attr-defined]
    assert said == [{"who": name, "group": "room 1"} for name in ("on_join", "on_leave")]


@pytest.mark.feature("D16")
@ON_SQLITE
async def test_hooks_see_the_item_of_an_item_subscription(declare: Declare) -> None:
    seen: list[tuple[str, str, str | None]] = []

    def note(what: str) -> Callable[..., None]:
        return lambda subscription, ctx, auth: seen.append((what, subscription.group_id, subscription.id))

    declare("hall", on_join=note("on_join"), on_leave=note("on_leave"))
    async with house() as here:
        peer = here.peer()
        assert (await ask(peer, "hall", "g", "t/1 ü")).kind == "sync"
        assert (await ask(peer, "hall", "g")).kind == "sync"
        assert seen == [("on_join", "g", "t/1 ü"), ("on_join", "g", None)]
        await here.gone()
    assert sorted(seen[2:], key=str) == [("on_leave", "g", "t/1 ü"), ("on_leave", "g", None)]


@pytest.mark.feature("D4")
@pytest.mark.parametrize(
    ("answer", "third"),
    [
        (None, {"userId": "u1"}),
        (True, {"userId": "u1"}),
        ({"unauthorized": False}, {"userId": "u1"}),
        ({"authorized": True, "context": {"role": "ü", "n": 2**70, "deep": [None, False, 0.1]}},) * 2,
        ({"authorized": True, "context": {}}, {}),
        ({"unauthorized": False, "context": {"both": "forms"}}, {"both": "forms"}),
        ({"authorized": True, "context": ["any", "JSON"]}, ["any", "JSON"]),
    ],
)
@ON_SQLITE
async def test_context_that_on_join_returns_reaches_on_leave(declare: Declare, answer: Any, third: Any) -> None:
    if isinstance(third, dict) and "authorized" in third:
        third = third["context"]
    left: list[Any] = []
    declare("hall", on_join=lambda *_: answer, on_leave=lambda subscription, ctx, auth: left.append(auth))
    async with house() as here:
        assert outcome(await ask(here.peer({"userId": "u1"}), "hall", "g")) == "sync"
        await here.gone()
    assert left == [third]


@pytest.mark.feature("D10")
@ON_SQLITE
async def test_group_level_check_lets_in_by_user_and_group(declare: Declare) -> None:
    """The documents' ``checkUserAccess(userId, groupId)``."""
    allowed = {("u1", "team-a"), ("u2", "team-a"), ("u2", "team-b")}

    async def check_user_access(user: str, group: str) -> bool:
        return (user, group) in allowed

    async def on_join(subscription: Subscription, ctx: Any, auth: Any) -> Any:
        if auth is None or not await check_user_access(auth["userId"], subscription.group_id):
            return {"unauthorized": True, "reason": f"no access to {subscription.group_id}"}
        return {"unauthorized": False}

    declare("hall", on_join=on_join)
    async with house() as here:
        got = {
            (who, group): outcome(await ask(here.peer({"userId": who} if who else None), "hall", group))
            for who in ("u1", "u2", "u3", None)
            for group in ("team-a", "team-b")
        }
    assert {key for key, what in got.items() if what == "sync"} == allowed
    assert {what for key, what in got.items() if key not in allowed} == {"STREAM_ACCESS_DENIED"}


@ON_BOTH
async def test_membership_is_checked_in_the_state_as_it_is_now(declare: Declare) -> None:
    async def on_join(subscription: Subscription, ctx: Any, auth: Any) -> Any:
        workspace = await ctx.state.get("workspaces", subscription.group_id)
        member = auth is not None and workspace is not None and auth["userId"] in workspace["members"]
        return {"unauthorized": not member, "reason": "not a member"}

    declare("documents", on_join=on_join)
    await state.aset("workspaces", "w1", {"members": ["u42"]})
    async with house() as here:
        u42, u7 = here.peer({"userId": "u42"}), here.peer({"userId": "u7"})
        assert outcome(await ask(u42, "documents", "w1")) == "sync"
        assert outcome(await ask(u42, "documents", "w2")) == "STREAM_ACCESS_DENIED"
        assert outcome(await ask(u7, "documents", "w1")) == "STREAM_ACCESS_DENIED"
        assert outcome(await ask(here.peer(), "documents", "w1")) == "STREAM_ACCESS_DENIED"
        await state.aupdate("workspaces", "w1", [{"type": "append", "path": "members", "value": "u7"}])
        assert outcome(await ask(u7, "documents", "w1")) == "sync"


# -- what a denied one gets --------------------------------------------------------------------------------------------


@pytest.mark.feature("D6")
@ON_SQLITE
async def test_denied_client_gets_one_error_and_no_data_ever(declare: Declare) -> None:
    secret = declare("hall", on_join=lambda subscription, ctx, auth: subscription.group_id != "secret")
    await secret.aset("secret", "t1", {"text": "classified"})
    async with house() as here:
        peer = here.peer()
        for item in (None, "t1", "t2"):
            assert outcome(await ask(peer, "hall", "secret", item)) == "STREAM_ACCESS_DENIED"
        assert (await ask(peer, "hall", "open")).kind == "sync"
        await secret.aset("secret", "t1", {"text": "classified too"})
        await secret.aset("secret", "t2", {"text": "classified too"})
        await secret.asend("secret", {"type": "typing", "data": "classified"})
        await secret.asend(("secret", "t1"), {"type": "typing", "data": "classified"})
        await secret.adelete("secret", "t1")
        await secret.aset("open", "t1", {"text": "for everybody"})
        assert [frame.kind for frame in await peer.recv()] == ["create"]
    assert [outcome(frame) for frame in peer.frames] == ["STREAM_ACCESS_DENIED"] * 3 + ["sync", "create"]
    assert "classified" not in "".join(frame.text for frame in peer.frames)


# -- hooks that fail ---------------------------------------------------------------------------------------------------


@pytest.mark.feature("D7")
@pytest.mark.parametrize("which", ["can_access", "on_join"])
@pytest.mark.parametrize("error", [fail, lambda: {}["missing"], vanish], ids=["own", "key", "exit"])
@COLOURS
@ON_SQLITE
async def test_rule_that_raises_denies_and_is_logged(
    declare: Declare, colour: str, which: str, error: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    options = {"can_access": hook(colour, lambda *_: True), "on_join": hook(colour, lambda *_: None)}
    options[which] = hook(colour, lambda subscription, *_: error() if subscription.group_id == "bad" else True)
    declare("hall", **options)
    async with house() as here:
        peer = here.peer()
        denied = await ask(peer, "hall", "bad")
        assert denied.value["data"] == {"code": "STREAM_ACCESS_DENIED", "message": "Access denied"}
        assert (await ask(peer, "hall", "good")).kind == "sync"  # the socket, and the threads, still serve
    [record] = [record for record in caplog.records if getattr(record, "action", "") == "hook_failed"]
    assert record.levelno == logging.ERROR
    assert record.exc_info
    assert record.stream == "hall"  # type: ignore[attr-defined]


@ON_BOTH
async def test_hook_that_raises_after_writing_leaves_nothing(declare: Declare) -> None:
    board = declare("board", public=True)

    async def on_join(subscription: Subscription, ctx: Any, auth: Any) -> None:
        await ctx.streams.board.update("count", "watching", [{"type": "increment", "path": "n", "by": 1}])
        await ctx.streams.board.send("count", {"type": "somebody", "data": "comes"})
        await ctx.state.set("hooks", "seen", True)
        if subscription.group_id == "bad":
            raise Odd("after writing")

    declare("hall", on_join=on_join, on_leave=lambda *_: None)
    async with house() as here:
        watcher, peer = here.peer(), here.peer()
        await ask(watcher, "board", "count")
        assert outcome(await ask(peer, "hall", "bad")) == "STREAM_ACCESS_DENIED"
        assert await rows() == (0, 0, 0)
        assert outcome(await ask(peer, "hall", "good")) == "sync"
        assert await rows() == (2, 1, 1)  # the counter and the state; state keeps no log
        frames = await watcher.recv(2)
        assert sorted(frame.kind for frame in frames) == ["create", "event"]
        assert await board.aget("count", "watching") == {"id": "watching", "n": 1}
    assert len(watcher.frames) == 3


async def rows() -> tuple[int, ...]:
    """How many items, changes and leases there are."""

    def count() -> tuple[int, ...]:
        return tuple(model._default_manager.using(conf().database).count() for model in (Item, Change, Lease))

    return await asyncio.to_thread(connected, count)


@ON_SQLITE
async def test_context_that_is_no_json_denies_and_leaves_nothing(declare: Declare) -> None:
    declare("board")

    def on_join(subscription: Subscription, ctx: Any, auth: Any) -> Any:
        ctx.streams.board.set("g", "t", {"n": 1})
        return {"authorized": True, "context": {"socket": object()}}

    declare("hall", on_join=on_join, on_leave=lambda *_: None)
    async with house() as here:
        assert outcome(await ask(here.peer(), "hall", "g")) == "STREAM_ACCESS_DENIED"
        assert await rows() == (0, 0, 0)


@ON_BOTH
async def test_plain_hook_that_is_too_slow_denies_and_leaves_nothing(declare: Declare, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "hook_timeout_s": 0.2}
    go_on, done = threading.Event(), threading.Event()
    declare("board")

    def on_join(subscription: Subscription, ctx: Any, auth: Any) -> bool:
        go_on.wait(10)
        ctx.streams.board.set("g", "t", {"n": 1})
        done.set()
        return True

    declare("hall", on_join=on_join, on_leave=lambda *_: None)
    async with house() as here:
        peer = here.peer()
        assert outcome(await ask(peer, "hall", "g")) == "STREAM_ACCESS_DENIED"
        go_on.set()
        assert await asyncio.to_thread(done.wait, 10)
        await each_thread(here.access._threads, lambda: None)  # what they were doing is committed or undone
        assert await rows() == (0, 0, 0)
        await peer.settled()
    assert [outcome(frame) for frame in peer.frames] == ["STREAM_ACCESS_DENIED", "pong"]


@ON_BOTH
async def test_async_hook_that_is_too_slow_is_cancelled_and_leaves_nothing(declare: Declare, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "hook_timeout_s": 0.2}
    ended = threading.Event()
    declare("board")

    async def on_join(subscription: Subscription, ctx: Any, auth: Any) -> bool:
        await ctx.streams.board.set("g", "t", {"n": 1})
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return True

    declare("hall", on_join=on_join, on_leave=lambda *_: None)
    async with house() as here:
        assert outcome(await ask(here.peer(), "hall", "g")) == "STREAM_ACCESS_DENIED"
        assert await asyncio.to_thread(ended.wait, 10)
        await each_thread(here.access._threads, lambda: None)  # what they were doing is committed or undone
        assert await rows() == (0, 0, 0)


@ON_SQLITE
async def test_stubborn_async_hook_that_answers_too_late_denies_and_leaves_nothing(
    declare: Declare, settings: Any
) -> None:
    settings.STREAMS = {**settings.STREAMS, "hook_timeout_s": 0.2}
    done = threading.Event()
    declare("board")

    async def on_join(subscription: Subscription, ctx: Any, auth: Any) -> bool:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await ctx.streams.board.set("g", "t", {"n": 1})
        done.set()
        return True

    declare("hall", on_join=on_join, on_leave=lambda *_: None)
    async with house() as here:
        assert outcome(await ask(here.peer(), "hall", "g")) == "STREAM_ACCESS_DENIED"
        assert await asyncio.to_thread(done.wait, 10)
        await each_thread(here.access._threads, lambda: None)  # what they were doing is committed or undone
        assert await rows() == (0, 0, 0)


@ON_SQLITE
async def test_hooks_that_hang_deny_others_in_time_and_hold_up_nobody_else(declare: Declare, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "hook_timeout_s": 0.3, "hook_threads": 2}
    go_on = threading.Event()
    declare("hall", can_access=lambda *_: go_on.wait(20))
    plaza = declare("plaza", public=True)
    async with house() as here:
        peers = [here.peer() for _ in range(5)]
        answers = [asyncio.create_task(ask(peer, "hall", "g")) for peer in peers]
        bystander = here.peer()
        assert (await ask(bystander, "plaza", "g")).kind == "sync"
        await plaza.aset("g", "t", {"n": 1})
        assert [frame.kind for frame in await bystander.recv()] == ["create"]
        assert {outcome(await answer) for answer in answers} == {"STREAM_ACCESS_DENIED"}
        go_on.set()
        await each_thread(here.access._threads, lambda: None)
        assert (await ask(peers[0], "hall", "g")).kind == "sync"


@ON_SQLITE
async def test_rule_without_hooks_waits_for_no_writer(declare: Declare) -> None:
    declare("hall", can_access=lambda *_: True)
    story = Steps("locked", "answered")

    def write() -> None:
        with transaction.atomic():  # on SQLite this is the one write lock
            story.reach("locked")
            story.wait("answered")

    async with house() as here:
        with aside(write):
            await asyncio.to_thread(story.wait, "locked")
            assert outcome(await ask(here.peer(), "hall", "g")) == "sync"
            story.reach("answered")


@ON_SQLITE
async def test_callable_instances_are_asked_in_their_own_colour(declare: Declare) -> None:
    class Rule:
        def __init__(self, answer: bool) -> None:
            self.answer = answer

        async def __call__(self, subscription: Subscription, auth: Any) -> bool:
            return self.answer

    declare("open", can_access=Rule(True))
    declare("closed", can_access=Rule(False))
    async with house() as here:
        peer = here.peer()
        assert outcome(await ask(peer, "open", "g")) == "sync"
        assert outcome(await ask(peer, "closed", "g")) == "STREAM_ACCESS_DENIED"
