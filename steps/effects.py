"""Effects that happen once per run, whatever the number of attempts: ``key=`` and ``ctx.once``."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from streams.changes import Written
from streams.protocol import dumps, normalise

from .database import alias, atomic
from .models import Effect
from .runs import hold
from .spans import Span


def apply_once(span: Span, key: str, work: Callable[[], Any]) -> Any:
    """Return what *work* returns, in one transaction with the note that it was done; its first result if it was."""
    with atomic():
        hold(span)
        known, result = find(span, key)
        if not known:
            result = work()
            keep(span, key, result)
        return result


def find(span: Span, key: str) -> tuple[bool, Any]:
    """Tell whether *key* was done in this run, and with what result."""
    found = Effect.objects.using(alias()).filter(run_id=span.run_id, key=key).first()
    if found is None:
        return False, None
    kind, value = json.loads(found.result)
    return True, Written(**value) if kind == "written" else value


def keep(span: Span, key: str, result: Any) -> None:
    """Note that *key* was done. Raises: InvalidItem - *result* is not JSON; LeaseLost."""
    written = isinstance(result, Written)
    text = dumps(normalise(["written", asdict(result)] if written else ["value", result]))
    with atomic():
        hold(span)
        Effect.objects.using(alias()).create(run_id=span.run_id, key=key, result=text)
