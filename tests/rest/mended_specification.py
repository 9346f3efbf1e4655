"""The published OpenAPI specification with its known mistakes mended, each by name."""

from __future__ import annotations

import copy
from typing import Any

__all__ = ["MENDS", "mended"]

_ERROR_KINDS = ("application/json", "text/plain")
_BINARY = {"type": "string", "format": "binary"}


def _errors_of_every_status(specification: dict[str, Any]) -> None:
    """Only 400 is declared; what any error looks like is told in prose. And `oneOf` two objects without required
    fields fits no object at all."""
    error = specification["components"]["schemas"]["ErrorResponse"]
    error["anyOf"] = error.pop("oneOf")
    answer = {
        "description": "refused",
        "content": {kind: {"schema": {"$ref": "#/components/schemas/ErrorResponse"}} for kind in _ERROR_KINDS},
    }
    for methods in specification["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("400", None)
            operation["responses"]["default"] = answer


def _speech_is_audio(specification: dict[str, Any]) -> None:
    """Speech is typed as JSON."""
    for path in ("/v1/speak", "/v2/speak"):
        specification["paths"][path]["post"]["responses"]["200"] = {
            "description": "audio, or with a callback the request's identifier",
            "content": {
                "audio/*": {"schema": _BINARY},
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"request_id": {"type": "string", "format": "uuid"}},
                        "required": ["request_id"],
                    }
                },
            },
        }


def _recordings_are_bodies_too(specification: dict[str, Any]) -> None:
    """Only the JSON body with a URL is declared."""
    content = specification["paths"]["/v1/listen"]["post"]["requestBody"]["content"]
    content["application/octet-stream"] = {"schema": _BINARY}


def _analyses_are_flat(specification: dict[str, Any]) -> None:
    """`metadata.metadata`, `summary.results.summary` and the like: recorded answers have no such doubling."""
    schemas = specification["components"]["schemas"]
    for outer, path in (
        ("ReadV1ResponseMetadata", ("metadata",)),
        ("ReadV1ResponseResultsSummary", ("results", "summary")),
        ("SharedTopics", ("results", "topics")),
        ("SharedIntents", ("results", "intents")),
    ):
        schema = schemas[outer]
        for name in path:
            schema = schema["properties"][name]
            while "$ref" in schema:
                schema = schemas[schema["$ref"].rpartition("/")[2]]
        schemas[outer] = schema


def _a_key_has_a_form(specification: dict[str, Any]) -> None:
    """The body of a new key is declared as anything at all."""
    specification["components"]["schemas"]["CreateKeyV1Request"] = {
        "type": "object",
        "properties": {
            "comment": {"type": "string"},
            "scopes": {"type": "array", "items": {"type": "string"}},
            "tags": {"type": "array", "items": {"type": "string"}},
            "time_to_live_in_seconds": {"type": "integer", "minimum": 1},
        },
        "required": ["comment", "scopes"],
    }


def _a_model_is_of_any_kind(specification: dict[str, Any]) -> None:
    """`oneOf` objects that all the same values fit: what fits one fits another, and so none."""
    for name in ("GetModelV1Response", "AgentThinkModelsV1ResponseModelsItems"):
        schema = specification["components"]["schemas"][name]
        schema["anyOf"] = schema.pop("oneOf")


MENDS = (
    _errors_of_every_status,
    _speech_is_audio,
    _recordings_are_bodies_too,
    _analyses_are_flat,
    _a_key_has_a_form,
    _a_model_is_of_any_kind,
)


def mended(specification: dict[str, Any]) -> dict[str, Any]:
    """Return a copy without the mistakes, and without the credential, which every operation declares as any text."""
    result = copy.deepcopy(specification)
    for mend in MENDS:
        mend(result)
    for methods in result["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [
                parameter for parameter in operation.get("parameters", ()) if parameter["name"] != "Authorization"
            ]
            operation.pop("security", None)
    return result
