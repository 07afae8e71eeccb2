"""The subcommands of ``manage.py streams``: a module each, with a name, a help, arguments and ``run``."""

from collections.abc import Sequence

from .base import Subcommand
from .epoch import NEW_EPOCH
from .reading import GET, GROUPS, SET
from .tail import TAIL
from .trim import TRIM
from .types import TYPES
from .verify import VERIFY

COMMANDS: Sequence[Subcommand] = (GET, SET, GROUPS, TAIL, TYPES, TRIM, VERIFY, NEW_EPOCH)
