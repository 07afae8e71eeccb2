"""Discovery of steps, and the registry that keeps them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from steps.definition import Step, step
from steps.errors import DuplicateStep, StepNotFound
from steps.registry import Registry

STEPS = """
    from steps import http, step

    @step("{name}", triggers=[http("GET", "/{name}")])
    def handler(request, ctx):
        return None
"""


def handler(input: Any, ctx: Any) -> None:
    return None


Write = Callable[[Path, str], None]


def discovered() -> Registry:
    registry = Registry()
    with override_settings(INSTALLED_APPS=["found_app"]):
        registry.discover()
    return registry


def names(registry: Registry) -> list[str]:
    return [item.name for item in registry.all()]


@pytest.mark.feature("E18")
def test_all_named_steps_of_one_module_are_found(app: Path, write: Write) -> None:
    write(
        app / "steps.py",
        """
        from steps import http, step

        def handler(request, ctx):
            return request.path_params

        editDocument = step({"name": "edit-document", "triggers": [http("PATCH", "/docs/:id")]}, handler)
        readDocument = step({"name": "read-document", "triggers": [http("GET", "/docs/:id")]}, handler)

        @step("delete-document", triggers=[http("DELETE", "/docs/:id")])
        def delete_document(request, ctx):
            return None

        the_same = editDocument
        """,
    )
    assert names(discovered()) == ["edit-document", "read-document", "delete-document"]


def test_modules_packages_and_files_of_the_right_name_are_found(app: Path, write: Write) -> None:
    write(app / "chat_step.py", STEPS.format(name="beside"))
    write(app / "steps" / "__init__.py", STEPS.format(name="package"))
    write(app / "steps" / "first_step.py", STEPS.format(name="first"))
    write(app / "steps" / "deep" / "down" / "second_step.py", STEPS.format(name="second"))
    write(app / "steps" / "helpers.py", STEPS.format(name="not-a-step-file"))
    assert sorted(names(discovered())) == ["beside", "first", "package", "second"]


def test_app_without_steps_has_none(app: Path) -> None:
    assert names(discovered()) == []


def test_two_steps_of_one_name_are_an_error_with_both_files(app: Path, write: Write) -> None:
    write(app / "a_step.py", STEPS.format(name="twice"))
    write(app / "b_step.py", STEPS.format(name="twice"))
    with pytest.raises(DuplicateStep) as caught:
        discovered()
    assert str(app / "a_step.py") in str(caught.value)
    assert str(app / "b_step.py") in str(caught.value)


def test_module_that_cannot_be_imported_ends_the_start(app: Path, write: Write) -> None:
    write(app / "good_step.py", STEPS.format(name="good"))
    write(app / "bad_step.py", "import no_such_module_anywhere")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        discovered()


@override_settings(DEBUG=True)
def test_with_debug_the_rest_is_served_and_the_failure_kept(app: Path, write: Write) -> None:
    write(app / "good_step.py", STEPS.format(name="good"))
    write(app / "bad_step.py", "from steps import step\nstep({'name': 'x', 'trigers': []}, print)")
    registry = discovered()
    assert names(registry) == ["good"]
    [failure] = registry.discovery.failures
    assert failure.module == "found_app.bad_step"
    assert str(app / "bad_step.py") in str(failure.error)


def test_steps_are_got_by_name() -> None:
    one: Step = step("one", handler, triggers=[])
    registry = Registry()
    registry.replace([one])
    assert registry.get("one") is one
    assert registry.all() == (one,)
    for unknown in ("two", None, []):
        with pytest.raises(StepNotFound):
            registry.get(unknown)  # type: ignore[arg-type]
