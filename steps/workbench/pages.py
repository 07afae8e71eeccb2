"""All pages, in the order of the navigation."""

from . import flows, overview
from .page import Page

PAGES: tuple[Page, ...] = (overview.page, flows.page)
