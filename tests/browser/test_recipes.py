"""The recipes of docs/clients.md, in a browser."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.follower import JS
from tests.support.people import People
from tests.support.process import ROOT
from tests.support.product import Product
from tests.support.values import todo

HTMX = JS / "node_modules" / "htmx.org" / "dist" / "htmx.min.js"
PAGE = """<!doctype html><link rel="icon" href="data:,">
<script type="importmap">{"imports": {"millrace": "/static/streams/index.js"}}</script>
<script src="/htmx.js"></script>
<ul id="todos" hx-get="/flows/todo/" hx-select="#todos > li" hx-trigger="changed"></ul>
<script type="application/json" id="inbox">INITIAL</script>
<script type="module">
import { StreamClient } from "millrace";
const initial = JSON.parse(document.getElementById("inbox").textContent);
const todos = new StreamClient().group("todo", "inbox", { initial });
RECIPE
todos.onStatus((status) => document.body.dataset.status = status);
</script>"""


def recipe(wanted: str) -> str:
    """Return the line of the documentation that contains *wanted*."""
    text = Path(ROOT / "docs" / "clients.md").read_text()
    found = re.search(rf"^.*{re.escape(wanted)}.*$", text, re.MULTILINE)
    assert found is not None
    return found[0]


@pytest.fixture
def people(launch: Callable[..., Browser], product: Product) -> Iterator[People]:
    """People whose browser takes a page that the test hands it for one of the server's own."""
    browser = launch("--disable-features=LocalNetworkAccessChecks")
    everybody = People(browser, product.web.url)
    yield everybody
    everybody.close()
    browser.close()


@pytest.fixture
def fragments(people: People, product: Product, inbox: str) -> tuple[Page, list[str]]:
    """A page that fetches its list from the server when the stream says so, and what it has fetched."""
    product.writer.stream("todo", "set", inbox, "t1", todo("there already"))
    initial = product.writer.call("tests.support.pages:snapshot", stream="todo", group=inbox)
    assert len(initial["items"]) == 1
    page, fetched = people.person(), []
    html = PAGE.replace("INITIAL", json.dumps(initial)).replace("RECIPE", recipe("htmx.trigger"))
    page.route("**/recipe/", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.route("**/htmx.js", lambda route: route.fulfill(path=HTMX, content_type="text/javascript"))
    page.on("request", lambda request: fetched.append(request.url) if "/flows/todo/" in request.url else None)
    page.goto("/recipe/")
    expect(page.locator("body")).to_have_attribute("data-status", "live")
    return page, fetched


def test_htmx_fetches_a_fragment_when_the_stream_says_so(
    fragments: tuple[Page, list[str]], product: Product, inbox: str
) -> None:
    page, fetched = fragments
    assert fetched == []  # what the page knows already is not fetched
    product.writer.stream("todo", "set", inbox, "t2", todo("written elsewhere"))
    expect(page.get_by_role("listitem")).to_contain_text(["there already", "written elsewhere"])
    assert len(fetched) == 1
    product.writer.stream("todo", "delete", inbox, "t1")
    expect(page.get_by_role("listitem")).to_contain_text(["written elsewhere"])
