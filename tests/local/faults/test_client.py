"""How this package's own client takes the faults."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from deepgram_anyio import ClientConfig, DeepgramClient, RetryPolicy, errors, local
from deepgram_anyio.local.faults import (
    Answer,
    AnswerRaw,
    Corrupt,
    Cut,
    Delay,
    FaultProxy,
    Plan,
    Refuse,
    Silence,
    Split,
    Stall,
    fault_proxy,
)
from deepgram_anyio.transport import Timeouts, WebSocket, open_websocket

from ...transport.peers import Handler, echo, serving, stop_reading

pytestmark = pytest.mark.anyio

BRISK = Timeouts(connect_s=0.3, send_s=0.3, close_s=0.3)
QUICK = ClientConfig(retry=RetryPolicy(first_s=0.001), api_key="any")


@asynccontextmanager
async def proxied(faults: Any, handler: Handler = echo, **options: Any) -> AsyncIterator[FaultProxy]:
    with anyio.fail_after(10):
        async with serving(handler) as peer, fault_proxy(peer.url, faults=faults, **options) as proxy:
            yield proxy


@asynccontextmanager
async def connected(
    faults: Any, handler: Handler = echo, **options: Any
) -> AsyncIterator[tuple[WebSocket, FaultProxy]]:
    async with proxied(faults, handler, **options) as proxy, open_websocket(proxy.url, timeouts=BRISK) as websocket:
        yield websocket, proxy


async def answer_bytes() -> int:
    """How long the echo server's answer to the handshake is."""
    async with connected([]) as (_, proxy):
        return proxy.connections[0].to_client_bytes


async def test_messages_survive_being_split_and_delayed() -> None:
    async with connected([Split(), Delay(delay_s=0.001, jitter_s=0.002)]) as (websocket, _):
        for message in ("grüß", b"\x00\xff", "x" * 1000):
            await websocket.send(message)
            assert await anext(websocket) == message


@pytest.mark.parametrize("kind", ["fin", "reset"])
@pytest.mark.parametrize("after_bytes", [0, 1, 20, 100])
async def test_a_cut_in_the_handshake(kind: Any, after_bytes: int) -> None:
    async with proxied([Cut(kind=kind, after_bytes=after_bytes)]) as proxy:
        with pytest.raises(errors.ConnectError):
            async with open_websocket(proxy.url, timeouts=BRISK):
                pass
        assert proxy.connections[0].to_client_bytes == after_bytes


@pytest.mark.parametrize("kind", ["fin", "reset", "half_close"])
async def test_a_cut_in_the_middle_of_a_frame(kind: Any) -> None:
    # A message of 100 bytes makes a frame of 102.
    async with connected([Cut(kind=kind, after_bytes=await answer_bytes() + 102 + 50)]) as (websocket, proxy):
        await websocket.send("x" * 100)
        assert await anext(websocket) == "x" * 100
        await websocket.send("y" * 100)
        with pytest.raises(errors.ConnectionClosed) as caught:
            await anext(websocket)
        assert caught.value.code == 1006
        assert [fired.fault for fired in proxy.connections[0].fired] == list(proxy.connections[0].faults)


async def test_garbage_between_frames() -> None:
    async with connected([Corrupt(after_bytes=await answer_bytes())]) as (websocket, _):
        with pytest.raises(errors.DeepgramError) as caught:
            await anext(websocket)
    assert isinstance(caught.value, (errors.ConnectionClosed, errors.ProtocolError))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Answer(status=401), errors.AuthenticationError),
        (Answer(status=503), errors.ServerError),
        (AnswerRaw(), errors.ConnectError),
        (Silence(), errors.TimeoutError),
        (Stall(for_s=0.5), errors.TimeoutError),
        (Refuse(), errors.ConnectError),
    ],
)
async def test_an_opening_that_fails(fault: Any, error: type[errors.DeepgramError]) -> None:
    async with proxied([fault]) as proxy:
        with pytest.raises(error):
            async with open_websocket(proxy.url, timeouts=BRISK):
                pass
        await proxy.wait_closed(1)
        assert [fired.fault for fired in proxy.connections[0].fired] == [fault]


async def test_how_long_to_wait_is_told() -> None:
    async with proxied([Answer(status=429, retry_after_s=7)]) as proxy:
        with pytest.raises(errors.RateLimitError) as caught:
            async with open_websocket(proxy.url):
                pass
    assert caught.value.retry_after == 7


async def test_a_port_that_is_closed() -> None:
    async with proxied([]) as proxy:
        await proxy.pause_listening()
        with pytest.raises(errors.ConnectError):
            async with open_websocket(proxy.url):
                pass


async def test_a_sender_is_told_of_a_stall() -> None:
    async with connected([], stop_reading, buffer_bytes=16_384) as (websocket, proxy):
        proxy.stall("to_server")
        with pytest.raises(errors.TimeoutError):
            await websocket.send(bytes(15_000_000))


async def test_a_call_is_tried_again_until_a_connection_is_clean() -> None:
    plan = Plan([[Answer(status=503)], [Cut(kind="reset", after_bytes=20)]])
    async with (
        local.serve() as server,
        fault_proxy(server.url, faults=plan) as proxy,
        DeepgramClient(base_url=proxy.url, config=QUICK) as dg,
    ):
        models = await dg.manage.v1.models.list()
        assert models.stt
        ends = [record.end for record in proxy.connections]
    assert ends == ["answered", "cut", None]
