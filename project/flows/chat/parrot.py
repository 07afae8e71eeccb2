"""A small server of OpenAI's chat API, for want of a language model: it repeats what it is told, at a model's pace.

The model ``parrot`` says a few words; ``parrot:200@1000`` says 200 tokens, 1000 in a second.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

PACE = 30.0  # tokens in a second
MOST = 2_000  # tokens
HEARD = 300  # characters of what it is told
LONG_WINDED = re.compile(r"parrot:(\d{1,4})@(\d{1,5})")


@csrf_exempt
@require_POST
async def completions(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Answer ``POST /v1/chat/completions``, at once or as an event stream."""
    try:
        asked = json.loads(request.body)
        model, said = str(asked["model"]), str(asked["messages"][-1]["content"])
    except (ValueError, LookupError, TypeError):
        error = {"message": "model and messages are needed", "type": "invalid_request_error"}
        return JsonResponse({"error": error}, status=400)
    words, pace = speech(model, said)
    about = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time()), "model": model}
    if asked.get("stream") is True:
        headers = {"Cache-Control": "no-cache"}
        return StreamingHttpResponse(_spoken(words, pace, about), content_type="text/event-stream", headers=headers)
    message = {"role": "assistant", "content": "".join(words)}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return JsonResponse({**about, "object": "chat.completion", "choices": choices})


def speech(model: str, said: str) -> tuple[list[str], float]:
    """Return what the parrot says, token by token, and how many of them in a second."""
    if found := LONG_WINDED.fullmatch(model):
        count, pace = int(found[1]), int(found[2])
        return [f"token{number} " for number in range(min(count, MOST))], max(pace, PACE)
    heard = said[:HEARD]
    text = (
        f"You said “{heard}”. I am a parrot: I repeat what I hear, one word after the other, so that you can see what "
        "an answer looks like while it grows. Give this project an OPENAI_API_KEY, and a language model answers "
        "instead of me."
    )
    return re.findall(r"\S+\s*|\s+", text), PACE


async def _spoken(words: list[str], pace: float, about: dict[str, Any]) -> AsyncIterator[bytes]:
    began = time.monotonic()
    for number, word in enumerate(words):
        # by the clock, so that being woken late does not add up
        await asyncio.sleep(max(0.0, began + number / pace - time.monotonic()))
        yield _event(about, {"role": "assistant", "content": word}, None)
    yield _event(about, {}, "stop")
    yield b"data: [DONE]\n\n"


def _event(about: dict[str, Any], delta: dict[str, str], finish_reason: str | None) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    return f"data: {json.dumps({**about, 'object': 'chat.completion.chunk', 'choices': choices})}\n\n".encode()
