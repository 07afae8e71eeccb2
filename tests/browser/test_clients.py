"""Our client as web projects use it: the documents' samples and the React hooks, built by Vite from the npm package."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.support.people import People
from tests.support.product import Product
from tests.support.values import todo
from tests.support.waiting import eventually

REACT = [pytest.param("18", marks=pytest.mark.slow), "19"]


@pytest.fixture
def documents(launch: Callable[..., Browser], product: Product) -> Iterator[People]:
    """People whose browser finds our server where the documents' samples look for theirs."""
    ports = (3000, 3222, 8787)
    rules = ",".join(f"MAP localhost:{port} 127.0.0.1:{product.web.port}" for port in ports)
    browser = launch(f"--host-resolver-rules={rules}")
    everybody = People(browser, product.web.url)
    yield everybody
    everybody.close()
    browser.close()


@pytest.fixture
def group() -> str:
    return f"g-{uuid4().hex[:12]}"


def shown(page: Page, *texts: str) -> None:
    expect(page.get_by_role("listitem")).to_have_text(list(texts))


# -- the documents' samples -------------------------------------------------------------------------------------------


@pytest.mark.feature("C6", "C7", "C8", "C9", "C10")
def test_browser_sample_shows_and_tells_every_change(
    documents: People, product: Product, build: Callable[..., str]
) -> None:
    product.writer.call("empty", stream="todo", group="todos")
    page = documents.person()
    said: list[ConsoleMessage] = []
    page.on("console", lambda message: said.append(message))
    page.goto(build("browser-client.ts"))
    eventually(lambda: ["Todos updated:", []] in heard(page, said), what="the first state")
    assert ["Current todos:", []] in heard(page, said)

    writer = product.writer
    writer.stream("todo", "set", "todos", "t1", todo("milk"))
    shown(page, "milk")
    writer.stream("todo", "set", "todos", "t1", todo("bread"))
    shown(page, "bread")
    writer.stream("todo", "delete", "todos", "t1")
    expect(page.get_by_role("listitem")).to_have_count(0)
    told = [words for words in heard(page, said) if words[0] not in ("Todos updated:", "Current todos:")]
    assert told == [
        ["New todo created:", todo("milk", id="t1")],
        ["Todo updated:", todo("bread", id="t1")],
        ["Todo deleted:", todo("bread", id="t1")],
    ]
    states = [words[1] for words in heard(page, said) if words[0] == "Todos updated:"]
    assert states[-3:] == [[todo("milk", id="t1")], [todo("bread", id="t1")], []]


def heard(page: Page, said: list[ConsoleMessage]) -> list[list[Any]]:
    """Return what the page's console was told; the call lets Playwright hand over what has come meanwhile."""
    page.evaluate("0")
    return [[argument.json_value() for argument in message.args] for message in list(said)]


@pytest.mark.parametrize("react", REACT)
def test_react_sample_with_a_client_of_its_own(
    documents: People, product: Product, build: Callable[..., str], react: str
) -> None:
    # in StrictMode its first effect is undone before the connection stands
    documents.expected += [r"WebSocket is closed before the connection is established"]
    product.writer.call("empty", stream="todo", group="todos")
    page = documents.person()
    page.goto(build("todo-list.tsx", react))
    product.writer.stream("todo", "set", "todos", "t1", todo("milk"))
    expect(page.get_by_role("heading")).to_have_text("Todos (1)")
    shown(page, "milk")
    product.writer.stream("todo", "set", "todos", "t1", todo("milk", completedAt="2026-03-01T09:00:00.000Z"))
    expect(page.get_by_text("milk")).to_have_css("text-decoration-line", "line-through")


@pytest.mark.feature("C15", "I8")
@pytest.mark.parametrize("react", REACT)
def test_use_motia_stream_sample_runs_as_written(
    documents: People, product: Product, build: Callable[..., str], inbox: str, react: str
) -> None:
    page = documents.person()
    product.writer.stream("todo", "set", inbox, "t1", todo("milk"))
    page.goto(build("motia-stream.tsx", react))
    expect(page.get_by_role("heading")).to_have_text("Todos 🟢")
    shown(page, "milk")
    product.writer.stream("todo", "set", inbox, "t2", todo("bread", completedAt="2026-03-01T09:00:00.000Z"))
    shown(page, "milk", "bread ✓")
    product.writer.stream("todo", "delete", inbox, "t1")
    shown(page, "bread ✓")
    # and what the flow's own requests do
    created = page.request.post(f"{product.web.url}/todo", data={"description": "butter"})
    shown(page, "bread ✓", "butter")
    page.request.put(f"{product.web.url}/todo/{created.json()['id']}", data={"checked": True})
    shown(page, "bread ✓", "butter ✓")
    page.request.delete(f"{product.web.url}/todo/{created.json()['id']}")
    shown(page, "bread ✓")


