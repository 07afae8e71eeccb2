"""``manage.py streams get``, ``groups`` and ``set``: items on the command line."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, cast

from django.core.management.base import BaseCommand, CommandError

from ..errors import StreamError, StreamNotFound
from ..registry import registry
from ..values import Json, dumps, loads
from ..writer import Stream
from .base import Subcommand


def stream_of(options: Mapping[str, Any]) -> Stream:
    """Return the stream that the command line names.

    Raises: CommandError - there is none of that name.
    """
    try:
        return cast("Stream", registry.get(options["stream"]))
    except StreamNotFound as error:
        known = ", ".join(stream.definition.name for stream in registry.all())
        raise CommandError(f"{error.message}; there are: {known}") from None


def shown(command: BaseCommand, value: Json) -> str:
    """Return *value* as JSON: indented for people, one line for programs."""
    if command.stdout.isatty():
        return json.dumps(value, indent=2, ensure_ascii=False)
    return dumps(value)


def _names_item(parser: ArgumentParser) -> None:
    parser.add_argument("stream", metavar="STREAM")
    parser.add_argument("group", metavar="GROUP")


def _get_arguments(parser: ArgumentParser) -> None:
    _names_item(parser)
    parser.add_argument("id", metavar="ID", nargs="?", help="one item; default: all of the group, a line each")


def _get(command: BaseCommand, options: Mapping[str, Any]) -> None:
    stream = stream_of(options)
    try:
        if options["id"] is None:
            for item in stream.list(options["group"]):
                command.stdout.write(shown(command, item))
            return
        item = stream.get(options["group"], options["id"])
    except StreamError as error:
        raise CommandError(error.message) from None
    if item is None:
        raise CommandError("there is no such item")
    command.stdout.write(shown(command, item))


def _set_arguments(parser: ArgumentParser) -> None:
    _names_item(parser)
    parser.add_argument("id", metavar="ID")
    parser.add_argument("value", metavar="JSON", help="the item; - reads it from the standard input")


def _set(command: BaseCommand, options: Mapping[str, Any]) -> None:
    text = sys.stdin.read() if options["value"] == "-" else options["value"]
    try:
        value = loads(text)
    except ValueError as error:
        raise CommandError(f"not JSON: {error}") from None
    try:
        written = stream_of(options).set(options["group"], options["id"], value)
    except StreamError as error:
        raise CommandError(error.message) from None
    command.stdout.write(shown(command, written.new_value))
    done = "created" if written.created else "updated"
    command.stderr.write(command.style.SUCCESS(f"{done}, change {written.sequence} of the group"))


def _groups_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("stream", metavar="STREAM")


def _groups(command: BaseCommand, options: Mapping[str, Any]) -> None:
    for group in stream_of(options).list_groups():
        command.stdout.write(group)


GET = Subcommand("get", "Show an item, or all items of a group, as JSON.", _get_arguments, _get)
SET = Subcommand("set", "Create or replace an item.", _set_arguments, _set)
GROUPS = Subcommand("groups", "List the groups of a stream that hold items.", _groups_arguments, _groups)
