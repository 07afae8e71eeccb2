"""Steps of a test's own, served where the project's steps are, and apps of its own to find them in."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from django.test import override_settings

from steps import worker
from steps.journal import journal
from steps.models import Run
from steps.registry import registry
from streams.registry import registry as streams
from streams.state import state
from tests.steps.bench import Bench


@pytest.fixture
def serve() -> Iterator[Callable[..., None]]:
    """Let the registry hold the given steps, and no others, until the test ends."""
    before = registry.all()
    yield lambda *steps: registry.replace(steps)
    registry.replace(before)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an app that can be installed as ``found_app``."""
    folder = tmp_path / "found_app"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "found_app"]:
        del sys.modules[name]


@pytest.fixture
def write(app: Path) -> Callable[[Path, str], None]:
    """Write a module of the app, making packages of the folders above it."""

    def write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in path.parents:
            if folder == app:
                break
            (folder / "__init__.py").touch()
        path.write_text(dedent(text))

    return write


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The alias of the database that runs and streams are in: ``parametrize("database", DATABASES, indirect=True)``."""
    with override_settings(STREAMS={"database": request.param}):
        state.__dict__.pop("store", None)
        yield request.param
    state.__dict__.pop("store", None)


@pytest.fixture
def declare() -> Iterator[Callable[..., None]]:
    """Let the registry of streams hold the given streams, and no others, until the test ends."""
    before = streams.all()
    yield lambda *given: streams.replace(given)
    streams.replace(before)


@pytest.fixture
def bench(database: str, monkeypatch: pytest.MonkeyPatch) -> Bench:
    assert journal.drain(30)  # what tests before have asked over HTTP is written down a moment later
    Run.objects.using(database).delete()
    made = Bench()
    monkeypatch.setattr(worker, "lease", lambda: made.lease)
    monkeypatch.setattr(worker, "watch", made.watch)
    return made
