"""``manage.py steps redrive``: let dead letters be tried again."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ..models import Run
from ..runs import redrive, rows
from .base import Subcommand


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="RUN", help="ids of runs")
    parser.add_argument("--step", help="all dead letters of this step")
    parser.add_argument("--all", action="store_true", help="all dead letters")


def _run(command: BaseCommand, options: Mapping[str, Any]) -> None:
    dead = rows().filter(state=Run.State.DEAD).order_by("id")
    if options["ids"]:
        dead = dead.filter(pk__in=options["ids"])
    elif options["step"]:
        dead = dead.filter(step=options["step"])
    elif not options["all"]:
        raise CommandError("which? give ids, --step NAME or --all")
    count = redrive(list(dead.values_list("pk", flat=True)))
    command.stdout.write(f"{count} runs will be tried again")


REDRIVE = Subcommand("redrive", "Let dead letters be tried again.", _add_arguments, _run)
