"""The workbench's Streams in a browser: items live and written by hand, any kept moment, frames, connections."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.people import People
from tests.support.product import Product
from tests.support.values import todo

PAGE = "/admin/steps/workbench/streams/"


@pytest.fixture
def group() -> str:
    return uuid4().hex[:8]


@pytest.fixture
def streams(people: People, admin: Callable[[Page], None]) -> Callable[..., Page]:
    page = people.person()
    admin(page)

    def look(**query: str) -> Page:
        page.goto(f"{PAGE}?{urlencode(query)}")
        return page

    return look


def write(product: Product, method: str, *arguments: object, stream: str = "todo") -> None:
    product.writer.call("call", stream=stream, method=method, arguments=list(arguments))


def item(page: Page, id: str, among: str = "Items") -> Locator:
    return page.get_by_role("list", name=among, exact=True).locator(f"[data-item='{id}']")


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def test_items_follow_what_others_write(streams: Callable[..., Page], product: Product, group: str) -> None:
    write(product, "set", group, "milk", todo("milk"))
    page = streams(stream="todo", group=group)
    expect(page.locator("#joined")).to_have_text("live")
    expect(item(page, "milk")).to_contain_text('description: "milk"')
    page.evaluate("window.stayed = true")
    write(product, "set", group, "milk", todo("oat milk"))
    expect(item(page, "milk")).to_contain_text('description: "oat milk"')
    write(product, "set", group, "bread", todo("bread"))
    expect(item(page, "bread")).to_be_visible()
    write(product, "delete", group, "milk")
    expect(item(page, "milk")).to_have_count(0)
    expect(page.locator("#joined")).to_have_text("live, 3 changes")
    expect(page.locator(f"[data-group='{group}']")).to_contain_text("4 changes")
    assert page.evaluate("window.stayed")


def test_items_are_written_by_hand(streams: Callable[..., Page], people: People, product: Product, group: str) -> None:
    people.expected.append("400")
    write(product, "set", group, "milk", todo("milk"))
    page = streams(stream="todo", group=group)
    page.get_by_role("button", name="New item").click()
    expect(page.get_by_role("textbox", name="Group", exact=True)).to_have_value(group)
    page.get_by_role("textbox", name="Id", exact=True).fill("bread")
    value = page.get_by_label("Value (JSON)")
    expect(value).to_have_value(re.compile('"description"'))  # the schema's example
    value.fill('{"description": ""}')
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#edit-faults")).to_contain_text("description: String should have at least 1 character")
    expect(page.locator("#edit-faults")).to_contain_text("createdAt: Field required")
    value.fill('{"description": "bread", "createdAt": "2026-01-31"')
    value.press("Control+Enter")
    expect(page.locator("#edit-faults")).to_contain_text("No JSON")
    value.fill('{"description": "bread", "createdAt": "2026-01-31"}')
    value.press("Control+Enter")
    expect(item(page, "bread")).to_contain_text('createdAt: "2026-01-31"')

    page.get_by_role("button", name="Edit bread").click()
    write(product, "set", group, "bread", todo("rye bread"))
    expect(page.get_by_text("The item was changed meanwhile")).to_be_visible()
    page.get_by_role("button", name="Load it").click()
    expect(value).to_have_value(re.compile("rye bread"))
    value.fill('{"description": "white bread", "createdAt": "2026-02-01"}')
    page.get_by_role("button", name="Save").click()
    expect(item(page, "bread")).to_contain_text('description: "white bread"')
    stored = "SELECT value FROM streams_item i JOIN streams_group g ON g.id = group_id WHERE g.key = ? AND i.key = ?"
    assert json.loads(product.rows(stored, [group, "bread"])[0][0])["createdAt"] == "2026-02-01"

    page.get_by_role("button", name="Delete bread", exact=True).click()
    page.get_by_role("button", name="Delete: really? Delete bread").click()
    expect(item(page, "bread")).to_have_count(0)
    assert product.rows(stored, [group, "bread"]) == []


def test_the_log_shows_differences_and_any_moment(streams: Callable[..., Page], product: Product, group: str) -> None:
    write(product, "set", group, "milk", todo("milk"))
    write(product, "set", group, "bread", todo("bread"))
    write(product, "update", group, "milk", [{"type": "set", "path": "description", "value": "oat milk"}])
    write(product, "delete", group, "bread")
    page = streams(stream="todo", group=group, tab="log")
    log = page.get_by_role("list", name="Changes, the newest first")
    third = log.locator("[data-sequence='3']")
    expect(third.locator("del")).to_have_text('"milk"')
    expect(third.locator("ins")).to_have_text('"oat milk"')
    then = "Items at that moment"
    expect(item(page, "milk", then)).to_contain_text("oat milk")
    expect(item(page, "bread", then)).to_have_count(0)

    slider = page.get_by_label("As it was after change", exact=True)
    slider.press("ArrowLeft")
    expect(item(page, "bread", then)).to_be_visible()
    expect(item(page, "milk", then)).to_contain_text("oat milk")
    page.get_by_role("button", name="as it was then, after change 2").click()
    expect(page.locator("#moment-at")).to_have_text(re.compile("^#2 of 1.4"))
    expect(item(page, "milk", then)).to_contain_text('"milk"')
    page.get_by_role("button", name="One change earlier").click()
    expect(item(page, "bread", then)).to_have_count(0)
    page.get_by_role("button", name="Play").click()
    expect(page.locator("#moment-at")).to_have_text(re.compile("^#4 of 1.4"))

    write(product, "set", group, "butter", todo("butter"))  # the log goes on, and so does who looks at its end
    expect(log.locator("[data-sequence='5']")).to_be_visible()
    expect(item(page, "butter", then)).to_be_visible()
    page.get_by_role("button", name="Log of milk").first.click()
    expect(log.get_by_role("listitem").locator("[data-state]")).to_have_text(["update", "create"])


@pytest.mark.slow
def test_frames_are_seen_filtered_paused_and_exported(
    streams: Callable[..., Page], product: Product, group: str, tmp_path: Path
) -> None:
    write(product, "set", group, "milk", todo("milk"))
    page = streams(stream="todo", group=group, tab="frames")
    frames = page.get_by_role("list", name="Frames, the newest first").get_by_role("listitem")
    expect(frames).to_have_count(2)  # the join, and its answer
    tab(page, "Send")
    page.get_by_label("Type", exact=True).fill("knock")
    page.get_by_label("Data (JSON)").fill('{"times": 3}')
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Sent.")).to_be_visible()
    tab(page, "Frames")
    expect(frames.first).to_contain_text('"type":"knock"')
    expect(frames.first).to_contain_text('{"times":3}')

    page.get_by_role("button", name="Pause").click()
    write(product, "set", group, "bread", todo("bread"))
    expect(page.get_by_text("1 more while paused")).to_be_visible()
    expect(frames).to_have_count(3)
    page.get_by_role("button", name="Go on").click()
    expect(frames).to_have_count(4)
    page.get_by_label("Filter").fill("BREAD")
    expect(frames).to_have_count(1)
    page.get_by_label("Filter").fill("")
    page.get_by_label("Direction").select_option("out")
    expect(frames).to_have_count(1)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Export").click()
    downloading.value.save_as(tmp_path / "frames")
    [line] = (tmp_path / "frames").read_text().splitlines()
    assert json.loads(line)["way"] == "out"
    assert json.loads(json.loads(line)["text"])["data"]["groupId"] == group


def test_what_one_may_not_join_is_read_from_the_rows(
    streams: Callable[..., Page], product: Product, group: str
) -> None:
    write(product, "set", group, "ada", {"name": "Ada", "email": "ada@example.org"}, stream="users")
    page = streams(stream="users", group=group)
    expect(page.locator("#joined")).to_have_text(re.compile("^not joined .*: read from the rows$"))
    expect(item(page, "ada")).to_contain_text('name: "Ada"')
    write(product, "set", group, "ada", {"name": "Ada L.", "email": "ada@example.org"}, stream="users")
    expect(item(page, "ada")).to_contain_text('name: "Ada L."')


@pytest.mark.slow
def test_who_is_connected_is_shown_with_what_they_have_joined(
    streams: Callable[..., Page], people: People, group: str
) -> None:
    page = streams(stream="todo", tab="connections")
    rows = page.locator("#connections tr")
    watcher = people.person()
    watcher.goto("/flows/todo/")
    expect(watcher.get_by_text("Live", exact=True)).to_be_visible()
    expect(rows.filter(has_text="anonymous").filter(has_text="todo/inbox")).to_have_count(1)
    watcher.context.close()
    expect(rows.filter(has_text="anonymous")).to_have_count(0)
    expect(page.locator("#plots canvas")).to_have_count(2)


def test_the_tabs_are_walked_with_the_keyboard(streams: Callable[..., Page], group: str) -> None:
    page = streams(stream="todo")
    items = page.get_by_role("tab", name="Items")
    expect(items).to_have_attribute("aria-selected", "true")
    items.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Code")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Code")).to_contain_text('ctx.streams.todo.set("')
    assert "tab=code" in page.url


@pytest.mark.slow
def test_a_large_group_is_read_page_by_page(streams: Callable[..., Page], product: Product, group: str) -> None:
    product.writer.call("fill", stream="todo", group=group, start=0, count=1005, size=1)
    page = streams(stream="todo", group=group)
    expect(page.locator("#joined")).to_have_text("too many items to join: read from the rows")
    rows = page.get_by_role("list", name="Items", exact=True).locator("[data-item]")
    expect(rows).to_have_count(100)
    page.get_by_role("button", name="More items").click()
    expect(rows).to_have_count(200)
    expect(rows.last).to_contain_text("i199")
    item(page, "i150").locator("summary").click()
    expect(item(page, "i150")).to_contain_text('description: "padded"')
    write(product, "set", group, "i3", todo("changed"))
    expect(item(page, "i3")).to_contain_text("changed")
    expect(rows).to_have_count(200)
