"""What a handler is given: frozen values that also index like the JSON they came from."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, ClassVar

from pydantic import BaseModel

from .triggers import snake_case


class Input:
    """Base of the inputs, which are frozen dataclasses: ``input.group_id`` is ``input["groupId"]``.

    By index everything is plain JSON: a pydantic model there becomes its dict. Keys are camelCase; snake_case is taken
    too.
    """

    __slots__ = ()

    also: ClassVar[tuple[str, ...]] = ()
    """Properties that can be indexed like the fields."""

    def __getitem__(self, key: str) -> Any:
        name = snake_case(key)
        if name not in self._names():
            raise KeyError(key)
        value = getattr(self, name)
        return value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and snake_case(key) in self._names()

    def __iter__(self) -> Iterator[str]:
        return (_camel_case(name) for name in self._names())

    def get(self, key: str, default: Any = None) -> Any:
        """Return what stands under *key*, or *default*."""
        return self[key] if key in self else default  # noqa: SIM401

    def _names(self) -> tuple[str, ...]:
        declared = fields(self)  # type: ignore[arg-type]  # every subclass is a dataclass
        return (*(item.name for item in declared if not item.name.startswith("_")), *self.also)


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
