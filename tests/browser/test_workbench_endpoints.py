"""The workbench's Endpoints in a browser: a request is sent, its answer lives on, its trace stands beside it."""

import json
import re
import subprocess
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.support.people import People
from tests.support.product import Product

PAGE = "/admin/steps/workbench/endpoints/"
PET = {"name": "Max", "species": "dog", "ageMonths": 24, "symptoms": ["coughing"]}


@pytest.fixture(scope="module", autouse=True)
def worker(product: Product) -> None:
    product.work()


@pytest.fixture
def tester(people: People, admin: Callable[[Page], None]) -> Callable[[str], Page]:
    page = people.person()
    admin(page)

    def choose(endpoint: str) -> Page:
        page.goto(f"{PAGE}?endpoint={quote(endpoint)}")
        expect(page.locator("#title")).to_have_text(re.compile(re.escape(endpoint.split()[1])))
        return page

    return choose


def send(page: Page) -> None:
    page.get_by_role("button", name="Send", exact=True).click()


@pytest.mark.feature("H1")
def test_a_request_is_sent_and_its_answer_shown(tester: Callable[[str], Page], people: People) -> None:
    people.expected.append("400|404")
    page = tester("POST /todo")
    expect(page.get_by_label("Body", exact=True)).to_have_value(re.compile('"description"'))
    page.get_by_label("Body", exact=True).fill("{}")
    expect(page.locator("#faults")).to_have_text("description: Field required")
    send(page)
    expect(page.locator("#status-code")).to_have_text("400 Bad Request")
    page.get_by_label("Body", exact=True).fill('{"description": "oat milk"}')
    expect(page.get_by_text("fits the schema")).to_be_visible()
    page.get_by_label("Body", exact=True).press("Control+Enter")
    expect(page.locator("#status-code")).to_have_text("200 OK")
    expect(page.locator("#answer-body")).to_contain_text("oat milk")
    expect(page.locator("#status")).to_contain_text(re.compile(r"\d ms · \d+ B"))

    page.get_by_label("Find").fill("DeleteTodo")
    page.get_by_role("list", name="Endpoints").get_by_role("button").click()
    send(page)  # without its id
    expect(page.get_by_label("id", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("id", exact=True).fill("no/such todo")
    send(page)
    expect(page.locator("#status-code")).to_have_text("404 Not Found")


@pytest.mark.feature("H2")
def test_a_stream_in_an_answer_is_followed(tester: Callable[[str], Page]) -> None:
    page = tester("POST /pets")
    page.get_by_label("Body", exact=True).fill(json.dumps(PET))
    page.evaluate("window.stayed = true")
    send(page)
    answer = page.locator("#answer-body")
    expect(answer).to_contain_text("created successfully")
    expect(answer).to_contain_text("Max needs medical treatment ❌")
    items = page.get_by_role("list", name=re.compile("Items of petCreation"))
    expect(items.locator("[data-item=completed]")).to_contain_text("Enrichment of Max completed")
    assert page.evaluate("window.stayed")  # nothing was loaded again

    runs = page.get_by_role("list", name="Runs")
    for name in ("CreatePet", "AiProfileEnrichment", "SetNextFeedingReminder", "Orchestrator"):
        expect(runs.get_by_role("listitem").filter(has_text=name)).to_contain_text("done")
    runs.get_by_role("button").filter(has_text="CreatePet").click()
    written = page.get_by_role("list", name="What was written down")
    expect(written).to_contain_text("streams.petCreation.set")
    expect(written).to_contain_text("🐾 Pet created")
    expect(written).not_to_contain_text("Quarantine begun")


@pytest.mark.feature("H7")
@pytest.mark.slow
def test_a_request_is_copied_as_code_that_works(tester: Callable[[str], Page], product: Product) -> None:
    page = tester("POST /todo")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("Body", exact=True).fill('{"description": "Ada\'s \\"milk\\" $HOME"}')
    page.get_by_text("As code").click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run(["sh", "-c", f"{command} --silent --noproxy '*'"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["description"] == 'Ada\'s "milk" $HOME'
    assert product.web.url in command
    page.get_by_role("button", name="Python", exact=True).click()
    code = page.locator("#code").inner_text()
    compile(code, "copied", "exec")
    assert r"""json={"description": "Ada's \"milk\" $HOME"}""" in code
    page.get_by_role("button", name="JavaScript", exact=True).click()
    expect(page.locator("#code")).to_contain_text("await fetch(")


@pytest.mark.slow
def test_an_answer_that_streams_appears_as_it_comes(tester: Callable[[str], Page]) -> None:
    page = tester("POST /sse")
    page.get_by_label("Type of the body").select_option("application/x-www-form-urlencoded")
    page.get_by_label("Body", exact=True).fill("items=3")
    send(page)
    answer = page.locator("#answer-body")
    expect(answer).to_contain_text("event: item")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()  # there is more to come
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#status")).to_contain_text("Stopped.")
    expect(answer).not_to_contain_text("event: done")
    send(page)
    expect(answer).to_contain_text("event: done")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()


def test_the_answer_schema_is_shown(tester: Callable[[str], Page]) -> None:
    page = tester("POST /pets")
    page.get_by_text("Answer 201: schema").click()
    expect(page.locator("#schemas")).to_contain_text('"Told"')
