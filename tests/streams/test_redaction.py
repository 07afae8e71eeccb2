"""No log line holds a token that came in a query string."""

import io
import logging

import pytest
from daphne.access import AccessLogGenerator

from streams import redaction


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('"GET /a?authToken=s3cret HTTP/1.1" 200', '"GET /a?authToken=*** HTTP/1.1" 200'),
        ("/?x=1&authToken=s3%20cret&y=2", "/?x=1&authToken=***&y=2"),
        ("/?authToken=a&authToken=b", "/?authToken=***&authToken=***"),
        ("'/?authToken=s3cret'", "'/?authToken=***'"),
        ("/?authToken=", "/?authToken="),
        ("/?other=s", "/?other=s"),
    ],
)
def test_the_token_is_cut_out(text: str, shown: str) -> None:
    assert redaction.redacted(text) == shown


def test_every_logger_redacts(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("of.some.server")
    caplog.set_level(logging.INFO)
    logger.info('%s - "%s %s HTTP/%s" %d', "1.2.3.4", "GET", "/?authToken=s3cret", "1.1", 200)
    logger.info("%(path)s", {"path": "/?authToken=s3cret"})
    logger.info("/?authToken=s3cret")
    logger.info("%s", 7)
    assert caplog.messages == [
        '1.2.3.4 - "GET /?authToken=*** HTTP/1.1" 200',
        "/?authToken=***",
        "/?authToken=***",
        "7",
    ]


def test_it_is_installed_once() -> None:
    before = logging.getLogRecordFactory()
    redaction.install()
    assert logging.getLogRecordFactory() is before


def test_daphnes_access_log_is_redacted() -> None:
    redaction.install()
    written = io.StringIO()
    details = {"method": "GET", "path": "/a?authToken=s3cret", "client": "1.2.3.4", "status": 200, "size": 1}
    AccessLogGenerator(written)("http", "complete", {**details, "time_taken": 0.1})
    assert "/a?authToken=***" in written.getvalue()
    assert "s3cret" not in written.getvalue()
