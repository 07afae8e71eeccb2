"""What hypothesis draws for streams."""

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

LONG = bool(os.environ.get("MILLRACE_LONG"))


def examples(number: int) -> settings:
    """So many examples, always the same ones; ``MILLRACE_LONG=1``: twenty times as many, other ones each time."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]  # it is the machine that is slow
    number = 20 * number if LONG else number
    return settings(max_examples=number, deadline=None, derandomize=not LONG, suppress_health_check=slow)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
json_objects: st.SearchStrategy[dict[str, Any]] = st.dictionaries(texts, json_values, max_size=5)

# few keys, so that paths meet what is there
keys = st.sampled_from(["a", "b", "c", "a.b", "0", "1", "", "é", "long key"])
small = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1e308, -0.0, 2**70, "", "x", "🎉"])
trees: st.SearchStrategy[Any] = st.recursive(
    small, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)
items: st.SearchStrategy[dict[str, Any]] = st.dictionaries(keys, trees, max_size=4)
segments = keys | st.sampled_from(["2", "-1", "00", "\u0661"])
paths: st.SearchStrategy[Any] = (
    st.just("")
    | st.none()
    | st.lists(segments, max_size=3)
    | st.lists(segments, min_size=1, max_size=3).map(".".join)
    | st.lists(segments, max_size=3).map(tuple)
)


def _operation(kind: str, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **more}, optional={"path": paths})


numbers = st.integers(-5, 5) | st.sampled_from([0.1, 0.25, -1e308, 1e308, 2**70])
operations = st.lists(
    _operation("set", value=trees)
    | _operation("append", value=trees)
    | _operation("remove")
    | _operation("increment", by=numbers)
    | _operation("decrement", by=numbers)
    | st.just({"type": "increment", "path": "a"})
    | _operation("merge", value=items, deep=st.booleans())
    | _operation("merge", value=items),
    max_size=5,
)
