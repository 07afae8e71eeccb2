"""``manage.py streams trim``: drop what the streams' History does not keep, now."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand

from ..trimmer import trim
from .base import Subcommand, chosen


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("streams", nargs="*", metavar="STREAM", help="only these; default: all")


def _run(command: BaseCommand, options: Mapping[str, Any]) -> None:
    for definition in chosen(options["streams"]):
        command.stdout.write(f"{definition.name}: {trim(definition)} changes dropped")


TRIM = Subcommand("trim", "Drop the changes that the streams' History does not keep.", _add_arguments, _run)
