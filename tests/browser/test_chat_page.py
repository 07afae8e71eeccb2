"""/flows/chat/ in real browsers: people side by side, and an answer that grows before their eyes."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.people import People
from tests.support.product import Product, Products
from tests.support.talker import WORDS, Talker, talker

PAGE = "/flows/chat/"
ANSWER = "".join(WORDS)


@pytest.fixture(scope="module")
def model() -> Iterator[Talker]:
    with talker() as running:
        yield running


@pytest.fixture(scope="module")
def product(products: Products, model: Talker) -> Product:
    """A copy with a worker that asks the model of the tests."""
    made = products.make("sqlite", debug=True)
    made.environment |= {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "a key", "OPENAI_MODEL": "talker"}
    made.work()
    return made


@pytest.fixture(autouse=True)
def _empty_lobby(product: Product) -> None:
    product.writer.call("empty", stream="chatMessage", group="lobby")


def messages(page: Page) -> Locator:
    return page.get_by_role("list", name="Messages").get_by_role("listitem")


def said(page: Page) -> Locator:
    return page.locator(".message .said")


def come_in(people: People, name: str) -> Page:
    page = people.person()
    page.goto(PAGE)
    expect(page.locator("#connection")).to_have_text("Live")
    page.get_by_label("Your name").fill(name)
    return page


def say(page: Page, words: str) -> None:
    page.get_by_label("What do you say?").fill(words)
    page.get_by_role("button", name="Send").click()


@pytest.mark.feature("I1", "I2")
def test_two_people_side_by_side(people: People, model: Talker) -> None:
    ada, bob = come_in(people, "Ada"), come_in(people, "Bob")
    ada.get_by_label("What do you say?").press_sequentially("Hel")
    expect(bob.locator("#typing")).to_have_text("Ada is typing…")
    expect(ada.locator("#typing")).to_have_text("")
    say(ada, "stepwise <b>please</b>")
    expect(ada.get_by_label("What do you say?")).to_have_value("")
    for page in (ada, bob):
        expect(messages(page)).to_have_count(2)
        expect(said(page).first).to_have_text("stepwise <b>please</b>")
        expect(page.locator(".who")).to_have_text(["Ada", "assistant"])
    expect(bob.locator("#typing")).to_have_text("")

    for number in range(1, len(WORDS)):
        for page in (ada, bob):
            expect(said(page).last).to_have_text("".join(WORDS[:number]))
            expect(page.get_by_role("button", name="Stop")).to_be_visible()
        model.steps.release()
    for page in (ada, bob):
        expect(messages(page).last).to_have_attribute("data-status", "completed")
        expect(said(page).last).to_have_text(ANSWER)
        expect(page.get_by_role("button", name="Stop")).to_have_count(0)

    messages(bob).first.get_by_role("button", name="React with 🎉").click()
    messages(ada).first.get_by_role("button", name="React with 🎉").click()
    for page in (ada, bob):
        expect(messages(page).first.get_by_label("Reactions")).to_have_text("🎉 2")
    late = come_in(people, "Cleo")
    expect(said(late)).to_have_text(["stepwise <b>please</b>", ANSWER])
    expect(late.locator(".reactions").first).to_be_empty()


def test_whoever_has_heard_enough_stops_the_answer_for_all(people: People) -> None:
    ada, bob = come_in(people, "Ada"), come_in(people, "Bob")
    say(ada, "endless")
    expect(said(bob).last).to_have_text(re.compile("^more more"))
    bob.get_by_role("button", name="Stop").click()
    for page in (ada, bob):
        expect(messages(page).last).to_have_attribute("data-status", "stopped")
        expect(messages(page).last.locator(".state")).to_have_text("Stopped")
    expect(said(ada).last).to_have_text(said(bob).last.inner_text())


def test_the_answer_goes_on_after_a_restart_of_the_server(people: People, product: Product) -> None:
    people.expected += [r"WebSocket connection to .* failed", "net::ERR_CONNECTION_REFUSED"]  # while it is away
    page = come_in(people, "Ada")
    said_before = {"role": "assistant", "userId": "assistant", "status": "streaming", "createdAt": 1}
    product.writer.stream("chatMessage", "set", "lobby", "m1", {**said_before, "message": "It grows "})
    expect(said(page)).to_have_text(["It grows"])
    product.web.kill()
    expect(page.locator("#connection")).to_have_text("Reconnecting…")
    more = [{"type": "append", "path": "message", "value": "meanwhile"}]
    product.writer.stream("chatMessage", "update", "lobby", "m1", more)
    product.web.start()
    expect(page.locator("#connection")).to_have_text("Live")
    expect(said(page)).to_have_text(["It grows meanwhile"])


def test_readable_without_javascript(people: People, product: Product) -> None:
    item = {"role": "user", "userId": "Ada", "message": "rendered", "status": "completed", "createdAt": 1}
    product.writer.stream("chatMessage", "set", "lobby", "m1", item)
    page = people.person(java_script=False)
    page.goto(PAGE)
    expect(said(page)).to_have_text(["rendered"])
    expect(page.get_by_role("button", name="Send")).to_have_count(0)


@pytest.mark.feature("C4", "C5", "I1", "I2")
@pytest.mark.parametrize("react", [pytest.param("18", marks=pytest.mark.slow), "19"])
def test_the_same_room_on_the_react_hooks(
    people: People, product: Product, model: Talker, build: Callable[..., str], react: str
) -> None:
    ada, bob = people.person(), come_in(people, "Bob")
    ada.goto(build("chat.tsx", react) + "?" + urlencode({"url": product.web.url, "room": "lobby", "name": "Ada"}))
    expect(ada.get_by_role("status")).to_have_text("live")
    ada.get_by_label("Words").fill("stepwise")
    expect(bob.locator("#typing")).to_have_text("Ada is typing…")
    ada.get_by_label("Words").press("Enter")
    expect(messages(ada).last).to_have_text(re.compile(r"^assistant: Once *like$"))
    model.steps.release(len(WORDS) - 1)
    for page in (ada, bob):
        expect(messages(page).last).to_have_attribute("data-status", "completed")
    expect(messages(ada).last).to_have_text(re.compile(f"^assistant: {ANSWER} *like$"))
    expect(said(bob)).to_have_text(["stepwise", ANSWER])
    bob.get_by_label("What do you say?").press_sequentially("x")
    expect(ada.locator("#typing")).to_have_text("Bob")
    messages(ada).first.get_by_role("button", name="like").click()
    expect(messages(bob).first.get_by_label("Reactions")).to_have_text("👍 1")
    expect(ada.locator("#reactions")).to_have_text("👍")
