"""The subcommands of ``manage.py steps``: a module each, with a name, a help, arguments and ``run``."""

from collections.abc import Sequence

from .base import Subcommand
from .graph import GRAPH
from .listing import LIST
from .redrives import REDRIVE
from .running import RUN

COMMANDS: Sequence[Subcommand] = (LIST, GRAPH, RUN, REDRIVE)
