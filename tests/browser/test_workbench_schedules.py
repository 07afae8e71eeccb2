"""The workbench's Schedules in a browser: what comes next, run now, switched off and on."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.people import People
from tests.support.product import Product
from tests.support.waiting import eventually

PAGE = "/admin/steps/workbench/schedules/"
STEP = "update-metrics"


@pytest.mark.slow
def test_a_schedule_is_run_now_and_switched_off(
    people: People, admin: Callable[[Page], None], product: Product
) -> None:
    product.work()  # its start makes the rows of the beat
    page = people.person()
    admin(page)
    page.goto(PAGE)
    schedule = page.get_by_role("list", name="Cron steps").locator(f"[data-step='{STEP}']")
    expect(schedule).to_contain_text("*/30 * * * * *")
    slots = page.get_by_role("list", name=f"Next firings of {STEP}").get_by_role("listitem")
    expect(slots).to_have_count(5)
    expect(slots.first).to_have_text(re.compile(r":(00|30) in \d+ m?s$"))

    page.get_by_role("button", name=f"Run now: {STEP}").click()
    expect(page.get_by_text(f"{STEP} was started.")).to_be_visible()
    ran = "SELECT state FROM steps_run WHERE step = ? AND slot IS NULL"
    eventually(lambda: product.rows(ran, [STEP]) == [("done",)], what="the run that was started is done")
    expect(schedule.locator("[data-state=done]")).to_be_visible()

    row = page.locator("#beats tr").filter(has_text=f"steps: {STEP}")
    expect(row).to_contain_text("on")
    enabled = "SELECT enabled FROM django_celery_beat_periodictask WHERE name = ?"
    page.get_by_role("button", name=f"Switch off: {STEP}").press("Enter")
    expect(schedule.get_by_text("switched off")).to_be_visible()
    expect(row).to_contain_text("off")
    assert [bool(one) for (one,) in product.rows(enabled, [f"steps: {STEP}"])] == [False]
    page.get_by_role("button", name=f"Switch on: {STEP}").press("Enter")
    expect(schedule.get_by_text("switched off")).to_have_count(0)
    assert [bool(one) for (one,) in product.rows(enabled, [f"steps: {STEP}"])] == [True]
