"""Deepgram's published specification of `/v1/listen`, read by machine, against what is here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from inspect import getdoc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.inspect import ListType, StructType, UnionType, type_info

from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.listen_machine import LISTEN
from deepgram_anyio.protocol.listen_options import LiveOptions
from deepgram_anyio.protocol.messages import Message
from deepgram_anyio.protocol.options import merge_options, parse_query

from ..shared import shared
from . import steady

CODEC = Codec(LISTEN.server_messages)
SERVER_TAGS = ["Results", "Metadata", "UtteranceEnd", "SpeechStarted"]
CLIENT_TAGS = ["Finalize", "CloseStream", "KeepAlive"]
UNDOCUMENTED: st.SearchStrategy[Any] = st.none() | st.integers() | st.text() | st.just([{}])
NEW = st.dictionaries(st.text(max_size=6).map("x-".__add__), UNDOCUMENTED, max_size=2)


@cache
def _spec() -> Any:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(shared("reference/asyncapi.yml").read_text("utf-8"))


def _resolved(node: Any) -> Any:
    while "$ref" in node:
        target = _spec()
        for step in node["$ref"].removeprefix("#/").split("/", 2):
            target = target[step]
        node = target
    return node


def _payloads(direction: str) -> list[Any]:
    messages = _spec()["channels"]["/v1/listen"][direction]["message"]["oneOf"]
    return [_resolved(_resolved(message)["payload"]) for message in messages]


def _server_schema(tag: str) -> Any:
    """The schema of the server's message of a type."""
    (schema,) = (found for found in _payloads("publish") if _resolved(found["properties"]["type"])["enum"] == [tag])
    return schema


def _parameters() -> dict[str, Any]:
    found: dict[str, Any] = _spec()["channels"]["/v1/listen"]["bindings"]["ws"]["query"]["properties"]
    return found


