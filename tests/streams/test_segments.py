"""Paths as the server got them, cut before they are decoded."""

from urllib.parse import unquote

import pytest
from django.test import RequestFactory

from streams.segments import segments_of


@pytest.mark.parametrize(
    ("raw", "segments"),
    [
        (b"/todo/a%2Fb", ["todo", "a/b"]),
        (b"/todo/a%2fb/c", ["todo", "a/b", "c"]),
        (b"/todo/caf%C3%A9", ["todo", "café"]),
        (b"/todo/a+b%20c%3Fd", ["todo", "a+b c?d"]),
        (b"/todo/100%25", ["todo", "100%"]),
        (b"/todo/%252F", ["todo", "%2F"]),
        (b"/todo/a%0Ab", ["todo", "a\nb"]),
        (b"/todo/", ["todo", ""]),
        (b"/", [""]),
        (b"/todo/%FF", None),
    ],
)
def test_segments_are_split_before_they_are_decoded(raw: bytes, segments: list[str] | None) -> None:
    request = RequestFactory().get("/")
    request.path = request.path_info = unquote(raw.decode())
    request.scope = {"raw_path": raw}  # type: ignore[attr-defined]
    assert segments_of(request, request.path[1:]) == segments


def test_prefixes_of_the_server_and_of_the_url_conf_are_left_out() -> None:
    request = RequestFactory().get("/")
    request.path, request.path_info = "/root/api/todo/a/b", "/api/todo/a/b"
    request.scope = {"raw_path": b"/root/api/todo/a%2Fb", "root_path": "/root"}  # type: ignore[attr-defined]
    assert segments_of(request, "todo/a/b") == ["todo", "a/b"]


def test_decoded_path_serves_where_there_is_no_raw_one_or_it_is_out_of_date() -> None:
    request = RequestFactory().get("/todo/a%2Fb")
    assert segments_of(request, "todo/a/b") == ["todo", "a", "b"]
    request.scope = {"raw_path": b"/somewhere/else"}  # type: ignore[attr-defined]
    assert segments_of(request, "todo/a/b") == ["todo", "a", "b"]
