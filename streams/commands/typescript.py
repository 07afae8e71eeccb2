"""TypeScript of the streams' schemas: an interface per item, and what the client ``millrace`` makes of it."""

import re
from collections.abc import Mapping, Sequence

from ..definition import Definition
from ..values import Json, dumps
from .shapes import Field, Shapes, quoted

HEAD = "// Made by `manage.py streams types` from the schemas of the streams; change those and make it again."
_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


class TypeScript:
    """The dialect."""

    unknown = "unknown"
    never = "never"
    names: Mapping[str, str] = {
        "string": "string",
        "integer": "number",
        "number": "number",
        "boolean": "boolean",
        "null": "null",
    }

    def literal(self, value: Json) -> str:
        return dumps(value) if not isinstance(value, dict | list) else self.unknown

    def array(self, item: str) -> str:
        return f"({item})[]" if " " in item else f"{item}[]"

    def tuple(self, items: Sequence[str]) -> str:
        return f"[{', '.join(items)}]"

    def record(self, value: str) -> str:
        return f"Record<string, {value}>"

    def union(self, types: Sequence[str]) -> str:
        return " | ".join(types)

    def both(self, types: Sequence[str]) -> str:
        return " & ".join(f"({one})" if "|" in one else one for one in types)

    def shape(self, name: str, fields: Sequence[Field], doc: str) -> str:
        lines = [f"{_comment(doc, '')}export interface {name} {{"]
        for field in fields:
            mark = "" if field.required else "?"
            lines.append(f"{_comment(field.doc, '  ')}  {_key(field.name)}{mark}: {field.type};")
        return "\n".join([*lines, "}"])

    def alias(self, name: str, type: str, doc: str) -> str:
        return f"{_comment(doc, '')}export type {name} = {type};"


def typescript(streams: Sequence[Definition]) -> str:
    """Return a file of declarations; in a project that includes it ``client.group("todo", "inbox")`` is typed."""
    shapes = Shapes(TypeScript(), streams)
    known = [f"    {_key(stream)}: {name};" for stream, name in shapes.names.items()]
    module = ['declare module "millrace" {', "  interface Streams {", *known, "  }", "}"]
    return "\n\n".join([HEAD + '\nimport "millrace";', *shapes.declarations, "\n".join(module)]) + "\n"


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else quoted(name)


def _comment(doc: str, indent: str) -> str:
    text = " ".join(doc.split()).replace("*/", "* /")
    return f"{indent}/** {text} */\n" if text else ""
