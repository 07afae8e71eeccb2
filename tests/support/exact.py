"""A value that is easily changed on its way, and a look that sees it."""

import json
from typing import Any

EXACT = {
    "b": False,
    "a": None,
    "list": [],
    "object": {},
    "": 0,
    "large": 2**70,
    "low": -(2**63) - 1,
    "tiny": 1e-7,
    "whole": 1.0,
    "sum": 0.1 + 0.2,
    "minus": -0.0,
    "nul": "\u0000",
    "emoji": "👩‍🚀",
    "line": "\u2028",
    "nfc": "\u00e9",
    "nfd": "e\u0301",
    "deep": {"z": [{"y": [[1, 2.5, "x", None, True]]}], "A": {}},
    "12345678901234567890": "12345678901234567890",
}


def exactly(value: Any) -> str:
    """A text that differs where values, their types or the order of keys do."""
    return json.dumps(value)
