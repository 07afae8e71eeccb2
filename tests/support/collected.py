"""pytest plugin: ``-p tests.support.collected --features-to FILE`` writes which collected test claims which features.

The file is JSON: {"node id": ["B12", ...]} of every test that carries ``@pytest.mark.feature``.
"""

import json
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--features-to", type=Path, required=False, help="write the collected feature marks there, as JSON"
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the marks down."""
    marks = {item.nodeid: [row for mark in item.iter_markers("feature") for row in mark.args] for item in session.items}
    target: Path | None = session.config.getoption("--features-to")
    if target is not None:
        target.write_text(json.dumps({node: rows for node, rows in marks.items() if rows}))
