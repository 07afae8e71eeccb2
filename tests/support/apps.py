"""An app that a test writes, to be found by discovery."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest


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
