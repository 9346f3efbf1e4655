"""Options: keywords over structs, typed errors for what cannot work, and query strings that can be read back."""

from __future__ import annotations

import enum
import inspect
import re
from typing import Any, get_type_hints
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.listen_options import RAW_ENCODINGS, LiveOptions, LiveParams
from deepgram_anyio.protocol.options import Options, merge_options, parse_query

from . import steady

TERMS = st.text(max_size=5)
SEVERAL = st.lists(TERMS, min_size=2, max_size=3)
# For each type of a field: what a query string gives back as it was, and what else may be given.
SAME: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(min_size=1, max_size=8),
    str | None: TERMS,
    bool | None: st.booleans(),
    int | None: st.integers(1, 2**31),
    bool | int | None: st.just(False) | st.integers(0, 2**31),
    str | list[str] | None: TERMS | SEVERAL,
    bool | str | list[str] | None: TERMS | SEVERAL,
    str | list[str] | dict[str, str] | None: TERMS | SEVERAL,
}
LOOSE = {
    str | list[str] | None: st.lists(TERMS, max_size=1),
    bool | str | list[str] | None: st.booleans() | st.lists(TERMS, max_size=1),
    str | list[str] | dict[str, str] | None: st.dictionaries(TERMS, TERMS, max_size=3) | st.lists(TERMS, max_size=1),
}
HINTS = get_type_hints(LiveOptions)


def _options(*kinds: dict[Any, st.SearchStrategy[Any]]) -> st.SearchStrategy[LiveOptions]:
    values = {
        name: st.one_of(*(kind[hint] for kind in kinds if hint in kind)) | (st.nothing() if hint is str else st.none())
        for name, hint in HINTS.items()
    }
    return st.fixed_dictionaries({}, optional=values).map(lambda given: LiveOptions(**given)).filter(_is_consistent)


def _is_consistent(options: LiveOptions) -> bool:
    return options.encoding not in RAW_ENCODINGS or options.sample_rate is not None


def _fields(options: Options) -> dict[str, Any]:
    return {name: getattr(options, name) for name in options.__struct_fields__}


# Query strings and back


@steady(200)
@given(_options(SAME))
def test_what_is_written_can_be_read(options: LiveOptions) -> None:
    query = options.to_query()
    for form in (query, query.encode()):
        parsed, unknown = parse_query(LiveOptions, form)
        assert parsed == options
        assert {name: type(value) for name, value in _fields(parsed).items()} == {
            name: type(value) for name, value in _fields(options).items()
        }
        assert unknown == {}


@steady(200)
@given(_options(SAME, LOOSE))
def test_every_form_is_read_as_it_was_written(options: LiveOptions) -> None:
    query = options.to_query()
    parsed, unknown = parse_query(LiveOptions, query)
    assert parsed.to_query() == query
    assert unknown == {}
    assert parse_qsl(query, keep_blank_values=True) == options.pairs()


