"""``manage.py steps run``: do a step here and now, with an input from the command line."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from streams.protocol import loads

from ..context import Context
from ..errors import StepNotFound
from ..execution import execute
from ..journal import journal
from ..registry import registry
from ..responses import to_json
from ..spans import Span, new_run_id, new_trace_id
from ..triggers import Trigger
from .base import Subcommand


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="of the step")
    parser.add_argument("--input", default="null", metavar="JSON", help="what the handler is given; default: null")
    parser.add_argument("--trigger", metavar="TYPE", help="as which of its triggers; default: the first")


def _run(command: BaseCommand, options: Mapping[str, Any]) -> None:
    try:
        step = registry.get(options["name"])
        input = loads(options["input"])
    except StepNotFound as error:
        known = ", ".join(sorted(other.name for other in registry.all()))
        raise CommandError(f"{error.message}; there are: {known}") from None
    except ValueError as error:
        raise CommandError(f"--input is not JSON: {error}") from None
    if step.is_streaming:
        raise CommandError("a streaming step answers requests only")
    trigger = _trigger(step.triggers, options["trigger"])
    span = Span(
        run_id=new_run_id(), trace_id=new_trace_id(), step=step.name, trigger=trigger.type, source="manage.py steps run"
    )
    schema = getattr(trigger, "input", None)
    given = input if schema is None else schema.read(input, {})
    with span.current():
        result = execute(step, given, Context(step, trigger, span, given))
    journal.add(span, 200)
    command.stdout.write(json.dumps(to_json(result), ensure_ascii=False, indent=2))
    command.stderr.write(f"trace {span.trace_id}")


def _trigger(triggers: tuple[Trigger, ...], kind: str | None) -> Trigger:
    for trigger in triggers:
        if kind in (None, trigger.type):
            return trigger
    raise CommandError("the step has no such trigger")


RUN = Subcommand("run", "Do a step here and now.", _add_arguments, _run)
