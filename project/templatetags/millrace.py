"""``{% load millrace %}``: what the pages of this project need beside Django's own tags."""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePosixPath

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

MODULES = ("streams", "project", "flows")
"""The folders below STATIC_URL whose JavaScript is ES modules of ours."""


@register.simple_tag(takes_context=True)
def import_map(context: Context) -> SafeString:
    """Return the import map: ``millrace`` by name, and each module's plain URL to its hashed one.

    Modules import each other by relative paths, which become plain URLs; only the map knows the hashes. It is the one
    inline script of a page; where a CSP middleware has put ``csp_nonce`` on the request, it carries that.
    """
    nonce = getattr(context.get("request"), "csp_nonce", None)
    attribute = format_html(' nonce="{}"', nonce) if nonce else ""
    imports = _imports() if settings.DEBUG else _imports_once()
    # as in Django's json_script: nothing in the text can end the element
    text = json.dumps({"imports": imports}, indent=1).replace("<", "\\u003C")
    return format_html('<script type="importmap"{}>{}</script>', attribute, mark_safe(text))  # noqa: S308


def _imports() -> dict[str, str]:
    mapped = {"millrace": static("streams/index.js")}
    for path in sorted(set(_modules())):
        plain, hashed = f"{settings.STATIC_URL}{path}", static(path)
        if plain != hashed:
            mapped[plain] = hashed
    return mapped


_imports_once = lru_cache(maxsize=1)(_imports)


def _modules() -> Iterator[str]:
    for finder in finders.get_finders():
        for path, _storage in finder.list([]):
            pure = PurePosixPath(path)
            if pure.suffix == ".js" and pure.parts[0] in MODULES:
                yield str(pure)
