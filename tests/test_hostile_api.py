"""Wrong arguments and a server gone wrong, seen from the public API: what is typed, what is left unharmed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.events import CloseConnection, TextMessage

from deepgram_anyio import ClientConfig, ConfigError, DeepgramClient, RemoteProtocolError
from deepgram_anyio.config import resolve_hosts
from deepgram_anyio.protocol import UnknownEvent, listen
from deepgram_anyio.transport.urls import WebSocketUrl

from .stand_in import NEVER, Api, api, say
from .transport.fakes import metadata, results
from .transport.peers import ServerEnd, answering, serving, wire

KEY = "sk-0123456789abcdef-secret"
RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 8000}
DEEP = 100_000
INJECTION = "a\r\nX-Injected: 1"


def client(url: str, **config: Any) -> DeepgramClient:
    return DeepgramClient(KEY, base_url=url, config=ClientConfig(**config))


# A server that sends what makes no sense

RUBBISH: dict[str, bytes] = {
    "nested arrays": b"[" * DEEP + b"]" * DEEP,
    "nested inside a message": b'{"type":"Results","x":' + b'{"a":' * DEEP + b"0" + b"}" * DEEP + b"}",
    "never closed": b'{"type":"Results","x":' + b"[" * DEEP,
    "huge integer": b'{"type":"Metadata","channels":' + b"9" * 5000 + b"}",
    "huge float": b'{"type":"UtteranceEnd","channel":[0,1],"last_word_end":1e99999}',
    "half a character": b'{"type":"Warning","description":"\\ud800"}',
    "NUL": b'{"type":"Warn\\u0000ing"}',
    "long type": b'{"type":"' + b"x" * DEEP + b'"}',
    "nothing": b"",
    "not JSON": "grüß dich".encode(),
}


async def _finish(end: ServerEnd) -> None:
    """Answer the end of the stream in good order."""
    async for event in end:
        if isinstance(event, TextMessage):
            await say(end, metadata())
            await end.send(CloseConnection(1000))
        elif isinstance(event, CloseConnection):
            return


@pytest.mark.anyio
async def test_rubbish_is_told_and_the_stream_goes_on() -> None:
    async def talk(_: Api, stream: Any) -> None:
        end = await ServerEnd.accept(stream)
        for text in RUBBISH.values():
            await end.send_raw(wire(1, text))
        await say(end, results(0.0, 1.0, text="still here"))
        await _finish(end)

    async with api(talk) as server, client(server.url) as dg, dg.listen.v1.connect(**RAW) as connection:
        events = [await anext(aiter(connection)) for _ in range(len(RUBBISH) + 1)]
    *strange, result = events
    assert isinstance(result, listen.Results)
    for event, raw in zip(strange, RUBBISH.values(), strict=True):
        assert isinstance(event, UnknownEvent)
        assert event.raw == raw


@pytest.mark.anyio
async def test_of_a_field_that_comes_twice_the_last_one_counts() -> None:
    message = b'{"type":"UtteranceEnd","channel":[0,1],"last_word_end":1.0,"last_word_end":2.0}'

    async def talk(_: Api, stream: Any) -> None:
        end = await ServerEnd.accept(stream)
        await end.send_raw(wire(1, message))
        await _finish(end)

    async with api(talk) as server, client(server.url) as dg, dg.listen.v1.connect(**RAW) as connection:
        event = await anext(aiter(connection))
    assert isinstance(event, listen.UtteranceEnd)
    assert event.last_word_end == 2.0


WRECKS = {
    "text that is not UTF-8": wire(1, b'{"type":"\xff"}'),
    "masked frame": wire(1, b"{}", mask=b"abcd"),
    "reserved bit": wire(1, b"{}", rsv=4),
    "giant frame": wire(1, declared=1 << 62),
    "long ping": wire(9, bytes(126)),
}


@pytest.mark.anyio
@pytest.mark.parametrize("wreck", WRECKS.values(), ids=WRECKS.keys())
async def test_one_connection_goes_down_and_another_of_the_same_client_does_not(wreck: bytes) -> None:
    wrecked = anyio.Event()

    async def talk(server: Api, stream: Any) -> None:
        if server.peer is not None and server.peer.accepted == 1:
            await Api.serve(server, stream)
            return
        end = await ServerEnd.accept(stream)
        await end.send_raw(wreck)
        wrecked.set()
        await end.finish()

    async with api(talk) as server, client(server.url) as dg, dg.listen.v1.connect(**RAW) as healthy:
        await healthy.send(bytes(1600))
        with pytest.raises(RemoteProtocolError):
            async with dg.listen.v1.connect(**RAW, reconnect=NEVER) as sick:
                await wrecked.wait()
                async for _ in sick:
                    pass
        await healthy.send(bytes(1600))
        await healthy.finalize()
        event = await anext(aiter(healthy))
    assert isinstance(event, listen.Results)
    assert server.audio == bytes(3200)


# What callers bring along


async def _untouched(use: Callable[[DeepgramClient], Awaitable[Any]], **config: Any) -> ConfigError:
    """Return the ConfigError of a call that never gets to the server."""
    async with serving(answering(b"HTTP/1.1 500 No\r\n\r\n")) as peer:
        with pytest.raises(ConfigError) as caught:
            async with client(f"http://127.0.0.1:{peer.port}", **config) as dg:
                await use(dg)
        assert peer.accepted == 0
    assert KEY not in str(caught.value)
    return caught.value


HEADERS: dict[str, Mapping[str, str]] = {
    "value": {"X-A": INJECTION},
    "name": {"X-A: b\r\nX-Injected": "1"},
    "NUL": {"X-A": "a\0b"},
    "own": {"Sec-WebSocket-Extensions": "permessage-deflate"},
    "subprotocol": {"Sec-WebSocket-Protocol": f"token\r\n{KEY}"},
}


@pytest.mark.anyio
@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
async def test_headers_that_would_be_others_as_well(headers: Mapping[str, str]) -> None:
    async def connect(dg: DeepgramClient) -> None:
        async with dg.listen.v1.connect(**RAW, extra_headers=dict(headers)):
            raise AssertionError("it connected")

    async def connect_without(dg: DeepgramClient) -> None:
        async with dg.speak.v1.connect():
            raise AssertionError("it connected")

    await _untouched(connect)
    await _untouched(connect_without, headers=headers)


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["value", "name", "NUL"])
async def test_headers_of_rest_calls(name: str) -> None:
    await _untouched(lambda dg: dg.read.v1.analyze("x", summarize=True, extra_headers=HEADERS[name]))


@pytest.mark.anyio
async def test_what_goes_into_a_url_stays_in_its_place() -> None:
    async with api() as server, client(server.url) as dg:
        terms = [INJECTION, "a b&c=d#e", "\0", "../..", "ü€"]
        async with dg.listen.v1.connect(**RAW, keyterm=terms, extra_query={INJECTION: INJECTION}) as connection:
            await connection.close_stream()
            assert [event async for event in connection]
    assert "x-injected" not in server.request_headers
    assert not set(server.target) & set(" \r\n\0#")
    assert server.target.count("keyterm=") == len(terms)


@settings(max_examples=300)
@given(
    st.text(max_size=20)
    | st.sampled_from([INJECTION, "user:pw@h", "[::1", "h:99999", "h\t", "\ud800", "h/\ud800", "h/%zz"])
)
def test_any_base_url_is_usable_or_a_config_error(text: str) -> None:
    for url in (text, f"https://{text}", f"wss://host/{text}"):
        with suppress(ConfigError):
            hosts = resolve_hosts(ClientConfig(base_url=url), {})
            assert not set(hosts.api) & set(" \r\n\t\0")
            with suppress(httpx.InvalidURL):  # which the pool makes a ConfigError
                httpx.URL(f"{hosts.api}/v1/listen")
            WebSocketUrl.parse(f"ws{hosts.api.removeprefix('http')}/v1/listen")