def _instances(node: Any, kept: st.SearchStrategy[bool], extra: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values that a schema allows; `kept` says which optional properties are there, `extra` what nobody documented."""
    schema = _resolved(node)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "array":
        return st.lists(_instances(schema["items"], kept, extra), max_size=2)
    if schema["type"] == "object":
        return _objects(schema, kept, extra)
    return {
        "string": st.uuids().map(str) if schema.get("format") == "uuid" else st.text(),
        "integer": st.integers(-(2**53), 2**53),
        "number": st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
    }[schema["type"]]


@st.composite
def _objects(draw: st.DrawFn, schema: Any, kept: st.SearchStrategy[bool], extra: st.SearchStrategy[Any]) -> Any:
    value = {
        name: draw(_instances(node, kept, extra))
        for name, node in schema["properties"].items()
        if name in schema["required"] or draw(kept)
    }
    return {**value, **draw(extra)}


def _check_values(schema: Any, sent: Any, decoded: Any) -> None:
    """Everything that the specification names arrived as it was sent."""
    schema = _resolved(schema)
    if schema["type"] == "object":
        for name, node in schema["properties"].items():
            if name == "type":
                assert tag_of(type(decoded)) == sent["type"]
            elif name in sent:
                _check_values(node, sent[name], getattr(decoded, name))
            else:
                assert getattr(decoded, name) in (None, False)
    elif schema["type"] == "array":
        for sent_item, item in zip(sent, decoded, strict=True):
            _check_values(schema["items"], sent_item, item)
    else:
        assert decoded == sent
        assert isinstance(decoded, {"string": str, "integer": int, "number": float, "boolean": bool}[schema["type"]])


def _check_shape(schema: Any, info: Any, place: str) -> None:
    """Each property is a field, and may be absent exactly when the specification says so."""
    schema = _resolved(schema)
    if isinstance(info, UnionType):
        (info,) = (part for part in info.types if not isinstance(part, msgspec.inspect.NoneType))
    if schema["type"] == "array":
        assert isinstance(info, ListType), place
        _check_shape(schema["items"], info.item_type, f"{place}[]")
    elif schema["type"] == "object":
        assert isinstance(info, StructType), place
        fields = {field.name: field for field in info.fields}
        for name, node in schema["properties"].items():
            if name != "type":
                assert name in fields, f"{place}.{name}"
                assert fields[name].required == (name in schema["required"]), f"{place}.{name}"
                _check_shape(node, fields[name].type, f"{place}.{name}")


def _examples(node: Any) -> Iterator[Any]:
    for key, value in node.items():
        if key == "example":
            yield value
        elif key == "examples":
            yield from value


def test_the_server_messages_are_these() -> None:
    tags = [_resolved(schema["properties"]["type"])["enum"] for schema in _payloads("publish")]
    assert sorted(tags) == sorted([tag] for tag in SERVER_TAGS)
    assert set(SERVER_TAGS) <= {tag_of(message) for message in LISTEN.server_messages}


@pytest.mark.parametrize("tag", SERVER_TAGS)
def test_properties_are_fields(tag: str) -> None:
    (message,) = (message for message in LISTEN.server_messages if tag_of(message) == tag)
    _check_shape(_server_schema(tag), type_info(message), tag)


@pytest.mark.parametrize("tag", SERVER_TAGS)
@pytest.mark.parametrize("kept", ["required", "all", "some"])
def test_messages_decode(tag: str, kept: str) -> None:
    schema = _server_schema(tag)
    choice = {"required": st.just(False), "all": st.just(True), "some": st.booleans()}[kept]
    extra = NEW if kept == "some" else st.just({})

    @steady(30)
    @given(_instances(schema, choice, extra))
    def check(sent: Any) -> None:
        event = CODEC.decode(json.dumps(sent))
        assert isinstance(event, Message), event
        _check_values(schema, sent, event)

    check()


@pytest.mark.parametrize("tag", SERVER_TAGS)
def test_missing_what_is_required(tag: str) -> None:
    schema = _server_schema(tag)
    whole = {"type": tag, **_minimal(schema)}
    assert isinstance(CODEC.decode(json.dumps(whole)), Message)
    for example in _examples(schema):
        assert isinstance(CODEC.decode(json.dumps(example)), Message)
    for name in set(schema["required"]) - {"type"}:
        event = CODEC.decode(json.dumps({key: value for key, value in whole.items() if key != name}))
        assert not isinstance(event, Message)
        assert (event.type, event.reason) == (tag, f"Object missing required field `{name}`")


def _minimal(node: Any) -> Any:
    schema = _resolved(node)
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "object":
        return {name: _minimal(schema["properties"][name]) for name in schema["required"]}
    return {"array": [], "string": "", "integer": 0, "number": 0, "boolean": False}[schema["type"]]


def test_client_messages_are_as_the_schemas_ask() -> None:
    media, *controls = _payloads("subscribe")
    assert (media["type"], media["format"]) == ("string", "binary")
    assert LISTEN.client_audio
    assert not LISTEN.server_audio
    assert len(controls) == len(CLIENT_TAGS)
    for schema in controls:
        assert schema["required"] == ["type"]
        assert sorted(_resolved(schema["properties"]["type"])["enum"]) == sorted(CLIENT_TAGS)
    by_tag = {tag_of(message): message for message in LISTEN.client_messages}
    for tag in CLIENT_TAGS:
        assert json.loads(Codec.encode(by_tag[tag]())) == {"type": tag}


# Query parameters


def test_parameters_are_options() -> None:
    assert set(_parameters()) - set(LiveOptions.__struct_fields__) == set()


def test_documented_values_are_spelled_as_documented() -> None:
    for name, node in _parameters().items():
        values = _resolved(node).get("enum", [])
        for value in values:
            options, unknown = parse_query(LiveOptions, f"{name}={value}&sample_rate=8000")
            assert unknown == {}
            assert f"{name}={value}" in options.to_query().split("&")
        for flag in (True, False) if values == ["true", "false"] else ():
            query = merge_options(LiveOptions, None, {name: flag}).to_query()
            assert f"{name}={values[0 if flag else 1]}" in query.split("&")


def test_documented_defaults_are_not_contradicted() -> None:
    entries = re.split(r"^    (\w+): ", getdoc(LiveOptions) or "", flags=re.MULTILINE)
    texts = {name: " ".join(text.split()) for name, text in zip(entries[1::2], entries[2::2], strict=True)}
    silent = []
    for name, node in _parameters().items():
        default = node.get("default", _resolved(node).get("default"))
        stated = re.search(r"; `{0,2}([\w-]+)`{0,2}\.(?= |$)", texts[name])
        if default is not None and stated is not None:
            assert stated[1] == default, name
        elif default is not None:
            silent.append(name)
    assert silent == ["redact"]
