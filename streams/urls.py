"""Where streams are: ``path("streams/", include("streams.urls"))`` for requests, and sockets as an ASGI application."""

from typing import Any

from channels.routing import URLRouter
from django.urls import path, re_path

from .consumers import StreamConsumer
from .dispatch import dispatch, documented
from .views import GroupListView, GroupView, ItemView, StreamListView

app_name = "streams"

# The first four are for people, reverse() and the OpenAPI document. What a path means the dispatcher decides by its raw
# form: in the decoded one a slash inside an id cannot be told from the others.
urlpatterns = [
    path("", documented(StreamListView), name="streams"),
    path("<str:stream>/", documented(GroupListView), name="groups"),
    path("<str:stream>/<str:group>/", documented(GroupView), name="group"),
    path("<str:stream>/<str:group>/<str:id>/", documented(ItemView), name="item"),
    re_path(r"^(?P<path>[\s\S]*)\Z", dispatch),
]

websocket_urlpatterns: list[Any] = [re_path(r"^(?:streams/?)?$", StreamConsumer.as_asgi())]  # type: ignore[arg-type]

_router: Any = URLRouter(websocket_urlpatterns)
_PATHS = ("", "/", "/streams", "/streams/")


async def websocket_application(scope: Any, receive: Any, send: Any) -> None:
    """Serve WebSockets; any other path is refused without a traceback."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if path not in _PATHS:
        await receive()
        await send({"type": "websocket.close", "code": 4404})
        return
    await _router(scope, receive, send)
