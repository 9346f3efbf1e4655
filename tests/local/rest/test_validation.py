"""What does not fit is refused with the right error, and nothing hostile makes the server fail."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import StreamingResponse

from deepgram_anyio.local import serve
from deepgram_anyio.local.answers import Refusal
from deepgram_anyio.local.app import build_app
from deepgram_anyio.local.rest.bodies import MAX_JSON_BYTES
from deepgram_anyio.local.rest.call import Handler, RestCall
from deepgram_anyio.local.rest.dispatch import HANDLERS, permission_of
from deepgram_anyio.local.rest.scopes import PERMISSIONS
from deepgram_anyio.protocol.rest.base import Record
from deepgram_anyio.protocol.rest.operations import OPERATIONS

from .app import local_app

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}


def test_every_operation_has_a_handler_and_a_permission_that_exists() -> None:
    assert HANDLERS.keys() == {operation.call for operation in OPERATIONS}
    assert {permission_of(operation) for operation in OPERATIONS} - {None} <= PERMISSIONS


@pytest.mark.parametrize(
    "path", ["/", "/v9/listen", "/v1/projects/", "/v1/keys", "/v1/projects/a/b/c", "/v1/%F0%9F%98"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "BREW"])
async def test_unknown_routes(method: str, path: str) -> None:
    async with local_app() as app:
        response = await app.ask(method, path)
        assert response.status_code == 404
        assert method == "HEAD" or response.json()["err_code"] == "NOT_FOUND"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "BREW"])
async def test_a_known_route_says_its_methods(method: str) -> None:
    async with local_app(api_keys=["right"]) as app:
        response = await app.ask(method, "")
        assert response.status_code == 405
        assert response.headers["allow"] == "DELETE, GET, PATCH"


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("keys", "status=dead", "status"),
        ("keys", "status=active&status=expired", "status"),
        ("", "limit=0", "limit"),
        ("requests", "limit=1001", "limit"),
        ("requests", f"limit={'9' * 400}", "limit"),
        ("requests", "limit=1e400", "limit"),
        ("requests", "page=-1", "page"),
        ("requests", "status=dead", "status"),
        ("requests", "start=yesterday", "start"),
        ("requests", "start=2025-01-01T00:00:00", "start"),
        ("requests", "start=2025-02-01T00:00:00Z&end=2025-01-01T00:00:00Z", "start"),
        ("usage", "deployment=moon", "deployment"),
        ("usage", "endpoint=smell", "endpoint"),
        ("usage", "method=slow", "method"),
        ("usage", "start=2025-13-01", "start"),
        ("usage", "start=2025-02-01&end=2025-01-01", "start"),
        ("usage", "punctuate=perhaps", "punctuate"),
        ("usage/breakdown", "grouping=mood", "grouping"),
        ("billing/breakdown", "grouping=accessor&grouping=mood", "grouping"),
        ("/v1/models", "include_outdated=2", "include_outdated"),
        ("purchases", "limit=x", "limit"),
    ],
)
async def test_bad_queries(path: str, query: str, name: str) -> None:
    async with local_app() as app:
        url = f"{path or app.path}?{query}"
        error = await app.refused(400, "GET", url)
        assert error["err_code"] == "INVALID_QUERY_PARAMETER"
        assert name in error["err_msg"]
        await app.json("GET", f"{path or app.path}?unknown=1")


async def test_queries_with_bodies_are_checked_too() -> None:
    async with local_app() as app:
        path = "self-hosted/distribution/credentials"
        for query in ("provider=docker", "scopes=self-hosted:product:spoon"):
            assert "must be one of" in (await app.refused(400, "POST", f"{path}?{query}"))["err_msg"]
        error = await app.refused(400, "POST", "/v1/read", json={"text": "x"})
        assert error["err_code"] == "INVALID_QUERY_PARAMETER"


HOSTILE = [
    (b"", "INVALID_JSON"),
    (b"{", "INVALID_JSON"),
    (b"\xff\xfe", "INVALID_JSON"),
    (b'{"text": "\xff"}', "INVALID_JSON"),
    (b'{"text": "\\ud800"}', "INVALID_JSON"),
    (b'{"text": NaN}', "INVALID_JSON"),
    (b'{"text": 1e999}', "INVALID_JSON"),
    (b'{"text": "x"} trailing', "INVALID_JSON"),
    (b"[" * 100_000 + b"]" * 100_000, "INVALID_JSON"),
    (b'{"a":' * 100 + b"1" + b"}" * 100, "INVALID_JSON"),
    (b"null", "PAYLOAD_ERROR"),
    (b"[]", "PAYLOAD_ERROR"),
    (b'"text"', "PAYLOAD_ERROR"),
    (b'{"text": ' + b"9" * 5000 + b"}", "PAYLOAD_ERROR"),
    (b'{"text": null}', "PAYLOAD_ERROR"),
    (b"{}", "PAYLOAD_ERROR"),
]


@pytest.mark.parametrize("path", ["/v1/speak", "/v2/speak", "/v1/read?topics=true"])
@pytest.mark.parametrize(("body", "code"), HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_bodies(path: str, body: bytes, code: str) -> None:
    async with local_app() as app:
        error = await app.refused(400, "POST", path, content=body, headers=JSON)
    # A number that Python itself finds too long is no JSON either.
    assert error["err_code"] in (code, "INVALID_JSON" if b"9999" in body else code)


async def test_bodies_are_bounded() -> None:
    async def pieces() -> Any:
        for _ in range(MAX_JSON_BYTES // 1000 + 1):
            yield b" " * 1000

    async with local_app() as app:
        largest = b'{"text": "' + b"x" * (MAX_JSON_BYTES - 12) + b'"}'
        await app.json("POST", "/v1/speak", content=largest, headers=JSON)
        for content in (largest + b" ", pieces()):
            error = await app.refused(413, "POST", "/v1/speak", content=content, headers=JSON)
            assert error["err_code"] == "PAYLOAD_TOO_LARGE"


async def test_json_is_taken_where_it_is_wanted_and_nothing_else() -> None:
    async with local_app() as app:
        for media_type in ("text/plain", "audio/wav", "application/x-www-form-urlencoded"):
            error = await app.refused(
                415, "POST", "/v1/speak", content=b'{"text": "x"}', headers={"content-type": media_type}
            )
            assert error["err_code"] == "UNSUPPORTED_MEDIA_TYPE"
        for headers in ({}, JSON, {"content-type": "Application/JSON; charset=utf-8"}):
            await app.json("POST", "/v1/speak", content=b'{"text": "x"}', headers=headers)


async def test_bodies_of_several_forms() -> None:
    async with local_app() as app:
        read = "/v1/read?topics=true"
        assert (await app.json("POST", read, json={"text": "x"}))["message"] == "AnalyzeText"
        assert (await app.json("POST", read, json={"url": "http://x"}))["message"] == "AnalyzeUrl"
        for body in ({"text": "x", "url": "y"}, {}, {"text": None}, {"text": 5}):
            assert (await app.refused(400, "POST", read, json=body))["err_code"] == "PAYLOAD_ERROR"
        assert (await app.json("POST", "/v1/listen", json={"url": "http://x"}))["message"] == "AnalyzeUrl"
        assert (await app.json("POST", "/v1/listen", content=b"{}"))["message"] == "NoneType"
        assert (await app.refused(400, "POST", "/v1/listen", json={}))["err_code"] == "PAYLOAD_ERROR"


async def test_the_gates_stand_in_order() -> None:
    async with local_app(api_keys=["right"]) as app:
        reader = await app.new_key("usage:read", key="right")
        other = "/v1/projects/other/invites?x=1"
        await app.refused(405, "PATCH", other)
        await app.refused(401, "POST", other, content=b"{")
        await app.refused(403, "POST", other, reader, content=b"{")
        assert (await app.ask("POST", other, "right", content=b"{")).status_code == 404
        await app.refused(400, "GET", "keys?status=x", "right")


async def test_a_handler_that_fails_is_an_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(call: RestCall) -> Record:
        raise RuntimeError("secret details")

    async with local_app(handlers={"speak.v1.generate": broken, "agent.v1.variables.list": broken}) as app:
        error = await app.refused(500, "POST", "/v1/speak", json={"text": "x"})
        assert error["err_code"] == "INTERNAL_SERVER_ERROR"
        assert "secret" not in str(error)
        error = await app.refused(500, "GET", "agent-variables")
        assert error["category"] == "INTERNAL_SERVER_ERROR"
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2


async def test_requests_of_speech_and_text_are_bounded_in_number() -> None:
    entered, leave = anyio.Event(), anyio.Event()

    async def slow(call: RestCall) -> Record:
        entered.set()
        await leave.wait()
        return Record()

    async with local_app(max_connections=1, handlers={"speak.v1.generate": slow}) as app:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: app.json("POST", "/v1/speak", json={"text": "x"}))
            await entered.wait()
            error = await app.refused(429, "POST", "/v1/listen", content=b"x")
            assert error["err_code"] == "TOO_MANY_REQUESTS"
            await app.json("GET", "")
            leave.set()
        await app.json("POST", "/v1/listen", content=b"x")


async def test_a_client_that_leaves_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    entered, left = anyio.Event(), anyio.Event()

    async def endless(call: RestCall) -> Record:
        entered.set()
        try:
            await anyio.sleep_forever()
        finally:
            left.set()
        raise AssertionError

    answer_speech_with(endless, monkeypatch)
    async with serve() as server, httpx.AsyncClient(base_url=server.url) as http:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: http.post("/v1/speak", json={"text": "x"}))
            await entered.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(5):
            await left.wait()


async def test_an_answer_that_breaks_off_is_cut_and_remembered_as_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"some audio"
        raise RuntimeError("no breath")

    async def breaking(call: RestCall) -> StreamingResponse:
        return StreamingResponse(pieces())

    answer_speech_with(breaking, monkeypatch)
    async with serve() as server, httpx.AsyncClient(base_url=server.url) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.post("/v1/speak", json={"text": "x"})
        found = (await http.get(f"/v1/projects/{server.project_id}/requests")).json()["requests"]
    assert [entry["code"] for entry in found] == [500]
    assert "no breath" in caplog.text


def answer_speech_with(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = {**HANDLERS, "speak.v1.generate": handler}
    monkeypatch.setattr("deepgram_anyio.local.server.build_app", lambda state: build_app(state, handlers=handlers))


async def test_a_server_that_stops_ends_the_work() -> None:
    async def stopping(call: RestCall) -> Record:
        await call.state.stop()
        await anyio.sleep_forever()
        raise AssertionError

    async with local_app(handlers={"speak.v1.generate": stopping}) as app:
        error = await app.refused(503, "POST", "/v1/speak", json={"text": "x"})
        assert error["err_code"] == "SERVER_STOPPING"


async def test_a_refused_upload_still_gets_its_answer() -> None:
    async def pieces() -> Any:
        for _ in range(64):
            yield bytes(64 * 1024)

    async with serve(api_keys=["right"]) as server, httpx.AsyncClient(base_url=server.url) as http:
        response = await http.post("/v1/listen", content=pieces())
    assert response.status_code == 401
    assert response.json()["err_code"] == "INVALID_AUTH"


@given(st.text(max_size=700))
@settings(max_examples=200)
def test_an_error_fits_into_a_header_whatever_it_says(message: str) -> None:
    line = dict(Refusal(400, "X", message).headers())["dg-error"]
    assert re.fullmatch(r"([!-~]([ -~]*[!-~])?)?", line)
    assert len(line) <= 500
