"""The pages whose work goes on in jobs: merges and pets, their bars and texts moving while two people look."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.people import People
from tests.support.product import Product


@pytest.fixture(scope="module", autouse=True)
def worker(product: Product) -> None:
    product.work()


@pytest.mark.feature("I10", "I3")
def test_a_merge_goes_to_its_end_in_both_windows(people: People) -> None:
    ada, bob = people.person(), people.person()
    for page in (ada, bob):
        page.goto("/flows/merge/")
        expect(page.get_by_role("status")).to_have_text("Live")
    ada.get_by_label("Parts", exact=True).fill("12")
    ada.get_by_label("Seconds per part").fill("0.3")
    ada.get_by_role("button", name="Start").click()
    for page in (ada, bob):
        merge = page.get_by_label("Merges").get_by_role("listitem").first
        expect(merge).to_have_text(re.compile(r"[1-9]\d? of 12"))
        expect(merge).to_have_text(re.compile(r"12 of 12"))
        expect(merge.get_by_role("progressbar")).to_have_js_property("position", 1)
    ada.reload()  # the server renders what the stream has told
    expect(ada.get_by_label("Merges").get_by_role("listitem").first).to_have_text(re.compile(r"12 of 12"))


def test_a_wrong_number_of_parts_is_refused_before_it_is_sent(people: People) -> None:
    page = people.person()
    page.goto("/flows/merge/")
    page.get_by_label("Parts", exact=True).fill("0")
    page.get_by_role("button", name="Start").click()
    assert page.get_by_label("Parts", exact=True).evaluate("input => input.validity.rangeUnderflow")
    expect(page.locator("#problem")).to_be_empty()


@pytest.mark.feature("I9", "H10")
def test_a_pet_is_followed_from_the_answer_to_its_profile(people: People) -> None:
    """With symptoms: the check goes from 0 to 100 in steps, each of which the bar shows."""
    page = people.person()
    page.goto("/flows/pets/")
    page.get_by_label("Name").fill("Rex")
    page.get_by_label("Symptoms").fill("coughing, limping")
    page.evaluate(
        """() => {
            window.positions = [];
            const watch = () => {
                const bar = document.querySelector("#pets progress");
                if (bar && bar.value !== window.positions.at(-1)) window.positions.push(bar.value);
                requestAnimationFrame(watch);
            };
            watch();
        }"""
    )
    page.get_by_role("button", name="Take in").click()
    card = page.get_by_label("Pets").get_by_role("article")
    expect(card.get_by_role("heading")).to_have_text("Rex")
    expect(card.get_by_role("progressbar")).to_have_js_property("value", 100)
    expect(card.get_by_text("Temperament")).to_be_visible()
    positions = page.evaluate("window.positions")
    assert positions == sorted(positions), "it went back"
    assert len(positions) > 2, "it jumped to its end"
    assert positions[-1] == 100


@pytest.mark.feature("I9")
def test_a_pet_without_symptoms_is_not_checked(people: People) -> None:
    page = people.person()
    page.goto("/flows/pets/")
    page.get_by_label("Name").fill("Mia")
    page.get_by_role("button", name="Take in").click()
    card = page.get_by_label("Pets").get_by_role("article")
    expect(card.get_by_text("Temperament")).to_be_visible()
    expect(card.get_by_role("progressbar")).to_have_js_property("value", 100)
