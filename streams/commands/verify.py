"""``manage.py streams verify``: is what is kept a history?"""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ..audit import audit, record
from ..stores import store_for
from .base import Subcommand, chosen

MOST_SHOWN = 100


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("streams", nargs="*", metavar="STREAM", help="only these; default: all")
    parser.add_argument("--group", help="only this group")


def _run(command: BaseCommand, options: Mapping[str, Any]) -> None:
    """Report each flaw in a line; the exit code is 1 when there is one. Each group is locked while it is read."""
    flaws = 0
    for definition in chosen(options["streams"]):
        groups = changes = found = 0
        for group in [options["group"]] if options["group"] else store_for(definition.storage).known(definition.name):
            kept = record(definition, group)
            groups += 1
            changes += len(kept.changes)
            for finding in audit(kept):
                found += 1
                if flaws + found <= MOST_SHOWN:
                    command.stderr.write(str(finding))
        command.stdout.write(f"{definition.name}: {groups} groups, {changes} changes kept, {found} flaws")
        flaws += found
    if flaws:
        more = f"; the first {MOST_SHOWN} are shown" if flaws > MOST_SHOWN else ""
        raise CommandError(f"{flaws} flaws{more}")


VERIFY = Subcommand("verify", "Check that log, positions and items agree.", _add_arguments, _run)
