"""The package's front door: every promised name, whatever was imported before, and nothing imported for it at start."""

import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

import steps

MODULES = sorted(info.name for info in pkgutil.iter_modules(steps.__path__))


def test_every_name_is_what_it_is_however_often_it_is_asked_for() -> None:
    for name in steps.__all__:
        first, second = getattr(steps, name), getattr(steps, name)
        assert first is second
        assert first.__module__ == f"steps.{steps._HOME[name]}"
        assert vars(steps)[name] is first


@pytest.mark.parametrize("module", MODULES)
def test_no_submodule_hides_a_name(module: str) -> None:
    import_module(f"steps.{module}")
    for name in steps.__all__:
        assert getattr(steps, name).__module__ == f"steps.{steps._HOME[name]}"


def test_no_module_bears_an_exported_name() -> None:
    assert not set(MODULES) & set(steps.__all__)


def test_all_is_the_table() -> None:
    assert sorted(steps.__all__) == sorted(steps._HOME)
    assert set(steps.__all__) <= set(dir(steps))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_like_it"):
        steps.nothing_like_it  # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys, steps; print([m for m in sys.modules if m.startswith(('django', 'rest_framework', 'pydantic',"
        " 'streams', 'steps.'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
