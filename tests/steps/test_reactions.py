"""Stream and state triggers: runs that commit with the change, with the documents' inputs, in order per item."""

import logging
from typing import Any

import pytest
from django.db import transaction

from steps import worker
from steps.definition import step
from steps.kinds import trigger
from steps.messages import enqueue
from steps.models import Run
from steps.occasions import StateInput, StreamInput
from steps.queues import queue
from steps.runs import rows
from steps.watches import state as state_trigger
from steps.watches import stream
from streams.state import state
from streams.writer import Stream
from tests.steps.bench import DATABASES, Bench, all_runs

pytestmark = pytest.mark.parametrize("database", DATABASES, indirect=True)


@pytest.fixture
def todo(declare: Any, database: str) -> Stream:
    made = Stream("todo")
    declare(made)
    return made


def noting(name: str, seen: list[Any], *triggers: Any, **options: Any) -> Any:
    def handler(change: Any, ctx: Any) -> None:
        seen.append(change)

    return step(name, handler, triggers=list(triggers), **options)


@pytest.mark.feature("E11", "E12", "E24")
def test_handler_gets_what_happened_in_order(bench: Bench, serve: Any, todo: Stream) -> None:
    seen: list[StreamInput] = []
    serve(noting("On", seen, stream("todo")))
    made = todo.set("inbox", "t1", {"n": 1})
    todo.update("inbox", "t1", [{"type": "set", "path": "n", "value": 2}])
    todo.delete("inbox", "t1")
    bench.finish()
    create, update, delete = seen
    assert (create.type, create.stream_name, create.group_id, create.id) == ("stream", "todo", "inbox", "t1")
    assert create["streamName"] == "todo"
    assert create["groupId"] == "inbox"
    assert create["itemId"] == create.item_id == "t1"
    assert create["event"]["type"] == create.event.type == "create"
    assert create["event"]["data"] == create.event.data == {"id": "t1", "n": 1}
    assert type(create.timestamp) is int
    assert create.timestamp == int(made.timestamp)
    assert (create.old_value, create.new_value) == (None, {"id": "t1", "n": 1})
    assert (update.event.type, update.old_value["n"], update["new_value"]["n"]) == ("update", 1, 2)
    assert (delete.event.type, delete.event.data["n"], delete.new_value, delete.old_value["n"]) == (
        "delete",
        2,
        None,
        2,
    )


@pytest.mark.feature("E9", "E17")
def test_filters_fire_only_for_their_target(bench: Bench, serve: Any, todo: Stream) -> None:
    seen: dict[str, list[Any]] = {name: [] for name in ("all", "group", "item", "both", "create", "set", "delete")}
    serve(
        noting("all", seen["all"], stream("todo")),
        noting("group", seen["group"], trigger({"type": "stream", "streamName": "todo", "groupId": "a"})),
        noting("item", seen["item"], trigger({"type": "stream", "streamName": "todo", "itemId": "1"})),
        noting("both", seen["both"], stream("todo", group_id="a", item_id="1")),
        noting("create", seen["create"], stream("todo", event="create")),
        noting("set", seen["set"], stream("todo", event="set")),
        noting("delete", seen["delete"], stream("todo", event="delete")),
        noting("other", [], stream("other")),
    )
    for group, item in (("a", "1"), ("a", "2"), ("b", "1")):
        todo.set(group, item, {})
    todo.set("a", "1", {"again": True})
    todo.delete("b", "1")
    todo.send("a", {"type": "ping", "data": 1})
    bench.finish()
    assert {name: len(values) for name, values in seen.items()} == {
        "all": 5, "group": 3, "item": 4, "both": 2, "create": 3, "set": 4, "delete": 1,
    }  # fmt: skip


@pytest.mark.feature("E10")
def test_condition_is_asked_in_the_worker(bench: Bench, serve: Any, todo: Stream, caplog: Any) -> None:
    seen: list[Any] = []

    def broken(change: Any) -> bool:
        raise KeyError("broken")

    serve(
        noting("On", seen, stream("todo", condition=lambda change: change.event.data["n"] == 3)),
        noting("Broken", [], stream("todo", condition=broken)),
    )
    with caplog.at_level(logging.ERROR, "steps.attempts"):
        for number in range(1, 6):
            todo.set("g", "i", {"n": number})
        bench.finish()
    assert [change.new_value["n"] for change in seen] == [3]
    assert [run.state for run in all_runs(step="On")].count("skipped") == 4
    assert {run.state for run in all_runs(step="Broken")} == {"skipped"}
    assert "raised KeyError" in all_runs(step="Broken")[0].reason
    assert any(record.getMessage() == "condition failed" for record in caplog.records)


@pytest.mark.feature("E13")
def test_on_todo_created_of_the_documents(bench: Bench, serve: Any, todo: Stream) -> None:
    sent: list[Any] = []

    async def handler(input: Any, ctx: Any) -> None:
        group_id, item_id, new_value = input["groupId"], input["itemId"], input["new_value"]
        ctx.logger.info("New todo created", {"groupId": group_id, "itemId": item_id, "todo": new_value})
        await ctx.enqueue({"topic": "todo.analytics", "data": {"event": "todo_created", "todoId": item_id}})

    config = {
        "name": "OnTodoCreated",
        "triggers": [{"type": "stream", "streamName": "todo", "event": "set"}],
        "enqueues": ["todo.analytics"],
    }
    serve(step(config, handler), noting("Analytics", sent, queue("todo.analytics")))
    todo.set("inbox", "t1", {"description": "milk"})
    todo.delete("inbox", "t1")
    bench.finish()
    assert sent == [{"event": "todo_created", "todoId": "t1"}]


