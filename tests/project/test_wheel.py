"""The package django-millrace: built, installed and used in a project that knows nothing of this one."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.process import ROOT
from tests.support.product import FOREIGN

STREAM = """
from streams import Stream

note = Stream("note", public=True)
"""
USE = """
from streams import Stream
from foreign.streams import note
written = note.set("kitchen", "1", {"text": "Milk is out"})
assert written.created and note.list("kitchen") == [{"text": "Milk is out", "id": "1"}]
print(Stream.__module__, __import__("streams").__file__, __import__("steps").__file__)
"""
LOOK = """
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from steps.workbench.pages import PAGES
client = Client()
client.force_login(User.objects.create_superuser("ada"))
for page in PAGES:
    answer = client.get(reverse(f"admin:steps_workbench_{page.name}"), headers={"host": "localhost"})
    assert answer.status_code == 200 and "steps/workbench/workbench.css" in answer.content.decode(), answer.content
found = client.get(reverse("admin:steps_workbench_overview_numbers"), headers={"host": "localhost"}).json()
assert found["states"]["dead"] == 0
"""


def call(*command: str | Path, cwd: Path) -> str:
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", to, ROOT, cwd=to)
    [built] = to.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that has the wheel, and borrows what it depends on from the tests' own."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    packages = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    install = ["install", "--quiet", "--no-index", "--no-deps", wheel]
    call(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, *install, cwd=home)
    return python


def test_it_holds_the_two_apps_with_their_templates_and_files_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"streams", "steps", "django_millrace-0.1.0.dist-info"}
    for app in ("streams", "steps"):
        for kind in ("static", "templates"):
            source = ROOT / kind / app
            wanted = {f"{app}/{kind}/{app}/{path.relative_to(source)}" for path in source.rglob("*") if path.is_file()}
            assert wanted <= set(names)
        wanted = {str(path.relative_to(ROOT)) for path in (ROOT / app).rglob("*.py")} | {f"{app}/py.typed"}
        assert wanted <= set(names)


def test_an_empty_project_checks_migrates_and_uses_it(python: Path, tmp_path: Path) -> None:
    call(python, "-m", "django", "startproject", "foreign", tmp_path, cwd=tmp_path)
    apps = ["foreign", "channels", "rest_framework", "django_celery_beat", "streams", "steps"]
    with (tmp_path / "foreign" / "settings.py").open("a") as settings:
        settings.write(f"\nINSTALLED_APPS += {apps}\n")
    with (tmp_path / "foreign" / "urls.py").open("a") as urls:
        urls.write("\nfrom django.urls import include\n\nurlpatterns.append(path('', include('steps.urls')))\n")
    (tmp_path / "foreign" / "streams.py").write_text(STREAM)

    assert "System check identified no issues" in call(python, "manage.py", "check", cwd=tmp_path)
    call(python, "manage.py", "migrate", "--verbosity=0", cwd=tmp_path)
    assert "No changes detected" in call(python, "manage.py", "makemigrations", "--check", "--dry-run", cwd=tmp_path)
    used = call(python, "manage.py", "shell", "--no-imports", "-c", USE, cwd=tmp_path)
    assert str(python.parent.parent) in used
    assert str(ROOT) not in used
    call(python, "manage.py", "shell", "--no-imports", "-c", LOOK, cwd=tmp_path)  # the workbench is in its admin
    for file in ("streams/index.js", "steps/workbench/overview.js", "steps/workbench/vendor/uplot/uPlot.esm.js"):
        found = call(python, "manage.py", "findstatic", "--first", file, cwd=tmp_path)
        assert str(python.parent.parent) in found
