"""``manage.py steps``: everything about steps on the command line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from steps.commands import COMMANDS


class Command(BaseCommand):
    """Dispatches to one module per subcommand."""

    help = "Work with steps and their runs."

    def add_arguments(self, parser: CommandParser) -> None:
        subparsers = parser.add_subparsers(dest="subcommand", required=True, metavar="COMMAND")
        for command in COMMANDS:
            subparser = subparsers.add_parser(command.name, help=command.help, description=command.help)
            command.add_arguments(subparser)
            subparser.set_defaults(run=command.run)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the subcommand."""
        options["run"](self, options)
