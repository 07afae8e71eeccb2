"""The workbench's Flows in a browser: what is declared is drawn, what runs lights up, what is chosen is explained."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.people import People
from tests.support.product import Product

PAGE = "/admin/steps/workbench/flows/"
PET = {"name": "Max", "species": "dog", "ageMonths": 24, "symptoms": ["coughing"]}


@pytest.fixture(scope="module", autouse=True)
def worker(product: Product) -> None:
    product.work()


@pytest.fixture
def flows(people: People, admin: Callable[[Page], None]) -> Page:
    page = people.person()
    admin(page)
    page.goto(PAGE)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    return page


@pytest.mark.feature("E19", "H11")
def test_a_flow_is_drawn_and_lights_up(flows: Page, people: People) -> None:
    flows.get_by_label("Flow", exact=True).select_option("pets")
    diagram = flows.locator("#diagram")
    expect(diagram).to_have_attribute("data-nodes", "8")  # four steps, a route and three topics
    expect(diagram).to_have_attribute("data-edges", "7")
    steps = flows.get_by_role("list", name="Steps").get_by_role("button")
    expect(steps).to_have_count(4)
    expect(steps.filter(has_text="CreatePet")).to_contain_text("POST /pets → pet.created, pet.feeding.reminder")
    expect(steps.filter(has_text="Orchestrator")).to_contain_text("pet.health.checked")
    expect(flows).to_have_url(re.compile("flow=pets"))

    # a step is lit for a second: what ever was is noted
    diagram.evaluate(
        """(diagram) => {
            window.lit = "";
            const note = () => (window.lit += ` ${diagram.dataset.lit}`);
            new MutationObserver(note).observe(diagram, { attributes: true });
        }"""
    )
    assert people.person().request.post("/pets", data=PET).ok
    for step in ("SetNextFeedingReminder", "AiProfileEnrichment"):
        flows.wait_for_function("(step) => window.lit.includes(step)", arg=step)
    expect(diagram).to_have_attribute("data-lit", "")
    for badge in steps.get_by_text("running").all():
        expect(badge).to_be_hidden()


def test_a_step_is_explained(flows: Page, people: People) -> None:
    assert people.person().request.post("/todo", data={"description": "milk"}).ok
    flows.get_by_role("button", name="CreateTodo").press("Enter")
    details = flows.get_by_label("Details")
    expect(details.get_by_role("heading", name="CreateTodo")).to_be_visible()
    expect(details).to_contain_text("Create a todo and tell everyone who watches the inbox.")
    expect(details).to_contain_text("http POST /todo")
    expect(details).to_contain_text("project/flows/todo/steps.py:")
    expect(details.get_by_label("Source")).to_contain_text("async def create_todo(request: Request, ctx: Context)")
    expect(details.locator(".flows-runs .wb-badge").first).to_have_text("done")
    flows.reload()
    expect(details.get_by_role("heading", name="CreateTodo")).to_be_visible()


def test_a_click_into_the_diagram_chooses_a_step(flows: Page) -> None:
    flows.get_by_label("Flow", exact=True).select_option("pets")
    expect(flows.locator("#diagram")).to_have_attribute("data-nodes", "8")
    box = flows.locator("#diagram").bounding_box()
    assert box is not None
    heading = flows.get_by_label("Details").get_by_role("heading").first
    for x, y in [(column / 12, row / 12) for row in range(1, 12) for column in range(1, 12)]:
        flows.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if heading.count():
            break
    expect(heading).to_have_text(re.compile("CreatePet|SetNextFeedingReminder|AiProfileEnrichment|Orchestrator"))
