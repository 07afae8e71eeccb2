"""All pages, in the order of the navigation."""

from . import endpoints, flows, logs, overview, queues, schedules, state, streams, traces
from .page import Page

PAGES: tuple[Page, ...] = (
    overview.page,
    flows.page,
    endpoints.page,
    traces.page,
    logs.page,
    streams.page,
    state.page,
    queues.page,
    schedules.page,
)
