"""Paths of HTTP triggers."""

import pytest

from steps.errors import InvalidStep
from steps.paths import Parameter, compile_path


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("/todo", ("todo",)),
        ("/todo/", ("todo",)),
        ("/", ()),
        ("/todo/{id}", ("todo", Parameter("id"))),
        ("/todo/:id", ("todo", Parameter("id"))),
        ("/todo/:id/done", ("todo", Parameter("id"), "done")),
        ("/a/{b}/c/:dEf_1", ("a", Parameter("b"), "c", Parameter("dEf_1"))),
        ("/documents/ {docId} /notify", ("documents", Parameter("docId"), "notify")),
        ("/caf%C3%A9/a%2Fb", ("café", "a/b")),
        ("/café", ("café",)),
        ("/v1.0/~me/@you/a-b_c", ("v1.0", "~me", "@you", "a-b_c")),
    ],
)
def test_path_is_read_segment_by_segment(text: str, segments: tuple[object, ...]) -> None:
    assert compile_path(text).segments == segments


@pytest.mark.parametrize(
    "text",
    [
        "todo",
        "",
        "//",
        "/a//b",
        "/a/x{id}",
        "/a/{id}.json",
        "/a/{id",
        "/a/{}",
        "/a/:",
        "/a/{1}",
        "/a/{a-b}",
        "/a/{id}/b/:id",
        "/a?b=c",
        "/a#b",
        "/a/*",
        "/a/<int:id>",
        "/a/b:c",
        "/a\x00",
        None,
        7,
    ],
)
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(InvalidStep):
        compile_path(text)  # type: ignore[arg-type]


def test_both_spellings_are_written_as_openapi_does() -> None:
    assert str(compile_path("/a/:id/caf%C3%A9/{other}")) == "/a/{id}/caf%C3%A9/{other}"
    assert str(compile_path("/")) == "/"


def test_shape_forgets_the_names_of_parameters() -> None:
    assert compile_path("/a/:id").shape == compile_path("/a/{other}/").shape
    assert compile_path("/a/:id").shape != compile_path("/a/id").shape
    assert compile_path("/a/:b/c/:d").parameters == ("b", "d")
