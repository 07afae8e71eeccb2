"""Keeps the steps of the installed apps by name."""

from collections.abc import Iterable
from typing import Any

from streams.registry import Discovery

from .definition import Step
from .errors import DuplicateStep, StepNotFound


class Registry:
    """The steps of this process, in the order in which they were found."""

    def __init__(self) -> None:
        self.discovery: Discovery[Step] = Discovery("steps", "_step", _is_step)
        self._steps: dict[str, Step] = {}

    def discover(self) -> None:
        """Collect the steps of all installed apps.

        They are in ``steps.py``, in ``*_step.py`` beside it, or in such files anywhere in a package ``steps``.

        Raises: DuplicateStep.
        """
        self.replace(self.discovery.run())

    def replace(self, steps: Iterable[Step]) -> None:
        """Hold *steps* and no others.

        Raises: DuplicateStep - two have one name; both files are named.
        """
        by_name: dict[str, Step] = {}
        for step in steps:
            other = by_name.setdefault(step.name, step)
            if other is not step:
                raise DuplicateStep(f"a step named {step.name!r} is at {other.file} too", file=step.file)
        self._steps = by_name

    def get(self, name: str) -> Step:
        """Return the step *name*.

        Raises: StepNotFound.
        """
        try:
            return self._steps[name]
        except (KeyError, TypeError):
            raise StepNotFound(f"there is no step named {name!r:.80}") from None

    def all(self) -> tuple[Step, ...]:
        """Return all steps."""
        return tuple(self._steps.values())


def _is_step(value: Any) -> bool:
    return issubclass(type(value), Step)  # isinstance would wake up a lazy object


registry = Registry()
