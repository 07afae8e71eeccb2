"""What a stream is declared to be, as one frozen value that hub, access and views look at."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from .errors import DefinitionError, InvalidId
from .identifiers import check_stream_name
from .schema import AnySchema, Schema, compile_schema

Hook = Callable[..., Any]
"""A rule or hook of the project, plain or async."""

# the documents' spelling, accepted in dict forms
CAMEL_CASE = {
    "baseConfig": "base_config",
    "onJoin": "on_join",
    "onLeave": "on_leave",
    "canAccess": "can_access",
    "canWrite": "can_write",
}


@dataclass(frozen=True, slots=True)
class History:
    """How much of the log is kept: a change goes when it is beyond either bound.

    changes: the newest so many of each group stay. age: younger ones stay. None: this bound does not apply.
    """

    changes: int | None = 1000
    age: timedelta | None = timedelta(days=1)

    def __post_init__(self) -> None:
        if self.changes is not None and (type(self.changes) is not int or self.changes < 1):
            raise DefinitionError("History(changes=) must be a positive number or None")
        if self.age is not None and (not isinstance(self.age, timedelta) or self.age <= timedelta(0)):
            raise DefinitionError("History(age=) must be a positive timedelta or None")


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """One stream as declared; compared by identity."""

    name: str
    schema: Schema = field(default_factory=AnySchema)
    storage: str = "default"
    history: History | None = field(default_factory=History)
    public: bool = False
    can_access: Hook | None = None
    can_write: Hook | None = None
    on_join: Hook | None = None
    on_leave: Hook | None = None
    description: str = ""
    file: str = ""

    @property
    def open(self) -> bool:
        """Is there anything that could let a reader in? If not, everyone is denied."""
        return self.public or self.can_access is not None or self.on_join is not None


def define(name: Any, options: Mapping[str, Any]) -> Definition:
    """Return the definition of the stream *name* with *options* as the ``Stream`` call has them.

    Raises: DefinitionError - naming the file of the call.
    """
    file = caller()
    try:
        return _define(name, _snake_case(options), file)
    except DefinitionError as error:
        raise DefinitionError(f"{file}: stream {name!r:.80}: {error.message}") from None


def _snake_case(options: Mapping[str, Any]) -> dict[str, Any]:
    renamed: dict[str, Any] = {}
    for key, value in options.items():
        name = CAMEL_CASE.get(key, key)
        if name in renamed:
            raise DefinitionError(f"{name} is given twice")
        renamed[name] = value
    return renamed


def _define(name: Any, options: dict[str, Any], file: str) -> Definition:
    known = set(Definition.__dataclass_fields__) - {"name", "file"}
    storage = _storage(options.pop("base_config", None), options.get("storage"))
    if unknown := sorted(set(options) - known):
        raise DefinitionError(f"unknown option {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    for key in ("can_access", "can_write", "on_join", "on_leave"):
        if options.get(key) is not None and not callable(options[key]):
            raise DefinitionError(f"{key} must be callable")
    if not isinstance(options.get("history"), History | None):
        raise DefinitionError("history must be a History or None")
    if not isinstance(options.get("public", False), bool):
        raise DefinitionError("public must be True or False")
    if not isinstance(options.get("description", ""), str):
        raise DefinitionError("description must be a str")
    try:
        check_stream_name(name)
    except InvalidId as error:
        raise DefinitionError(error.message) from None
    schema = compile_schema(options.pop("schema", None))
    return Definition(name=name, **{**options, "schema": schema, "storage": storage, "file": file})


def _storage(base_config: Any, storage: Any) -> str:
    if base_config is not None:
        if storage is not None:
            raise DefinitionError("storage and base_config say the same thing; give one of them")
        if not isinstance(base_config, Mapping) or set(base_config) - {"storageType", "storage_type"}:
            raise DefinitionError('base_config must look like {"storageType": "default"}')
        storage = next(iter(base_config.values()), None)
    if storage is None:
        return "default"
    if not isinstance(storage, str):
        raise DefinitionError("storage must be a str")
    return storage


def caller() -> str:
    """Return ``file:line`` of the nearest frame outside this package."""
    package = f"{Path(__file__).parent}{os.sep}"
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
