"""Deepgram's published specification, read by machine, and checks of a socket kind against its part of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import getdoc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.inspect import ListType, StructType, UnionType, type_info

from deepgram_anyio.protocol.codec import Codec, tag_of
from deepgram_anyio.protocol.machine import SocketKind
from deepgram_anyio.protocol.messages import Message
from deepgram_anyio.protocol.options import Options, merge_options, parse_query

from ..shared import shared
from . import steady

__all__ = ["KEPT", "SocketSpec", "resolved"]

KEPT: dict[str, st.SearchStrategy[bool]] = {"required": st.just(False), "all": st.just(True), "some": st.booleans()}
"""Which optional properties a message has."""

_UNDOCUMENTED: st.SearchStrategy[Any] = st.none() | st.integers() | st.text() | st.just([{}])
_NEW = st.dictionaries(st.text(max_size=6).map("x-".__add__), _UNDOCUMENTED, max_size=2)
_PYTHON: dict[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}


@cache
def _document() -> Any:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(shared("reference/asyncapi.yml").read_text("utf-8"))


def resolved(node: Any) -> Any:
    """Follow a node's references."""
    while "$ref" in node:
        target = _document()
        for step in node["$ref"].removeprefix("#/").split("/", 2):
            target = target[step]
        node = target
    return node


