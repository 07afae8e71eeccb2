"""Every page of the workbench: for screen readers, in light and dark, in narrow windows, under the strict policy."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.people import People
from tests.support.process import ROOT
from tests.support.product import Product

AXE = ROOT / "tests" / "js" / "node_modules" / "axe-core" / "axe.min.js"
ENTRY = "/admin/steps/workbench/"


@pytest.fixture(scope="module")
def somebody(browser: Browser, product: Product, admin: Callable[[Page], None]) -> Iterator[Page]:
    """One person who looks at all pages, with things to see on them."""
    people = People(browser, product.web.url)
    page = people.person()
    admin(page)
    assert people.person().request.post("/todo", data={"description": "milk"}).ok
    assert people.person().request.post("/pets", data={"name": "Max", "species": "dog", "ageMonths": 24}).ok
    yield page
    people.close()  # fails on anything that the policy refused, too: the console says so


@pytest.fixture(scope="module")
def addresses(somebody: Page) -> list[str]:
    somebody.goto(ENTRY)
    links = somebody.get_by_role("navigation", name="Workbench").get_by_role("link")
    return [str(link.get_attribute("href")) for link in links.all()]


def settled(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#wb-live:not([data-status=live])")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    expect(page.locator("#wb-problem")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_axe_has_nothing_serious_to_say(somebody: Page, addresses: list[str], scheme: Any) -> None:
    somebody.set_viewport_size({"width": 1280, "height": 850})
    somebody.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = []
    for address in addresses:
        settled(somebody, f"{address}?stream=todo")  # one that has something in it
        somebody.evaluate(f"{AXE.read_text()}; undefined")
        found += serious(somebody)
        for tab in somebody.get_by_role("tab").all():
            tab.click()
            somebody.wait_for_load_state("networkidle")
            found += serious(somebody)
    assert found == []


def serious(page: Page) -> list[tuple[str, str, Any]]:
    """Return what axe has to say about the page as it is."""
    result = page.evaluate("axe.run(document.querySelector('.wb'))")
    return [
        (page.url, one["id"], [node["target"] for node in one["nodes"]])
        for one in result["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.slow
def test_nothing_is_wider_than_a_phone(somebody: Page, addresses: list[str]) -> None:
    somebody.set_viewport_size({"width": 400, "height": 850})
    wide = {}
    for address in addresses:
        settled(somebody, address)
        wide[address] = somebody.evaluate("document.documentElement.scrollWidth")
    assert {address: width for address, width in wide.items() if width > 400} == {}


def test_the_navigation_is_walked_with_the_keyboard(somebody: Page, addresses: list[str]) -> None:
    somebody.set_viewport_size({"width": 1280, "height": 850})
    settled(somebody, addresses[0])
    links = somebody.get_by_role("navigation", name="Workbench").get_by_role("link")
    links.first.focus()
    somebody.keyboard.press("Tab")
    expect(links.nth(1)).to_be_focused()
    somebody.keyboard.press("Enter")
    somebody.wait_for_url(f"**{addresses[1]}**")
    expect(links.nth(1)).to_have_attribute("aria-current", "page")


@pytest.mark.slow
def test_the_policy_allows_nothing_unsafe(somebody: Page, addresses: list[str]) -> None:
    for address in addresses:
        policy = somebody.request.get(address).headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
