"""Declaring a stream: every option, every spelling, and a clear word about what is wrong."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from streams.definition import Definition, History
from streams.errors import DefinitionError
from streams.registry import registry
from streams.schema import JsonSchema
from streams.stores import store_for
from streams.stores.database import DatabaseStore
from streams.stores.memory import MemoryStore
from streams.writer import Stream, StreamConfig, stream

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


def rule(*_: Any) -> bool:
    return True


async def hook(*_: Any) -> None:
    return None


@pytest.mark.feature("A5")
def test_one_call_declares_a_stream_with_every_option() -> None:
    declared = Stream(
        "chat",
        schema=SCHEMA,
        storage="memory",
        history=History(changes=10, age=None),
        public=True,
        can_access=rule,
        can_write=rule,
        on_join=hook,
        on_leave=hook,
        description="What people say.",
    ).definition
    assert isinstance(declared.schema, JsonSchema)
    assert (declared.name, declared.storage, declared.public) == ("chat", "memory", True)
    assert (declared.can_access, declared.can_write, declared.on_join, declared.on_leave) == (rule, rule, hook, hook)
    assert (declared.history, declared.description) == (History(10, None), "What people say.")
    file, _, line = declared.file.rpartition(":")
    assert (file, int(line) > 0) == (__file__, True)


@pytest.mark.feature("A5")
def test_options_have_defaults() -> None:
    declared = Stream("chat").definition
    assert (declared.schema.json_schema(), declared.storage) == ({"type": "object"}, "default")
    assert declared.history == History(changes=1000, age=timedelta(days=1))
    assert (declared.public, declared.open, declared.description) == (False, False, "")


@pytest.mark.feature("A5")
@pytest.mark.parametrize("declare", [lambda config: stream(config), lambda config: StreamConfig(**config)])
def test_documents_own_form(declare: Callable[[dict[str, Any]], Stream]) -> None:
    config = {
        "name": "chat",
        "schema": SCHEMA,
        "baseConfig": {"storageType": "default"},
        "onJoin": hook,
        "onLeave": hook,
        "canAccess": rule,
        "canWrite": rule,
    }
    declared = declare(config).definition
    assert (declared.on_join, declared.on_leave, declared.can_access, declared.can_write) == (hook, hook, rule, rule)
    assert (declared.storage, declared.schema.json_schema(), declared.open) == ("default", SCHEMA, True)
    assert declared.file.startswith(__file__)
    assert StreamConfig is Stream


@pytest.mark.feature("A5")
@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"publik": True}, "unknown option publik; known are can_access, can_write"),
        ({"file": "x", "zebra": 1}, "unknown option file, zebra"),
        ({"public": 1}, "public must be True or False"),
        ({"on_join": "hook"}, "on_join must be callable"),
        ({"canAccess": 7}, "can_access must be callable"),
        ({"can_access": rule, "canAccess": rule}, "can_access is given twice"),
        ({"history": 10}, "history must be a History or None"),
        ({"description": None}, "description must be a str"),
        ({"storage": 7}, "storage must be a str"),
        ({"storage": "memory", "base_config": {"storageType": "default"}}, "say the same thing"),
        ({"base_config": "memory"}, "base_config must look like"),
        ({"baseConfig": {"storageType": "memory", "more": 1}}, "base_config must look like"),
        ({"baseConfig": {"storage_type": 7}}, "storage must be a str"),
        ({"schema": 7}, "schema must be a pydantic model class, a DRF serializer class or a JSON Schema dict"),
        ({"schema": {"type": "objekt"}}, "not a valid JSON Schema"),
        ({"schema": {"properties": {"a": {"$ref": "#/nowhere"}}}}, "not a valid JSON Schema"),
    ],
)
def test_what_is_wrong_is_said_with_the_place(options: dict[str, Any], why: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Stream("chat", **options)
    assert why in caught.value.message
    assert caught.value.message.startswith(f"{__file__}:")
    assert "stream 'chat': " in caught.value.message


@pytest.mark.parametrize(
    "name", ["", ".", "a b", "a\tb", "a\0", "x" * 256, "\ud800", "streams:own", "a\u00a0b", "\u2028", None, 7]
)
def test_names_are_ids_without_spaces(name: Any) -> None:
    with pytest.raises(DefinitionError, match="stream"):
        Stream(name)


@pytest.mark.parametrize("name", ["a", "any-name:of/it", "é", "😀", "x" * 255, "chatMessage", "..."])
def test_other_names_are_fine(name: str) -> None:
    assert Stream(name).name == name


@pytest.mark.parametrize(
    "history",
    [{"changes": 0}, {"changes": -1}, {"changes": True}, {"changes": 1.5}, {"age": 60}, {"age": timedelta(0)}],
)
def test_history_makes_sense(history: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match="History"):
        History(**history)


def test_definitions_are_frozen_and_their_own() -> None:
    one, other = Stream("chat").definition, Stream("chat").definition
    assert one != other
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "other"  # type: ignore[misc]
    assert len({one, other}) == 2


@pytest.mark.feature("A10")
def test_default_storage_is_the_one_that_the_settings_choose(settings: Any) -> None:
    chat, config = Stream("chat"), {"storageType": "default"}
    settings.STREAMS = {"storage": "memory"}
    assert isinstance(chat.store, MemoryStore)
    assert Stream("other", base_config=config).store is chat.store, "one for all streams"
    settings.STREAMS = {"storage": "database", "database": "postgres"}
    assert isinstance(chat.store, DatabaseStore), "also for a stream that was used before"
    assert chat.store.alias == "postgres"
    settings.STREAMS = {
        "storage": "tests.support.stores.PostgresStore",
        "stores": {"mine": "streams.stores.memory.MemoryStore"},
    }
    assert type(chat.store).__name__ == "PostgresStore"
    assert isinstance(Stream("own", storage="mine").store, MemoryStore)
    settings.STREAMS = {}
    assert isinstance(chat.store, DatabaseStore)
    assert chat.store.alias == "default"
    assert store_for("database") is chat.store
    assert isinstance(Stream("m", base_config={"storage_type": "memory"}).store, MemoryStore)


def test_stream_shows_its_name() -> None:
    assert repr(Stream("chat")) == "<Stream 'chat'>"


def test_registry_is_sorted_and_replaced_as_a_whole() -> None:
    before = registry.all()
    try:
        registry.replace([Stream("b"), Stream("a")])
        assert [declared.definition.name for declared in registry.all()] == ["a", "b"]
        with pytest.raises(DefinitionError, match="two streams are named 'c'"):
            registry.replace([Stream("c"), Stream("c")])
        assert [declared.definition.name for declared in registry.all()] == ["a", "b"]
    finally:
        registry.replace(before)
    assert registry.all() == before


def test_definition_alone_is_closed() -> None:
    assert not Definition("chat").open
    assert Definition("chat", on_join=hook).open
