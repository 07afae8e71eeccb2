"""The subcommands of ``manage.py streams``: a module each, with a name, a help, arguments and ``run``."""

from collections.abc import Sequence

from .base import Subcommand
from .trim import TRIM

COMMANDS: Sequence[Subcommand] = (TRIM,)
