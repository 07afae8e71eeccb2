"""The import map of every page."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.template import Context, Template
from pytest_django import Settings

from project.templatetags import millrace


def rendered(**context: Any) -> tuple[str, dict[str, str]]:
    html = Template("{% load millrace %}{% import_map %}").render(Context(context))
    [(attributes, text)] = re.findall(r'^<script type="importmap"([^>]*)>(.*)</script>$', html, re.DOTALL)
    return attributes, json.loads(text)["imports"]


@pytest.fixture(autouse=True)
def _plain(settings: Settings) -> None:
    settings.DEBUG = True
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def _hashed(settings: Settings, tmp_path: Path, _plain: None) -> Iterator[None]:
    settings.DEBUG = False
    millrace._imports_once.cache_clear()
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
    }
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", interactive=False, verbosity=0)
    yield
    millrace._imports_once.cache_clear()


def test_names_the_client_alone_where_files_keep_their_names() -> None:
    assert rendered() == ("", {"millrace": "/static/streams/index.js"})


@pytest.mark.usefixtures("_hashed")
def test_maps_each_module_to_its_hashed_name() -> None:
    _, imports = rendered()
    assert re.fullmatch(r"/static/streams/index\.[0-9a-f]{12}\.js", imports["millrace"])
    static = Path(settings.BASE_DIR) / "static"
    modules = [path.relative_to(static) for folder in millrace.MODULES for path in (static / folder).rglob("*.js")]
    plain = {f"/static/{module.as_posix()}" for module in modules}
    assert imports.keys() == plain | {"millrace"}
    for name, url in imports.items():
        assert (Path(settings.STATIC_ROOT) / url.removeprefix("/static/")).is_file(), name


def test_carries_the_nonce_of_a_content_security_policy() -> None:
    attributes, _ = rendered(request=SimpleNamespace(csp_nonce='a"b'))
    assert attributes == ' nonce="a&quot;b"'
