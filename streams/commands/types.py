"""``manage.py streams types``: the schemas as TypeScript, or Python, that checkers read."""

from argparse import ArgumentParser
from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from .base import Subcommand, chosen
from .stubs import python
from .typescript import typescript


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("streams", nargs="*", metavar="STREAM", help="only these; default: all")
    parser.add_argument("--python", action="store_true", help="TypedDicts instead of TypeScript")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write to this file instead of the terminal")
    parser.add_argument("--check", type=Path, metavar="FILE", help="fail if this file is not what would be written")


def _run(command: BaseCommand, options: Mapping[str, Any]) -> None:
    streams = sorted(chosen(sorted(set(options["streams"]))), key=lambda stream: stream.name)
    text = python(streams) if options["python"] else typescript(streams)
    if check := options["check"]:
        _check(check, text)
    elif out := options["out"]:
        out.write_text(text)
        command.stdout.write(f"{out}: {len(streams)} streams")
    else:
        command.stdout.write(text, ending="")


def _check(file: Path, text: str) -> None:
    written = file.read_text() if file.exists() else ""
    if written != text:
        diff = unified_diff(written.splitlines(), text.splitlines(), str(file), "the schemas", lineterm="")
        raise CommandError("\n".join(["out of date; run the command again with --out", *diff]))


TYPES = Subcommand("types", "Write the streams' schemas as TypeScript or Python types.", _add_arguments, _run)
