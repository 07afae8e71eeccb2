"""The tree of errors: drawn as it is, and every class with what edges need to know."""

import re
from collections.abc import Iterator

import pytest

from steps import errors
from steps.errors import StepError


def tree(error: type[StepError]) -> Iterator[type[StepError]]:
    yield error
    for child in error.__subclasses__():
        yield from tree(child)


ALL = [error for error in tree(StepError) if error.__module__ == errors.__name__]


def test_tree_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"^    [│ ]*(?:[├└]── )?(\w+)", errors.__doc__ or "", re.MULTILINE)
    assert drawn == [error.__name__ for error in ALL]


@pytest.mark.parametrize("error", ALL)
def test_every_error_has_a_code_of_its_own_and_a_message(error: type[StepError]) -> None:
    assert [other for other in ALL if other.code == error.code] == [error]
    assert error.status in {400, 404, 500}
    assert error().message


def test_only_time_and_lost_workers_may_do_better_next_time() -> None:
    assert {error for error in ALL if error.retry} == {errors.TimedOut, errors.WorkerLost}


def test_docstring_is_the_default_message() -> None:
    assert errors.StepNotFound().message == "There is no such step."
    assert errors.StepNotFound("not here").message == str(errors.StepNotFound("not here")) == "not here"
