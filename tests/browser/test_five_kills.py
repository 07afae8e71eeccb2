"""A page of ours through five server kills during writes: right after each, and it says how it stands."""

import pytest
from playwright.sync_api import expect

from tests.support.people import People
from tests.support.product import Product


@pytest.mark.slow
@pytest.mark.feature("C16")
def test_the_page_is_right_after_each_of_five_kills_during_writes_and_says_so(
    people: People, product: Product, inbox: str
) -> None:
    people.expected += [r"WebSocket connection to .* failed", r"net::ERR_CONNECTION_REFUSED"]  # the server is away
    server, writers = product.serve(), [product.console(), product.console()]
    page = people.person()
    page.goto(f"{server.url}/flows/todo/")
    status, items = page.get_by_role("status"), page.get_by_label("Todos").get_by_role("listitem")
    expect(status).to_have_text("Live")
    for kill in range(5):
        for seed, writer in enumerate(writers):
            writer.begin("churn", stream="todo", group=inbox, seed=10 * kill + seed)
        # what this round's writers write is on the page: the kill comes in the middle of it
        expect(items.filter(has_text="update").first).to_be_visible()
        server.kill()
        expect(status).to_have_text("Reconnecting…")
        server.start()
        expect(status).to_have_text("Live")
        done = [writer.stop() for writer in writers]
        assert all(sum(counts.values()) > 0 for counts in done)
        stored = product.writer.stream("todo", "list", inbox)
        expect(items).to_have_text([item["description"] for item in stored])
    for writer in writers:
        writer.close()
    server.kill()
