"""The landing page and the documentation."""

from pathlib import Path

import pytest
from django.test import Client

from project import pages


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A documentation directory of the test's own, with a secret beside it."""
    directory = tmp_path / "docs"
    directory.mkdir()
    (tmp_path / "secret.md").write_text("# Secret")
    (directory / "zebra.md").write_text("# A first heading\n\n[hub](hub.md#join) [out](https://example.com/a.md)\n")
    (directory / "hub.md").write_text("# The hub\n\n## Join\n\n## Join\n\n<script>alert(1)</script>\n\n|a|\n|-|\n|b|\n")
    monkeypatch.setattr(pages, "DIRECTORY", directory)
    return directory


def test_pages_are_listed_by_title_and_the_index_comes_first(docs: Path) -> None:
    assert [page.title for page in pages.pages().values()] == ["A first heading", "The hub"]
    (docs / "index.md").write_text("# Zoo\n")
    assert [page.name for page in pages.pages().values()] == ["index", "zebra", "hub"]


def test_links_between_pages_lead_to_pages(docs: Path) -> None:
    html = pages.pages()["zebra"].html()
    assert 'href="/docs/hub/#join"' in html
    assert 'href="https://example.com/a.md"' in html


def test_headings_have_anchors_tables_are_tables_and_html_is_text(docs: Path) -> None:
    html = pages.pages()["hub"].html()
    assert '<h2 id="join">' in html
    assert '<h2 id="join-1">' in html
    assert "<table>" in html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("path", ["../secret", "..%2Fsecret", "%2e%2e%2fsecret", "hub.md", "/etc/passwd", "nothing"])
def test_nothing_but_the_pages_is_served(docs: Path, path: str) -> None:
    assert Client(raise_request_exception=True).get(f"/docs/{path}/").status_code == 404


def test_a_link_in_a_page_never_runs_a_script(docs: Path) -> None:
    (docs / "evil.md").write_text("# Evil\n\n[x](javascript:alert(1))\n")
    assert "href" not in pages.pages()["evil"].html()
