"""The published client, unmodified, on Node: what a person using it would see."""

from collections.abc import Callable

import pytest

from tests.support import journal
from tests.support.follower import Follower
from tests.support.product import Product
from tests.support.values import todo

Follow = Callable[[str], Follower]


@pytest.mark.feature("B5", "C1", "C2", "C3")
def test_sees_twenty_updates_of_one_tick_a_delete_and_a_re_create(product: Product, follow: Follow, group: str) -> None:
    client, writer = follow(product.web.ws), product.writer
    client.subscribe("G", "todo", group)
    client.subscribe("I", "todo", group, "t1")
    client.until(lambda: client.states("G") == [[]] and client.states("I") == [None], "the empty first state")

    def both(value: object) -> bool:
        return bool(client.state("I") == value and client.state("G") == ([] if value is None else [value]))

    writer.stream("todo", "set", group, "t1", todo("a"))
    client.until(lambda: both(todo("a", id="t1")), "the create")

    last = writer.call("ticks", stream="todo", group=group, item="t1", count=20)
    client.until(lambda: both(last), "the last of twenty updates")
    for name in "G", "I":
        states = [state[0] if name == "G" else state for state in client.states(name)[2:]]
        assert [state["tick"] for state in states] == list(range(1, 21)), name

    writer.stream("todo", "delete", group, "t1")
    client.until(lambda: both(None), "the delete")
    writer.stream("todo", "delete", group, "t1")  # of a missing item: nothing is sent, the client survives
    writer.stream("todo", "set", group, "t1", todo("again"))
    client.until(lambda: both(todo("again", id="t1")), "the re-create")
    assert client.count("close") == client.count("error") == 0


def test_leaves_and_hears_no_more(sqlite_product: Product, follow: Follow, group: str) -> None:
    client, writer = follow(sqlite_product.web.ws), sqlite_product.writer
    client.subscribe("G", "todo", group)
    client.subscribe("H", "todo", group)
    client.until(lambda: client.states("G") and client.states("H"), "both syncs")
    client.unsubscribe("G")
    writer.stream("todo", "set", group, "t1", todo("a"))
    client.until(lambda: client.state("H"), "the create")
    assert client.state("G") == []


def test_is_right_again_after_kill_9_of_the_web_process_during_writes(
    product: Product, follow: Follow, group: str
) -> None:
    server, writers = product.serve(), [product.console(), product.console()]
    client = follow(server.ws)
    client.subscribe("G", "todo", group)
    client.until(lambda: client.states("G"), "the first state")

    for seed, writer in enumerate(writers):
        writer.begin("churn", stream="todo", group=group, seed=seed)
    client.until(lambda: len(client.states("G")) > 50, "changes while writers write")
    server.kill()
    client.until(lambda: client.count("close"), "that the server is gone")
    seen = len(client.states("G"))
    server.start()
    client.until(lambda: len(client.states("G")) > seen + 50, "changes after the restart", within=30)
    done = [writer.stop() for writer in writers]
    assert all(sum(counts.values()) > 50 for counts in done)

    stored = product.writer.stream("todo", "list", group)
    client.until(lambda: client.state("G") == stored, "the stored state, in creation order")
    assert client.count("open") == 2
    assert journal.check(product.rows, "todo", group) == stored
    client.close()
    for writer in writers:
        writer.close()
    server.kill()
