"""What a subcommand of ``manage.py streams`` is."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ..definition import Definition
from ..errors import StreamNotFound
from ..registry import registry


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One subcommand. run: gets the command (for its output) and the parsed options."""

    name: str
    help: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[BaseCommand, Mapping[str, Any]], None]


def chosen(names: list[str]) -> list[Definition]:
    """Return the streams *names*, all when there are none.

    Raises: CommandError - there is no such stream.
    """
    try:
        streams = [registry.get(name) for name in names] or registry.all()
    except StreamNotFound as error:
        known = ", ".join(stream.definition.name for stream in registry.all())
        raise CommandError(f"{error.message}; there are: {known}") from None
    return [stream.definition for stream in streams]
