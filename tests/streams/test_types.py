"""The schemas as TypeScript and Python types; the file of this project is what its schemas say."""

import json
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import pytest
from django.core.management import CommandError, call_command
from pydantic import BaseModel, Field
from rest_framework import serializers

from streams.writer import Stream
from tests.support.follower import JS, node

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "static" / "flows" / "streams.d.ts"
Declare = Callable[..., Stream]


class Author(BaseModel):
    """Who wrote it."""

    name: str
    friends: "list[Author]" = []


class Message(BaseModel):
    text: str = Field(description="What was said */ loudly")
    kind: Literal["user", "assistant"] = "user"
    author: Author
    tags: list[str | int] = []
    scores: dict[str, float] = {}
    at: tuple[float, float] | None = None
    anything: Any = None


class Rated(serializers.Serializer):  # type: ignore[type-arg]
    stars = serializers.IntegerField(required=False)


LOOSE = {
    "type": "object",
    "required": ["a-b"],
    "properties": {
        "id": {"type": "string"},
        "a-b": {"enum": [1, "two", None]},
        "nested": {"type": "object", "properties": {"x": {"const": True}}},
        "maybe": {"type": ["string", "null"]},
        "never": False,
    },
}


def written(*arguments: str) -> str:
    out = StringIO()
    call_command("streams", "types", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def streams(declare: Declare) -> None:
    declare("chat-message", schema=Message, description="What is said.")
    declare("rating", schema=Rated)
    declare("loose", schema=LOOSE)
    declare("free")


@pytest.mark.usefixtures("streams")
def test_typescript_of_every_kind_of_schema() -> None:
    text = written()
    head, _, rest = text.partition("\n")
    assert "manage.py streams types" in head
    for expected in (
        "/** What is said. */\nexport interface ChatMessage {\n  id: string;",
        "  /** What was said * / loudly */\n  text: string;",
        '  kind?: "user" | "assistant";',
        "  author: Author;",
        "  tags?: (string | number)[];",
        "  scores?: Record<string, number>;",
        "  at?: [number, number] | null;",
        "  anything?: unknown;",
        "/** Who wrote it. */\nexport interface Author {\n  name: string;\n  friends?: Author[];\n}",
        "export interface Rating {\n  id: string;\n  stars?: number;\n}",
        '  "a-b": 1 | "two" | null;',
        "  nested?: LooseNested;",
        "export interface LooseNested {\n  x?: true;\n}",
        "  maybe?: string | null;",
        "  never?: never;",
        "export interface Free {\n  id: string;\n}",
        '    "chat-message": ChatMessage;\n    free: Free;\n    loose: Loose;\n    rating: Rating;',
    ):
        assert expected in rest


@pytest.mark.usefixtures("streams")
def test_the_compilers_take_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "streams.d.ts").write_text(written())
    (tmp_path / "use.ts").write_text(
        'import "./streams";\nimport { StreamClient } from "millrace";\n'
        'const client = new StreamClient();\nconst chat = client.group("chat-message", "g");\n'
        "export const text: string | undefined = chat.getState()[0]?.author.friends?.[0].name;\n"
        "// @ts-expect-error a message has no title\nchat.getState()[0].title;\n"
        'export const free: { id: string } | null = client.item("free", "g", "1").getState();\n'
        'export const own = client.group<{ title: string }>("chat-message", "g").getState()[0].title;\n'
        'export const other = client.group("elsewhere", "g").getState()[0].anything;\n'
    )
    paths = {"millrace": [str(ROOT / "static" / "streams" / "index.d.ts")]}
    options = {"strict": True, "noEmit": True, "module": "esnext", "moduleResolution": "bundler", "types": []}
    config = {"compilerOptions": {**options, "target": "es2022", "paths": paths}, "include": ["*.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config))
    compiler = [node(), str(JS / "node_modules" / "typescript" / "bin" / "tsc"), "-p", str(tmp_path)]
    done = subprocess.run(compiler, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0


RIGHT = """
from stream_types import ChatMessage, Loose
right: ChatMessage = {"id": "1", "text": "hi", "author": {"name": "A", "friends": [{"name": "B"}]}}
right["tags"] = ["a", 1]
loose: Loose = {"id": "1", "a-b": "two"}
"""
WRONG = {
    'right["text"] = 7': 'Value of "text" has incompatible type',
    'right["titel"] = "x"': 'has no key "titel"',
    'right["kind"] = "robot"': 'Value of "kind" has incompatible type',
    'missing: ChatMessage = {"id": "1", "text": "hi"}': 'Missing key "author"',
    'number: int = right["author"]["name"]': "Incompatible types in assignment",
    'loose["a-b"] = "three"': 'Value of "a-b" has incompatible type',
}


@pytest.mark.feature("A9")
@pytest.mark.usefixtures("streams")
def test_mypy_judges_items_by_their_schemas(tmp_path: Path) -> None:
    (tmp_path / "stream_types.py").write_text(written("--python"))
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(RIGHT + "\n".join(WRONG))

    def checked(file: str) -> list[str]:
        command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", file]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout.splitlines()

    assert checked("right.py") == []
    complaints = checked("wrong.py")
    first = RIGHT.count("\n") + 1
    assert [int(line.split(":")[1]) for line in complaints] == list(range(first, first + len(WRONG)))
    assert [said in line for said, line in zip(WRONG.values(), complaints, strict=True)] == [True] * len(WRONG)


@pytest.mark.usefixtures("streams")
def test_check_fails_when_a_schema_has_changed(tmp_path: Path, declare: Declare) -> None:
    file = tmp_path / "streams.d.ts"
    assert "4 streams" in written("--out", str(file))
    written("--check", str(file))
    declare("later")
    with pytest.raises(CommandError, match=r"(?s)--out.*\+export interface Later"):
        written("--check", str(file))
    with pytest.raises(CommandError, match="no stream named 'x'; there are: chat-message"):
        written("x")


def test_two_types_of_one_name_stay_two(declare: Declare) -> None:
    declare("a-b", schema={"properties": {"x": {"type": "string"}}})
    declare("aB", schema={"properties": {"x": {"type": "number"}}})
    text = written()
    assert "export interface AB {\n  id: string;\n  x?: string;\n}" in text
    assert "export interface AB2 {\n  id: string;\n  x?: number;\n}" in text


def test_the_types_of_this_project_are_those_of_its_schemas() -> None:
    """If this fails: python manage.py streams types --out static/flows/streams.d.ts"""
    written("--check", str(GENERATED))
