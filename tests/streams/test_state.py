"""ctx.state: any JSON by scope and key, with the operations and the atomicity of streams, and nobody may join it."""

from collections.abc import Callable
from typing import Any

import pytest

from streams.bus import changed
from streams.conf import conf
from streams.errors import InvalidId, InvalidItem, InvalidUpdate, StreamNotFound
from streams.models import Change as ChangeRow
from streams.registry import registry
from streams.state import NAME, state
from streams.stores import Store
from streams.writer import Stream
from tests.support.heard import Heard
from tests.support.histories import undone
from tests.support.peers import house
from tests.support.stores import DATABASES, SQLITE, STORES
from tests.support.threads import together

ON_ALL = pytest.mark.parametrize("kept", STORES, indirect=True)
ON_BOTH = pytest.mark.parametrize("kept", DATABASES, indirect=True)
ON_SQLITE = pytest.mark.parametrize("kept", [pytest.param({"database": "default"}, marks=SQLITE)], indirect=True)
pytestmark = pytest.mark.usefixtures("kept")

VALUES: list[Any] = [
    *(None, False, True, 0, -1, 2**70, 0.1, 1e300, "", "ü😀\u0000", [], {}, [None, [False]]),
    {"b": 1, "a": {"id": "its own"}},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@ON_SQLITE
def test_any_json_is_kept_as_it_is_and_gets_no_id(value: Any) -> None:
    written = state.set("scope", "key", value)
    stored = state.get("scope", "key")
    for seen in (written.new_value, stored, *state.list("scope")):
        assert (seen, type(seen)) == (value, type(value))
    if isinstance(value, dict):
        assert list(stored) == list(value)


@ON_ALL
def test_operations_are_those_of_streams() -> None:
    assert state.get("workspaces", "w1") is None
    first = state.set("workspaces", "w1", {"members": ["u42"]})
    assert (first.created, first.old_value, first.sequence) == (True, None, 1)
    second = state.update("workspaces", "w1", [{"type": "append", "path": "members", "value": "u7"}])
    assert second is not None
    assert (second.old_value, second.new_value) == ({"members": ["u42"]}, {"members": ["u42", "u7"]})
    state.update("workspaces", "w0", [{"type": "increment", "path": "n", "by": 2}])
    assert state.update("workspaces", "nobody", [{"type": "remove", "path": "n"}], if_exists=True) is None
    assert state.list("workspaces") == [{"members": ["u42", "u7"]}, {"n": 2}]
    assert state.list_groups() == ["workspaces"]
    with state.batch("workspaces") as batch:
        batch.set("w2", 1)
        batch.delete("w0")
    assert state.delete("workspaces", "w1") == {"members": ["u42", "u7"]}
    assert state.delete("workspaces", "w1") is None
    assert state.list("workspaces") == [1]
    assert state.clear("workspaces") == 1
    assert state.list_groups() == []


@ON_ALL
async def test_async_code_awaits_the_same() -> None:
    await state.aset("scope", "a", [1])
    await state.aupdate("scope", "b", [{"type": "set", "path": "deep.er", "value": True}])
    assert await state.aget("scope", "a") == [1]
    assert await state.alist("scope") == [[1], {"deep": {"er": True}}]
    assert await state.alist_groups() == ["scope"]
    async with state.abatch("scope") as batch:
        batch.set("c", None)
    assert await state.adelete("scope", "a") == [1]
    assert await state.aclear("scope") == 2


@ON_SQLITE
def test_what_is_no_json_or_no_id_is_refused_by_name() -> None:
    for value in (object(), {1: 2}, float("nan"), {"deep": [float("inf")]}, "\ud800"):
        with pytest.raises(InvalidItem):
            state.set("scope", "key", value)
    for scope, key in (("", "k"), ("s", ""), ("s", ".."), ("s", "x" * 256), ("s\0", "k"), ("s", "\ud800")):
        with pytest.raises(InvalidId):
            state.set(scope, key, 1)
    state.set("scope", "list", [1])
    with pytest.raises(InvalidUpdate):
        state.update("scope", "list", [{"type": "increment", "path": "n", "by": 1}])
    assert state.list("scope") == [[1]]


@ON_BOTH
def test_two_hundred_concurrent_increments_make_two_hundred() -> None:
    def work() -> None:
        for _ in range(25):
            state.update("scope", "n", [{"type": "increment", "path": "count", "by": 1}])

    together(*([work] * 8))
    assert state.get("scope", "n") == {"count": 200}


@ON_ALL
def test_scopes_and_streams_do_not_mix(declare: Callable[..., Stream]) -> None:
    stream = declare("s")
    stream.set("g", "k", {"of": "the stream"})
    state.set("g", "k", "of the state")
    state.set("g:k", "k", "of another scope")
    assert (stream.get("g", "k"), state.get("g", "k")) == ({"id": "k", "of": "the stream"}, "of the state")
    assert (stream.list_groups(), state.list_groups()) == (["g"], ["g", "g:k"])


@ON_ALL
def test_rolled_back_with_the_transaction_around_it(store: Store) -> None:
    state.set("scope", "key", 1)
    with undone(store):
        state.set("scope", "key", 2)
    assert state.get("scope", "key") == 1


# -- nobody is told but triggers ---------------------------------------------------------------------------------------


@ON_ALL
def test_changes_are_told_to_triggers_inside_the_transaction_and_to_nobody_else(heard: Heard) -> None:
    told: list[tuple[str, str, str | None]] = []

    def receive(sender: Any, change: Any, old: str | None, **_: Any) -> None:
        told.append((change.kind, change.value, old))

    changed.connect(receive)
    try:
        state.set("orders", "o1", "new")
        state.set("orders", "o1", "paid")
        state.delete("orders", "o1")
    finally:
        changed.disconnect(receive)
    assert told == [("create", '"new"', None), ("update", '"paid"', '"new"'), ("delete", '"paid"', '"paid"')]
    assert heard.messages == []


@ON_BOTH
def test_no_log_is_kept() -> None:
    for number in range(5):
        state.set("scope", "key", number)
    assert not ChangeRow.objects.using(conf().database).exists()


@pytest.mark.feature("G8")
@ON_SQLITE
async def test_nobody_can_join_it_by_any_name(declare: Callable[..., Stream]) -> None:
    declare("s", public=True)
    await state.aset("scope", "key", {"secret": 1})
    assert NAME not in [stream.definition.name for stream in registry.all()]
    with pytest.raises(StreamNotFound):
        registry.get(NAME)
    async with house() as here:
        peer = here.peer({"userId": "1"})
        for name in (NAME, "state"):
            await peer.join(name, "scope")
            [frame] = await peer.recv()
            assert frame.error == "STREAM_NOT_FOUND"
        await state.aset("scope", "key", {"secret": 2})
        await peer.settled()
        assert here.hub.rooms == {}
    assert "secret" not in "".join(frame.text for frame in peer.frames)
