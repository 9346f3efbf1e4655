"""Functions for agents: their schemas, their arguments, their results."""

from __future__ import annotations

import functools
import json
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.protocol.functions import (
    BadArgumentsError,
    ClientFunction,
    encode_error,
    encode_result,
    function_schema,
)

from . import steady


class Place(msgspec.Struct):
    city: str
    zip: int | None = None


def book(  # type: ignore[no-untyped-def]
    place: Place,
    nights: Annotated[int, Meta(ge=1, description="How long")],
    kind: Literal["single", "double"] = "double",
    extras: list[str] | None = None,
    *,
    late: bool = False,
    note=None,
) -> Any:
    """Book a room
    in a hotel.

    Nobody is told of this.
    """
    return place, nights, kind, extras, late, note


def test_a_schema_is_derived() -> None:
    assert function_schema(book) == {
        "name": "book",
        "description": "Book a room in a hotel.",
        "parameters": {
            "type": "object",
            "properties": {
                "place": {"$ref": "#/$defs/Place"},
                "nights": {"type": "integer", "minimum": 1, "description": "How long"},
                "kind": {"enum": ["double", "single"], "default": "double"},
                "extras": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
                "late": {"type": "boolean", "default": False},
                "note": {},
            },
            "required": ["place", "nights"],
            "$defs": {
                "Place": {
                    "title": "Place",
                    "type": "object",
                    "properties": {
                        "city": {"type": "string"},
                        "zip": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
                    },
                    "required": ["city"],
                }
            },
        },
    }


def test_a_schema_of_little() -> None:
    assert function_schema(lambda: None, name="now") == {
        "name": "now",
        "parameters": {"type": "object", "properties": {}, "required": []},
    }


def test_a_default_that_json_cannot_say_is_left_out() -> None:
    def search(text: str = "x", where: Any = search_marker) -> None: ...

    assert "default" not in function_schema(search)["parameters"]["properties"]["where"]


search_marker = object()


def test_arguments_become_what_the_annotations_say() -> None:
    args, kwargs = ClientFunction(book).bind('{"place":{"city":"Rome"},"nights":"3","late":"true","note":[1]}')
    assert (args, kwargs) == ([], {"place": Place("Rome"), "nights": 3, "late": True, "note": [1]})


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("{", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ("\udcff", "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ("{}", "missing argument 'place'"),
        ('{"place":{"city":"Rome"},"nights":0}', "argument 'nights': Expected `int` >= 1"),
        ('{"place":{},"nights":1}', "argument 'place': Object missing required field `city`"),
        ('{"place":{"city":"Rome"},"nights":1,"pets":2}', "unknown argument 'pets'"),
    ],
)
def test_arguments_that_do_not_fit(arguments: str, problem: str) -> None:
    with pytest.raises(BadArgumentsError, match=problem):
        ClientFunction(book).bind(arguments)


@pytest.mark.parametrize("nothing", ["", " ", "null", "{}"])
def test_no_arguments(nothing: str) -> None:
    def ping(*args: int, loud: bool = False, **kwargs: int) -> None: ...

    assert ClientFunction(ping).bind(nothing) == ([], {})


def test_positional_and_any_arguments() -> None:
    def add(a: int, b: int = 2, /, *rest: int, **more: float) -> None: ...

    assert ClientFunction(add).bind('{"b":"4","a":1,"c":"0.5","d":2}') == ([1, 4], {"c": 0.5, "d": 2.0})
    assert function_schema(add)["parameters"]["required"] == ["a"]
    with pytest.raises(BadArgumentsError, match="argument 'c'"):
        ClientFunction(add).bind('{"a":1,"c":"x"}')


def test_every_kind_of_function() -> None:
    class Caller:
        def __init__(self, start: int = 0) -> None:
            self.start = start

        def __call__(self, step: int) -> int:
            """Take a step."""
            return self.start + step

        def method(self, step: int) -> int:
            return step

    async def later(step: int) -> int:
        return step

    @functools.wraps(later)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return later(*args, **kwargs)

    made: list[tuple[Any, str]] = [
        (Caller(), "Caller"),
        (Caller().method, "method"),
        (later, "later"),
        (wrapped, "later"),
        (functools.partial(book, Place("Rome")), "partial"),
    ]
    for function, name in made:
        known = ClientFunction(function)
        assert known.name == name
        if name != "partial":
            assert known.bind('{"step":"7"}') == ([], {"step": 7})
    assert ClientFunction(Caller, name="start").bind('{"start":"7"}') == ([], {"start": 7})
    assert ClientFunction(functools.partial(book, nights=2)).bind('{"place":{"city":"Rome"}}')[1] == {
        "place": Place("Rome")
    }


def test_functions_that_cannot_be_called() -> None:
    def lost(where: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(ConfigError, match="lost: cannot read its parameters: name 'Nowhere'"):
        ClientFunction(lost)
    for wrong in (7, None):
        with pytest.raises(ConfigError, match="is not a function"):
            ClientFunction(wrong, name="wrong")  # type: ignore[arg-type]

    def odd(text: complex) -> None: ...

    with pytest.raises(ConfigError, match="odd: a parameter has no JSON schema"):
        function_schema(odd)


@steady(50)
@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=5))
def test_results_are_json_and_strings_stay_as_they_are(result: Any) -> None:
    text = encode_result(result)
    assert text == result if isinstance(result, str) else json.loads(text) == result


def test_results_and_errors() -> None:
    assert encode_result(Place("Rome")) == '{"city":"Rome","zip":null}'
    with pytest.raises(TypeError):
        encode_result(object())
    assert encode_error(ValueError('no "x"')) == '{"error":"ValueError: no \\"x\\""}'
