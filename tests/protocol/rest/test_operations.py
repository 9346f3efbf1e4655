"""The table of all calls, and what it says against the vendor's specification."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.protocol.rest.base import NoOptions, Operation, Response
from deepgram_anyio.protocol.rest.operations import OPERATIONS, operation

from .openapi import answers, body_properties, query_names, routes

UNSPECIFIED = {"auth.v1.token_details"}
# The specification nests or leaves out what the server really says: recorded answers test these.
BY_RECORDINGS = {"listen.v1.transcribe_file", "speak.v1.generate", "speak.v2.generate", "read.v1.analyze"}
# The specification's body is empty here; the documentation has it.
EMPTY_BODY = {"manage.v1.keys.create"}

SPECIFIED = [op for op in OPERATIONS if op.call not in UNSPECIFIED]
PLAIN = [op for op in SPECIFIED if op.call not in BY_RECORDINGS]


def _call(op: Operation[Any]) -> str:
    return op.call


def test_every_call_and_every_route_is_there_once() -> None:
    assert len({op.call for op in OPERATIONS}) == len(OPERATIONS)
    assert len({(op.method, op.path) for op in OPERATIONS}) == len(OPERATIONS)


def test_calls_are_found_by_name() -> None:
    for op in OPERATIONS:
        assert operation(op.call) is op
    with pytest.raises(KeyError):
        operation("manage.v1.projects.create")


@pytest.mark.parametrize("op", OPERATIONS, ids=_call)
def test_every_call_is_complete(op: Operation[Any]) -> None:
    assert issubclass(op.returns, Response)
    assert re.fullmatch(r"(/[a-z0-9-]+|/{[a-z_]+})+", op.path)
    assert op.method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert (op.body is None) == (op.method in {"GET", "DELETE"} or op.call == "listen.v1.transcribe_file")
    assert op.agent_host == (op.call == "agent.v1.think_models")
    assert op.fields == [part[1:-1] for part in op.path.split("/") if part.startswith("{")]


def test_the_routes_are_the_specifications() -> None:
    assert {(op.method, op.path) for op in SPECIFIED} == routes()


@pytest.mark.parametrize("op", SPECIFIED, ids=_call)
def test_the_query_is_the_specifications(op: Operation[Any]) -> None:
    documented, known = query_names(op.method, op.path), set(op.query.__struct_fields__)
    assert documented - known == set()
    if op.call not in BY_RECORDINGS:
        assert known - documented == set()


@pytest.mark.parametrize("op", PLAIN, ids=_call)
def test_the_body_is_the_specifications(op: Operation[Any]) -> None:
    documented, required = body_properties(op.method, op.path)
    if op.body is None or op.call in EMPTY_BODY:
        assert documented == set()
        return
    fields = msgspec.structs.fields(op.body)
    assert {field.encode_name for field in fields} == documented
    assert {field.encode_name for field in fields if field.required} == required


@pytest.mark.parametrize("op", PLAIN, ids=_call)
def test_documented_answers_lose_nothing(op: Operation[Any]) -> None:
    found = answers(op.method, op.path)
    assert found
    for answer in found:
        assert msgspec.json.decode(msgspec.json.encode(answer), type=op.returns).to_dict() == answer


# Paths


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("123e4567-e89b", "123e4567-e89b"),
        ("a/b", "a%2Fb"),
        ("ann+tag@example.org", "ann%2Btag@example.org"),
        ("a b", "a%20b"),
        ("50%", "50%25"),
        ("%2e%2e", "%252e%252e"),
        ("a?b#c", "a%3Fb%23c"),
        ("urn:x", "urn:x"),
        ("..a", "..a"),
        ("é", "%C3%A9"),
        ("a\r\nX: y\x00z", "a%0D%0AX:%20y%00z"),
    ],
)
def test_identifiers_are_encoded(value: str, segment: str) -> None:
    keys = operation("manage.v1.keys.list")
    assert keys.fill({"project_id": value}) == f"/v1/projects/{segment}/keys"


@pytest.mark.parametrize("value", ["", ".", "..", "...", " ", " a", "a\n", None, 7, b"a", ["a"], "a\ud800"], ids=repr)
def test_identifiers_that_cannot_work(value: Any) -> None:
    key = operation("manage.v1.keys.get")
    for fields in ({"project_id": value, "key_id": "k"}, {"project_id": "p", "key_id": value}):
        (name,) = (name for name, given in fields.items() if given is value)
        with pytest.raises(ConfigError, match=name):
            key.fill(fields)


def test_a_path_without_fields_needs_none() -> None:
    projects = operation("manage.v1.projects.list")
    assert projects.fill({}) == "/v1/projects"
    assert projects.fields == []
    assert projects.query is NoOptions
