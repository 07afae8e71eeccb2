"""The workbench's State and Queues in a browser: a job fails, what it needs is repaired, and it is tried again."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.people import People
from tests.support.product import Product

QUEUES, STATE = "/admin/steps/workbench/queues/", "/admin/steps/workbench/state/"
STEP, TOPIC = "count-indexed", "document-indexed"


@pytest.fixture(scope="module", autouse=True)
def worker(product: Product) -> None:
    product.work()


@pytest.fixture
def page(people: People, admin: Callable[[Page], None]) -> Page:
    page = people.person()
    admin(page)
    return page


def runs(page: Page) -> Locator:
    return page.get_by_role("list", name="Runs").locator("[data-run]")


@pytest.mark.feature("H12")
def test_a_dead_job_is_repaired_and_redriven(page: Page, product: Product) -> None:
    workspace, key = uuid4().hex[:8], "Key"
    page.goto(STATE)
    page.get_by_role("button", name="New value").click()
    page.get_by_role("textbox", name="Scope", exact=True).fill("indexed")
    page.get_by_role("textbox", name=key, exact=True).fill(workspace)
    page.get_by_label("Value (JSON)").fill('{"create": "many"}')  # where a number belongs
    page.get_by_role("button", name="Create").click()
    value = page.get_by_role("list", name="Values").locator(f"[data-item='{workspace}']")
    expect(value).to_contain_text("many")

    product.writer.call("send", topic=TOPIC, data={"groupId": workspace, "id": "d1", "type": "create"})
    [[run]] = product.rows("SELECT id FROM steps_run WHERE step = ? ORDER BY id DESC LIMIT 1", [STEP])
    page.goto(f"{QUEUES}?state=dead&step={STEP}")
    row = page.locator(f"[data-run='{run}']")
    expect(row).to_contain_text("InvalidUpdate: increment 'create': what stands there is not a number")
    expect(page.locator(f"[data-step='{STEP}'] [data-state=dead]")).to_have_text(re.compile(r"[1-9]"))
    row.locator("summary").first.click()
    expect(row).to_contain_text(f'groupId: "{workspace}"')
    expect(row.get_by_text("Attempt 4")).to_be_visible()

    page.goto(f"{STATE}?scope=indexed")
    page.get_by_role("button", name=f"Edit {workspace}").click()
    page.get_by_label("Value (JSON)").fill('{"create": 41}')
    page.get_by_role("button", name="Save").click()
    expect(value).to_contain_text("41")
    watching = page.context.new_page()
    watching.goto(f"{QUEUES}?state=dead&step={STEP}")
    watching.get_by_label(f"Choose {STEP} {run}").check()
    watching.get_by_role("button", name="Try again 1").click()
    expect(watching.get_by_text("1 will be tried again.")).to_be_visible()
    expect(watching.locator(f"[data-run='{run}']")).to_have_count(0)
    expect(value).to_contain_text("42")  # the other page is told what the job has done
    watching.get_by_label("State").select_option("done")
    expect(watching.locator(f"[data-run='{run}']")).to_contain_text("done")

    page.get_by_role("button", name=f"Delete {workspace}", exact=True).click()
    page.get_by_role("button", name=f"Delete: really? Delete {workspace}").click()
    expect(value).to_have_count(0)
    assert product.writer.call("read_state", scope="indexed", key=workspace) is None


@pytest.mark.slow
def test_what_waits_is_hurried_and_cancelled(page: Page, product: Product) -> None:
    workspace = uuid4().hex[:8]
    for id in ("d1", "d2"):
        message = {"groupId": workspace, "id": id, "type": "update"}
        product.writer.call("send", topic=TOPIC, data=message, delay=3600)
    page.goto(f"{QUEUES}?state=ready&step={STEP}")
    expect(runs(page)).to_have_count(2)
    expect(page.get_by_role("button", name="Try now")).to_be_disabled()
    runs(page).first.get_by_role("checkbox").check()
    page.get_by_role("button", name="Try now 1").click()
    expect(page.get_by_text("1 need not wait any longer.")).to_be_visible()
    expect(runs(page)).to_have_count(1)
    page.get_by_label("All that are shown").check()
    page.get_by_role("button", name="Cancel 1").click()
    expect(page.get_by_text("1 cancelled.")).to_be_visible()
    expect(page.get_by_text("Nothing waits.")).to_be_visible()
    page.get_by_label("State").select_option("cancelled")
    expect(runs(page)).to_have_count(1)
    found = "SELECT state FROM steps_run WHERE input LIKE ? ORDER BY state"
    assert product.rows(found, [f"%{workspace}%"]) == [("cancelled",), ("done",)]


@pytest.mark.slow
def test_who_may_only_look_is_offered_nothing_else(people: People, product: Product) -> None:
    product.writer.call("make_staff", username="looker", password="let-me-in", permissions=["steps.view_run"])
    page = people.person()
    page.goto(f"/admin/login/?next={QUEUES}?state=dead")
    page.get_by_label("Username").fill("looker")
    page.get_by_label("Password").fill("let-me-in")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Queues")).to_be_visible()
    expect(page.get_by_role("navigation", name="Workbench").get_by_role("link")).not_to_have_count(0)
    expect(page.get_by_role("navigation", name="Workbench").get_by_role("link", name="State")).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
