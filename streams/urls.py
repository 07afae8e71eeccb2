"""Where the WebSocket is, for ``URLRouter``; and the whole of it as one ASGI application."""

from typing import Any

from channels.routing import URLRouter
from django.urls import re_path

from .consumers import StreamConsumer

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
