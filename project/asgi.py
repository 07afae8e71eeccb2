"""What the web server runs: Django for HTTP, streams for WebSockets."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

http = get_asgi_application()  # loads the apps; what follows needs them

from streams.daphne import patient  # noqa: E402
from streams.urls import websocket_application  # noqa: E402

application = ProtocolTypeRouter({"http": patient(http), "websocket": websocket_application})
