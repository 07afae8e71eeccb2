"""Start a merge over HTTP, do its parts side by side, and notice the end without anybody waiting for it."""

import asyncio
import time
from typing import Annotated, Any
from uuid import uuid4

from pydantic import BaseModel, Field

from steps import Context, Request, StreamInput, http, queue, step, stream

from .streams import GROUP

MAX_STEPS = 1000
TOPIC = "step.process"

PartSeconds = Annotated[float, Field(ge=0, le=10)]


class NewMerge(BaseModel):
    """What starts a merge; everything has a default. seconds: how long each part takes."""

    traceId: str = Field(default_factory=lambda: str(uuid4()), min_length=1, max_length=255)
    totalSteps: Annotated[int, Field(ge=1, le=MAX_STEPS)] = 3
    seconds: PartSeconds = 1


class Started(BaseModel):
    """The merge that was started."""

    traceId: str
    totalSteps: int


class Part(BaseModel):
    """One part of a merge."""

    traceId: str
    stepIndex: int
    seconds: PartSeconds = 1


@step(
    "StartStreamParallelMerge",
    triggers=[http("POST", "/stream-parallel-merge", body=NewMerge, response=Started)],
    enqueues=[TOPIC],
    flows=["stream-parallel-merge"],
)
async def start(request: Request, ctx: Context) -> Any:
    """Start a merge and enqueue its parts."""
    new: NewMerge = request.body
    ctx.logger.info("Starting stream parallel merge", {"traceId": new.traceId, "totalSteps": new.totalSteps})
    item = {"totalSteps": new.totalSteps, "startedAt": time.time_ns() // 1_000_000, "completedSteps": 0}
    await ctx.streams.parallelMerge.set(GROUP, new.traceId, item)
    parts = [Part(traceId=new.traceId, stepIndex=number, seconds=new.seconds) for number in range(new.totalSteps)]
    await asyncio.gather(*(ctx.enqueue(TOPIC, part) for part in parts))
    return {"status": 200, "body": {"traceId": new.traceId, "totalSteps": new.totalSteps}}


@step("StreamStepProcess", triggers=[queue(TOPIC, input=Part)], flows=["stream-parallel-merge"])
async def process(part: Part, ctx: Context) -> None:
    """Do one part. Its count is keyed: a part that is done again, because a worker died, is not counted again."""
    ctx.logger.info("Processing step", {"traceId": part.traceId, "stepIndex": part.stepIndex})
    await asyncio.sleep(part.seconds)
    one_more = [{"type": "increment", "path": "completedSteps", "by": 1}]
    await ctx.streams.parallelMerge.update(GROUP, part.traceId, one_more, key="completed")
    ctx.logger.info("Step completed", {"traceId": part.traceId, "stepIndex": part.stepIndex})


def is_complete(change: StreamInput) -> bool:
    """Was this change the last part's?"""
    item = change.event.data
    return change.event.type == "update" and item["completedSteps"] == item["totalSteps"]


@step(
    "StreamMergeComplete",
    triggers=[stream("parallelMerge", group_id=GROUP, condition=is_complete)],
    flows=["stream-parallel-merge"],
)
async def complete(change: StreamInput, ctx: Context) -> None:
    """Say that a merge is complete, and how long it took."""
    item = change.event.data
    duration = time.time_ns() // 1_000_000 - item["startedAt"]
    ctx.logger.info("Parallel merge completed", {"totalSteps": item["totalSteps"], "duration": duration})
