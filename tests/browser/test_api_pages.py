"""The pages that REST framework makes of the API: they work under the policy of every page, in a signed-in browser."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.people import People
from tests.support.product import Product


def test_browsable_api_reads_and_writes(people: People, product: Product, admin: Callable[[Page], None]) -> None:
    server = product.serve(settings="tests.support.sse_settings")
    people.base_url = server.url
    page = people.person()
    admin(page)  # a session's writes need its CSRF token, which the page's scripts send along
    policies: list[str] = []
    page.on("response", lambda answer: policies.append(answer.headers.get("content-security-policy", "")))
    page.goto("/streams/club/g/")
    assert "'unsafe-inline'" not in re.findall("script-src [^;]*", policies[0])[0]
    expect(page.locator(".response-info")).to_contain_text('"items"')
    people.expected.append("404")  # it is not there yet
    page.goto("/streams/club/g/a/")
    expect(page.locator(".response-info")).to_contain_text("ITEM_NOT_FOUND")
    form = page.locator("form[data-method=PUT]").last
    form.locator("textarea").fill('{"n": 1}')
    form.get_by_role("button", name="PUT").click()
    expect(page.locator(".response-info")).to_contain_text("HTTP 201")
    expect(page.locator(".response-info")).to_contain_text('"n": 1')
    page.reload()
    expect(page.locator(".response-info")).to_contain_text('"n": 1')
