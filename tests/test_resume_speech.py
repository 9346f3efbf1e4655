"""Speech that is cut off, through real sockets: every text is heard to its end, and every byte of a synthesis once."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from deepgram_anyio import (
    AuthenticationError,
    ClientConfig,
    ConnectionClosed,
    DeepgramClient,
    Reconnected,
    ReconnectPolicy,
    Timeouts,
    local,
)
from deepgram_anyio.local.engines.scripted import ToneVoice
from deepgram_anyio.local.faults import Answer, Cut, FaultProxy, Plan, fault_proxy
from deepgram_anyio.protocol import flux_speak, speak

from .stand_in import Api, api, say
from .transport.peers import ServerEnd

pytestmark = pytest.mark.anyio

BOTH = pytest.mark.parametrize("version", ["v1", "v2"])
QUICK = ClientConfig(reconnect=ReconnectPolicy(first_s=0.01, max_s=0.05))
RATE: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}
TEXT = " ".join(["one two three four five six seven eight nine ten"] * 3) + "."
VOICE = ToneVoice(word_s=0.05, pause_s=0.1)


def hum(text: str) -> bytes:
    return b"".join(VOICE.synthesize(text))


@asynccontextmanager
async def speaking(
    version: str, *, faults: Any = (), client: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[Any, FaultProxy]]:
    with anyio.fail_after(20):
        async with (
            local.serve(voice=VOICE) as server,
            fault_proxy(server.url, faults=faults) as proxy,
            DeepgramClient(base_url=proxy.url, config=QUICK, **(client or {"api_key": "any"})) as dg,
        ):
            service = dg.speak.v1 if version == "v1" else dg.speak.v2
            async with service.connect(**{**RATE, **options}) as connection:
                yield connection, proxy


async def whole(connection: Any, before: bytes = b"") -> tuple[bytes, list[Reconnected]]:
    """Iterate to the end; return the audio, of which what came twice is there once, and what was told of breaks."""
    audio, told = before, []
    async for event in connection:
        if isinstance(event, Reconnected):
            audio = audio[: len(audio) - event.repeated_bytes]
            told.append(event)
        elif isinstance(event, (speak.Audio, flux_speak.Audio)):
            audio += event.data
    return audio, told


@BOTH
async def test_a_synthesis_that_is_cut_off_is_heard_once(version: str) -> None:
    async with speaking(version) as (connection, proxy):
        audio = connection.synthesize(TEXT)
        heard = await anext(audio)
        for _ in range(3):
            proxy.cut()
            heard += await anext(audio)
        heard += await audio.collect()
        assert await connection.synthesize("And more.").collect() == hum("And more.")
        await connection.close_stream()
        left, told = await whole(connection)
    assert heard == hum(TEXT)
    assert not audio.interrupted
    assert left == b""
    assert {event.repeated_bytes for event in told} == {0}
    assert {event.replayed_chars for event in told} <= {0, len(TEXT)}
    assert len(told) >= 1


@BOTH
async def test_wherever_it_is_cut_off_it_is_heard_once(version: str) -> None:
    # In the middle of the greeting, of frames, and of the audio.
    cuts = Plan([[], *([Cut(kind="fin", after_bytes=count)] for count in (300, 600, 5_000, 20_003, 50_001))])
    async with speaking(version, faults=cuts) as (connection, proxy):
        audio = connection.synthesize(TEXT)
        heard = await anext(audio)
        proxy.cut()
        heard += await audio.collect()
        assert heard == hum(TEXT)
        assert len(proxy.connections) == 7


@BOTH
async def test_who_iterates_is_told_what_comes_again(version: str) -> None:
    async with speaking(version) as (connection, proxy):
        for text in (TEXT, "And more."):
            await connection.send_text(text)
            await connection.flush()
        async for event in connection:
            if isinstance(event, (speak.Audio, flux_speak.Audio)):
                break
        first = bytes(event.data)
        proxy.cut()
        await connection.close_stream()
        audio, told = await whole(connection, first)
    assert audio == hum(TEXT) + hum("And more.")
    assert [event.repeated_bytes > 0 for event in told] == [True]
    assert told[0].replayed_chars >= len(TEXT)


@BOTH
async def test_leaving_the_block_after_a_break_speaks_to_the_end(version: str) -> None:
    async with speaking(version) as (connection, proxy):
        await connection.send_text(TEXT)
        proxy.cut()
    assert connection.stats.audio_bytes >= len(hum(TEXT))
    assert connection.stats.text_chars_sent == len(TEXT)


@BOTH
async def test_what_is_said_in_the_outage_is_spoken_then(version: str) -> None:
    async with speaking(version) as (connection, proxy):
        await proxy.pause_listening()
        proxy.cut()
        await proxy.wait_closed(1)
        await connection.send_text("In the outage.")
        if version == "v2":
            await connection.configure(speed=1.0)
        await connection.flush()
        await connection.close_stream()
        await proxy.resume_listening()
        audio, told = await whole(connection)
    assert audio == hum("In the outage.")
    assert len(told) == 1


@BOTH
async def test_a_refusal_that_would_come_again_ends_the_stream(version: str) -> None:
    with pytest.raises(ConnectionClosed, match="given up") as caught:
        async with speaking(version, faults=Plan([[], [Answer(status=401)]])) as (connection, proxy):
            audio = connection.synthesize(TEXT)
            await anext(audio)
            proxy.cut()
            await audio.collect()
    assert isinstance(caught.value.__cause__, AuthenticationError)


@BOTH
async def test_the_token_function_is_asked_for_every_connection(version: str) -> None:
    tokens: list[str] = []

    def token() -> str:
        tokens.append(f"token-{len(tokens)}")
        return tokens[-1]

    async with speaking(version, client={"access_token": token}) as (connection, proxy):
        audio = connection.synthesize(TEXT)
        await anext(audio)
        proxy.cut()
        await audio.collect()
    assert tokens == ["token-0", "token-1"]


class Taciturn:
    """A server that greets nobody, stops in the middle of its first answer, and then does as it is told.

    Attributes:
        said: what it was told, by every connection.
    """

    def __init__(self) -> None:
        self.said: list[list[str]] = []

    async def serve(self, _: Api, stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        messages: list[str] = []
        self.said.append(messages)
        async for event in end:
            if isinstance(event, TextMessage):
                messages.append(json.loads(event.data)["type"])
                if messages[-1] == "Flush":
                    await end.send(BytesMessage(b"au"))
                    if len(self.said) == 1:
                        continue
                    await end.send(BytesMessage(b"dio"))
                    await say(end, speak.Flushed(sequence_id=0))
                elif messages[-1] == "Close":
                    await end.send(CloseConnection(1000))
            elif isinstance(event, CloseConnection):
                return


@pytest.mark.parametrize("silent", [True, False])
async def test_a_server_that_says_nothing_first_is_told_at_once(silent: bool) -> None:
    peer = Taciturn()
    config = dataclasses.replace(QUICK, timeouts=Timeouts(ping_interval_s=1.0, pong_s=0.1))
    with anyio.fail_after(5):
        async with (
            api(peer.serve) as server,
            fault_proxy(server.url) as proxy,
            DeepgramClient("key", base_url=proxy.url, config=config) as dg,
            dg.speak.v1.connect() as connection,
        ):
            audio = connection.synthesize("Hello.")
            assert await anext(audio) == b"au"
            if silent:
                proxy.stall()
            else:
                proxy.cut()
            assert await audio.collect() == b"dio"
            assert anyio.current_time() - proxy.connections[1].opened_at < 0.9  # not when something else is sent
            assert connection.stats.audio_bytes == 7
    assert peer.said == [["Speak", "Flush"], ["Speak", "Flush", "Close"]]
