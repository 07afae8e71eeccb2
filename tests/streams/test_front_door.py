"""The package's front door: every promised name, whatever was imported before, and nothing imported for it at start."""

import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

import streams
from tests.support.process import ROOT

PROMISED = {
    *("Stream", "StreamConfig", "stream", "History", "Written", "changed", "committed", "lock"),
    *("StreamError", "InvalidInput", "InvalidId", "InvalidItem", "InvalidUpdate", "InvalidEvent", "InvalidCursor"),
    *("StreamNotFound", "AccessDenied", "DefinitionError", "Unavailable", "WriteConflict"),
}


def submodules() -> list[str]:
    """The names of all modules of the package, tests' and clients' own programs included."""
    return [info.name for info in pkgutil.walk_packages(streams.__path__, "streams.")]


def test_the_door_has_what_was_promised() -> None:
    assert set(streams.__all__) >= PROMISED
    assert sorted(streams.__all__) == streams.__all__
    assert set(streams.__all__) == set(streams._HOME)
    assert set(dir(streams)) >= set(streams.__all__)


@pytest.mark.parametrize("name", streams.__all__)
def test_each_name_is_the_object_of_its_home_every_time(name: str) -> None:
    """Importing a submodule sets an attribute of the package: it must not be one of these."""
    first = getattr(streams, name)
    home = import_module(f"streams.{streams._HOME[name]}")
    assert first is getattr(home, name)
    for module in submodules():
        if ".commands" not in module and ".management" not in module:
            import_module(module)
    assert getattr(streams, name) is first
    delattr(streams, name)
    assert getattr(streams, name) is first, "asked for again it is loaded again"


def test_no_module_bears_the_name_of_an_export() -> None:
    assert {name.split(".")[1] for name in submodules()} & set(streams.__all__) == set()


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="module 'streams' has no attribute 'nothing'"):
        _ = streams.nothing


def test_importing_the_package_imports_nothing_else() -> None:
    """Django imports it before settings and models are there."""
    program = """if True:
        import sys
        before = set(sys.modules)
        import streams
        new = set(sys.modules) - before
        print(sorted(name for name in new if name.split(".")[0] not in sys.stdlib_module_names))
    """
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['streams']"


def test_errors_and_protocol_need_no_django() -> None:
    """The client and the reducer stand on them, in programs without Django."""
    program = "import sys; import streams.protocol, streams.changes, streams.errors; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
