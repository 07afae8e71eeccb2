"""Enqueue: rows in the open transaction, one for each step that listens."""

import logging
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections, transaction
from pydantic import BaseModel

from steps.context import Context
from steps.definition import step
from steps.errors import InvalidMessage, UndeclaredTopic
from steps.messages import aenqueue, enqueue
from steps.models import Run
from steps.queues import queue
from steps.runs import rows
from steps.spans import Span, new_run_id, new_trace_id
from steps.triggers import http
from tests.steps.bench import DATABASES, Bench, all_runs
from tests.support.threads import aside

pytestmark = pytest.mark.parametrize("database", DATABASES, indirect=True)


class Order(BaseModel):
    number: int
    note: str = "none"


def listening(name: str, seen: list[Any], topic: str = "orders", **options: Any) -> Any:
    def handler(data: Any, ctx: Any) -> None:
        seen.append(data)

    return step(name, handler, triggers=[queue(topic, **options)])


def context(made: Any, trigger: Any = None) -> Context:
    span = Span(run_id=new_run_id(), trace_id=new_trace_id(), step=made.name, trigger="http")
    return Context(made, trigger or made.triggers[0], span)


@pytest.mark.feature("E5", "E8")
def test_every_listening_step_gets_the_validated_message(bench: Bench, serve: Any) -> None:
    first, second, other = list[Any](), list[Any](), list[Any]()
    serve(
        listening("First", first, input=Order),
        listening("Second", second),
        listening("Other", other, topic="elsewhere"),
    )
    enqueue("orders", {"number": 1})
    assert first == second == []
    bench.work()
    assert first == [Order(number=1)]
    assert second == [{"number": 1}]
    assert other == []
    assert {run.state for run in all_runs()} == {"done"}


def test_nothing_is_there_to_start_before_the_commit(bench: Bench, serve: Any, database: str) -> None:
    serve(listening("First", []))
    with transaction.atomic(using=database):
        enqueue("orders", 1)
        assert rows().count() == 1

        def look() -> int:
            found = rows().count()
            connections.close_all()
            return found

        if database == "postgres":  # SQLite's readers see the same
            with aside(look) as seen:
                assert seen.result(10) == 0
    assert rows().count() == 1


def test_rolled_back_is_never_run(bench: Bench, serve: Any, database: str) -> None:
    seen: list[Any] = []
    serve(listening("First", seen))
    with transaction.atomic(using=database):
        enqueue("orders", 1)
        transaction.set_rollback(True, using=database)
    bench.work()
    assert seen == []
    assert not rows().exists()


@pytest.mark.feature("E6")
async def test_context_takes_the_documents_dict_and_calls_it_emit_too(database: str, serve: Any) -> None:
    async def handler(request: Any, ctx: Any) -> None:
        return None

    made = step("Start", handler, triggers=[http("POST", "/x")], enqueues=["orders"])
    serve(made, listening("First", []))
    ctx = context(made)
    await ctx.enqueue({"topic": "orders", "data": {"number": 1}, "messageGroupId": "g"})
    await ctx.emit("orders", Order(number=2))
    await aenqueue("orders", {"number": 3})
    runs = await sync_to_async(all_runs)()
    await sync_to_async(connections.close_all)()
    assert [run.input for run in runs] == ['{"number":1}', '{"number":2,"note":"none"}', '{"number":3}']
    assert [run.trace_id == ctx.trace_id for run in runs] == [True, True, False]


@pytest.mark.feature("E20")
@pytest.mark.parametrize(("declared", "allowed"), [(["orders"], True), (["other"], False), ([], False), (None, True)])
def test_undeclared_topic_is_refused(database: str, serve: Any, declared: Any, allowed: bool) -> None:
    made = step("Start", lambda request, ctx: None, triggers=[http("POST", "/x")], enqueues=declared)
    serve(made, listening("First", []))
    if allowed:
        context(made).enqueue("orders", 1)
    else:
        with pytest.raises(UndeclaredTopic, match=r"'Start' does not declare the topic 'orders'"):
            context(made).enqueue("orders", 1)
    assert rows().count() == int(allowed)


def test_topic_that_nobody_listens_to_is_warned_of(database: str, serve: Any, caplog: Any) -> None:
    serve()
    with caplog.at_level(logging.WARNING, "steps.messages"):
        enqueue("nobody", 1)
    assert [record.topic for record in caplog.records] == ["nobody"]


def test_same_key_is_enqueued_once(database: str, serve: Any) -> None:
    serve(listening("First", []), listening("Second", []), listening("Third", [], topic="others"))
    for _ in range(3):
        enqueue("orders", 1, key="order-1")
    enqueue("orders", 1, key="order-2")
    enqueue("others", 1, key="order-1")
    enqueue("orders", 1)
    assert rows().count() == 2 + 2 + 1 + 2


def test_invalid_input_is_a_dead_letter_at_once(bench: Bench, serve: Any) -> None:
    seen: list[Any] = []
    serve(listening("First", seen, input=Order))
    enqueue("orders", {"number": "many"})
    bench.work()
    [run] = all_runs()
    assert (run.state, run.attempts, run.failures) == (Run.State.DEAD, 1, 1)
    assert run.reason.startswith('InvalidInput: {"number": ["Input should be a valid integer')
    assert seen == []


def test_delay_is_waited_for(bench: Bench, serve: Any) -> None:
    seen: list[Any] = []
    serve(listening("First", seen), listening("Late", seen, config={"delaySeconds": 30}))
    enqueue("orders", 1)
    enqueue("orders", 2, delay=60)
    bench.work()
    assert seen == [1]
    bench.hurry()
    bench.work()
    assert sorted(seen) == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("", 1), "a topic is a str"),
        (("a\0b", 1), "a topic is a str"),
        ((7, 1), "a topic is a str"),
        (("t", {1, 2}), "the data is not JSON"),
        (("t", float("nan")), "the data is not JSON"),
        (({"data": 1},), "needs a topic"),
        (({"topic": "t", "dta": 1},), "does not take dta"),
    ],
)
def test_wrong_message_is_refused_by_name(database: str, serve: Any, arguments: Any, words: str) -> None:
    serve()
    with pytest.raises(InvalidMessage, match=words):
        enqueue(*arguments)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"delay": -1}, "delay must be seconds"), ({"key": 1}, "key must be a str"), ({"delay": True}, "delay must be")],
)
def test_wrong_option_is_refused_by_name(database: str, serve: Any, options: Any, words: str) -> None:
    serve()
    with pytest.raises(InvalidMessage, match=words):
        enqueue("t", 1, **options)