# -- provider and hooks -----------------------------------------------------------------------------------------------


@pytest.fixture(params=REACT)
def provided(
    request: pytest.FixtureRequest, people: People, product: Product, build: Callable[..., str], group: str
) -> Page:
    """A page on our provider and hooks in StrictMode, live."""
    page = people.person()
    page.goto(build("provider.tsx", request.param) + "?" + urlencode({"url": product.web.ws, "group": group}))
    expect(page.get_by_role("status")).to_have_text("live live")
    expect(page.get_by_label(group)).to_have_attribute("data-status", "live")
    return page


@pytest.mark.feature("C4", "C5")
def test_hooks_show_groups_items_and_events(provided: Page, product: Product, group: str) -> None:
    page, writer = provided, product.writer
    expect(page.locator("#one")).to_have_text("none ")
    writer.stream("todo", "set", group, "t1", todo("milk"))
    writer.stream("todo", "set", group, "t2", todo("bread"))
    shown(page, "milk", "bread")
    expect(page.locator("#sorted")).to_have_text("bread milk")
    expect(page.locator("#one")).to_have_text("milk ")
    for emoji in "👍🎉":
        event = {"type": "reaction", "data": {"emoji": emoji}}
        writer.stream("todo", "send", {"groupId": group, "id": "t1"}, event)
    expect(page.locator("#one")).to_have_text("milk 👍🎉")
    writer.stream("todo", "delete", group, "t1")
    shown(page, "bread")
    expect(page.locator("#one")).to_have_text("none 👍🎉")


def test_a_burst_is_not_a_storm_of_renderings(provided: Page, product: Product, group: str) -> None:
    section = provided.get_by_label(group)
    product.writer.stream("todo", "set", group, "t1", todo("the first"))
    shown(provided, "the first")
    before = int(section.get_attribute("data-renders") or 0)
    last = product.writer.call("ticks", stream="todo", group=group, item="t1", count=200)
    product.writer.stream("todo", "set", group, "t1", {**todo("the last"), "tick": last["tick"]})
    shown(provided, "the last")
    renders = int(section.get_attribute("data-renders") or 0) - before
    assert renders <= 2 * 202, "StrictMode renders twice, but no change is rendered more than once"


def test_components_come_and_go_and_share_one_subscription(people: People, product: Product, build: Any) -> None:
    group = f"g-{uuid4().hex[:12]}"
    page, sent = people.person(), []
    page.on("websocket", lambda socket: socket.on("framesent", lambda text: sent.append(json.loads(text))))
    page.goto(build("provider.tsx") + "?" + urlencode({"url": product.web.ws, "group": group}))
    section = page.get_by_label(group, exact=True)
    expect(section).to_have_attribute("data-status", "live")
    page.get_by_role("button", name="twice").click()
    expect(section).to_have_count(2)
    product.writer.stream("todo", "set", group, "t1", todo("milk"))
    shown(page, "milk", "milk")

    def joins(type: str = "join") -> list[tuple[str, str | None]]:
        page.evaluate("0")
        return [(message["data"]["groupId"], message["data"].get("id")) for message in sent if message["type"] == type]

    assert sorted(joins(), key=str) == sorted([(group, None), (group, "t1")], key=str)
    page.get_by_role("button", name="other").click()
    expect(page.get_by_label(f"{group}-other")).to_have_attribute("data-status", "live")
    assert joins("leave") == []  # the sorted list still shows the group
    page.get_by_role("button", name="hide").click()
    eventually(lambda: joins("leave") == [(f"{group}-other", None)], what="the leave")


@pytest.mark.slow
def test_the_hooks_are_right_again_after_kill_9(people: People, product: Product, build: Any, group: str) -> None:
    people.expected += [r"WebSocket connection to .* failed"]  # while the server is away
    server = product.serve()
    page = people.person()
    page.goto(build("provider.tsx") + "?" + urlencode({"url": server.ws, "group": group}))
    section = page.get_by_label(group, exact=True)
    expect(section).to_have_attribute("data-status", "live")
    server.kill()
    expect(page.get_by_role("status")).to_have_text(re.compile("not live"))
    expect(section).to_have_attribute("data-status", "stale")
    product.writer.stream("todo", "set", group, "t1", todo("written meanwhile"))
    server.start()
    shown(page, "written meanwhile")
    expect(section).to_have_attribute("data-status", "live")
    server.kill()
