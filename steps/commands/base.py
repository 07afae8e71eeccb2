"""What a subcommand of ``manage.py steps`` is."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One subcommand. run: gets the command (for its output) and the parsed options."""

    name: str
    help: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[BaseCommand, Mapping[str, Any]], None]
