"""Asks a language model that speaks OpenAI's API, and hands its answer on as it comes.

``OPENAI_BASE_URL``, ``OPENAI_API_KEY`` and ``OPENAI_MODEL`` say which. With none of them it is the parrot of this flow.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse

if TYPE_CHECKING:
    from openai import AsyncOpenAI

TIMEOUT_S = 30.0  # without a word
OPENAI = "https://api.openai.com/v1"
MODEL = "gpt-4o-mini"
NOBODY = "nobody"  # the SDK wants a key, the parrot does not


class NoAnswer(Exception):
    """The model cannot be asked, or stops in the middle of its answer; the message says why."""


async def ask(messages: list[dict[str, str]]) -> AsyncGenerator[str, None]:
    """Yield the answer to *messages*, token by token. Raises: NoAnswer - also when something was said already."""
    import httpx2  # these two take most of a second: not before somebody asks
    from openai import OpenAIError

    given: Any = messages
    try:
        async with (
            _client() as client,
            await client.chat.completions.create(model=model(), messages=given, stream=True) as chunks,
        ):
            finished = False
            async for chunk in chunks:
                for choice in chunk.choices[:1]:
                    finished = choice.finish_reason is not None
                    if choice.delta.content:
                        yield choice.delta.content
    except (OpenAIError, httpx2.HTTPError, ValueError) as error:  # httpx2: lost on the way; ValueError: no JSON
        raise NoAnswer(f"{type(error).__name__}: {error}") from error
    if not finished:  # a lost line looks like the end to the SDK
        raise NoAnswer("the answer breaks off")


async def gathered(tokens: AsyncIterator[str], patience_s: float) -> AsyncGenerator[str, None]:
    """Yield what has come of *tokens* since the last time, all of it; "" after *patience_s* seconds of nothing.

    Who is slower than the model writes less often, and who waits can look around.
    """
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    async def read() -> None:
        try:
            async for token in tokens:
                queue.put_nowait(token)
        finally:
            queue.put_nowait(None)

    reading = asyncio.create_task(read())
    try:
        ended = False
        while not ended:
            try:
                parts = [await asyncio.wait_for(queue.get(), patience_s)]
            except TimeoutError:
                yield ""
                continue
            while not queue.empty():
                parts.append(queue.get_nowait())
            ended = None in parts
            if text := "".join(part for part in parts if part is not None):
                yield text
        await reading
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError, NoAnswer):  # raised above, if anybody still wanted to know
            await reading


def model() -> str:
    """Return the model's name."""
    return os.environ.get("OPENAI_MODEL") or (MODEL if os.environ.get("OPENAI_API_KEY") else "parrot")


def _client() -> "AsyncOpenAI":
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    base, key = os.environ.get("OPENAI_BASE_URL"), os.environ.get("OPENAI_API_KEY")
    if base or key:
        return AsyncOpenAI(base_url=base or OPENAI, api_key=key or NOBODY, timeout=TIMEOUT_S, max_retries=1)
    # our own web server; no proxy leads there
    url = f"http://127.0.0.1:{settings.PORT}{reverse('chat:completions').removesuffix('/chat/completions')}"
    http = DefaultAsyncHttpxClient(trust_env=False)
    return AsyncOpenAI(base_url=url, api_key=NOBODY, timeout=TIMEOUT_S, max_retries=1, http_client=http)
