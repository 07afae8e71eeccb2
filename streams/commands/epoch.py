"""``manage.py streams new-epoch``: let everybody who holds a position start afresh, from a snapshot.

For data that came from elsewhere than the streams' own writes: rows restored or repaired by hand.
"""

from argparse import ArgumentParser
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ..bus import committed
from ..changes import Address, Position
from ..definition import Definition
from ..errors import InvalidId
from ..identifiers import check_id
from ..stores import store_for
from .base import Subcommand, chosen


def new_epoch(definition: Definition, group: str) -> Position | None:
    """Begin a new history of a group and tell all; None when it was never written."""
    store, address = store_for(definition.storage), Address(definition.name, group)
    with store.transaction():
        position = store.renew(address)
        if position is not None:
            # no change to send along: every hub looks, and finds one that does not follow
            store.on_commit(partial(_announce, definition, address))
    return position


def _announce(definition: Definition, address: Address) -> None:
    committed.send_robust(definition, address=address, changes=[])


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("stream", nargs="?", metavar="STREAM", help="only this one; default: all")
    parser.add_argument("group", nargs="?", metavar="GROUP", help="only this group; default: all that were written")


def _run(command: BaseCommand, options: Mapping[str, Any]) -> None:
    for definition in chosen([options["stream"]] if options["stream"] else []):
        groups = store_for(definition.storage).known(definition.name)
        if options["group"] is not None:
            groups = [_group(options["group"])]
        renewed = [group for group in groups if new_epoch(definition, group) is not None]
        if options["group"] is not None and not renewed:
            raise CommandError(f"{definition.name} has no group {options['group']!r:.80}")
        command.stdout.write(f"{definition.name}: {len(renewed)} groups begin a new history")


def _group(id: str) -> str:
    try:
        return check_id(id, "group")
    except InvalidId as error:
        raise CommandError(error.message) from None


NEW_EPOCH = Subcommand("new-epoch", "Let all clients start afresh from a snapshot.", _add_arguments, _run)
