"""The table of operations is the specification's, the client has every call, and the docs say so."""

from __future__ import annotations

import importlib.util
import inspect
import re
from functools import cache, reduce
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from deepgram_anyio import DeepgramClient
from deepgram_anyio.protocol.rest.base import Operation
from deepgram_anyio.protocol.rest.operations import OPERATIONS, operation

from ..shared import shared

SCRIPT = Path(__file__).parents[2] / "scripts" / "operations_table.py"

# What the specification lacks, and where it is known from.
BEYOND_THE_SPECIFICATION = {
    "listen.v1.transcribe_file": {
        *("language_hint",),  # the vendor's SDK, since 7.16
        *("alternatives", "channels", "detect_topics", "diarize_version", "sample_rate", "tier"),  # its SDK 4.8.1
    },
    "speak.v2.generate": {"speed", "expressivity"},  # the vendor's SDK, since 7.16
}
NOT_SPECIFIED = {"auth.v1.token_details"}  # the vendor's documentation alone
BODY_NOT_SPECIFIED = {"manage.v1.keys.create"}  # "any type" there; the vendor's SDK 4.8.1 and documentation know it


def _script() -> Any:
    spec = importlib.util.spec_from_file_location("operations_table", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _specification() -> dict[str, Any]:
    return _read(shared("reference/openapi.yml"))


@cache
def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def _ours() -> dict[tuple[str, str], Operation[Any]]:
    return {(found.method, found.path): found for found in OPERATIONS}


def _query_names(specified: dict[str, Any]) -> set[str]:
    return {parameter["name"] for parameter in specified.get("parameters", ()) if parameter["in"] == "query"}


def _resolved(specification: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = reduce(lambda part, name: part[name], schema["$ref"].split("/")[1:], specification)
    return schema


def test_every_operation_is_there_and_nothing_is_made_up() -> None:
    specification = _specification()
    specified = {(method.upper(), path) for path, methods in specification["paths"].items() for method in methods}
    assert len(specified) == 50
    ours = {key for key, found in _ours().items() if found.call not in NOT_SPECIFIED}
    assert ours == specified
    assert len(OPERATIONS) == len(_ours()) == 51


@pytest.mark.parametrize("found", OPERATIONS, ids=lambda found: found.call)
def test_query_names(found: Operation[Any]) -> None:
    if found.call in NOT_SPECIFIED:
        assert found.query.__struct_fields__ == ()
        return
    specified = _query_names(_specification()["paths"][found.path][found.method.lower()])
    assert set(found.query.__struct_fields__) - specified == BEYOND_THE_SPECIFICATION.get(found.call, set())
    assert specified - set(found.query.__struct_fields__) == set()


@pytest.mark.parametrize("found", OPERATIONS, ids=lambda found: found.call)
def test_body_names(found: Operation[Any]) -> None:
    specification = _specification()
    if found.call in NOT_SPECIFIED | BODY_NOT_SPECIFIED:
        return
    content = specification["paths"][found.path][found.method.lower()].get("requestBody")
    if content is None:
        assert found.body is None
        return
    schema = _resolved(specification, content["content"]["application/json"]["schema"])
    if found.body is None:
        assert found.call == "listen.v1.transcribe_file"  # audio; the specification has the URL alone
        return
    forms = [_resolved(specification, form) for form in schema.get("oneOf", [schema])]
    assert set(found.body.__struct_fields__) in [set(form["properties"]) for form in forms]
    required = {field.encode_name for field in msgspec.structs.fields(found.body) if field.required}
    assert required in [set(form.get("required", ())) for form in forms]


@pytest.mark.parametrize("found", OPERATIONS, ids=lambda found: found.call)
def test_answer_names(found: Operation[Any]) -> None:
    specification = _specification()
    if found.call in NOT_SPECIFIED or found.path in ("/v1/speak", "/v2/speak"):
        return  # audio: the specification's JSON is a known mistake
    answer = specification["paths"][found.path][found.method.lower()]["responses"]["200"]
    schema = _resolved(specification, answer["content"]["application/json"]["schema"])
    forms = [_resolved(specification, form) for form in schema.get("oneOf", [schema])]
    named = set().union(*(set(form.get("properties", ())) for form in forms))
    if found.path == "/v1/listen":
        named.discard("request_id")  # the other form, when there is a callback
    assert named - set(found.returns.__struct_fields__) == set()


@pytest.mark.parametrize("found", OPERATIONS, ids=lambda found: found.call)
def test_the_client_has_the_call(found: Operation[Any]) -> None:
    call, _, keyword = re.fullmatch(r"([\w.]+)(\((\w+)=\))?", found.call).groups()  # type: ignore[union-attr]
    client = DeepgramClient("key", base_url="http://127.0.0.1:9")
    method = reduce(getattr, call.split("."), client)
    assert callable(method)
    assert inspect.getdoc(method)
    parameters = inspect.signature(method).parameters
    wanted = [name for name in found.fields if not (keyword and name == "project_id")]
    assert set(wanted) <= set(parameters)
    if keyword:
        assert "project_id" in parameters


def test_operations_are_found_by_their_calls() -> None:
    assert operation("manage.v1.projects.list").path == "/v1/projects"
    with pytest.raises(KeyError):
        operation("manage.v1.projects.burn")


def test_the_docs_are_current(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = _script()
    assert script.PAGE.read_text("utf-8") == script.page()
    monkeypatch.setattr(script, "PAGE", tmp_path / "page.md")
    assert script.main(["--check"]) == 1
    assert "stale" in capsys.readouterr().out
    assert script.main([]) == script.main(["--check"]) == 0
    assert (tmp_path / "page.md").read_text("utf-8") == script.page()
