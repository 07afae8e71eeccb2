"""The Markdown pages in ``docs/``, as the site shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

DIRECTORY: Path = settings.BASE_DIR / "docs"
FIRST = "index"  # the page that opens the list, if there is one
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@dataclass(frozen=True, slots=True)
class Page:
    """One page. *name* is its file's without ``.md``, *title* its first heading."""

    name: str
    title: str
    text: str

    @property
    def url(self) -> str:
        """Where it is served."""
        return reverse("doc", args=[self.name])

    def html(self) -> SafeString:
        """Render it: headings get anchors, links between pages lead to pages. Raw HTML is shown, not obeyed."""
        tokens = _MARKDOWN.parse(self.text)
        _anchor(tokens)
        for token in _flat(tokens):
            for attribute in ("href", "src"):
                if isinstance(target := token.attrs.get(attribute), str):
                    token.attrs[attribute] = _served(target)
        rendered: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
        return mark_safe(rendered)  # noqa: S308 - the parser was told to escape HTML


def pages() -> dict[str, Page]:
    """Return all pages by name, the first one first, then by title."""
    found = [_read(path) for path in DIRECTORY.glob("*.md") if path.is_file()]
    return {page.name: page for page in sorted(found, key=lambda page: (page.name != FIRST, page.title.lower()))}


def _read(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    heading = next((line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("# ")), path.stem)
    return Page(path.stem, heading, text)


def _anchor(tokens: list[Token]) -> None:
    """Give each heading the id that GitHub would give it."""
    seen: dict[str, int] = {}
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open":
            slug = slugify(content.content, allow_unicode=True) or "section"
            count = seen[slug] = seen.get(slug, -1) + 1
            opening.attrs["id"] = f"{slug}-{count}" if count else slug


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or [])


def _served(target: str) -> str:
    """Return where the site serves what ``docs/`` calls *target*: ``hub.md#join``, ``images/todo.png``."""
    path, hash_, anchor = target.partition("#")
    if "/" not in path and path.endswith(".md"):
        return reverse("doc", args=[path.removesuffix(".md")]) + hash_ + anchor
    if path.startswith("images/"):
        return reverse("doc-image", args=[path.removeprefix("images/")])
    return target
