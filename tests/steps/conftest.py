"""Steps of a test's own, served where the project's steps are."""

from collections.abc import Callable, Iterator

import pytest

from steps.registry import registry


@pytest.fixture
def serve() -> Iterator[Callable[..., None]]:
    """Let the registry hold the given steps, and no others, until the test ends."""
    before = registry.all()
    yield lambda *steps: registry.replace(steps)
    registry.replace(before)
