"""Who listens to what: the triggers of all steps, by topic, by stream and by schedule."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from .crons import CronTrigger
from .definition import Step
from .errors import TriggerGone
from .queues import QueueTrigger
from .registry import registry
from .triggers import Trigger
from .watches import WatchTrigger


@dataclass(frozen=True, slots=True, eq=False)
class Listener:
    """A trigger of a step; index: its place among the step's triggers."""

    step: Step
    index: int
    trigger: Trigger


class Listeners:
    """The triggers of some steps."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.topics: dict[str, list[Listener]] = {}
        self.streams: dict[str, list[Listener]] = {}
        self.crons: list[Listener] = []
        self.limits: dict[str, int] = {}
        self._all: dict[str, list[Listener]] = {}
        for step in steps:
            for index, trigger in enumerate(step.triggers):
                self._add(Listener(step, index, trigger))

    def _add(self, listener: Listener) -> None:
        trigger, name = listener.trigger, listener.step.name
        self._all.setdefault(name, []).append(listener)
        if isinstance(trigger, QueueTrigger):
            self.topics.setdefault(trigger.topic, []).append(listener)
            if trigger.config.concurrency is not None:
                self.limits[name] = min(trigger.config.concurrency, self.limits.get(name, trigger.config.concurrency))
        elif isinstance(trigger, WatchTrigger):
            self.streams.setdefault(trigger.name, []).append(listener)
        elif isinstance(trigger, CronTrigger):
            self.crons.append(listener)

    def find(self, step: str, trigger: str, source: str, index: int) -> Listener:
        """Return the trigger of a run, which another version of the project may have planned. Raises: TriggerGone."""
        alike = [
            item for item in self._all.get(step, ()) if item.trigger.type == trigger and item.trigger.source == source
        ]
        for item in alike:
            if item.index == index:
                return item
        if alike:
            return alike[0]
        raise TriggerGone(f"step {step!r:.80} has no trigger {trigger} {source!r:.80}")


def listeners() -> Listeners:
    """Return the triggers of all steps of the registry."""
    return _listeners(registry.all())


@lru_cache(maxsize=1)
def _listeners(steps: tuple[Step, ...]) -> Listeners:
    return Listeners(steps)
