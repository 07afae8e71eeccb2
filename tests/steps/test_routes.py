"""Which path goes to which step."""

from typing import Any
from urllib.parse import unquote

import pytest
from django.test import RequestFactory

from steps.definition import Step, step
from steps.routes import RouteTable, segments_of
from steps.triggers import http


def handler(input: Any, ctx: Any) -> None:
    return None


def at(*routes: tuple[str, str]) -> Step:
    name = " ".join(f"{method} {path}" for method, path in routes)
    return step(name, handler, triggers=[http(method, path) for method, path in routes])


def found(table: RouteTable, method: str, path: str) -> tuple[str, dict[str, str]] | None:
    for match in table.find(path.split("/")[1:]):
        if route := match.route(method):
            return route.step.name, match.params(route)
    return None


def test_literal_wins_over_parameter_and_the_way_back_is_found() -> None:
    table = RouteTable([at(("GET", "/a/{x}/c")), at(("GET", "/a/b/d")), at(("GET", "/a/b")), at(("GET", "/a/{x}"))])
    assert found(table, "GET", "/a/b/d") == ("GET /a/b/d", {})
    assert found(table, "GET", "/a/b/c") == ("GET /a/{x}/c", {"x": "b"})
    assert found(table, "GET", "/a/b") == ("GET /a/b", {})
    assert found(table, "GET", "/a/c") == ("GET /a/{x}", {"x": "c"})
    assert found(table, "GET", "/a") is None
    assert found(table, "GET", "/a/b/c/d") is None


def test_literal_without_the_method_leaves_it_to_the_parameter() -> None:
    table = RouteTable([at(("POST", "/todo/new")), at(("GET", "/todo/{id}"))])
    assert found(table, "GET", "/todo/new") == ("GET /todo/{id}", {"id": "new"})
    assert found(table, "POST", "/todo/new") == ("POST /todo/new", {})


def test_methods_of_one_path_name_its_parameters_for_themselves() -> None:
    table = RouteTable([at(("GET", "/todo/{id}")), at(("PUT", "/todo/:todo_id"))])
    assert table.clashes == []
    assert found(table, "GET", "/todo/1") == ("GET /todo/{id}", {"id": "1"})
    assert found(table, "PUT", "/todo/1") == ("PUT /todo/:todo_id", {"todo_id": "1"})


def test_one_slash_at_the_end_does_not_count_and_empty_segments_do() -> None:
    table = RouteTable([at(("GET", "/todo/{id}")), at(("POST", "/todo"))])
    assert found(table, "GET", "/todo/1/") == ("GET /todo/{id}", {"id": "1"})
    assert found(table, "POST", "/todo/") == ("POST /todo", {})
    assert found(table, "GET", "/todo/") is None
    assert found(table, "GET", "/todo//") is None
    assert found(table, "GET", "//todo") is None


def test_head_is_answered_by_get_unless_there_is_one() -> None:
    table = RouteTable([at(("GET", "/a")), at(("GET", "/b")), at(("HEAD", "/b"))])
    assert found(table, "HEAD", "/a") == ("GET /a", {})
    assert found(table, "HEAD", "/b") == ("HEAD /b", {})


def test_second_route_of_one_shape_is_a_clash_and_the_first_is_served() -> None:
    first, second = at(("GET", "/todo/{id}")), at(("GET", "/todo/:other/"))
    table = RouteTable([first, second])
    assert [(one.step, other.step) for one, other in table.clashes] == [(first, second)]
    assert found(table, "GET", "/todo/1") == ("GET /todo/{id}", {"id": "1"})


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
