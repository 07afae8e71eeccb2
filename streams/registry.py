"""Finds what the installed apps declare, and keeps the streams by name."""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from inspect import getattr_static
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

from django.apps import AppConfig, apps
from django.conf import settings

from .definition import Definition
from .errors import DefinitionError, StreamNotFound
from .identifiers import RESERVED


class Defined(Protocol):
    """Anything that has a definition: a Stream."""

    @property
    def definition(self) -> Definition: ...


@dataclass(frozen=True, slots=True)
class ImportFailure:
    """A module that could not be imported, kept for the system check."""

    module: str
    error: BaseException


T = TypeVar("T")


@dataclass(slots=True)
class Discovery(Generic[T]):
    """Collects module-level objects from one kind of module in every installed app.

    module: ``streams``: looks at ``<app>/streams.py``; or, when that is a package, at it and recursively at the
    modules in it whose names end in *suffix*; and at ``<app>/*<suffix>.py``. wanted: tells the objects to keep.
    """

    module: str
    suffix: str
    wanted: Callable[[Any], bool]
    failures: list[ImportFailure] = field(default_factory=list)

    def run(self) -> list[T]:
        """Import the modules and return what they hold, each object once, in the order of apps and modules.

        With DEBUG a module that cannot be imported is noted in ``failures`` and the rest is served; without it the
        error is raised: a deployment that lost a part of itself should not start.
        """
        self.failures.clear()
        found: dict[int, T] = {}
        for config in apps.get_app_configs():
            for name in self._modules(config):
                module = self._import(name)
                for value in list(vars(module).values()) if module else ():
                    if self.wanted(value):
                        found.setdefault(id(value), value)
        return list(found.values())

    def _modules(self, config: AppConfig) -> Iterator[str]:
        if config.module is None:
            return
        beside = sorted(path.stem for path in Path(config.path).glob(f"*{self.suffix}.py"))
        yield from (f"{config.name}.{stem}" for stem in beside)
        name = f"{config.name}.{self.module}"
        spec = find_spec(name)
        if spec is None or name in {other.name for other in apps.get_app_configs()}:
            return  # an app of that name is looked at as an app
        yield name
        for place in spec.submodule_search_locations or ():
            yield from self._inside(Path(place), name)

    def _inside(self, folder: Path, package: str) -> Iterator[str]:
        for path in sorted(folder.iterdir()):  # a folder without __init__.py is a package too
            if path.is_dir() and path.name.isidentifier() and path.name != "__pycache__":
                yield from self._inside(path, f"{package}.{path.name}")
            elif path.suffix == ".py" and path.stem.endswith(self.suffix):
                yield f"{package}.{path.stem}"

    def _import(self, name: str) -> ModuleType | None:
        try:
            return import_module(name)
        except Exception as error:
            if not settings.DEBUG:
                raise
            sys.modules.pop(name, None)
            self.failures.append(ImportFailure(name, error))
            return None


class Registry:
    """The streams of this process by name."""

    def __init__(self) -> None:
        self.discovery: Discovery[Defined] = Discovery("streams", "_stream", _has_definition)
        self._streams: dict[str, Defined] = {}
        self._lock = threading.Lock()

    def discover(self) -> None:
        """Collect the streams of all installed apps.

        Raises: DefinitionError - two streams have one name; both files are named.
        """
        self.replace(self.discovery.run())

    def replace(self, streams: Iterable[Defined]) -> None:
        """Hold *streams* and no others of the project; what only Millrace itself uses stays."""
        by_name: dict[str, Defined] = {}
        for stream in streams:
            other = by_name.setdefault(stream.definition.name, stream)
            if other is not stream:
                raise DefinitionError(
                    f"two streams are named {stream.definition.name!r}: "
                    f"{other.definition.file} and {stream.definition.file}"
                )
        with self._lock:
            own = {name: stream for name, stream in self._streams.items() if name.startswith(RESERVED)}
            self._streams = own | by_name

    def get(self, name: str) -> Defined:
        """Return the stream *name*.

        Raises: StreamNotFound.
        """
        try:
            return self._streams[name]
        except (KeyError, TypeError):
            raise StreamNotFound(f"there is no stream named {name!r:.80}") from None

    def all(self) -> list[Defined]:
        """Return all streams of the project, sorted by name; those that only Millrace itself uses are left out."""
        return [self._streams[name] for name in sorted(self._streams) if not name.startswith(RESERVED)]


def _has_definition(value: Any) -> bool:
    # getattr_static: asking a lazy object for an attribute would wake it up
    return isinstance(getattr_static(value, "definition", None), Definition) and not isinstance(value, type)


registry = Registry()
