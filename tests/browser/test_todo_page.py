"""/flows/todo/ in real browsers: what one does, the other shows."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.support.people import People
from tests.support.product import Product
from tests.support.values import todo

PAGE = "/flows/todo/"
pytestmark = pytest.mark.usefixtures("inbox")


def todos(page: Page) -> Locator:
    return page.get_by_label("Todos").get_by_role("listitem")


def box(page: Page, description: str) -> Locator:
    return page.get_by_role("checkbox", name=description, exact=True)


def add(page: Page, description: str) -> None:
    page.get_by_label("What is to be done?").fill(description)
    page.get_by_role("button", name="Add").click()


def visit(page: Page, path: str = PAGE) -> str:
    """Open a page and return what the server sent."""
    response = page.goto(path)
    assert response is not None
    assert response.ok, f"{path}: {response.status}"
    return response.text()


def live(page: Page) -> None:
    """Wait until the page says that it is live."""
    expect(page.get_by_role("status")).to_have_text("Live")


@pytest.mark.parametrize("who", ["anonymous", "admin"])
def test_what_one_does_the_other_shows(people: People, admin: Callable[[Page], None], who: str) -> None:
    one, other = people.person(), people.person()
    if who == "admin":
        admin(one)
    for page in (one, other):
        visit(page)
        live(page)
    expect(todos(other)).to_have_count(0)

    add(one, "milk")
    add(one, "<b>bread</b> & butter")
    for page in (one, other):
        expect(todos(page)).to_have_text(["milk", "<b>bread</b> & butter"])
    expect(one.get_by_label("What is to be done?")).to_have_value("")

    box(one, "milk").click()
    expect(box(other, "milk")).to_be_checked()
    expect(box(one, "milk")).to_be_checked()
    box(other, "milk").click()
    expect(box(one, "milk")).not_to_be_checked()

    one.get_by_role("button", name="Delete milk").click()
    for page in (one, other):
        expect(todos(page)).to_have_text(["<b>bread</b> & butter"])


def test_watchers_are_counted_live(people: People) -> None:
    one, other = people.person(), people.person()
    visit(one)
    expect(one.locator("#watching")).to_have_text("1")
    visit(other)
    for page in (one, other):
        expect(page.locator("#watching")).to_have_text("2")
    other.close()
    expect(one.locator("#watching")).to_have_text("1")


@pytest.mark.feature("H9")
def test_two_streams_of_the_flow_share_one_connection(people: People, product: Product) -> None:
    page = people.person()
    sockets: list[WebSocket] = []
    sent: list[dict[str, Any]] = []

    def opened(socket: WebSocket) -> None:
        sockets.append(socket)
        socket.on("framesent", lambda text: sent.append(json.loads(text)))

    page.on("websocket", opened)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    visit(page)
    live(page)
    expect(page.locator("#watching")).to_have_text("1")  # of the stream inbox
    product.writer.stream("todo", "set", "inbox", "t1", todo("milk"))
    expect(todos(page)).to_have_text(["milk"])  # of the stream todo
    joined = {message["data"]["streamName"] for message in sent if message["type"] == "join"}
    assert joined == {"todo", "inbox"}
    assert len(sockets) == 1
    modules = [url.rpartition("/")[2] for url in loaded if "/static/streams/" in url]
    assert "client.js" in modules
    assert "sse.js" not in modules, "what is not needed is not loaded"
    assert len(modules) == len(set(modules))


def test_what_another_process_writes_is_shown(people: People, product: Product) -> None:
    page = people.person()
    visit(page)
    live(page)
    product.writer.stream("todo", "set", "inbox", "t1", todo("from a shell"))
    expect(todos(page)).to_have_text(["from a shell"])
    product.writer.stream("todo", "delete", "inbox", "t1")
    expect(todos(page)).to_have_count(0)


def test_readable_and_usable_without_javascript(people: People, product: Product) -> None:
    product.writer.stream("todo", "set", "inbox", "t1", todo("rendered by the server"))
    live_page, page = people.person(), people.person(java_script=False)
    visit(live_page)
    live(live_page)
    visit(page)
    expect(todos(page)).to_have_text(["rendered by the server"])
    add(page, "posted by a form")
    for shown in (page, live_page):
        expect(todos(shown)).to_have_text(["rendered by the server", "posted by a form"])


def test_first_state_is_in_the_page_and_the_script_keeps_it(people: People, product: Product) -> None:
    for number in range(3):
        product.writer.stream("todo", "set", "inbox", f"t{number}", todo(f"todo {number}"))
    page = people.person()
    assert visit(page).count('class="todo"') >= 3
    live(page)
    expect(todos(page)).to_have_text([f"todo {number}" for number in range(3)])


def test_is_right_again_after_a_restart_and_says_so(people: People, product: Product) -> None:
    people.expected += [r"WebSocket connection to .* failed"]  # while the server is away
    product.writer.stream("todo", "set", "inbox", "t1", todo("before"))
    page = people.person()
    visit(page)
    live(page)
    product.web.kill()
    expect(page.get_by_role("status")).to_have_text("Reconnecting…")
    product.writer.stream("todo", "set", "inbox", "t2", todo("written meanwhile"))
    product.writer.stream("todo", "delete", "inbox", "t1")
    product.web.start()
    live(page)
    expect(todos(page)).to_have_text(["written meanwhile"])
    add(page, "and it works")
    expect(todos(page)).to_have_text(["written meanwhile", "and it works"])


def test_landing_page_leads_to_flows_admin_and_docs(people: People) -> None:
    page = people.person()
    visit(page, "/")
    page.get_by_role("main").get_by_role("link", name="todo").first.click()
    expect(page).to_have_url(f"{people.base_url}{PAGE}")
    for name, shown in {"Docs": "heading", "API": "heading", "Admin": "textbox"}.items():
        visit(page, "/")
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(page.get_by_role(shown).first).to_be_visible()  # type: ignore[arg-type]  # a Literal of roles