class SocketSpec:
    """One channel of the specification, and what is here for it."""

    def __init__(
        self,
        channel: str,
        kind: SocketKind[Any],
        options: type[Options],
        *,
        untyped: Mapping[str, st.SearchStrategy[Any]] | None = None,
    ) -> None:
        """
        Args:
            channel: its name in the specification.
            kind: of the socket.
            options: of its query.
            untyped: what properties take, by name, that the specification calls "any type".
        """
        self.kind = kind
        self.options = options
        self.codec = Codec(kind.server_messages)
        self._channel = channel
        self._untyped = untyped or {}

    def payloads(self, direction: str) -> list[Any]:
        """The schemas of the messages that a server sends (``publish``), or a client (``subscribe``)."""
        messages = _document()["channels"][self._channel][direction]["message"]["oneOf"]
        return [resolved(resolved(message)["payload"]) for message in messages]

    def schema(self, tag: str) -> Any:
        """The schema of the server's message of a type."""
        (schema,) = (found for found in self._json("publish") if self._tag(found) == [tag])
        return schema

    def parameters(self) -> dict[str, Any]:
        found: dict[str, Any] = _document()["channels"][self._channel]["bindings"]["ws"]["query"]["properties"]
        return found

    def _json(self, direction: str) -> list[Any]:
        return [schema for schema in self.payloads(direction) if schema.get("format") != "binary"]

    @staticmethod
    def _tag(schema: Any) -> Any:
        one = resolved(schema["oneOf"][0]) if "oneOf" in schema else schema
        return resolved(one["properties"]["type"])["enum"]

    # What a specification allows.

    def instances(
        self, node: Any, kept: st.SearchStrategy[bool], extra: st.SearchStrategy[Any], name: str = ""
    ) -> st.SearchStrategy[Any]:
        """Values that a schema allows: `kept` says which optional properties are there, `extra` adds unknown ones."""
        schema = resolved(node)
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if "oneOf" in schema:
            return st.one_of(*(self.instances(choice, kept, extra) for choice in schema["oneOf"]))
        if "type" not in schema:
            return self._untyped[name]
        if schema["type"] == "array":
            return st.lists(self.instances(schema["items"], kept, extra), max_size=2)
        if schema["type"] == "object":
            return self._objects(schema, kept, extra)
        return {
            "string": st.uuids().map(str) if schema.get("format") == "uuid" else st.text(),
            "integer": st.integers(-(2**53), 2**53),
            "number": st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
            "boolean": st.booleans(),
        }[schema["type"]]

    def _objects(
        self, schema: Any, kept: st.SearchStrategy[bool], extra: st.SearchStrategy[Any]
    ) -> st.SearchStrategy[Any]:
        @st.composite
        def build(draw: st.DrawFn) -> Any:
            value = {
                name: draw(self.instances(node, kept, extra, name))
                for name, node in schema.get("properties", {}).items()
                if name in schema.get("required", ()) or draw(kept)
            }
            return {**value, **draw(extra)}

        return build()

    def _minimal(self, node: Any) -> Any:
        schema = resolved(node)
        if "enum" in schema:
            return schema["enum"][0]
        if "oneOf" in schema:
            return self._minimal(schema["oneOf"][0])
        if schema["type"] == "object":
            return {name: self._minimal(schema["properties"][name]) for name in schema.get("required", ())}
        return {"array": [], "string": "", "integer": 0, "number": 0, "boolean": False}[schema["type"]]

    # Checks of the server's messages.

    def check_server_tags(self, tags: list[str]) -> None:
        """These are the server's messages, and all of them are here."""
        assert sorted(self._tag(schema) for schema in self._json("publish")) == sorted([tag] for tag in tags)
        assert set(tags) <= {tag_of(message) for message in self.kind.server_messages}

    def check_fields(self, tag: str) -> None:
        """Each property is a field, and may be absent exactly when the specification says so."""
        (message,) = (message for message in self.kind.server_messages if tag_of(message) == tag)
        self._check_shape(self.schema(tag), type_info(message), tag)

    def check_decoding(self, tag: str, kept: str) -> None:
        """Everything that the specification allows is decoded, and arrives as it was sent."""
        schema = self.schema(tag)

        @steady(30)
        @given(self.instances(schema, KEPT[kept], _NEW if kept == "some" else st.just({})))
        def check(sent: Any) -> None:
            event = self.codec.decode(json.dumps(sent))
            assert isinstance(event, Message), event
            self._check_values(schema, sent, event)

        check()

    def check_required(self, tag: str) -> None:
        """The examples decode; a message that lacks what it must have does not."""
        schema = self.schema(tag)
        whole = {**self._minimal(schema), "type": tag}
        assert isinstance(self.codec.decode(json.dumps(whole)), Message)
        for example in _examples(schema):
            assert isinstance(self.codec.decode(json.dumps(example)), Message)
        for name in set(schema["required"]) - {"type"}:
            event = self.codec.decode(json.dumps({key: value for key, value in whole.items() if key != name}))
            assert not isinstance(event, Message)
            assert (event.type, event.reason) == (tag, f"Object missing required field `{name}`")

    def _check_shape(self, node: Any, info: Any, place: str) -> None:
        schema = resolved(node)
        if "type" not in schema:
            return  # any type, or one of several: values show whether they fit
        if isinstance(info, UnionType):
            (info,) = (part for part in info.types if not isinstance(part, msgspec.inspect.NoneType))
        if schema["type"] == "array":
            assert isinstance(info, ListType), place
            self._check_shape(schema["items"], info.item_type, f"{place}[]")
        elif schema["type"] == "object":
            assert isinstance(info, StructType), place
            fields = {field.name: field for field in info.fields}
            for name, child in schema["properties"].items():
                if name != "type":
                    assert name in fields, f"{place}.{name}"
                    assert fields[name].required == (name in schema.get("required", ())), f"{place}.{name}"
                    self._check_shape(child, fields[name].type, f"{place}.{name}")

    def _check_values(self, node: Any, sent: Any, decoded: Any) -> None:
        schema = resolved(node)
        if "type" not in schema:
            assert decoded == sent
        elif schema["type"] == "object":
            for name, child in schema["properties"].items():
                if name == "type":
                    assert tag_of(type(decoded)) == sent["type"]
                elif name in sent:
                    self._check_values(child, sent[name], getattr(decoded, name))
                else:
                    assert getattr(decoded, name) in (None, False)
        elif schema["type"] == "array":
            for sent_item, item in zip(sent, decoded, strict=True):
                self._check_values(schema["items"], sent_item, item)
        else:
            assert decoded == sent
            assert isinstance(decoded, _PYTHON[schema["type"]])

    # Checks of the query.

    def check_parameters(self) -> None:
        """Every parameter is an option."""
        assert set(self.parameters()) - set(self.options.__struct_fields__) == set()

    def check_spelling(self, together: str = "") -> None:
        """Documented values go out as documented.

        Args:
            together: parameters without which others make no sense.
        """
        for name, node in self.parameters().items():
            values = resolved(node).get("enum", [])
            for value in values:
                options, unknown = parse_query(self.options, f"{name}={value}{together}")
                assert unknown == {}
                assert f"{name}={value}" in options.to_query().split("&")
            for flag in (True, False) if values == ["true", "false"] else ():
                query = merge_options(self.options, None, {name: flag}).to_query()
                assert f"{name}={values[0 if flag else 1]}" in query.split("&")

    def undocumented_defaults(self) -> list[str]:
        """The parameters whose default the options' docstring does not give; one that it gives must be right."""
        entries = re.split(r"^    (\w+): ", getdoc(self.options) or "", flags=re.MULTILINE)
        texts = {name: " ".join(text.split()) for name, text in zip(entries[1::2], entries[2::2], strict=True)}
        silent = []
        for name, node in self.parameters().items():
            default = node.get("default", resolved(node).get("default"))
            stated = re.search(r"; `{0,2}([\w.-]+?)`{0,2}\.(?= |$)", texts[name])
            if default is not None and stated is not None:
                assert stated[1] == str(default), name
            elif default is not None:
                silent.append(name)
        return silent


def _examples(node: Any) -> Iterator[Any]:
    for key, value in node.items():
        if key == "example":
            yield value
        elif key == "examples":
            yield from value
