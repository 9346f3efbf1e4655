"""Who is let in: keys, tokens and scopes, over REST and over sockets."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from deepgram_anyio import ApiError
from deepgram_anyio.local import serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.transport import open_websocket

from .app import LocalApp, local_app

pytestmark = pytest.mark.anyio

DETAILS = "/v1/auth/token"
GRANT = "/v1/auth/grant"
SOCKETS = ["/v1/listen", "/v2/listen?model=flux-general-en", "/v1/speak", "/v2/speak?model=flux-haley-en"]
SOCKETS.append("/v1/agent/converse")


async def granted(app: LocalApp, key: str | None = None, **body: Any) -> dict[str, str]:
    answer = await app.json("POST", GRANT, key, json=body)
    return {"authorization": f"Bearer {answer['access_token']}"}


async def test_a_server_with_keys_lets_in_nothing_else() -> None:
    async with local_app(api_keys=["right"]) as app:
        details = await app.json("GET", DETAILS, "right")
        assert details["scopes"] == ["owner"]
        for headers in ({}, {"authorization": "Token wrong"}, {"authorization": "Basic right"}, {"authorization": "x"}):
            error = await app.refused(401, "GET", DETAILS, headers=headers)
            assert error["err_code"] == "INVALID_AUTH"
        assert await app.json("GET", DETAILS, headers={"authorization": "bearer right"}) == details
        keys = (await app.json("GET", "keys", "right"))["api_keys"]
        assert [key["api_key"]["api_key_id"] for key in keys] == [details["api_key_id"]]


async def test_a_server_without_keys_lets_everyone_in_as_its_owner() -> None:
    async with local_app() as app:
        anonymous = await app.json("GET", DETAILS)
        assert anonymous["scopes"] == ["owner"]
        assert await app.json("GET", DETAILS, "anything") == anonymous
        secret = await app.new_key("member")
        assert (await app.json("GET", DETAILS, secret))["scopes"] == ["member"]
        assert (await app.refused(400, "DELETE", f"keys/{anonymous['api_key_id']}"))["err_code"] == "Bad Request"


@pytest.mark.parametrize("api_keys", [None, ["right"]])
async def test_deleted_and_expired_keys_stop_working(api_keys: list[str] | None) -> None:
    async with local_app(api_keys=api_keys) as app:
        owner = "right" if api_keys else None
        lasting = await app.new_key(key=owner)
        brief = await app.new_key(key=owner, time_to_live_in_seconds=60)
        details = await app.json("GET", DETAILS, brief)
        assert details["expiration_date"] == "2025-03-01T12:01:00Z"
        app.clock.advance(seconds=59)
        await app.json("GET", DETAILS, brief)
        app.clock.advance(seconds=1)
        await app.refused(401, "GET", DETAILS, brief)
        assert [key["api_key"]["api_key_id"] for key in await listed(app, owner, "expired")] == [details["api_key_id"]]
        assert details["api_key_id"] not in str(await listed(app, owner, "active"))
        key_id = (await app.json("GET", DETAILS, lasting))["api_key_id"]
        await app.json("DELETE", f"keys/{key_id}", owner)
        await app.refused(401, "GET", DETAILS, lasting)
        await app.refused(404, "GET", f"keys/{key_id}", owner)


async def listed(app: LocalApp, key: str | None, status: str) -> list[Any]:
    found: list[Any] = (await app.json("GET", "keys", key, params={"status": status}))["api_keys"]
    return found


@pytest.mark.parametrize("api_keys", [None, ["right"]])
async def test_a_token_lives_as_long_as_it_was_granted_for(api_keys: list[str] | None) -> None:
    async with local_app(api_keys=api_keys) as app:
        owner = "right" if api_keys else None
        assert (await app.json("POST", GRANT, owner))["expires_in"] == 30
        assert (await app.json("POST", GRANT, owner, json={"ttl_seconds": 0.5}))["expires_in"] == 0.5
        token = await granted(app, owner, ttl_seconds=3600)
        app.clock.advance(seconds=3599)
        details = await app.json("GET", DETAILS, headers=token)
        assert details["scopes"] == ["usage:write"]
        assert details["expiration_date"] == "2025-03-01T13:00:00Z"
        app.clock.advance(seconds=1)
        await app.refused(401, "GET", DETAILS, headers=token)


@pytest.mark.parametrize("ttl", [0, -1, 3600.5, 1e300, "30", True, [], {}])
async def test_a_token_lives_for_an_hour_at_most(ttl: Any) -> None:
    async with local_app() as app:
        error = await app.refused(400, "POST", GRANT, json={"ttl_seconds": ttl})
    assert error["err_code"] == "PAYLOAD_ERROR"
    assert "ttl_seconds" in error["err_msg"]


async def test_a_token_is_good_for_speech_and_text_alone() -> None:
    async with local_app(api_keys=["right"]) as app:
        token = await granted(app, "right")
        await app.json("POST", "/v1/speak", headers=token, json={"text": "hello"})
        for method, path in (("POST", GRANT), ("GET", "keys"), ("GET", "/v1/projects"), ("GET", "/v1/models")):
            error = await app.refused(403, method, path, headers=token)
            assert error["err_code"] == "INSUFFICIENT_PERMISSIONS"
        error = await app.refused(403, "GET", "agents", headers=token)
        assert error["category"] == "INSUFFICIENT_PERMISSIONS"
        token["authorization"] = token["authorization"].replace("Bearer", "Token")
        await app.refused(401, "GET", DETAILS, headers=token)


async def test_a_token_ends_with_its_key() -> None:
    async with local_app(api_keys=["right"]) as app:
        secret = await app.new_key(key="right")
        token = await granted(app, secret)
        key_id = (await app.json("GET", DETAILS, headers=token))["api_key_id"]
        await app.json("DELETE", f"keys/{key_id}", "right")
        await app.refused(401, "GET", DETAILS, headers=token)


CALLS = {
    "speak": ("POST", "/v1/speak", {"text": "x"}),
    "read the project": ("GET", "", None),
    "list keys": ("GET", "keys", None),
    "make a key": ("POST", "keys", {"comment": "x", "scopes": ["usage:write"]}),
    "see usage": ("GET", "usage", None),
    "invite": ("POST", "invites", {"email": "a@b.cc", "scope": "member"}),
    "rename": ("PATCH", "", {"name": "new"}),
    "store an agent": ("POST", "agents", {"config": "{}"}),
    "delete the project": ("DELETE", "", None),
}
READING = {"speak", "read the project", "list keys", "see usage"}


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("member", READING),
        ("admin", CALLS.keys() - {"delete the project"}),
        ("owner", CALLS.keys()),
        ("usage:write", {"speak", "see usage"}),
        ("usage:read", {"see usage"}),
        ("keys:write", {"list keys"}),  # and to make keys, but none for speech, which it has not itself
        ("project:read", {"read the project"}),
    ],
)
async def test_scopes_say_what_a_key_may_do(scope: str, allowed: set[str]) -> None:
    async with local_app(api_keys=["right"]) as app:
        secret = await app.new_key(scope, key="right")
        done = set()
        for name, (method, path, body) in CALLS.items():
            response = await app.ask(method, path, secret, json=body)
            assert response.status_code in (200, 403)
            done |= {name} if response.status_code == 200 else set()
    assert done == allowed


@pytest.mark.parametrize("path", SOCKETS)
async def test_made_keys_and_tokens_open_every_socket_until_they_end(path: str) -> None:
    async with serve(api_keys=["right"], recognizer=ScriptedRecognizer([]), voice=ToneVoice()) as server:
        base = f"{server.url}/v1/projects/{server.project_id}"
        made = await _post(f"{base}/keys", {"comment": "x", "scopes": ["member"]})
        token = await _post(f"{server.url}{GRANT}", {})
        good = [f"Token {made['key']}", f"Bearer {token['access_token']}"]
        for credential in good:
            async with open_websocket(server.url + path, {"Authorization": credential}) as socket:
                assert socket.response_headers["dg-request-id"]
        async with open_websocket(server.url + path, {"Sec-WebSocket-Protocol": f"token, {made['key']}"}) as socket:
            assert socket.response_headers["sec-websocket-protocol"] == "token"
        reader = await _post(f"{base}/keys", {"comment": "x", "scopes": ["usage:read"]})
        await _refused(server.url + path, f"Token {reader['key']}", 403)
        await _post(f"{base}/keys/{made['api_key_id']}", None, "DELETE")
        await _refused(server.url + path, f"Token {made['key']}", 401)
        await _refused(server.url + path, f"Token {token['access_token']}", 401)


async def _post(url: str, body: Any, method: str = "POST") -> Any:
    async with httpx.AsyncClient() as http:
        answer = await http.request(method, url, json=body, headers={"authorization": "Token right"})
    return answer.raise_for_status().json()


async def _refused(url: str, credential: str, status: int) -> None:
    with pytest.raises(ApiError) as caught:
        async with open_websocket(url, {"Authorization": credential}):
            pass
    assert caught.value.status == status
