"""Streams are found in the installed apps, by where they stand; what is wrong with them names the file."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.checks import Error
from django.test import override_settings

from streams.checks import check_imports, check_settings, check_stores
from streams.context import Streams
from streams.errors import DefinitionError, StreamNotFound
from streams.registry import Registry, registry
from tests.support.process import ROOT

Write = Callable[[Path, str], None]
STREAM = "from streams import Stream\n{0} = Stream('{0}')\n"


def discovered() -> Registry:
    found = Registry()
    with override_settings(INSTALLED_APPS=["found_app"]):
        found.discover()
    return found


def names(found: Registry) -> list[str]:
    return [stream.definition.name for stream in found.all()]


@pytest.mark.feature("A1", "A2", "A3")
def test_streams_stand_in_modules_packages_and_files_of_the_right_name(app: Path, write: Write) -> None:
    write(app / "streams" / "__init__.py", STREAM.format("inPackage"))
    write(app / "streams" / "chat_stream.py", STREAM.format("inside"))
    write(app / "streams" / "deep" / "er" / "room_stream.py", STREAM.format("deeper"))
    write(app / "streams" / "helper.py", "raise RuntimeError('not a stream file')")
    write(app / "beside_stream.py", STREAM.format("beside"))
    write(app / "streamy.py", "raise RuntimeError('not a stream file')")
    write(app / "steps.py", STREAM.format("elsewhere"))
    assert names(discovered()) == ["beside", "deeper", "inPackage", "inside"]


@pytest.mark.feature("A1", "A2")
def test_streams_stand_in_a_module_beside_steps(app: Path, write: Write) -> None:
    write(app / "streams.py", STREAM.format("one") + STREAM.format("two"))
    write(app / "steps.py", "")
    assert names(discovered()) == ["one", "two"]


@pytest.mark.feature("A3")
def test_folders_need_no_init_file(app: Path) -> None:
    """Python takes a folder without one for a package too; what stands in it must not be passed over in silence."""
    for place, name in (("streams", "top"), ("streams/chat", "chat"), ("streams/chat/rooms", "rooms")):
        (app / place).mkdir()
        (app / place / f"{name}_stream.py").write_text(STREAM.format(name))
    (app / "streams" / "__pycache__").mkdir()
    (app / "streams" / "__pycache__" / "old_stream.py").write_text("raise RuntimeError")
    assert names(discovered()) == ["chat", "rooms", "top"]


def test_app_without_streams_has_none(app: Path) -> None:
    assert names(discovered()) == []


def test_one_object_under_several_names_is_one_stream(app: Path, write: Write) -> None:
    write(
        app / "streams.py", "from .chat_stream import chat\nalso = chat\nfrom streams import Stream\nnot_one = Stream"
    )
    write(app / "chat_stream.py", STREAM.format("chat"))
    assert names(discovered()) == ["chat"]


def test_lazy_objects_are_not_woken(app: Path, write: Write) -> None:
    write(
        app / "streams.py",
        """
        from django.utils.functional import SimpleLazyObject
        from streams import Stream

        def wake():
            raise RuntimeError("woken")

        lazy = SimpleLazyObject(wake)

        class Curious:
            def __getattr__(self, name):
                raise RuntimeError("asked")

        curious = Curious()
        stream = Stream("stream")
        """,
    )
    assert names(discovered()) == ["stream"]


@pytest.mark.feature("A11")
def test_two_streams_of_one_name_are_an_error_with_both_files(app: Path, write: Write) -> None:
    write(app / "streams.py", "\n\n" + STREAM.format("chat"))
    write(app / "chat_stream.py", STREAM.format("chat"))
    with pytest.raises(DefinitionError) as caught:
        discovered()
    message = caught.value.message
    assert "two streams are named 'chat'" in message
    assert f"{app / 'streams.py'}:4" in message
    assert f"{app / 'chat_stream.py'}:2" in message


def test_wrong_declaration_ends_the_start_and_names_the_place(app: Path, write: Write) -> None:
    write(app / "streams.py", "from streams import Stream\n\nchat = Stream('chat', publik=True)")
    with pytest.raises(DefinitionError, match=r"streams.py:3: stream 'chat': unknown option publik"):
        discovered()


@pytest.mark.parametrize("text", ["import nothing_of_this_name", "def broken(:", "1 / 0"])
def test_module_that_cannot_be_imported_ends_the_start(app: Path, write: Write, text: str) -> None:
    write(app / "streams.py", text)
    with pytest.raises((ImportError, SyntaxError, ZeroDivisionError)):
        discovered()


@override_settings(DEBUG=True)
def test_with_debug_the_rest_is_served_and_a_check_tells(
    app: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(app / "broken_stream.py", "1 / 0")
    write(app / "streams" / "__init__.py", "import nothing_of_this_name")
    write(app / "whole_stream.py", STREAM.format("whole"))
    found = discovered()
    assert names(found) == ["whole"]
    assert [failure.module for failure in found.discovery.failures] == ["found_app.broken_stream", "found_app.streams"]
    monkeypatch.setattr(registry.discovery, "failures", found.discovery.failures)
    told = check_imports()
    assert [message.id for message in told] == ["streams.E002"] * 2
    assert "found_app.broken_stream cannot be imported: ZeroDivisionError" in told[0].msg
    write(app / "broken_stream.py", STREAM.format("mended"))
    write(app / "streams" / "__init__.py", "")
    mended = discovered()
    assert (names(mended), mended.discovery.failures) == (["mended", "whole"], [])


def test_streams_are_got_by_name_in_both_ways(app: Path, write: Write) -> None:
    write(app / "streams.py", "from streams import Stream\na = Stream('chatMessage')\nb = Stream('any-name:of/it')")
    before = registry.all()
    registry.replace(discovered().all())
    try:
        streams = Streams(asynchronous=False)
        assert streams.chatMessage is streams["chatMessage"] is registry.get("chatMessage")
        assert streams["any-name:of/it"].name == "any-name:of/it"
        for unknown in ("nothing", "", "chatmessage"):
            with pytest.raises(StreamNotFound, match="there is no stream named"):
                streams[unknown]
        with pytest.raises(StreamNotFound):
            streams.nothing  # noqa: B018
        with pytest.raises(StreamNotFound):
            registry.get([])  # type: ignore[arg-type]
    finally:
        registry.replace(before)


SITE = """
import sys
from django.conf import settings

