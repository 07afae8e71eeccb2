"""All pages, in the order of the navigation."""

from . import endpoints, flows, overview, streams
from .page import Page

PAGES: tuple[Page, ...] = (overview.page, flows.page, endpoints.page, streams.page)