@pytest.mark.feature("E14", "E22", "G8")
def test_on_order_update_of_the_documents(bench: Bench, serve: Any, database: str) -> None:
    sent: list[Any] = []
    inputs: list[StateInput] = []

    async def handler(input: Any, ctx: Any) -> None:
        inputs.append(input)
        key, new_value, old_value = input["key"], input["new_value"], input["old_value"]
        if (old_value or {}).get("status") != (new_value or {}).get("status"):
            await ctx.enqueue({"topic": "notification.send", "data": {"order": key, "status": new_value["status"]}})

    config = {
        "name": "OnOrderUpdate",
        "triggers": [{"type": "state", "namespace": "orders", "event": "set"}],
        "enqueues": ["notification.send"],
    }
    serve(step(config, handler), noting("Send", sent, queue("notification.send")))
    state.set("orders", "o1", {"status": "new"})
    state.set("orders", "o1", {"status": "new", "note": "urgent"})
    state.set("orders", "o1", {"status": "paid"})
    state.set("others", "o1", {"status": "ignored"})
    state.delete("orders", "o1")
    bench.finish()
    assert sent == [{"order": "o1", "status": "new"}, {"order": "o1", "status": "paid"}]
    first = inputs[0]
    assert (first.scope, first["namespace"], first.key, first.event) == ("orders", "orders", "o1", "create")
    assert (first.old_value, first.new_value) == (None, {"status": "new"})


def test_values_of_any_type_start_state_triggers(bench: Bench, serve: Any, database: str) -> None:
    seen: list[Any] = []
    serve(noting("On", seen, state_trigger("s", key="k")))
    for value in (1, "text", None, [1, 2], 2**70, "\u0000 ü"):
        state.set("s", "k", value)
    state.set("s", "other", 1)
    bench.finish()
    assert [change.new_value for change in seen] == [1, "text", None, [1, 2], 2**70, "\u0000 ü"]


def test_change_that_is_rolled_back_starts_nothing(bench: Bench, serve: Any, todo: Stream, database: str) -> None:
    seen: list[Any] = []
    serve(noting("On", seen, stream("todo")))
    with transaction.atomic(using=database):
        todo.set("g", "i", {})
        assert rows().count() == 1
        transaction.set_rollback(True, using=database)
    assert not rows().exists()
    assert todo.get("g", "i") is None


def test_changes_of_one_item_are_worked_through_in_order_and_others_side_by_side(
    bench: Bench, serve: Any, todo: Stream
) -> None:
    seen: list[Any] = []
    serve(noting("On", seen, stream("todo")))
    for number in range(5):
        for item in "ab":
            todo.set("g", item, {"n": number})
    ready = all_runs(state=Run.State.READY)
    for run in reversed(ready):  # messages may come in any order
        worker.perform(run.id)
    assert len(seen) == 2, "the first of each item"
    bench.finish()
    for item in "ab":
        assert [change.new_value["n"] for change in seen if change.id == item] == [0, 1, 2, 3, 4]


def test_chain_is_cut_at_its_sixteenth_link(bench: Bench, serve: Any, todo: Stream) -> None:
    def again(change: Any, ctx: Any) -> None:
        ctx.streams.todo.update("g", "i", [{"type": "increment", "path": "n", "by": 1}])

    serve(step("Again", again, triggers=[stream("todo")]))
    todo.set("g", "i", {"n": 0})
    bench.finish()
    runs = all_runs()
    assert [run.depth for run in runs] == list(range(1, 18))
    assert [run.state for run in runs] == ["done"] * 16 + ["dead"]
    assert runs[-1].reason.startswith("DepthExceeded")
    assert len({run.trace_id for run in runs}) == 1


def test_chain_through_a_queue_is_cut_as_well(bench: Bench, serve: Any, todo: Stream) -> None:
    def send(change: Any, ctx: Any) -> None:
        ctx.enqueue("back", 1)

    def write(data: Any, ctx: Any) -> None:
        ctx.streams.todo.update("g", "i", [{"type": "increment", "path": "n", "by": 1}])

    serve(
        step("Send", send, triggers=[stream("todo")], enqueues=["back"]),
        step("Write", write, triggers=[queue("back")]),
    )
    enqueue("back", 1)
    bench.finish()
    assert [run.state for run in all_runs(step="Send")] == ["done"] * 16 + ["dead"]


@pytest.mark.feature("E17")
def test_several_triggers_on_one_step_and_match(bench: Bench, serve: Any, todo: Stream) -> None:
    seen: list[Any] = []

    async def handler(input: Any, ctx: Any) -> Any:
        async def on_queue(data: Any) -> str:
            return f"queue {data}"

        def on_stream(change: Any, ctx: Any) -> str:
            return f"stream {change.id} {ctx.trigger.type}"

        seen.append(await ctx.match(queue=on_queue, stream=on_stream, default=lambda: "default"))

    serve(step("Many", handler, triggers=[queue("t"), stream("todo"), state_trigger("s")]))
    enqueue("t", 1)
    todo.set("g", "i", {})
    state.set("s", "k", 1)
    bench.finish()
    assert seen == ["queue 1", "stream i stream", "default"]
