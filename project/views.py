"""The pages that lead a newcomer to the rest: the landing page and the documentation."""

import inspect
from dataclasses import dataclass

from django.apps import apps
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from .pages import pages


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow as the landing page shows it: its app's label, verbose name, docstring and page."""

    name: str
    title: str
    description: str
    url: str


def flows() -> list[Flow]:
    """Return the flows of this project in the order of ``settings.FLOWS``."""
    configs = [apps.get_app_config(name.rpartition(".")[2]) for name in settings.FLOWS]
    return [
        Flow(
            name=config.label,
            title=str(config.verbose_name),
            description=inspect.getdoc(config.module) or "",
            url=f"/flows/{config.label}/",
        )
        for config in configs
    ]


def index(request: HttpRequest) -> HttpResponse:
    """Show what there is: flows, admin, documentation."""
    return render(request, "project/index.html", {"flows": flows(), "section": "flows"})


def docs(request: HttpRequest) -> HttpResponse:
    """Show the list of pages, and the first of them if it is an index."""
    found = pages()
    return render(request, "project/doc.html", {"pages": found.values(), "page": found.get("index"), "section": "docs"})


def doc(request: HttpRequest, name: str) -> HttpResponse:
    """Show one page; *name* is looked up among the pages, it never becomes a path."""
    found = pages()
    if name not in found:
        raise Http404(f"There is no page {name!r}.")
    return render(request, "project/doc.html", {"pages": found.values(), "page": found[name], "section": "docs"})
