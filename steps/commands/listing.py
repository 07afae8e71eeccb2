"""``manage.py steps list``: which steps there are, and what starts them."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ..crons import CronTrigger
from ..definition import Step
from ..registry import registry
from ..triggers import Trigger
from .base import Subcommand


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--flow", help="only the steps of this flow")


def _run(command: BaseCommand, options: Mapping[str, Any]) -> None:
    for step in sorted(registry.all(), key=lambda step: step.name):
        if options["flow"] in (None, *step.flows):
            command.stdout.write("\n".join(_lines(step)))


def _lines(step: Step) -> list[str]:
    first = step.description.strip().splitlines()[:1]
    lines = [step.name + (f"  {first[0]}" if first else "")]
    lines += [f"    {_label(trigger)}" for trigger in step.triggers] or ["    nothing starts it"]
    if step.enqueues:
        lines.append(f"    enqueues {', '.join(step.enqueues)}")
    return [*lines, f"    {step.file}"]


def _label(trigger: Trigger) -> str:
    text = f"{trigger.type} {trigger.source}".strip()
    if isinstance(trigger, CronTrigger) and (slot := trigger.slots.next(timezone.now())):
        text += f", next at {timezone.localtime(slot):%Y-%m-%d %H:%M:%S %Z}"
    return text


LIST = Subcommand("list", "List the steps with what starts them.", _add_arguments, _run)
