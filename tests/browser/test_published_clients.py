"""The published browser and React clients, bundled as a web project bundles them, on a page of another origin."""

import re
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.support.follower import JS, node
from tests.support.people import People
from tests.support.product import Product
from tests.support.values import todo

HTML = '<!doctype html><link rel="icon" href="data:,"><ul></ul><script type="module" src="page.js"></script>'
PAGES = {"browser": "page-browser.js", "react": "page-react.jsx"}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Bundles one of the pages and returns where it is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()

    def serve(page: str) -> str:
        command = [node(), "published/bundle.js", f"published/{page}", str(tmp_path / "page.js")]
        done = subprocess.run(command, cwd=JS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        (tmp_path / "index.html").write_text(HTML)
        return f"http://127.0.0.1:{server.server_port}/"

    yield serve
    server.shutdown()
    server.server_close()


@pytest.mark.feature("C1", "C3", "C4", "C5")
@pytest.mark.parametrize("client", PAGES)
def test_joins_and_follows(people: People, product: Product, build: Callable[[str], str], client: str) -> None:
    # The hook says this itself on its first rendering, when the provider has no connection yet.
    people.expected += [r"useStreamGroup: streamName, groupId or stream is not defined"] * (client == "react")
    writer, group = product.writer, f"g-{uuid4().hex[:12]}"
    writer.stream("todo", "set", group, "t1", todo("first"))
    page = people.person()
    page.goto(build(PAGES[client]) + "?" + urlencode({"url": product.web.ws, "group": group}))
    items = page.get_by_role("listitem")
    expect(items).to_have_text(["first"])

    writer.stream("todo", "set", group, "t2", todo("second"))
    expect(items).to_have_text(["first", "second"])
    last = writer.call("ticks", stream="todo", group=group, item="t1", count=20)
    writer.stream("todo", "set", group, "t1", {**last, "description": f"tick {last['tick']}"})
    expect(items).to_have_text(["tick 20", "second"])
    writer.stream("todo", "delete", group, "t1")
    expect(items).to_have_text(["second"])
    writer.stream("todo", "set", group, "t1", todo("again"))
    expect(items).to_have_text(["second", "again"])


@pytest.mark.feature("D13")
def test_browser_client_comes_in_with_its_token(people: People, product: Product, build: Callable[[str], str]) -> None:
    """Chromium aborts a handshake whose answer does not echo what was offered."""
    writer, group, site = product.writer, f"w-{uuid4().hex[:12]}", build(PAGES["browser"])
    writer.call("write_state", scope="workspaces", key=group, value={"members": ["u42"]})
    written = {"title": "t", "updatedAt": 1, "authorId": "u42"}
    writer.stream("documents", "set", group, "d1", {**written, "description": "first"})

    def address(token: str) -> str:
        where = {"url": product.web.ws, "stream": "documents", "group": group, "token": token}
        return site + "?" + urlencode(where)

    member, stranger, forger = (people.person() for _ in range(3))
    member.goto(address(writer.call("project_token", user_id="u42", seconds=600)))
    expect(member.get_by_role("listitem")).to_have_text(["first"])
    stranger.goto(address(writer.call("project_token", user_id="u7", seconds=600)))
    expect(stranger.locator("ul")).to_have_attribute("data-refused", "STREAM_ACCESS_DENIED")
    people.expected += [failed := r"WebSocket connection to .* failed"]
    with forger.expect_console_message(lambda message: bool(re.search(failed, message.text))):
        forger.goto(address("forged"))
    writer.stream("documents", "set", group, "d2", {**written, "description": "second"})
    expect(member.get_by_role("listitem")).to_have_text(["first", "second"])
    for page in stranger, forger:
        expect(page.get_by_role("listitem")).to_have_count(0)


@pytest.mark.slow
def test_browser_client_is_right_again_after_kill_9(
    people: People, product: Product, build: Callable[[str], str]
) -> None:
    people.expected += [r"WebSocket connection to .* failed"]  # while the server is away
    server, group = product.serve(), f"g-{uuid4().hex[:12]}"
    page = people.person()
    page.goto(build(PAGES["browser"]) + "?" + urlencode({"url": server.ws, "group": group}))
    expect(page.locator("ul[data-changes]")).to_be_attached()
    server.kill()
    product.writer.stream("todo", "set", group, "t1", todo("written meanwhile"))
    server.start()
    expect(page.get_by_role("listitem")).to_have_text(["written meanwhile"])
    server.kill()
