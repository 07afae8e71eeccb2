"""How requests are answered: JSON exactly, pages of the browsable API, event streams."""

import json
from typing import Any

from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer
from rest_framework.views import APIView

from .values import dumps, loads, normalise

JSON = "application/json"
EVENT_STREAM = "text/event-stream"


class JsonText(str):
    """A JSON value that is text already."""

    __slots__ = ()


class ExactRenderer(BaseRenderer):
    """JSON without loss: integers of any size, keys in their order, nothing escaped that need not be."""

    media_type, format, charset = JSON, "json", None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        if data is None:
            return b""
        text = data if isinstance(data, JsonText) else dumps(normalise(data))
        if indent := (renderer_context or {}).get("indent"):  # for people, in the browsable API
            text = json.dumps(loads(text.encode()), ensure_ascii=False, indent=indent)
        return text.encode()


class EventStreamRenderer(BaseRenderer):
    """Makes DRF's negotiation know event streams, which are not rendered at once."""

    media_type, format, charset = EVENT_STREAM, "sse", None


class ExactParser(BaseParser):
    """JSON without loss."""

    media_type = JSON

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return loads(stream.read())


# as the project has it: one that shows no pages leaves the browsable API out of DRF's setting
BROWSABLE: list[type[BaseRenderer]] = [
    renderer for renderer in APIView.renderer_classes if issubclass(renderer, BrowsableAPIRenderer)
]
