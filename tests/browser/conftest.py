"""A real Chromium on a real server, in a pytest process of its own: sync Playwright and pytest-asyncio do not mix."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.support.follower import JS, node
from tests.support.people import PASSWORD, People, enter
from tests.support.process import ROOT
from tests.support.product import Product, Products

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HTML = '<!doctype html><link rel="icon" href="data:,"><div id="app"></div><script type="module" src="page.js"></script>'
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
    product.writer.call("make_user", username="admin", password=PASSWORD)
    return partial(enter, username="admin")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `npm publish static/streams` would publish, unpacked."""
    home = tmp_path_factory.mktemp("package")
    node()
    command = ["npm", "pack", "--json", "--pack-destination", str(home), str(ROOT / "static" / "streams")]
    done = subprocess.run(command, cwd=JS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with tarfile.open(home / json.loads(done.stdout)[0]["filename"]) as archive:
        archive.extractall(home, filter="data")
    return home / "package"


@pytest.fixture(scope="session")
def build(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Builds a sample, once, and returns where it is served."""
    home = tmp_path_factory.mktemp("pages")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(home)))
    Thread(target=server.serve_forever, daemon=True).start()

    def serve(sample: str, react: str = "19") -> str:
        out = home / f"{Path(sample).stem}-{react}"
        if not out.exists():
            command = [node(), "samples/build.js", str(package), sample, react, str(out)]
            done = subprocess.run(command, cwd=JS, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            (out / "index.html").write_text(HTML)
        return f"http://127.0.0.1:{server.server_port}/{out.name}/"

    yield serve
    server.shutdown()
    server.server_close()
