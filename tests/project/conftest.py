"""Copies of the project that run; pids, logs and files are looked at from outside."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .copies import Run, copy_tree

Starter = Callable[..., Run]


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project that no test changes."""
    return copy_tree(tmp_path_factory.mktemp("tree") / "a copy")


@pytest.fixture(scope="module")
def shared_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A running copy with a tree of its own, healthy when a test begins and when it ends."""
    run = Run(copy_tree(tmp_path_factory.mktemp("own") / "tree"), tmp_path_factory.mktemp("shared") / "run")
    try:
        yield run.start()
    finally:
        run.kill()


@pytest.fixture
def new_run(tree: Path, tmp_path: Path) -> Iterator[Starter]:
    """Makes runs that end with the test."""
    runs: list[Run] = []

    def make(*arguments: str, **env: str) -> Run:
        runs.append(Run(tree, tmp_path / f"run {len(runs)}", *arguments, **env))
        return runs[-1]

    yield make
    for run in runs:
        run.kill()
