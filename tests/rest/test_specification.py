"""Random requests, made from the published specification, against the embedded server: it never fails, and what it
answers is what the specification says, known mistakes of which are mended."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deepgram_anyio.local import LocalServer, serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol.rest.operations import OPERATIONS
from deepgram_anyio.transport.http import HttpPool, HttpRequest

from ..shared import shared
from .mended_specification import mended
from .test_round_trip import make_every_call

if sys.version_info < (3, 11):
    pytest.skip("schemathesis needs Python 3.11", allow_module_level=True)

import anyio
import jsonschema_rs
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the tool, which are not ours

OPERATIONS_OF_THE_SPECIFICATION = [found for found in OPERATIONS if found.call != "auth.v1.token_details"]
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]
EXAMPLES = int(os.environ.get("SPECIFICATION_EXAMPLES", "15"))  # more of them by hand, now and then
KEY = "key-of-the-owner"


@cache
def _schema(path: Path) -> Any:
    return schemathesis.openapi.from_dict(mended(yaml.safe_load(path.read_text("utf-8"))))


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with start_blocking_portal() as portal:
        serving = serve(recognizer=ScriptedRecognizer(["the people"]), voice=ToneVoice(), api_keys={KEY})
        with portal.wrap_async_context_manager(serving) as running:
            yield running


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize("operation", OPERATIONS_OF_THE_SPECIFICATION, ids=lambda found: f"{found.method} {found.path}")
def test_random_requests(operation: Any, mode: GenerationMode, server: LocalServer) -> None:
    schema = _schema(shared("reference/openapi.yml"))
    found = schema[operation.path][operation.method]
    if mode is GenerationMode.NEGATIVE and not (found.query or found.body):
        pytest.skip("nothing in this request can be wrong")  # any text can stand in a path

    @given(st.data())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(data: st.DataObject) -> None:
        case = data.draw(found.as_strategy(generation_mode=mode))
        if "project_id" in case.path_parameters and data.draw(st.booleans()):
            case.path_parameters["project_id"] = server.project_id
        response = case.call(base_url=server.url, headers={"Authorization": f"Token {KEY}"})
        assert response.status_code < 500, response.text
        assert "dg-request-id" in response.headers
        case.validate_response(response, checks=CHECKS)

    ask()


def test_what_really_happens_fits_the_specification(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[tuple[str, Any, bytes]] = []
    plain: Any = HttpPool.request

    async def noting(self: HttpPool, request: HttpRequest, **how: Any) -> Any:
        answer, content = await plain(self, request, **how)
        answers.append((request.name, answer, content))
        return answer, content

    monkeypatch.setattr(HttpPool, "request", noting)
    anyio.run(make_every_call)
    specification = mended(yaml.safe_load(shared("reference/openapi.yml").read_text("utf-8")))
    validated = set()
    for name, answer, content in answers:
        method, _, path = name.partition(" ")
        if path == "/v1/auth/token" or not answer.headers["content-type"].startswith("application/json"):
            continue
        declared = specification["paths"][path][method.lower()]["responses"]["200"]["content"]["application/json"]
        whole = {**declared["schema"], "components": specification["components"]}
        jsonschema_rs.validator_for(whole, validate_formats=True).validate(msgspec.json.decode(content))
        validated.add(name)
    audio = {"POST /v1/speak", "POST /v2/speak"}
    refused = {
        "DELETE /v1/projects/{project_id}/members/{member_id}"
    }  # the only member stays; see the store's own tests
    assert {f"{found.method} {found.path}" for found in OPERATIONS_OF_THE_SPECIFICATION} - validated == audio | refused