@given(st.dictionaries(st.text(min_size=1).map("x_".__add__), SEVERAL, max_size=3))
def test_what_is_not_known_is_given_back(extra: dict[str, list[str]]) -> None:
    options, unknown = parse_query(LiveOptions, LiveOptions(channels=2).to_query(extra))
    assert options == LiveOptions(channels=2)
    assert unknown == extra


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("model=", "model must not be empty"),
        ("channels=0", "channels"),
        ("channels=two", "channels"),
        ("sample_rate=8000&sample_rate=16000", "sample_rate"),
        ("interim_results=yes", "interim_results"),
        ("endpointing=true", "endpointing"),
        ("endpointing=-1", "endpointing"),
        ("encoding=linear16", "sample_rate"),
    ],
)
def test_queries_that_cannot_work(query: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_query(LiveOptions, query)


@steady()
@given(st.binary() | st.text())
def test_any_query_is_read_or_refused(query: bytes | str) -> None:
    try:
        options, _ = parse_query(LiveOptions, query)
    except ConfigError:
        return
    assert isinstance(options, LiveOptions)


def test_a_query_that_is_no_utf8() -> None:
    options, unknown = parse_query(LiveOptions, b"tag=\xff&search=%ff&\xff=1")
    assert (options.tag, options.search) == ("\ufffd", "\ufffd")
    assert unknown == {"\ufffd": ["1"]}


# Keywords and structs


@steady()
@given(_options(SAME), _options(SAME))
def test_keywords_win_over_the_struct(struct: LiveOptions, keywords: LiveOptions) -> None:
    given = {name: value for name, value in _fields(keywords).items() if value is not None}
    expected = {**_fields(struct), **given}
    if not _is_consistent(LiveOptions(**expected)):
        return
    assert merge_options(LiveOptions, struct, given) == LiveOptions(**expected)


def test_nothing_is_the_default() -> None:
    assert merge_options(LiveOptions, None, {}) == LiveOptions()


def test_none_takes_an_option_back() -> None:
    merged = merge_options(LiveOptions, LiveOptions(channels=2, diarize=True), {"channels": None})
    assert merged == LiveOptions(diarize=True)


def test_strings_do_for_numbers_and_flags() -> None:
    merged = merge_options(LiveOptions, None, {"channels": "2", "interim_results": "true", "endpointing": "false"})
    assert merged == LiveOptions(channels=2, interim_results=True, endpointing=False)
    assert merge_options(LiveOptions, None, {"endpointing": "0"}).endpointing == 0
    assert merge_options(LiveOptions, None, {"endpointing": "0"}).endpointing is not False
    assert merge_options(LiveOptions, None, {"endpointing": "1"}).endpointing is not True


@pytest.mark.parametrize("terms", [("a", "b"), ["a", "b"], iter(["a", "b"])], ids=["tuple", "list", "iterator"])
def test_any_sequence_is_a_list(terms: Any) -> None:
    if not isinstance(terms, (tuple, list)):
        with pytest.raises(ConfigError, match="keyterm"):
            merge_options(LiveOptions, None, {"keyterm": terms})
        return
    assert merge_options(LiveOptions, None, {"keyterm": terms}) == LiveOptions(keyterm=["a", "b"])


@pytest.mark.parametrize(
    ("name", "hint"),
    [("modle", "; did you mean 'model'?"), ("endpoint", "; did you mean 'endpointing'?"), ("qqqqq", "")],
)
def test_unknown_names(name: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        merge_options(LiveOptions, None, {name: 1})
    assert str(caught.value) == f"unknown option {name!r}{hint} (extra_query= passes any parameter through)"


@pytest.mark.parametrize(
    "params",
    [
        {"model": None},
        {"model": 3},
        {"model": ""},
        {"sample_rate": 0},
        {"sample_rate": 1.5},
        {"sample_rate": True},
        {"channels": [1]},
        {"diarize": "sometimes"},
        {"endpointing": True},
        {"endpointing": "soon"},
        {"keyterm": ["a", 1]},
        {"keyterm": 1},
        {"extra": {"a": None}},
        {"callback": b"http://example.com"},
        {"encoding": "mulaw"},
    ],
    ids=str,
)
def test_values_that_cannot_work(params: dict[str, Any]) -> None:
    (name,) = params
    with pytest.raises(ConfigError, match="sample_rate" if name == "encoding" else name):
        merge_options(LiveOptions, None, params)
    with pytest.raises(ConfigError):
        merge_options(LiveOptions, LiveOptions(**params), {})


def test_another_struct_is_refused() -> None:
    class Other(Options, frozen=True, kw_only=True):
        model: str = "m"

    with pytest.raises(ConfigError, match="options must be LiveOptions, not Other"):
        merge_options(LiveOptions, Other(), {})  # the type checker lets it pass: both are Options
    assert merge_options(Other, Other(), {"model": "n"}) == Other(model="n")


# What can be spelled


class Model(str, enum.Enum):
    NOVA = "nova-3"


class Rate(enum.IntEnum):
    TELEPHONE = 8000


@pytest.mark.parametrize(
    ("value", "query"),
    [
        (None, ""),
        (True, "x=true"),
        (False, "x=false"),
        (0, "x=0"),
        (1.5, "x=1.5"),
        ("", "x="),
        ([], ""),
        ([None, "a", [1, True]], "x=a&x=1&x=true"),
        (("a", "b"), "x=a&x=b"),
        ({"k": "v", "n": 1, "t": True}, "x=k%3Av&x=n%3A1&x=t%3Atrue"),
        ({"k": None}, ""),
        ({"k": ["a", "b"]}, "x=k%3Aa&x=k%3Ab"),
        (Model.NOVA, "x=nova-3"),
        (Rate.TELEPHONE, "x=8000"),
    ],
    ids=str,
)
def test_values_are_spelled(value: Any, query: str) -> None:
    assert Options().to_query({"x": value}) == query


@pytest.mark.parametrize(
    "value",
    [b"x", bytearray(b"x"), memoryview(b"x"), object(), {"k": object()}],
    ids=lambda value: type(value).__name__,
)
def test_values_that_have_no_spelling(value: Any) -> None:
    with pytest.raises(ConfigError, match="x: cannot send a value of type"):
        Options().to_query({"x": value})


@pytest.mark.parametrize("name", ["search", "\ud800"])
def test_values_that_are_no_unicode(name: str) -> None:
    with pytest.raises(ConfigError, match="not Unicode"):
        LiveOptions(search="\ud800").to_query({name: "\ud800"})


def test_enumerations_in_options() -> None:
    merged = merge_options(LiveOptions, None, {"model": Model.NOVA, "encoding": "mulaw", "sample_rate": Rate.TELEPHONE})
    assert merged.to_query() == "model=nova-3&encoding=mulaw&sample_rate=8000"


# LiveOptions


def test_params_are_the_options() -> None:
    assert list(get_type_hints(LiveParams).items()) == list(HINTS.items())
    assert LiveParams.__required_keys__ == frozenset()


def test_every_option_is_explained() -> None:
    explained = re.findall(r"^    (\w+):", inspect.getdoc(LiveOptions) or "", re.MULTILINE)
    assert explained == list(HINTS)


def test_audio_format() -> None:
    assert LiveOptions().audio_format == AudioFormat()
    options = LiveOptions(encoding="linear16", sample_rate=16000, channels=2)
    assert options.audio_format == AudioFormat(encoding="linear16", sample_rate=16000, channels=2)


def test_options_do_not_change() -> None:
    with pytest.raises(AttributeError):
        LiveOptions().model = "nova-2"  # type: ignore[misc]
