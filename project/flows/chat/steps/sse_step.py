"""Answers that are streams themselves: random items, and the model's answer to who asks for it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from urllib.parse import parse_qsl

from pydantic import BaseModel

from steps import SSE, Context, Request, http, step

from ..model import NoAnswer, ask
from ..streams import Words
from .chat_step import FLOWS

FEWEST, MOST = 5, 10  # items
PAUSE_S = (0.3, 1.0)  # between them
ADJECTIVES = ["swift", "lazy", "bold", "calm", "fierce", "gentle", "sharp", "wild"]
NOUNS = ["falcon", "river", "mountain", "crystal", "thunder", "shadow", "ember", "frost"]
HEAD = {"status": 200, "headers": {"content-type": "text/event-stream", "cache-control": "no-cache"}}


class Question(BaseModel):
    """What the model is asked."""

    message: Words


@step("SSE Example", triggers=[http("POST", "/sse")], flows=["sse-example"])
async def sse_example(request: Request, ctx: Context) -> AsyncIterator[Any]:
    """Stream random items back to the client."""
    ctx.logger.info("Starting SSE stream")
    yield HEAD
    body = b"".join([chunk async for chunk in request.stream()]).decode(errors="replace").strip()
    items = random_items(parse_qsl(body))
    for item in items:
        yield SSE(item, event="item")
        await asyncio.sleep(random.uniform(*PAUSE_S))  # noqa: S311
    yield SSE({"total": len(items)}, event="done")


@step("AI Example", triggers=[http("POST", "/ai", body=Question)], flows=FLOWS)
async def ai_example(request: Request, ctx: Context) -> AsyncIterator[Any]:
    """Stream the model's answer, as it speaks, to who asked. Who goes away stops it."""
    message = request.body.message
    ctx.logger.info("Streaming AI response", {"message": message})
    async with aclosing(ask([{"role": "user", "content": message}])) as tokens:
        try:
            first = await anext(tokens, None)
        except NoAnswer as error:
            ctx.logger.warning("⚠️ The model does not answer", {"reason": str(error)})
            yield {"status": 502, "headers": {"content-type": "application/json"}}
            yield '{"error": "The model does not answer"}'
            return
        yield HEAD
        if first is not None:
            yield SSE({"content": first})
        async for content in tokens:
            yield SSE({"content": content})
    yield SSE("[DONE]")


def random_items(fields: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return a few items; each names one of the *fields* that were sent as its source."""
    sources = [{"name": name, "value": value} for name, value in dict(fields).items()]
    return [
        {
            "id": f"item-{time.time_ns() // 1_000_000}-{number}",
            "label": f"{random.choice(ADJECTIVES)} {random.choice(NOUNS)}",  # noqa: S311
            "score": random.randint(0, 100),  # noqa: S311
            "source": sources[number % len(sources)] if sources else None,
        }
        for number in range(random.randint(FEWEST, MOST))  # noqa: S311
    ]
