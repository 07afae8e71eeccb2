"""The workbench's Overview in a browser: live without a reload, and true."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.people import People
from tests.support.product import Product
from tests.support.values import todo

PAGE = "/admin/steps/workbench/overview/"


def card(page: Page, title: str) -> Locator:
    return page.locator(".wb-card").filter(has_text=title).locator(".wb-value")


@pytest.mark.feature("H8")
def test_connections_and_deliveries_are_counted(
    people: People, product: Product, admin: Callable[[Page], None]
) -> None:
    page = people.person()
    admin(page)
    page.goto(PAGE)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(card(page, "Connections")).to_have_text("1")  # its own

    other = product.serve("uvicorn")
    watchers = [people.person() for _ in range(10)]
    for number, watcher in enumerate(watchers):
        watcher.goto((product.web.url, other.url)[number % 2] + "/flows/todo/")
        expect(watcher.get_by_text("Live", exact=True)).to_be_visible()
    expect(card(page, "Connections")).to_have_text("11")

    expect(card(page, "Deliveries per second")).to_have_text("0")  # what their coming has caused is over
    before = frames(page)
    product.writer.call("call", stream="todo", method="set", arguments=["inbox", "h8", todo("a dozen eggs")])
    expect(watchers[-1].get_by_text("a dozen eggs")).to_be_visible()
    page.wait_for_function("([before]) => window.wbFrames() === before + 10", arg=[before])
    for watcher in watchers:
        watcher.context.close()
    expect(card(page, "Connections")).to_have_text("1")


def frames(page: Page) -> int:
    """Return the deliveries that the web processes have made so far, as the page shows them."""
    page.evaluate(
        """() => { window.wbFrames = () => [...document.querySelectorAll("#processes tr")]
            .filter((row) => row.textContent.includes("serves"))
            .reduce((sum, row) => sum + Number(row.cells[2].textContent.replace(/\\D/g, "")), 0); }"""
    )
    return int(page.evaluate("window.wbFrames()"))


def test_a_request_is_counted_at_once(people: People, admin: Callable[[Page], None]) -> None:
    page = people.person()
    admin(page)
    page.goto(PAGE)
    done = page.locator("#states [data-state=done] strong")
    expect(done).to_have_text(re.compile(r"\d"))
    before = int(done.inner_text().replace(",", "").rstrip("+"))
    assert people.person().request.post("/todo", data={"description": "milk"}).ok
    expect(done).to_have_text(str(before + 1))


def test_the_theme_follows_the_admin(people: People, admin: Callable[[Page], None]) -> None:
    page = people.person()
    admin(page)
    page.goto(PAGE)
    here = page.locator(".wb-nav a[aria-current]")
    page.emulate_media(color_scheme="light")
    expect(here).to_have_css("background-color", "rgb(226, 241, 239)")
    page.get_by_role("button", name="Toggle theme").first.click()
    expect(here).to_have_css("background-color", "rgb(20, 48, 47)")


@pytest.mark.slow
def test_without_a_connection_it_looks_by_itself(people: People, admin: Callable[[Page], None]) -> None:
    people.expected.append("WebSocket|ERR_FAILED|Failed to load")
    page = people.person()
    admin(page)
    page.route_web_socket("**/streams/", lambda socket: socket.close())
    page.route(
        "**/streams/**", lambda route: route.abort() if "/static/" not in route.request.url else route.continue_()
    )
    page.goto(PAGE)
    expect(page.get_by_text("Offline: looking every 5 seconds")).to_be_visible()
    done = page.locator("#states [data-state=done] strong")
    expect(done).to_have_text(re.compile(r"\d"))
    before = int(done.inner_text().replace(",", "").rstrip("+"))
    assert people.person().request.post("/todo", data={"description": "milk"}).ok
    expect(done).to_have_text(str(before + 1))
