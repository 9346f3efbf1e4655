"""Deepgram's published REST specification, read by machine, where it lies beside the project."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from ...shared import shared

__all__ = ["answers", "body_properties", "query_names", "route", "routes"]

_VALUES = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:30:00Z",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
}
_PLAIN: dict[str, Any] = {"string": "text", "integer": 7, "number": 1.5, "boolean": False, "object": {"any": [1]}}


@cache
def _document() -> Any:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(shared("reference/openapi.yml").read_text("utf-8"))


def _resolved(node: Any) -> Any:
    while "$ref" in node:
        target = _document()
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node


def routes() -> set[tuple[str, str]]:
    """Every method and path."""
    return {(method.upper(), path) for path, methods in _document()["paths"].items() for method in methods}


def route(method: str, path: str) -> Any:
    return _document()["paths"][path][method.lower()]


def query_names(method: str, path: str) -> set[str]:
    """The query parameters of a route."""
    found = route(method, path).get("parameters", [])
    return {parameter["name"] for parameter in found if parameter["in"] == "query"}


def body_properties(method: str, path: str) -> tuple[set[str], set[str]]:
    """All properties of a route's JSON body, and those that it must have."""
    described = route(method, path).get("requestBody")
    if described is None:
        return set(), set()
    schema = _resolved(described["content"]["application/json"]["schema"])
    return set(schema.get("properties", {})), set(schema.get("required", []))


def answers(method: str, path: str) -> list[Any]:
    """Answers with every property that is documented, between them in every form that it may have."""
    schema = route(method, path)["responses"]["200"]["content"]["application/json"]["schema"]
    return list(_samples(schema))


def _samples(node: Any) -> Iterator[Any]:
    schema = _resolved(node)
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            yield from itertools.chain.from_iterable(map(_samples, schema[choice]))
            return
    if "enum" in schema:
        yield schema["enum"][0]
    elif "properties" in schema:
        forms = {name: list(_samples(property_)) for name, property_ in schema["properties"].items()}
        for index in range(max(map(len, forms.values()), default=1)):
            yield {name: found[index % len(found)] for name, found in forms.items()}
    elif isinstance(schema.get("type"), list):
        # A null is left out again, like what is missing.
        kinds = [kind for kind in schema["type"] if kind != "null"]
        yield from itertools.chain.from_iterable(_samples({**schema, "type": kind}) for kind in kinds)
    elif schema.get("type") == "array":
        yield list(_samples(schema.get("items", {"type": "string"})))
    elif schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        yield {"name": next(_samples(schema["additionalProperties"]))}
    elif schema.get("type") is None:
        yield from _PLAIN.values()
    else:
        yield _VALUES.get(schema.get("format", ""), _PLAIN[schema["type"]])
