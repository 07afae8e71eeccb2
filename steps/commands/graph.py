"""``manage.py steps graph``: who starts whom, as a Mermaid flowchart."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ..diagram import diagram, mermaid
from ..registry import registry
from .base import Subcommand


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("flow", nargs="?", help="only this flow; default: all steps")


def _run(command: BaseCommand, options: Mapping[str, Any]) -> None:
    graph = diagram(registry.all(), options["flow"])
    if not graph.nodes:
        known = sorted({flow for step in registry.all() for flow in step.flows})
        raise CommandError(f"no step is in that flow; there are: {', '.join(known) or 'none'}")
    command.stdout.write(mermaid(graph))


GRAPH = Subcommand("graph", "Print a flow as a Mermaid flowchart.", _add_arguments, _run)