settings.configure(
    DEBUG=True,
    SECRET_KEY="for-tests-only",
    INSTALLED_APPS=["streams", "found_app"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
import django

django.setup()
from streams.context import Streams
from streams.registry import registry

print([stream.definition.name for stream in registry.all()])
print(Streams(asynchronous=False).chatMessage.name)
"""


@pytest.mark.feature("A1")
def test_file_that_is_removed_is_gone_after_a_restart(app: Path, write: Write) -> None:
    """Two starts of a project that has nothing but these two apps."""
    path = f"{app.parent}{os.pathsep}{ROOT}"

    def start() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", SITE]
        return subprocess.run(
            command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
        )

    write(app / "chat_stream.py", STREAM.format("chatMessage"))
    first = start()
    assert first.stdout.split("\n")[:2] == ["['chatMessage']", "chatMessage"], first.stderr
    (app / "chat_stream.py").unlink()
    second = start()
    assert second.stdout.strip() == "[]"
    assert "StreamNotFound: there is no stream named 'chatMessage'" in second.stderr


# -- the other checks -------------------------------------------------------------------------------------------------


def test_unknown_settings_are_told() -> None:
    with override_settings(STREAMS={"outbox_byte": 1, "database": "default"}):
        [error] = check_settings()
    assert (error.id, error.msg) == ("streams.E001", "STREAMS has no setting 'outbox_byte'.")
    assert "outbox_bytes" in (error.hint or "")
    with override_settings(STREAMS=["database"]):
        assert [message.id for message in check_settings()] == ["streams.E001"]
    assert check_settings() == []


@pytest.mark.parametrize(
    ("storage", "why"),
    [
        ("nowhere", "there is no store 'nowhere'"),
        ("found_app.nothing.Store", "No module named 'found_app.nothing'"),
        ("os.path.join", "os.path.join is not a Store"),
        ("json.JSONDecoder", "json.JSONDecoder is not a Store"),
    ],
)
def test_streams_without_a_store_are_told(app: Path, write: Write, storage: str, why: str) -> None:
    write(app / "streams.py", f"from streams import Stream\nchat = Stream('chat', storage={storage!r})")
    before = registry.all()
    registry.replace(discovered().all())
    try:
        [error] = check_stores()
    finally:
        registry.replace(before)
    assert isinstance(error, Error)
    assert error.id == "streams.E003"
    assert f"{app / 'streams.py'}:2: stream 'chat': " in error.msg
    assert why in error.msg
