"""The documents page: guests come in, see each other, and end with the same text whatever they write."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.people import People
from tests.support.product import Product

PAGE = "/flows/documents/"


@pytest.fixture(scope="module", autouse=True)
def worker(product: Product) -> None:
    product.work()


def come_in(people: People, name: str) -> Page:
    page = people.person()
    page.goto(PAGE)
    page.get_by_label("What are you called?").fill(name)
    page.get_by_role("button", name="Join in").click()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.locator("#content")).to_be_editable()
    return page


@pytest.mark.feature("I5", "I6", "I7")
def test_two_editors_converge(people: People) -> None:
    people.expected.append("404")  # the first guest makes the document
    ada = come_in(people, "Ada")
    text = ada.locator("#content")
    text.fill("Roses are red.")
    expect(ada.locator("#saved")).to_have_text("Saved")
    bob = come_in(people, "Bob")
    other = bob.locator("#content")
    expect(other).to_have_value("Roses are red.")
    expect(ada.get_by_role("listitem").filter(has_text="Bob")).to_be_visible()
    expect(bob.get_by_role("listitem").filter(has_text="Ada")).to_be_visible()

    # both at once, in different places, faster than either is told of the other
    text.press("Home")
    other.press("End")
    for character in ">> ":
        text.press_sequentially(character)
        other.press_sequentially("!")
    expect(text).to_have_value(">> Roses are red.!!!")
    expect(other).to_have_value(">> Roses are red.!!!")

    bob.get_by_label("Tell everybody").fill("lunch?")
    bob.get_by_role("button", name="Send").click()
    expect(ada.get_by_role("list", name="News")).to_contain_text("lunch?")
    other.press("Control+Home")
    expect(ada.get_by_role("listitem").filter(has_text="Bob")).to_contain_text(re.compile(r"line 1"))

    bob.context.close()
    expect(ada.get_by_role("listitem").filter(has_text="Bob")).to_be_hidden(timeout=30_000)


def test_readable_without_javascript(people: People, product: Product) -> None:
    page = people.person(java_script=False)
    page.goto(PAGE)
    expect(page.get_by_role("heading", name="Documents")).to_be_visible()
    expect(page.locator("#content")).to_have_attribute("readonly", "")
