"""A page in a network that lets no WebSocket through: it goes on over server-sent events."""

from playwright.sync_api import Page, expect

from tests.support.filtering import filtered
from tests.support.people import People
from tests.support.product import Product
from tests.support.values import todo


def test_a_page_is_live_without_websockets(people: People, product: Product, inbox: str) -> None:
    people.expected += [r"WebSocket connection to .* failed"]
    product.writer.stream("todo", "set", inbox, "t1", todo("there already"))
    with filtered(product.web.port) as network:
        page = people.person()
        page.goto(f"{network.url}/flows/todo/")
        expect(page.get_by_role("status")).to_have_text("Live")
        assert network.refused >= 2, "HTTP was seen to work before a second WebSocket failed"
        expect(page.locator("#watching")).to_have_text("1")
        shown(page, "there already")
        product.writer.stream("todo", "set", inbox, "t2", todo("milk"))
        shown(page, "there already", "milk")

        page.get_by_label("What is to be done?").fill("bread")
        page.get_by_role("button", name="Add").click()
        shown(page, "there already", "milk", "bread")
        product.writer.stream("todo", "delete", inbox, "t1")
        shown(page, "milk", "bread")
        page.close()


def shown(page: Page, *texts: str) -> None:
    expect(page.get_by_label("Todos").get_by_role("listitem")).to_have_text(list(texts))
