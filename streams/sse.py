"""Event streams (server-sent events): groups and items for those who ask for ``text/event-stream``."""

import secrets
import weakref
from functools import partial

from asgiref.sync import async_to_sync
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request
from rest_framework.response import Response

from .access import current_access
from .changes import Address, Position
from .credentials import Credentials, of_request
from .errors import InvalidCursor, Unavailable
from .eventstream import EventStream, release_connections
from .hub import current_hub
from .identifiers import MAX_LENGTH, check_id
from .protocol import Join
from .reception import welcome
from .renderers import EVENT_STREAM, JSON, EventStreamRenderer, ExactRenderer
from .rest import PROJECTS, StreamsAPIView
from .roster import current_roster
from .shutdown import install
from .transcript import RETRY, parse_id


class EventStreamView(StreamsAPIView):
    """A group or an item as an event stream."""

    authentication_classes = PROJECTS  # for its permissions; who subscribes is found as for sockets, and once
    renderer_classes = [EventStreamRenderer]

    def get(self, request: Request, stream: str, group: str, id: str | None = None) -> HttpResponseBase:
        """Subscribe, and answer when it is known whether that is allowed."""
        if not hasattr(request._request, "scope"):
            raise NotAcceptable("Event streams need an ASGI server.")
        self.stream(stream)
        join = Join(
            Address(stream, check_id(group, "group")),
            None if id is None else check_id(id, "item"),
            self._subscription_id(),
            own=True,
            since=self._since(),
        )
        credentials = self._credentials()
        release_connections()
        try:
            events = async_to_sync(_open)(credentials, join)
        except Unavailable:  # a browser would take any other status for the last word
            return HttpResponse(RETRY, content_type=EVENT_STREAM)
        headers = {"X-Accel-Buffering": "no"}  # tells nginx to pass on what comes
        response = StreamingHttpResponse(events, content_type=EVENT_STREAM, headers=headers)
        weakref.finalize(response, events.close).atexit = False  # closed or not: its request may be cancelled before
        return response

    def handle_exception(self, exc: Exception) -> Response:
        self.request.accepted_renderer, self.request.accepted_media_type = ExactRenderer(), JSON
        return super().handle_exception(exc)

    def _credentials(self) -> Credentials:
        """Return what says who asks; the project's own ways may have found somebody, too."""
        found, user = of_request(self.request._request), self.request.user
        by_session = isinstance(self.request.successful_authenticator, SessionAuthentication)
        return found.with_user(user) if user.is_authenticated and not by_session else found

    def _since(self) -> Position | None:
        """Return the position after which to go on. What browsers send by themselves they cannot mend."""
        last = self.request.headers.get("Last-Event-ID")
        if last is not None:
            return parse_id(last)
        since = self.request.query_params.get("since")
        if not since:
            return None
        position = parse_id(since)
        if position is None:
            raise InvalidCursor("since is the id of an event: epoch:sequence")
        return position

    def _subscription_id(self) -> str:
        name = self.request.query_params.get("subscriptionId", "")
        return name if 0 < len(name) <= MAX_LENGTH else secrets.token_hex(8)


async def _open(credentials: Credentials, join: Join) -> EventStream:
    """Let somebody in and subscribe for them; in the loop of the server. Raises: see ``welcome`` and ``begin``."""
    roster = current_roster()
    install(roster)
    stream = await welcome(credentials, partial(EventStream, current_hub(), current_access(), roster))
    await stream.begin(join)
    return stream
