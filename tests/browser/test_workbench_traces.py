"""The workbench's Traces in a browser: the newest by itself, its runs as bars, what they write down as they do."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.oracle import Oracle, oracle
from tests.support.people import PASSWORD, People, enter
from tests.support.product import Product, Products

PAGE = "/admin/steps/workbench/traces/"
PET = {"name": "Max", "species": "dog", "ageMonths": 24, "symptoms": ["coughing"]}
STEPS = ["CreatePet", "AiProfileEnrichment", "SetNextFeedingReminder", "Orchestrator"]


@pytest.fixture(scope="module")
def model() -> Iterator[Oracle]:
    with oracle() as running:
        yield running


@pytest.fixture(scope="module")
def product(products: Products, model: Oracle) -> Product:
    """A copy whose worker asks the model of the tests."""
    made = products.make("sqlite", debug=True)
    made.environment |= {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "a key"}
    made.work()
    return made


@pytest.fixture(autouse=True)
def _open(model: Oracle) -> Iterator[None]:
    model.open.set()
    yield
    model.open.set()


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
def take_in(people: People) -> Callable[..., str]:
    """Takes a pet in; returns the trace of the request."""

    def send(**pet: Any) -> str:
        answer = people.person().request.post("/pets", data=PET | pet)
        assert answer.ok
        return answer.headers["traceparent"].split("-")[1]

    return send


def bars(page: Page) -> Locator:
    return page.get_by_role("list", name="Runs").locator("> li")


def entries(page: Page) -> Locator:
    return page.locator("#entries > li")


@pytest.mark.feature("H3")
def test_the_four_steps_of_a_pet_are_bars_over_the_time(page: Page, take_in: Callable[..., str]) -> None:
    trace = take_in()
    page.goto(f"{PAGE}?trace={trace}")
    expect(page.locator("#trace-sum")).to_contain_text("done")
    expect(bars(page)).to_have_count(4)
    for step in STEPS:
        row = bars(page).filter(has_text=step)
        expect(row.locator(".tl-bar[data-state=done]")).to_have_count(1)
        expect(row.locator(".tl-took")).to_have_text(re.compile(r"\d (ms|s)$"))
    expect(bars(page).first).to_contain_text("CreatePet")
    depths = {row.locator("strong").inner_text(): row.get_attribute("data-depth") for row in bars(page).all()}
    assert depths == {
        "CreatePet": "0", "AiProfileEnrichment": "1", "SetNextFeedingReminder": "1", "Orchestrator": "2",
    }  # fmt: skip

    def begin_and_end(step: str) -> tuple[float, float]:
        box = bars(page).filter(has_text=step).locator(".tl-bar").bounding_box()
        assert box is not None
        return box["x"], box["x"] + box["width"]

    request, reminder, decision = map(begin_and_end, ("CreatePet", "SetNextFeedingReminder", "Orchestrator"))
    assert request[0] <= reminder[0] < reminder[1] <= decision[0]
    assert reminder[1] - reminder[0] > request[1] - request[0]


@pytest.mark.feature("H4")
def test_what_a_run_writes_is_there_while_it_runs(page: Page, take_in: Callable[..., str], model: Oracle) -> None:
    model.open.clear()
    trace = take_in()
    page.goto(f"{PAGE}?trace={trace}")
    running = bars(page).filter(has_text="AiProfileEnrichment")
    expect(running).to_contain_text("running")
    written = entries(page).filter(has_text="AiProfileEnrichment").filter(has_text="streams.petCreation.set(")
    expect(written).to_contain_text('"enrichment_started")')
    expect(running).to_contain_text("running")  # nobody has let it go on
    expect(page.locator("#trace-sum")).to_contain_text("running")
    page.evaluate("window.stayed = true")
    model.open.set()
    expect(entries(page).filter(has_text='"completed")')).to_be_visible()
    expect(page.locator("#trace-sum")).to_contain_text("done")
    assert page.evaluate("window.stayed")  # nothing was loaded again

    entries(page).filter(has_text='"completed")').locator("summary").click()
    expect(entries(page).filter(has_text='"completed")')).to_contain_text("The value that was written")
    expect(entries(page).filter(has_text='"completed")')).to_contain_text("Enrichment of Max completed with AI profile")
    page.get_by_role("button", name="Operations").click()
    expect(entries(page).filter(has_text="streams.petCreation.set(")).to_have_count(0)
    expect(entries(page).filter(has_text="🐾 Pet created")).to_be_visible()


@pytest.mark.feature("H5")
def test_the_newest_trace_is_shown_by_itself_until_another_is_chosen(
    page: Page, take_in: Callable[..., str], model: Oracle
) -> None:
    page.goto(PAGE)
    first = take_in()
    expect(page.locator("#trace-id")).to_have_text(first)
    model.open.clear()
    second = take_in()
    expect(page.locator("#trace-id")).to_have_text(second)
    listed = page.get_by_role("list", name="Traces").get_by_role("button")
    expect(listed.first).to_have_attribute("aria-current", "true")
    expect(listed.first).to_contain_text("running")

    listed.first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#trace-id")).to_have_text(first)
    expect(listed.nth(1)).to_be_focused()
    follow = page.get_by_role("button", name="Follow the newest")
    expect(follow).to_have_attribute("aria-pressed", "false")
    third = take_in()
    expect(listed.first).not_to_have_attribute("data-key", second)
    expect(page.locator(f'[data-key="{third}"]')).to_be_visible()
    expect(page.locator("#trace-id")).to_have_text(first)
    page.reload()
    expect(page.locator("#trace-id")).to_have_text(first)
    follow.click()
    expect(page.locator("#trace-id")).to_have_text(third)
    model.open.set()


@pytest.mark.slow
def test_a_failure_is_shown_with_its_stack(page: Page, product: Product) -> None:
    product.manage("shell", "-c", "from steps import enqueue; enqueue('pet.created', {'petId': 'nobody'})")
    row = bars(page).filter(has_text="AiProfileEnrichment")
    expect(row.locator(".tl-bar[data-state=dead]").first).to_be_visible(timeout=90_000)  # after three more attempts
    row.get_by_role("button").press("Enter")
    run = page.get_by_role("region", name="Run")
    expect(run).to_contain_text("Attempt 1 failed")
    expect(run.get_by_label("Stack of attempt 1")).to_contain_text("in enrich_profile")
    expect(run.get_by_label("Input", exact=True)).to_contain_text("nobody")
    expect(run.get_by_role("link", name="The run's row")).to_have_attribute("href", re.compile("/admin/steps/run/"))
    page.get_by_label("Text, or a whole id").fill("nobody")
    expect(page.get_by_role("list", name="Traces").get_by_role("button")).to_have_count(1)
    page.get_by_label("Status").select_option("skipped")
    expect(page.get_by_text("No run fits so far.")).to_be_visible()
    expect(page).to_have_url(re.compile("state=skipped"))
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("list", name="Traces").get_by_role("button").nth(1)).to_be_visible()
    page.goto(f"{PAGE}?step=Gone&slower=7")  # of a step that is not declared any more
    expect(page.get_by_label("Step", exact=True)).to_have_value("Gone")
    expect(page.get_by_label("A run took")).to_have_value("7")
    expect(page.get_by_text("No run fits so far.")).to_be_visible()
