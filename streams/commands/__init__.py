"""The subcommands of ``manage.py streams``: a module each, with a name, a help, arguments and ``run``."""

from collections.abc import Sequence

from .base import Subcommand
from .epoch import NEW_EPOCH
from .trim import TRIM
from .verify import VERIFY

COMMANDS: Sequence[Subcommand] = (TRIM, VERIFY, NEW_EPOCH)
