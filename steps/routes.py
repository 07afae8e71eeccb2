"""Which step answers which method and path: its segments, each decoded for itself, against those of the triggers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from .definition import Step
from .paths import Parameter
from .registry import registry
from .triggers import HttpTrigger


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """An HTTP trigger of a step; compared by identity."""

    step: Step
    trigger: HttpTrigger


@dataclass(frozen=True, slots=True)
class Match:
    """Routes of one path, by method, with the values of its parameters from left to right."""

    routes: Mapping[str, Route]
    values: tuple[str, ...]

    def route(self, method: str) -> Route | None:
        """Return the route for *method*; HEAD is answered as GET is."""
        return self.routes.get(method) or (self.routes.get("GET") if method == "HEAD" else None)

    def params(self, route: Route) -> dict[str, str]:
        """Return the parameters by the names that *route* gives them."""
        return dict(zip(route.trigger.path.parameters, self.values, strict=True))


@dataclass(slots=True)
class _Node:
    literals: "dict[str, _Node]" = field(default_factory=dict)
    parameter: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)

    def child(self, segment: str | Parameter) -> "_Node":
        if isinstance(segment, str):
            return self.literals.setdefault(segment, _Node())
        if self.parameter is None:
            self.parameter = _Node()
        return self.parameter

    def find(self, segments: Sequence[str], values: tuple[str, ...] = ()) -> Iterator[Match]:
        if not segments:
            if self.routes:
                yield Match(self.routes, values)
            return
        first, rest = segments[0], segments[1:]
        if first in self.literals:
            yield from self.literals[first].find(rest, values)
        if self.parameter is not None and first:
            yield from self.parameter.find(rest, (*values, first))


class RouteTable:
    """The HTTP triggers of some steps; of two on one method and path the first is served (see ``clashes``)."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.routes: list[Route] = []
        self.clashes: list[tuple[Route, Route]] = []
        self._root = _Node()
        for step in steps:
            for trigger in step.triggers:
                if isinstance(trigger, HttpTrigger):
                    self._add(Route(step, trigger))

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.trigger.path.segments:
            node = node.child(segment)
        first = node.routes.setdefault(route.trigger.method, route)
        if first is route:
            self.routes.append(route)
        else:
            self.clashes.append((first, route))

    def find(self, segments: Sequence[str]) -> list[Match]:
        """Return the paths that *segments*, decoded, match: the most literal first.

        An empty segment at the end, from a slash there, does not count.
        """
        if segments and segments[-1] == "":
            segments = segments[:-1]
        return list(self._root.find(segments))


def table() -> RouteTable:
    """Return the table of all steps of the registry."""
    return _table(registry.all())


@lru_cache(maxsize=1)
def _table(steps: tuple[Step, ...]) -> RouteTable:
    return RouteTable(steps)
