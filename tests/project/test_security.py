"""What every page sends so that a browser runs nothing that is not ours, and what Django thinks of production."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import AsyncClient, Client
from pytest_django import Settings

ROOT = Path(__file__).parents[2]
FLOWS = [f"/flows/{flow.rpartition('.')[2]}/" for flow in settings.FLOWS]
PAGES = ["/", "/docs/", "/docs/streams/", *FLOWS, "/schema/docs/", "/admin/login/", "/nowhere"]

pytestmark = pytest.mark.django_db


def directives(header: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (part.split() for part in header.split(";"))}


@pytest.mark.parametrize("page", PAGES)
def test_page_runs_only_scripts_of_ours(client: Client, page: str) -> None:
    response = client.get(page)
    found = directives(response.headers["Content-Security-Policy"])
    assert found["default-src"] == ["'none'"]
    assert found["base-uri"] == found["frame-ancestors"] == ["'none'"]
    assert found["script-src"][0] == "'self'"
    [nonce] = [source[7:-1] for source in found["script-src"] if source.startswith("'nonce-")]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "data:", "https:"} & set(found["script-src"])
    for tag, inside in re.findall(r"<script([^>]*)>(.*?)</script>", response.content.decode(), re.DOTALL):
        assert "src=" in tag or "application/json" in tag or f'nonce="{nonce}"' in tag, f"{page}: {tag} {inside[:80]}"
    assert not re.search(r"<[a-z][^>]*\son[a-z]+\s*=", response.content.decode()), "an inline handler"


@pytest.mark.parametrize("page", ["/", *FLOWS])
def test_pages_of_ours_style_nothing_inline(client: Client, page: str) -> None:
    response = client.get(page)
    assert directives(response.headers["Content-Security-Policy"])["style-src"] == ["'self'"]
    assert not re.search(r"<style|\sstyle=", response.content.decode())


def test_every_response_has_a_nonce_of_its_own(client: Client) -> None:
    nonces = {re.search(r"'nonce-([^']+)'", client.get("/").headers["Content-Security-Policy"]) for _ in range(5)}
    assert len({found.group(1) for found in nonces if found}) == 5


async def test_async_responses_have_it_too(async_client: AsyncClient) -> None:
    response = await async_client.get("/healthz")
    assert "Content-Security-Policy" in response.headers


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ],
)
def test_other_headers(client: Client, header: str, value: str) -> None:
    assert client.get("/").headers[header] == value
    assert "camera=()" in client.get("/").headers["Permissions-Policy"]


def test_other_origins_that_are_allowed_may_send_our_headers(client: Client, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "idempotency-key,authorization"}
    answer = client.options("/streams/s/g/a/", headers={"Origin": "https://app.example.com", **asked})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"idempotency-key", "authorization", "content-type", "x-csrftoken"} <= set(allowed)
    answer = client.options("/streams/s/g/a/", headers={"Origin": "https://evil.example.com", **asked})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/nowhere", "/docs/nothing/", "/flows/none/"])
def test_what_is_not_there_is_not_found_before_static_files_are_collected(
    client: Client, settings: Settings, tmp_path: Path, path: str
) -> None:
    storage = {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"}  # as production has it
    settings.STORAGES = {**settings.STORAGES, "staticfiles": storage}
    settings.STATIC_ROOT = tmp_path
    client.raise_request_exception = False
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"There is nothing here" in answer.content


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    base = {"PATH": "/usr/bin:/bin", "DEBUG": "False", "ALLOWED_HOSTS": "example.com", "SECRET_KEY": "0123456789" * 6}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=base | {"REDIS_URL": "redis://127.0.0.1:1/0"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_settings_satisfy_django() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", HTTPS="True")
    assert done.returncode == 0, done.stdout + done.stderr
    done = manage("check", "--deploy", "--fail-level", "WARNING")
    assert "security.W008" in done.stderr  # without HTTPS it is not content
