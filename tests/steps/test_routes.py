"""Which path goes to which step."""

from typing import Any

from steps.definition import Step, step
from steps.routes import RouteTable
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
