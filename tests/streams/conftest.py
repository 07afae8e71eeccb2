"""Every store as the tests use it, streams declared for one test, and what the bus was told."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from streams.bus import bus
from streams.changes import Address, Change
from streams.registry import registry
from streams.stores import Store, store_for
from streams.writer import Stream
from tests.support.apps import app, write
from tests.support.heard import Heard
from tests.support.valkey import GivenValkey, Valkey

__all__ = ["app", "write"]  # fixtures


@pytest.fixture
def kept(request: pytest.FixtureRequest, settings: Any) -> dict[str, Any]:
    """Make the project's setting the one that was asked for: where the streams of this test are kept.

    Without a parameter (``@pytest.mark.parametrize("kept", STORES, indirect=True)``) it is memory.
    """
    chosen: dict[str, Any] = getattr(request, "param", {"storage": "memory"})
    settings.STREAMS = {**getattr(settings, "STREAMS", {}), **chosen}
    return chosen


@pytest.fixture
def store(kept: dict[str, Any]) -> Store:
    """The store of streams that say nothing else."""
    return store_for("default")


@pytest.fixture
def alias(kept: dict[str, Any]) -> str:
    """The database of the store."""
    found: str = kept["database"]
    return found


@pytest.fixture
def declare(kept: dict[str, Any]) -> Iterator[Callable[..., Stream]]:
    """Declare a stream that the registry knows until the end of the test: ``declare("todo", public=True)``."""
    before = registry.all()
    declared: list[Stream] = []

    def make(name: str = "s", **options: Any) -> Stream:
        declared.append(Stream(name, **options))
        registry.replace(declared)
        return declared[-1]

    yield make
    registry.replace(before)


@pytest.fixture
def stream(declare: Callable[..., Stream]) -> Stream:
    """A stream that everybody may read, without a schema."""
    return declare("s", public=True)


@pytest.fixture
def heard() -> Iterator[Heard]:
    reader = Heard()
    bus.attach(reader)
    yield reader
    bus.detach(reader)


@pytest.fixture
def log(store: Store) -> Callable[..., list[Change]]:
    """Return the whole log of a group: ``log("group")``."""

    def read(group: str = "g", stream: str = "s") -> list[Change]:
        return list(store.log(Address(stream, group), 0).changes)

    return read


@pytest.fixture(scope="session")
def redis_url(valkey_server: Valkey | GivenValkey) -> str:
    """The address of a real Valkey."""
    return valkey_server.url


@pytest.fixture
def long() -> int:
    """How much more random tests do when there is time for it: ``MILLRACE_LONG=1``."""
    return 20 if os.environ.get("MILLRACE_LONG") else 1


@pytest.fixture
async def async_thread() -> AsyncIterator[None]:
    """Async code reaches the database in one other thread, whose connections nobody else would close."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture(autouse=True)
def _no_transaction_is_left_open() -> Iterator[None]:
    before = _open_transactions()
    yield
    assert _open_transactions() <= before


def _open_transactions() -> set[str]:
    return {connection.alias for connection in connections.all(initialized_only=True) if connection.in_atomic_block}
