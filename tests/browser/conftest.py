"""A real Chromium on a real server, in a pytest process of its own: sync Playwright and pytest-asyncio do not mix."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.support.people import People
from tests.support.product import Product, Products

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Callable[..., Browser]:
    """Starts a Chromium with more arguments: the system's, else the one that `playwright install chromium` fetched."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and not Path(playwright.chromium.executable_path).exists():
        raise RuntimeError("The tests need Chromium: apt install chromium, or python -m playwright install chromium")

    def start(*arguments: str) -> Browser:
        return playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage", *arguments]
        )

    return start


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    """Chromium."""
    started = launch()
    yield started
    started.close()


@pytest.fixture(scope="session")
def product(products: Products) -> Product:
    """The product as `make run` serves it: SQLite, DEBUG, files from where they are."""
    return products.get("sqlite", debug=True)


@pytest.fixture
def people(browser: Browser, product: Product) -> Iterator[People]:
    everybody = People(browser, product.web.url)
    yield everybody
    everybody.close()


@pytest.fixture
def inbox(product: Product) -> str:
    """The group that the todo flow writes, emptied of what earlier tests left in it."""
    product.writer.call("empty", stream="todo", group="inbox")
    return "inbox"


@pytest.fixture(scope="session")
def admin(product: Product) -> Callable[[Page], None]:
    """Logs a person in as administrator."""
    product.writer.call("make_user", username="admin", password="let-me-in")

    def log_in(page: Page) -> None:
        page.goto("/admin/login/?next=/admin/")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill("let-me-in")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="Site administration")).to_be_visible()

    return log_in
