"""``manage.py streams tail``: follow a group or an item in the terminal."""

import asyncio
from argparse import ArgumentParser
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.management.color import Style

from ..errors import StreamError
from ..hub import current_hub
from ..values import dumps
from .base import Subcommand
from .reading import stream_of

News = tuple[str, Any]


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("stream", metavar="STREAM")
    parser.add_argument("group", metavar="GROUP")
    parser.add_argument("id", metavar="ID", nargs="?", help="only this item")
    parser.add_argument("--count", type=int, metavar="N", help="stop after so many lines")
    parser.add_argument("--url", help="follow as a client of this server does (ws://...), not from the database")
    parser.add_argument("--token", help="who you are, for --url")


def _run(command: BaseCommand, options: Mapping[str, Any]) -> None:
    if not options["url"]:
        stream_of(options)  # a name that is not known is an error at once
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_follow(command, options))
    except StreamError as error:
        raise CommandError(error.message) from None


async def _follow(command: BaseCommand, options: Mapping[str, Any]) -> None:
    left = options["count"]
    try:
        async with aclosing(_remote(options) if options["url"] else _local(options)) as news:
            async for type, data in news:
                command.stdout.write(_line(command, type, data))
                command.stdout.flush()
                if left is not None and (left := left - 1) <= 0:
                    return
    finally:
        if not options["url"]:
            await current_hub().stop()


async def _local(options: Mapping[str, Any]) -> AsyncGenerator[News, None]:
    async with aclosing(stream_of(options).subscribe(options["group"], options["id"])) as frames:  # type: ignore[type-var]
        async for frame in frames:
            event = frame["event"]
            yield event["type"], event["event"] if event["type"] == "event" else event["data"]


async def _remote(options: Mapping[str, Any]) -> AsyncGenerator[News, None]:
    from ..client import StreamClient  # needs a package that comes with the extra "client"

    client = StreamClient(options["url"], token=options["token"])
    try:
        address = (options["stream"], options["group"])
        one = options["id"]
        subscription = client.group(*address) if one is None else client.item(*address, one)
        async for news in subscription:
            yield news
    finally:
        await client.disconnect()


def _line(command: BaseCommand, type: str, data: Any) -> str:
    """Return a line: coloured for people, JSON for programs."""
    if not command.stdout.isatty():
        return dumps({"type": type, "data": data})
    paint = _colours(command.style).get(type, command.style.NOTICE)
    time = datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3]
    return f"{time} {paint(type.ljust(6))} {dumps(data)}"


def _colours(style: Style) -> dict[str, Any]:
    return {"create": style.SUCCESS, "update": style.WARNING, "delete": style.ERROR, "sync": style.MIGRATE_HEADING}


TAIL = Subcommand("tail", "Follow a group or an item: the state first, then what happens.", _add_arguments, _run)
