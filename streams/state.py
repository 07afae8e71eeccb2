"""``ctx.state``: values by scope and key. A stream that nobody may join, with the same operations and atomicity."""

from typing import Any

from .changes import Address
from .definition import Definition
from .groups import fitting
from .identifiers import RESERVED
from .twins import AsyncGroups
from .values import dumps, normalise

NAME = f"{RESERVED}state"


class State(AsyncGroups):
    """Any JSON value by ``(scope, key)``; values get no ``id``, changes are told to triggers only."""

    def __init__(self) -> None:
        self.definition = Definition(NAME, history=None)

    def encode(self, id: str, data: Any) -> str:
        return fitting(dumps(normalise(data)))

    def _announce(self, address: Address, changes: Any, foreign: bool) -> None:
        self._changed(changes)


state = State()
