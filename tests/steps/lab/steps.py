"""Steps for what no flow of the project shows."""

import asyncio
import json
import time
from typing import Any

import httpx
from pydantic import BaseModel

from steps import SSE, QueueConfig, cron, http, queue, step, stream

QUICK = QueueConfig(max_retries=3, backoff_delay_ms=50, timeout=30)
ONE_MORE = [{"type": "increment", "path": "count", "by": 1}]


class Work(BaseModel):
    """number: of the message. poison: it cannot be done."""

    number: int
    poison: bool = False


class Poisoned(Exception):
    """It cannot be done."""


@step("LabKeyed", triggers=[queue("lab.work", input=Work, config=QUICK)])
def keyed(work: Work, ctx: Any) -> None:
    """Count a message by an effect with a key."""
    ctx.streams.labTally.update("keyed", str(work.number % 20), ONE_MORE, key="counted")
    if work.poison:
        raise Poisoned
    time.sleep(0.002)


@step("LabAtomic", triggers=[queue("lab.work", input=Work, config=QUICK)], atomic=True)
def in_one(work: Work, ctx: Any) -> None:
    """Count a message in one transaction with the completion."""
    ctx.streams.labTally.update("atomic", str(work.number), ONE_MORE)
    if work.poison:
        raise Poisoned


@step("LabSlow", triggers=[queue("lab.slow")])
async def slow(data: Any, ctx: Any) -> None:
    """Take a while."""
    await ctx.streams.labNotes.set(data["group"], data["id"], {"at": "begun", "time": time.time()})
    await asyncio.sleep(data.get("seconds", 1))
    await ctx.streams.labNotes.set(data["group"], data["id"], {"at": "done", "time": time.time()})


@step("LabPaced", triggers=[queue("lab.paced")])
async def paced(data: Any, ctx: Any) -> None:
    """Go on step by step, each when the state says that it may."""
    for number in range(1, data["steps"] + 1):
        while (await ctx.state.get("paced", data["group"]) or 0) < number:  # noqa: ASYNC110 - another process says it
            await asyncio.sleep(0.05)
        await ctx.streams.labNotes.set(data["group"], "progress", {"done": number, "of": data["steps"]})


@step("LabInOrder", triggers=[queue("lab.fifo", config={"type": "fifo", "maxRetries": 1, "backoffDelayMs": 20})])
def in_order(data: Any, ctx: Any) -> None:
    """Note the order in which messages of a group are done."""
    if data.get("fail") and ctx.attempt == 1:
        raise Poisoned
    ctx.streams.labNotes.update(data["group"], "order", [{"type": "append", "path": "done", "value": data["number"]}])


@step("LabLimited", triggers=[queue("lab.limited", config=QueueConfig(concurrency=2))])
async def limited(data: Any, ctx: Any) -> None:
    """Note how many of these go on at one time."""
    running = await ctx.streams.labNotes.update(data["group"], "running", [{"type": "increment", "path": "now"}])
    value = running.new_value["now"]
    await ctx.streams.labNotes.update(data["group"], "seen", [{"type": "append", "path": "all", "value": value}])
    await asyncio.sleep(0.2)
    await ctx.streams.labNotes.update(data["group"], "running", [{"type": "decrement", "path": "now"}])


@step("LabWatch", triggers=[stream("labTally", group_id="watched")])
def watch(change: Any, ctx: Any) -> None:
    """Copy what is watched."""
    ctx.streams.labNotes.update(
        "watched", change.id, [{"type": "append", "path": "seen", "value": change.event.data["n"]}]
    )


@step("LabTick", triggers=[cron("*/2 * * * * *")])
def tick(_: None, ctx: Any) -> None:
    """Note every slot."""
    ctx.streams.labNotes.update("ticks", "all", [{"type": "append", "path": "times", "value": time.time()}])


@step("LabStream", triggers=[http("POST", "/lab/stream")])
async def streamed(request: Any, ctx: Any) -> Any:
    """Stream as the request says: count, seconds between, and what goes wrong."""
    wanted = request.body or {}
    try:
        if wanted.get("fail") == "before":
            raise Poisoned
        if "head" in wanted:
            yield wanted["head"]
        for number in range(wanted.get("count", 3)):
            await ctx.streams.labNotes.set(wanted.get("group", "stream"), "last", {"number": number})
            yield SSE({"number": number}, event="item", id=str(number))
            if wanted.get("fail") == "between":
                raise Poisoned
            await asyncio.sleep(wanted.get("seconds", 0.1))
        yield SSE("[DONE]")
    except (asyncio.CancelledError, GeneratorExit):
        ctx.logger.info("cancelled", {"group": wanted.get("group")})
        raise


@step("LabEcho", triggers=[http("POST", "/lab/echo")])
async def echo(request: Any, ctx: Any) -> Any:
    """Stream the request's own body back, chunk by chunk."""
    yield {"status": 202, "headers": {"content-type": "application/octet-stream", "connection": "keep-alive"}}
    async for chunk in request.stream():
        yield chunk


@step("LabAi", triggers=[http("POST", "/lab/ai")])
async def ai(request: Any, ctx: Any) -> Any:
    """Pass on what a model says, token by token."""
    asked = {"model": "fake", "stream": True, "messages": [{"role": "user", "content": request.body["message"]}]}
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("POST", request.body["url"], json=asked) as answer,
    ):
        async for line in answer.aiter_lines():
            if line.startswith("data: {"):
                content = json.loads(line.removeprefix("data: "))["choices"][0]["delta"].get("content", "")
                yield SSE({"content": content})
    yield SSE("[DONE]")


@step("LabHalfMinute", triggers=[cron("*/30 * * * * *")])
async def half_minute(_: None, ctx: Any) -> None:
    """Note every half minute."""
    await ctx.streams.labNotes.update("ticks", "half", [{"type": "increment", "path": "count"}])
