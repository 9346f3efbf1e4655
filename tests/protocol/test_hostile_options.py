"""Options of every request, given anything at all: a query string that can be read back, or a ConfigError."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deepgram_anyio.protocol
from deepgram_anyio.errors import ConfigError
from deepgram_anyio.protocol.listen_options import LiveOptions
from deepgram_anyio.protocol.options import Options, merge_options, parse_query

from . import steady


def _all_options(cls: type[Options] = Options) -> Iterator[type[Options]]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _all_options(subclass)


for _module in pkgutil.walk_packages(deepgram_anyio.protocol.__path__, "deepgram_anyio.protocol."):
    importlib.import_module(_module.name)
PRODUCT = [cls for cls in _all_options() if cls.__module__.startswith("deepgram_anyio.")]
KINDS = {cls.__name__: cls for cls in PRODUCT}

NESTED: list[Any] = []
for _ in range(100_000):
    NESTED = [NESTED]
ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)

# Drawn by name: some of them have no representation.
AWKWARD: dict[str, Any] = {
    "huge number": 10**5000,
    "huge float as text": "1e999",
    "huge number as text": "9" * 5000,
    "huge text": "x" * 100_000,
    "half a character": "\ud800",
    "line break": "a\r\nX-Injected: 1",
    "NUL": "\0",
    "not a number": float("nan"),
    "infinite": float("inf"),
    "nested": NESTED,
    "endless": ENDLESS,
    "object": object(),
    "complex": 1j,
    "decimal": Decimal("1.5"),
    "date": date(2026, 1, 2),
    "duration": timedelta(1),
    "set": {"a"},
    "range": range(3),
    "bytearray": bytearray(b"x"),
    "memoryview": memoryview(b"x"),
    "mapping with a huge key": {10**5000: "x"},
    "mapping with an odd key": {None: "x"},
    "function": len,
}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.binary(max_size=5)
LEAVES = SCALARS | st.sampled_from(sorted(AWKWARD)).map(lambda name: AWKWARD[name])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
EXTRA = st.dictionaries(st.text(max_size=5), VALUES, max_size=2) | VALUES


def test_the_options_are_found() -> None:
    assert {"LiveOptions", "FluxOptions", "SpeakOptions", "PrerecordedOptions", "ReadOptions", "KeyListOptions"} < {
        *KINDS
    }


@steady(300)
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_any_value_of_any_option(name: str, data: st.DataObject) -> None:
    cls = KINDS[name]
    fields = st.sampled_from(cls.__struct_fields__) if cls.__struct_fields__ else st.just("unknown")
    params = data.draw(st.dictionaries(fields, VALUES, max_size=3))
    try:
        options = merge_options(cls, None, params)
        query = options.to_query()
    except ConfigError:
        return
    assert query.isascii()
    assert not set(query) & set(" \r\n\0#")
    assert parse_qsl(query, keep_blank_values=True) == options.pairs()
    parsed, unknown = parse_query(cls, query)
    assert parsed.to_query() == query
    assert unknown == {}


@steady(400)
@given(EXTRA)
def test_any_extra_query(extra: Any) -> None:
    try:
        query = LiveOptions().to_query(extra)
    except ConfigError:
        return
    assert query.isascii()
    assert not set(query) & set(" \r\n\0#")
    for name, _ in parse_qsl(query, keep_blank_values=True):
        assert name == "model" or name in extra


@pytest.mark.parametrize("name", ["huge number", "not a number", "infinite", "nested", "endless", "half a character"])
def test_what_no_query_can_hold(name: str) -> None:
    for extra in ({"x": AWKWARD[name]}, {"x": [1, AWKWARD[name]]}, {"x": {"k": AWKWARD[name]}}):
        with pytest.raises(ConfigError):
            LiveOptions().to_query(extra)


@pytest.mark.parametrize("extra", ["a=b", b"a", [("a", "b")], 3, {1: "a"}, {None: "a"}, {b"a": "b"}], ids=repr)
def test_what_is_no_mapping_of_names(extra: Any) -> None:
    with pytest.raises(ConfigError, match="extra_query must be a mapping"):
        LiveOptions().to_query(extra)


@pytest.mark.parametrize("name", ["mapping with a huge key", "mapping with an odd key"])
def test_keys_that_cannot_be_spelled(name: str) -> None:
    with pytest.raises(ConfigError, match="x: cannot send"):
        LiveOptions().to_query({"x": AWKWARD[name]})


def test_a_time_that_is_no_unicode() -> None:
    with pytest.raises(ConfigError, match="wrong option"):
        merge_options(KINDS["PeriodOptions"], None, {"start": "\ud800"})
