"""``streams.testing`` in the tests of a project: plain ``TestCase``, no threads, no waiting."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import TestCase, TransactionTestCase

from project import environment
from streams.errors import AccessDenied, StreamNotFound
from streams.registry import registry
from streams.testing import StreamClient, commit
from streams.writer import Stream
from tests.support.postgres import GivenPostgres, Postgres
from tests.support.product import FOREIGN

ROOT = Path(__file__).parents[2]


class WithStreams:
    """Declares streams for a test case."""

    hooks: ClassVar[list[Any]] = []

    def setUp(self) -> None:
        type(self).hooks = []
        before = registry.all()
        self.todo = Stream("todo", public=True)
        self.forgetful = Stream("forgetful", public=True, history=None)
        self.secret = Stream("secret", can_access=lambda subscription, auth: auth == {"userId": "7"})
        self.counted = Stream("counted", on_join=self.joined, on_leave=self.left)
        self.closed = Stream("closed")
        registry.replace([self.todo, self.forgetful, self.secret, self.counted, self.closed])
        self.addCleanup(registry.replace, before)  # type: ignore[attr-defined]

    async def joined(self, subscription: Any, ctx: Any, auth: Any) -> dict[str, Any]:
        if subscription.id == "no":
            return {"unauthorized": True, "reason": "not you"}
        if subscription.id == "broken":
            raise RuntimeError("mine")
        await ctx.streams.todo.update("watching", subscription.group_id, [{"type": "increment", "path": "n"}])
        return {"authorized": True, "context": {"seen": auth}}

    def left(self, subscription: Any, ctx: Any, auth: Any) -> None:
        self.hooks.append(auth)
        ctx.streams.todo.update("watching", subscription.group_id, [{"type": "decrement", "path": "n"}])


class Told(WithStreams, TestCase):
    def test_what_is_committed_is_told_when_it_is_looked_at(self) -> None:
        self.todo.set("inbox", "a", {"n": 1})
        client = StreamClient()
        inbox, item = client.group("todo", "inbox"), client.item("todo", "inbox", "b")
        assert inbox.get_state() == [{"n": 1, "id": "a"}]
        self.todo.set("inbox", "b", {"n": 2})
        self.todo.update("inbox", "a", [{"type": "increment", "path": "n"}])
        self.todo.send("inbox", {"type": "typing", "data": 1})
        self.todo.delete("inbox", "b")
        self.todo.set("elsewhere", "x", {})
        assert inbox.get_state() == [{"n": 2, "id": "a"}]
        assert inbox.events == [
            ("sync", [{"n": 1, "id": "a"}]),
            ("create", {"n": 2, "id": "b"}),
            ("update", {"n": 2, "id": "a"}),
            ("event", {"type": "typing", "data": 1}),
            ("delete", {"n": 2, "id": "b"}),
        ]
        assert item.get_state() is None
        assert [type for type, _ in item.events] == ["sync", "create", "delete"]
        assert inbox.position == item.position

    def test_what_is_rolled_back_or_not_over_is_never_told(self) -> None:
        inbox = StreamClient().group("todo", "inbox")
        with transaction.atomic():
            self.todo.set("inbox", "a", {})
            assert inbox.get_state() == []
            transaction.set_rollback(True)
        with transaction.atomic():
            self.todo.set("inbox", "b", {})
            savepoint = transaction.savepoint()
            self.todo.set("inbox", "c", {})
            transaction.savepoint_rollback(savepoint)  # by hand: Django does not know
            assert commit() == 0
        assert [item["id"] for item in inbox.get_state()] == ["b"]
        assert [type for type, _ in inbox.events] == ["sync", "create"]

    def test_hooks_of_the_project_run_too_and_what_they_write_is_told(self) -> None:
        inbox = StreamClient().group("todo", "inbox")
        transaction.on_commit(lambda: self.todo.set("inbox", "late", {}))
        assert [item["id"] for item in inbox.get_state()] == ["late"]

    def test_lives_with_capture_on_commit_callbacks(self) -> None:
        inbox = StreamClient().group("todo", "inbox")
        with self.captureOnCommitCallbacks(execute=True) as callbacks:
            self.todo.set("inbox", "a", {})
            assert len(inbox.get_state()) == 1
            self.todo.set("inbox", "b", {})
        assert len(callbacks) == 2
        assert [type for type, _ in inbox.events] == ["sync", "create"]
        assert len(inbox.get_state()) == 2

    def test_a_stream_without_a_log_is_looked_at_anew(self) -> None:
        group = StreamClient().group("forgetful", "g")
        self.forgetful.set("g", "a", {"n": 1})
        assert group.get_state() == [{"n": 1, "id": "a"}]

    def test_rules_and_hooks_are_asked(self) -> None:
        nobody = StreamClient()
        for stream in ("secret", "closed"):
            with pytest.raises(AccessDenied):
                nobody.group(stream, "g")
        with pytest.raises(StreamNotFound):
            nobody.group("none", "g")
        with pytest.raises(AccessDenied, match="not you"):
            nobody.item("counted", "g", "no")
        with pytest.raises(AccessDenied, match="RuntimeError"):
            nobody.item("counted", "g", "broken")
        assert StreamClient(auth={"userId": "7"}).group("secret", "g").get_state() == []
        user = get_user_model().objects.create(pk=7, username="seven")
        assert StreamClient(user).group("secret", "g").get_state() == []

    def test_hooks_see_the_test_s_data_and_run_in_its_transaction(self) -> None:
        watching = StreamClient().item("todo", "watching", "g")
        with StreamClient(auth={"userId": "7"}) as client:
            first = client.group("counted", "g")
            client.group("counted", "g")
            assert watching.get_state() == {"n": 2, "id": "g"}
            first.close()
            first.close()
            assert watching.get_state() == {"n": 1, "id": "g"}
        assert watching.get_state() == {"n": 0, "id": "g"}
        assert self.hooks == [{"seen": {"userId": "7"}}] * 2

    def test_closed_hears_nothing(self) -> None:
        client = StreamClient()
        inbox = client.group("todo", "inbox")
        self.todo.set("inbox", "a", {})
        inbox.close()
        self.todo.set("inbox", "b", {})
        client.receive_committed()
        assert [type for type, _ in inbox.events] == ["sync", "create"]

    async def test_from_an_async_test(self) -> None:
        inbox = await sync_to_async(StreamClient().group)("todo", "inbox")
        await self.todo.aset("inbox", "a", {})
        assert await sync_to_async(inbox.get_state)() == [{"id": "a"}]


class Committed(WithStreams, TransactionTestCase):
    def test_in_a_test_case_that_commits(self) -> None:
        inbox = StreamClient().group("todo", "inbox")
        self.todo.set("inbox", "a", {})
        assert inbox.get_state() == [{"id": "a"}]
        with transaction.atomic():
            self.todo.set("inbox", "b", {})
            transaction.set_rollback(True)
        assert [type for type, _ in inbox.events] == ["sync", "create"]


SETTINGS = """
INSTALLED_APPS += ["users", "channels", "rest_framework", "streams"]
DATABASES = {"default": DATABASE}
"""
TESTS = '''
from django.test import TestCase, TransactionTestCase
from streams import Stream
from streams.testing import StreamClient, close_connections

note = Stream("note", public=True)

class Plain(TestCase):
    def test_told(self):
        kitchen = StreamClient().group("note", "kitchen")
        note.set("kitchen", "1", {"text": "Milk is out"})
        self.assertEqual(kitchen.get_state(), [{"text": "Milk is out", "id": "1"}])

class Live(TransactionTestCase):
    """With the real hub, whose threads have connections of their own."""

    async def test_followed(self):
        seen = []
        follower = note.subscribe("kitchen")
        async for frame in follower:
            seen.append(frame["event"]["type"])
            if len(seen) == 2:
                break
            await note.aset("kitchen", "1", {"text": "Milk is out"})
        await follower.aclose()
        self.assertEqual(seen, ["sync", "create"])
        close_connections()
'''


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_project_s_tests_run_and_end(
    database: str, tmp_path: Path, postgres_server: Postgres | GivenPostgres
) -> None:
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN} | {"PYTHONPATH": str(ROOT)}

    def call(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    call("-m", "django", "startproject", "foreign", str(tmp_path))
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / "__init__.py").touch()
    (tmp_path / "users" / "streams.py").write_text('from streams import Stream\n\nnote = Stream("note", public=True)\n')
    (tmp_path / "users" / "tests.py").write_text(
        TESTS.replace('note = Stream("note", public=True)', "from .streams import note")
    )
    if database == "sqlite":
        entry = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "db.sqlite3")}
    else:
        found = environment.database(postgres_server.url(), tmp_path)
        entry = {key: str(found[key]) for key in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")}
    with (tmp_path / "foreign" / "settings.py").open("a") as settings:
        settings.write(SETTINGS.replace("DATABASE}", f"{entry!r}}}"))
    output = call("manage.py", "test", "--noinput")
    assert "Ran 2 tests" in output
    assert "OK" in output
