"""The workbench's Logs in a browser: lines as they are logged, of all runs or one trace, paused and taken along."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.people import PASSWORD, People, enter
from tests.support.product import Product, Products

PAGE = "/admin/steps/workbench/logs/"


@pytest.fixture(scope="module")
def product(products: Products) -> Product:
    """A copy in which nobody else logs."""
    made = products.make("sqlite", debug=True)
    made.work()
    return made


@pytest.fixture(scope="module")
def admin(product: Product) -> Callable[[Page], None]:
    product.writer.call("make_user", username="admin", password=PASSWORD)
    return partial(enter, username="admin")


@pytest.fixture
def page(people: People, admin: Callable[[Page], None]) -> Page:
    page = people.person()
    admin(page)
    page.goto(PAGE)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    return page


@pytest.fixture
def take_in(people: People) -> Callable[[str], str]:
    """Takes a pet of that name in; returns the trace of the request."""

    def send(name: str) -> str:
        answer = people.person().request.post("/pets", data={"name": name, "species": "dog", "ageMonths": 24})
        assert answer.ok
        return answer.headers["traceparent"].split("-")[1]

    return send


def lines(page: Page) -> Locator:
    return page.locator("#lines > li.lg")


@pytest.mark.feature("H6")
def test_lines_of_each_update_appear_and_those_of_one_trace_alone(page: Page, take_in: Callable[[str], str]) -> None:
    other, trace = take_in("Rex"), take_in("Max")
    for words in (
        "🐾 Pet created",
        "🤖 Enrichment started",
        "✨ Stage done",
        "🔒 Quarantine begun",
        "✅ Ready for adoption",
    ):
        for one in (other, trace):
            expect(lines(page).filter(has_text=words).filter(has_text=one[:8]).first).to_be_visible()
    lines(page).filter(has_text=trace[:8]).first.get_by_role("button", name="Only lines of the trace").click()
    expect(page.get_by_label("Trace", exact=True)).to_have_value(trace)
    expect(lines(page).filter(has_text=other[:8])).to_have_count(0)
    expect(lines(page).filter(has_text="✨ Stage done")).to_have_count(4)
    lines(page).filter(has_text="🐾 Pet created").locator("summary").press("Enter")
    expect(lines(page).filter(has_text="🐾 Pet created")).to_contain_text('name: "Max"')
    page.reload()
    expect(lines(page).filter(has_text="✨ Stage done")).to_have_count(4)
    lines(page).filter(has_text="🐾 Pet created").locator("summary").click()
    page.get_by_role("link", name="Its trace").click()
    expect(page.locator("#trace-id")).to_have_text(trace)


def test_level_and_text_choose_lines(page: Page, take_in: Callable[[str], str]) -> None:
    trace = take_in("Max")
    expect(lines(page).filter(has_text="Treatment needed")).to_have_count(0)
    expect(lines(page).filter(has_text=trace[:8]).filter(has_text="Ready for adoption")).to_be_visible()
    page.get_by_label("Level").select_option("warning")
    expect(lines(page).filter(has_text="The model does not answer").first).to_be_visible()
    expect(lines(page).filter(has_text="Pet created")).to_have_count(0)
    page.get_by_label("Text", exact=True).fill("no run says this")
    expect(page.get_by_text("No line fits so far.")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(lines(page).filter(has_text="Pet created").first).to_be_visible()


@pytest.mark.slow
def test_it_is_paused_and_taken_along(page: Page, take_in: Callable[[str], str], tmp_path: Path) -> None:
    before = take_in("Max")
    expect(lines(page).filter(has_text=before[:8]).filter(has_text="Ready for adoption")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    after = take_in("Rex")
    expect(page.locator("#count")).to_contain_text("new since you paused")
    expect(lines(page).filter(has_text=after[:8])).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    download.value.save_as(tmp_path / "logs.jsonl")
    assert download.value.suggested_filename.endswith(".jsonl")
    exported = [json.loads(line) for line in (tmp_path / "logs.jsonl").read_text().splitlines()]
    assert len(exported) == lines(page).count()
    assert {"level": "info", "message": "🐾 Pet created", "step": "CreatePet", "trace": before} in [
        {name: line[name] for name in ("level", "message", "step", "trace")} for line in exported
    ]
    assert after not in {line["trace"] for line in exported}
    page.get_by_role("button", name="Resume").click()
    expect(lines(page).filter(has_text=after[:8]).filter(has_text="Ready for adoption")).to_be_visible()
