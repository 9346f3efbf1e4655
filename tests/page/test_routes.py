"""The page's routes: what they serve, to whom, and under which headers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

import deepgram_anyio.local.page
from deepgram_anyio import ApiError, ConfigError, ConnectionClosed, DeepgramClient
from deepgram_anyio.local import FaultOptions, LocalServer, serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer
from deepgram_anyio.local.page.files import FILES
from deepgram_anyio.transport import open_websocket

from .watching import credentials, watching

pytestmark = pytest.mark.anyio

FOLDER = Path(deepgram_anyio.local.page.__file__).parent
KEY = "a-key-for-tests"


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[tuple[LocalServer, httpx.AsyncClient]]:
    async with (
        serve(recognizer=ScriptedRecognizer([]), **options) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
    ):
        yield server, http


async def refusal(server: LocalServer, headers: dict[str, str]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        async with open_websocket(f"{server.url}/_page/events", headers):
            pass
    return caught.value


async def test_every_file_of_the_folder_is_served_and_nothing_else() -> None:
    async with serving() as (_, http):
        for path, (name, media_type) in FILES.items():
            answer = await http.get(path)
            assert answer.status_code == 200
            assert answer.content == (FOLDER / name).read_bytes() != b""
            assert answer.headers["content-type"] == media_type
            head = await http.head(path)
            assert (head.status_code, head.content) == (200, b"")
        for path in (
            "/_page/",
            "/_page/hub.py",
            "/_page/../app.py",
            "/_page/%2e%2e/app.py",
            "/_page/events",
            "/page.js",
        ):
            assert (await http.get(path)).status_code == 404
        assert (await http.post("/", content=b"x")).status_code == 405
    served = {name for name, _ in FILES.values()}
    assert {path.name for path in FOLDER.iterdir() if path.suffix not in (".py", "")} == served


def test_the_page_is_small_and_needs_nothing_from_outside() -> None:
    files = {name: (FOLDER / name).read_text("utf-8") for name, _ in FILES.values()}
    assert sum(map(len, files.values())) < 40_000
    for name, text in files.items():
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", ""), name
        assert "https://" not in text, name
    html = files["index.html"]
    assert " style=" not in html
    assert " on" not in [part[:3] for part in html.split("=")]
    assert html.count("<script") == html.count('<script type="module" src="/_page/page.js"></script>') == 1


async def test_what_may_run_and_who_may_read_is_said_on_every_answer() -> None:
    async with serving(api_keys=[KEY]) as (_, http):
        answers = [await http.get("/"), await http.get("/_page/page.js"), await http.get("/_page/access")]
        answers += [await http.get("/", headers={"Host": "evil.example"}), await http.post("/")]
        assert [answer.status_code for answer in answers] == [200, 200, 401, 403, 405]
        for answer in answers:
            rules = dict(
                part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";")
            )
            assert rules["default-src"] == "'none'"
            assert rules["script-src"] == rules["connect-src"] == rules["style-src"] == "'self'"
            assert rules["frame-ancestors"] == rules["form-action"] == rules["base-uri"] == "'none'"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "access-control-allow-origin" not in answer.headers
            assert "dg-request-id" in answer.headers


async def handshake(server: LocalServer, host: str) -> int:
    """Ask for the events under a name, as a page of that name would, and return the status."""
    lines = [f"Host: {host}", f"Origin: http://{host}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13"]
    async with await anyio.connect_tcp("127.0.0.1", server.port) as stream:
        await stream.send("\r\n".join(["GET /_page/events HTTP/1.1", *lines, "", ""]).encode())
        return int((await stream.receive()).split()[1])


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("LOCALHOST", 200),
        ("page.localhost:9000", 200),
        ("[::1]:{port}", 200),
        ("192.0.2.7", 200),  # an address cannot be made to point elsewhere
        ("evil.example", 403),
        ("evil.example:{port}", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example", 403),
        ("[::1].evil.example", 403),
        ("[evil.example]", 403),
        ("127.0.0.1:80:evil.example", 403),
        ("2130706433", 403),
    ],
)
@pytest.mark.parametrize("path", ["/", "/_page/access"])
async def test_a_name_that_was_made_to_point_here_is_refused(host: str, status: int, path: str) -> None:
    async with serving() as (server, http):
        name = host.format(port=server.port)
        answer = await http.get(path, headers={"Host": name})
        assert answer.status_code == status
        assert await handshake(server, name) == (status if status == 403 else 101)


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "file://"])
async def test_other_pages_cannot_watch(origin: str | None) -> None:
    async with serving() as (server, http):
        error = await refusal(server, {} if origin is None else {"Origin": origin})
        assert error.status == 403
        if origin is not None:
            assert (await http.get("/_page/access", headers={"Origin": origin})).status_code == 403


async def test_another_page_of_the_same_browser_cannot_ask() -> None:
    async with serving() as (server, http):
        for site, status in (("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)):
            assert (await http.get("/_page/access", headers={"Sec-Fetch-Site": site})).status_code == status
        error = await refusal(server, {"Origin": server.url, "Sec-Fetch-Site": "cross-site"})
        assert error.status == 403


async def test_without_keys_everyone_on_this_machine_may_watch() -> None:
    async with serving() as (server, http):
        answer = await http.get("/_page/access")
        assert {**answer.json(), "version": ""} == {"watch": True, "speak": True, "version": ""}
        assert answer.headers["cache-control"] == "no-store"
        async with watching(server.url) as watch:
            assert watch.events[0]["streams"] == []


async def test_with_keys_only_who_has_one_may_watch() -> None:
    async with serving(api_keys=[KEY]) as (server, http):
        assert (await http.get("/")).status_code == 200  # it asks for the key
        assert (await http.get("/_page/access")).status_code == 401
        assert (await http.get("/_page/access", headers={"Authorization": "Token wrong"})).status_code == 401
        good = await http.get("/_page/access", headers={"Authorization": f"Token {KEY}"})
        assert good.json()["watch"] is True
        assert KEY not in good.text
        for wrong in (None, "wrong"):
            assert (await refusal(server, {"Origin": server.url, **credentials(wrong)})).status == 401
        async with watching(server.url, KEY) as watch:
            assert watch.socket.response_headers["sec-websocket-protocol"] == "token"
            assert KEY not in str(watch.socket.response_headers)


async def test_a_token_and_a_key_for_speech_may_speak_and_not_watch() -> None:
    async with serving(api_keys=[KEY]) as (server, http), DeepgramClient(KEY, base_url=server.url) as dg:
        token = (await dg.auth.v1.grant_token(ttl_seconds=60)).access_token
        key = (await dg.manage.v1.keys.create(server.project_id, comment="speech", scopes=["usage:write"])).key
        member = (await dg.manage.v1.keys.create(server.project_id, comment="member", scopes=["member"])).key
        for scheme, credential, watch in (("Bearer", token, False), ("Token", key, False), ("Token", member, True)):
            answer = await http.get("/_page/access", headers={"Authorization": f"{scheme} {credential}"})
            assert {**answer.json(), "version": ""} == {"watch": watch, "speak": True, "version": ""}
        offered = {"Origin": server.url, "Sec-WebSocket-Protocol": f"bearer, {token}"}
        assert (await refusal(server, offered)).status == 403
        assert (await refusal(server, {"Origin": server.url, **credentials(key)})).status == 403


async def test_a_key_that_is_deleted_watches_no_more() -> None:
    async with serving(api_keys=[KEY]) as (server, _), DeepgramClient(KEY, base_url=server.url) as dg:
        made = await dg.manage.v1.keys.create(server.project_id, comment="member", scopes=["member"])
        headers = {"Origin": server.url, **credentials(made.key)}
        async with open_websocket(f"{server.url}/_page/events", headers) as socket:
            messages = aiter(socket)
            await anext(messages)
            assert made.api_key_id is not None
            await dg.manage.v1.keys.delete(server.project_id, made.api_key_id)
            async with dg.listen.v1.connect(encoding="linear16", sample_rate=8000):
                with pytest.raises(ConnectionClosed) as caught:
                    await anext(messages)
    assert caught.value.code == 1008


async def test_the_page_can_be_left_out() -> None:
    async with serving(page=False) as (server, http):
        assert not server.page
        for path in ("/", "/_page/page.js", "/_page/access"):
            assert (await http.get(path)).status_code == 404
        assert (await refusal(server, {"Origin": server.url})).status == 404


async def test_on_a_network_the_page_is_asked_for_and_needs_keys() -> None:
    async with serving() as (server, _):
        assert server.page
    async with serving(host="0.0.0.0") as (server, http):
        assert not server.page
        assert (await http.get("/")).status_code == 404
    with pytest.raises(ConfigError, match="api_keys"):
        async with serve(host="0.0.0.0", page=True):
            pass
    async with serving(host="0.0.0.0", page=True, api_keys=[KEY]) as (server, http):
        assert (await http.get("/")).status_code == 200
        assert (await http.get("/_page/access")).status_code == 401


async def test_the_faults_of_the_api_are_not_the_pages() -> None:
    async with serving(faults=FaultOptions(refuse_status=503)) as (server, http):
        assert (await http.get("/v1/projects")).status_code == 503
        assert (await http.get("/")).status_code == 200
        async with watching(server.url) as watch:
            assert watch.events[0]["type"] == "Snapshot"
