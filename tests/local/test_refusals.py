"""Refusals and delays of the misbehaving embedded server: what a client meets before its stream or its answer."""

from __future__ import annotations

import anyio
import pytest

from deepgram_anyio import (
    ApiError,
    ClientConfig,
    DeepgramClient,
    DeepgramTimeoutError,
    PaymentRequiredError,
    RateLimitError,
    RetryPolicy,
    ServerError,
    Timeouts,
)
from deepgram_anyio.local import FaultOptions
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer
from deepgram_anyio.transport.websocket import open_websocket

from ..transport.peers import read_head
from .fault_support import (
    AGENT,
    CLOSE_STREAM,
    FLUX,
    FLUX_SPEAK,
    LISTEN,
    RAW,
    SPEAK,
    VOICE,
    misbehaving,
    open_up,
    rest,
    stream,
    types,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("status", "code"), [(401, "INVALID_AUTH"), (418, "Bad Request"), (502, "INTERNAL_SERVER_ERROR")]
)
async def test_the_first_handshakes_are_refused(status: int, code: str) -> None:
    async with misbehaving(refuse_status=status, refuse_count=2) as server:
        for _ in range(2):
            with pytest.raises(ApiError) as caught:
                async with open_websocket(server.url + LISTEN):
                    pass
            assert (caught.value.status, caught.value.code) == (status, code)
            assert caught.value.request_id
        async with open_websocket(server.url + LISTEN) as socket:
            await socket.send(CLOSE_STREAM)
            assert types((await rest(socket))[0]) == ["Metadata"]


async def test_a_refusal_says_when_to_come_again_in_the_form_of_its_route() -> None:
    async with misbehaving(refuse_status=429, retry_after_s=7) as server, DeepgramClient(base_url=server.url) as dg:
        with pytest.raises(RateLimitError, match="Too many requests") as caught:
            async with dg.listen.v1.connect():
                pass
        assert caught.value.retry_after == 7
        with pytest.raises(RateLimitError) as caught:
            await dg.agent.v1.think_models(max_retries=0)
        assert caught.value.retry_after == 7
        assert '"category":"TOO_MANY_REQUESTS"' in str(caught.value.body)


async def test_a_refusal_has_the_headers_of_the_api() -> None:
    request = (
        f"GET {LISTEN} HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    async with (
        misbehaving(refuse_status=402, retry_after_s=3) as server,
        await anyio.connect_tcp("127.0.0.1", server.port) as raw,
    ):
        await raw.send(request.encode())
        head = (await read_head(raw)).decode()
    assert head.startswith("HTTP/1.1 402 ")
    for name in ("dg-error: Project does not have enough credits", "dg-request-id: ", "retry-after: 3\r\n"):
        assert f"\r\n{name}" in head


async def test_a_call_that_is_refused_twice_succeeds_the_third_time() -> None:
    config = ClientConfig(retry=RetryPolicy(max_retries=2, first_s=0.0))
    faults = FaultOptions(refuse_status=503, refuse_count=2, retry_after_s=0, refuse_what="requests")
    async with DeepgramClient.local(config=config, voice=VOICE, recognizer=ScriptedRecognizer([]), faults=faults) as dg:
        async with dg.listen.v1.connect(**RAW):
            pass  # sockets are not refused, and do not count
        with pytest.raises(ServerError):
            await dg.manage.v1.projects.list(max_retries=0)
        assert (await dg.speak.v1.generate("Hello.")).audio


async def test_calls_may_be_spared() -> None:
    async with DeepgramClient.local(faults=FaultOptions(refuse_status=402, refuse_what="sockets")) as dg:
        assert await dg.manage.v1.projects.list()
        with pytest.raises(PaymentRequiredError, match="credits"):
            async with dg.listen.v2.connect(**RAW):
                pass


async def test_a_handshake_may_take_its_time() -> None:
    async with misbehaving(accept_delay_s=0.2) as server:
        began_at = anyio.current_time()
        with pytest.raises(DeepgramTimeoutError):
            async with open_websocket(server.url + LISTEN, timeouts=Timeouts(connect_s=0.05)):
                pass
        async with open_websocket(server.url + LISTEN) as socket:
            assert anyio.current_time() - began_at >= 0.2
            await socket.send(CLOSE_STREAM)
            assert types((await rest(socket))[0]) == ["Metadata"]


@pytest.mark.parametrize(("path", "times"), [(FLUX, 1), (SPEAK, 1), (FLUX_SPEAK, 1), (AGENT, 2)])
async def test_greetings_may_take_their_time(path: str, times: int) -> None:
    delay_s = 0.1
    began_at = anyio.current_time()
    async with stream(path, greeting_delay_s=delay_s, close_after_messages=times) as socket:
        answer = await open_up(socket, path)
        messages, _ = await rest(socket)
    assert types(messages) == [answer, "SettingsApplied"][:times]
    assert anyio.current_time() - began_at >= delay_s
