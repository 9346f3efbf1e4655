"""`FluxConnection`, through real sockets, against a stand-in for the API."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import ByteStream
from wsproto.events import BytesMessage, CloseConnection, TextMessage
from wsproto.frame_protocol import CloseReason

from deepgram_anyio import (
    ClientConfig,
    ConfigError,
    ConnectionClosed,
    DeepgramClient,
    DeepgramTimeoutError,
    FluxConnection,
    FluxOptions,
    LocalProtocolError,
    Timeouts,
)
from deepgram_anyio.protocol import UnknownEvent, flux
from deepgram_anyio.protocol.wav import wav_header

from .cancellation import cancel_everywhere
from .protocol.flux_support import turn
from .stand_in import NEVER, Api, api, say
from .transport.peers import ServerEnd

pytestmark = pytest.mark.anyio

RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 8000}
SECOND = b"\x01\x02" * 8000
NO_STATUS = CloseConnection(CloseReason.NO_STATUS_RCVD)
Heard = Callable[[ServerEnd, dict[str, Any]], Awaitable[bool]]


async def nothing(end: ServerEnd, message: dict[str, Any]) -> bool:
    return False


async def talk(
    stand_in: Api,
    stream: ByteStream,
    *,
    greet: bool = True,
    heard: Heard = nothing,
    on_audio: Callable[[bytes], object] = bytes,
) -> None:
    """Serve Flux: greet, and answer CloseStream with an Update and a close without status."""
    end = await ServerEnd.accept(stream, headers=[(b"dg-request-id", b"request-1")])
    stand_in.target = end.request.target
    if greet:
        await say(end, flux.Connected(request_id="request-1", sequence_id=0))
    async for event in end:
        if isinstance(event, BytesMessage):
            stand_in.audio += event.data
            on_audio(stand_in.audio)
        elif isinstance(event, TextMessage):
            message = json.loads(event.data)
            stand_in.messages.append(message["type"])
            if not await heard(end, message) and message["type"] == "CloseStream":
                await say(end, turn("Update", 1, until=len(stand_in.audio) / 16000, text="all of it"))
                await end.send(NO_STATUS)
        elif isinstance(event, CloseConnection):
            return


def flux_api(**manners: Any) -> AbstractAsyncContextManager[Api]:
    return api(partial(talk, **manners))


def client(server: Api, **config: Any) -> DeepgramClient:
    return DeepgramClient("key", base_url=server.url, config=ClientConfig(**config))


async def test_connect_send_configure_close() -> None:
    seen: list[dict[str, Any]] = []

    async def heard(end: ServerEnd, message: dict[str, Any]) -> bool:
        seen.append(message)
        return False

    async with flux_api(heard=heard) as server, client(server) as dg:
        async with dg.listen.v2.connect(**RAW, eager_eot_threshold=0.5, keyterm=["a b"]) as connection:
            assert isinstance(connection, FluxConnection)
            await connection.send(SECOND)
            await connection.send(b"")
            connection.send_nowait(bytearray(SECOND))
            await connection.send_audio([SECOND])
            await connection.configure(thresholds={"eot_threshold": 0.8, "eot_timeout_ms": 3000}, keyterms=["x"])
            await connection.configure(thresholds=flux.Thresholds(eager_eot_threshold=0.4), numerals=True)
            await connection.configure(language_hints=["en"])
            await connection.force_end_turn()
            await connection.close_stream()
            with pytest.raises(LocalProtocolError, match="finishing"):
                await connection.send(SECOND)
            events = [event async for event in connection]
        stats = connection.stats
    assert [type(event) for event in events] == [flux.Connected, flux.TurnInfo]
    assert connection.request_id == "request-1"
    assert server.audio == SECOND * 3
    assert server.target == (
        "/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=8000&eager_eot_threshold=0.5&keyterm=a+b"
    )
    assert seen == [
        {"type": "Configure", "thresholds": {"eot_threshold": 0.8, "eot_timeout_ms": 3000}, "keyterms": ["x"]},
        {"type": "Configure", "thresholds": {"eager_eot_threshold": 0.4}, "numerals": True},
        {"type": "Configure", "language_hints": ["en"]},
        {"type": "ForceEndTurn"},
        {"type": "CloseStream"},
    ]
    assert (stats.bytes_sent, stats.audio_acknowledged_s, stats.events, stats.missed) == (48000, 3.0, 2, 0)
    assert stats.latency_s is not None


async def test_what_flux_has_not() -> None:
    assert not hasattr(FluxConnection, "finalize")
    assert not hasattr(FluxConnection, "keep_alive")


@pytest.mark.parametrize("kind", ["path", "bytes"])
async def test_a_stream_reads_wav_headers(kind: str, tmp_path: Path) -> None:
    wav = wav_header(data_bytes=len(SECOND), sample_rate=8000) + SECOND
    path = tmp_path / "speech.wav"
    path.write_bytes(wav)
    source: Any = path if kind == "path" else wav
    options = FluxOptions(eot_threshold=0.8)
    async with flux_api() as server, client(server) as dg, dg.listen.v2.stream(source, options) as stream:
        events = [event async for event in stream]
    assert [type(event) for event in events] == [flux.Connected, flux.TurnInfo]
    assert server.audio == SECOND
    assert server.messages == ["CloseStream"]
    assert server.target == "/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=8000&eot_threshold=0.8"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rat": 1}, "sample_rate"),
        ({"encoding": "linear16"}, "needs sample_rate"),
        ({"language_hint": "es"}, "flux-general-multi"),
        ({"options": {"model": "x"}}, "FluxOptions"),
        ({"silence_after_s": 1.0}, "raw audio"),
        ({"silence_after_s": 1.0, "encoding": "ogg-opus"}, "raw audio"),
        ({**RAW, "silence_after_s": 0}, "positive"),
        ({**RAW, "silence_after_s": float("nan")}, "positive"),
    ],
)
async def test_options_that_cannot_work_are_refused_before_any_io(options: dict[str, Any], message: str) -> None:
    async with DeepgramClient("key", base_url="http://127.0.0.1:9") as dg:
        with pytest.raises(ConfigError, match=message):
            async with dg.listen.v2.connect(**options):
                pass


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (wav_header(data_bytes=4, sample_rate=8000, channels=2) + b"1234", {}, "2 channels"),
        (b"OggS" + b"x" * 20, {"silence_after_s": 1.0}, "raw audio"),
        (SECOND, {**RAW, "pace": 0}, "pace"),
    ],
)
async def test_a_source_that_cannot_work_is_refused_before_any_io(
    source: Any, options: dict[str, Any], message: str
) -> None:
    async with DeepgramClient("key", base_url="http://127.0.0.1:9") as dg:
        with pytest.raises(ConfigError, match=message):
            async with dg.listen.v2.stream(source, **options):
                pass


@pytest.mark.parametrize("thresholds", [{"eot": 0.7}, {"eot_threshold": "high"}])
async def test_thresholds_that_cannot_work_are_not_sent(thresholds: dict[str, Any]) -> None:
    async with flux_api() as server, client(server) as dg, dg.listen.v2.connect(**RAW) as connection:
        with pytest.raises(ConfigError, match="threshold"):
            await connection.configure(thresholds=thresholds)
    assert server.messages == ["CloseStream"]


async def test_a_server_that_does_not_greet_is_given_up() -> None:
    async with flux_api(greet=False) as server, client(server, timeouts=Timeouts(connect_s=0.2)) as dg:
        with pytest.raises(DeepgramTimeoutError, match="did not greet"):
            async with dg.listen.v2.connect(**RAW):
                pass
    assert server.messages == []


async def test_an_error_instead_of_the_greeting_is_raised() -> None:
    async def refuse(stand_in: Api, stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        await say(end, flux.Error(sequence_id=0, code="INTERNAL_SERVER_ERROR", description="no model today"))
        await end.send(NO_STATUS)
        async for _ in end:
            pass

    async with api(refuse) as server, client(server) as dg:
        with pytest.raises(ConnectionClosed, match="no model today"):
            async with dg.listen.v2.connect(**RAW):
                pass


@pytest.mark.parametrize("code", [1000, 1005, 1011])
async def test_an_error_is_an_event_and_the_reason_of_the_close(code: int) -> None:
    async def fail(end: ServerEnd, message: dict[str, Any]) -> bool:
        await say(end, flux.Error(sequence_id=1, code="INTERNAL_SERVER_ERROR", description="it broke"))
        await end.send(NO_STATUS if code == 1005 else CloseConnection(code))
        return True

    async with (
        flux_api(heard=fail) as server,
        client(server) as dg,
        dg.listen.v2.connect(**RAW, reconnect=NEVER) as connection,
    ):
        await connection.send(SECOND)
        await connection.force_end_turn()
        seen: list[Any] = []
        with pytest.raises(ConnectionClosed) as caught:
            async for event in connection:
                seen.append(event)  # noqa: PERF401 - a comprehension would lose them
    assert [type(event) for event in seen] == [flux.Connected, flux.Error]
    error = caught.value
    assert (error.code, error.reason) == (code, "INTERNAL_SERVER_ERROR: it broke")
    assert (error.request_id, error.lost_audio_s) == ("request-1", 1.0)


@pytest.mark.parametrize("last_word", ["CloseStream", "ForceEndTurn"])
async def test_a_failure_that_nobody_saw_leaves_the_block(last_word: str) -> None:
    """Also when the error crosses the end of the stream."""

    async def fail(end: ServerEnd, message: dict[str, Any]) -> bool:
        if message["type"] == last_word:
            await say(end, flux.Error(sequence_id=1, code="INTERNAL_SERVER_ERROR", description="it broke"))
            await end.send(NO_STATUS)
        return True

    async with flux_api(heard=fail) as server, client(server) as dg:
        with pytest.raises(ConnectionClosed, match="it broke"):
            async with dg.listen.v2.connect(**RAW, reconnect=NEVER) as connection:
                await connection.send(SECOND)
                await connection.force_end_turn()


async def test_missing_messages_are_counted_and_logged_once_per_gap(caplog: pytest.LogCaptureFixture) -> None:
    async def skip(end: ServerEnd, message: dict[str, Any]) -> bool:
        if message["type"] == "CloseStream":
            for number in (1, 4, 5, 7):
                await say(end, turn(number=number))
            await end.send(TextMessage('{"type":"Brandnew","sequence_id":8}'))
            await end.send(NO_STATUS)
        return True

    caplog.set_level(logging.WARNING, logger="deepgram_anyio")
    async with flux_api(heard=skip) as server, client(server) as dg:
        async with dg.listen.v2.connect(**RAW) as connection:
            await connection.close_stream()
            events = [event async for event in connection]
        assert connection.stats.missed == 3
        async with dg.listen.v2.connect(**RAW) as connection:
            pass
        assert connection.stats.missed == 3
    assert isinstance(events[-1], UnknownEvent)
    lines = [record.getMessage() for record in caplog.records if record.name == "deepgram_anyio"]
    gaps = ["messages 2 to 3 never came", "messages 6 to 6 never came"]
    assert [line.partition("request-1: ")[2] for line in lines] == gaps * 2


async def test_silence_is_sent_when_nothing_else_is() -> None:
    enough = anyio.Event()

    def on_audio(audio: bytes) -> None:
        if b"\x11" in audio and audio.endswith(b"\xff" * 800):
            enough.set()

    async with flux_api(on_audio=on_audio) as server, client(server) as dg:
        async with dg.listen.v2.connect(encoding="mulaw", sample_rate=8000, silence_after_s=0.05) as connection:
            await connection.send(b"\x11" * 80)
            with anyio.fail_after(5):
                await enough.wait()
        assert connection.stats.bytes_sent == len(server.audio)
    assert server.audio.strip(b"\xff") == b"\x11" * 80
    assert server.messages == ["CloseStream"]


async def test_an_error_of_the_body_arrives_bare_and_closes_the_socket() -> None:
    error = ValueError("mine")
    async with flux_api() as server, client(server) as dg:
        with pytest.raises(ValueError, match="mine") as caught:
            async with dg.listen.v2.connect(**RAW):
                raise error
        assert caught.value is error
    assert server.messages == []


async def test_the_end_of_the_block_waits_for_the_last_words() -> None:
    async def slowly(end: ServerEnd, message: dict[str, Any]) -> bool:
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        return False

    async with flux_api(heard=slowly) as server, client(server) as dg, dg.listen.v2.connect(**RAW) as connection:
        await connection.send(SECOND)
    assert connection.stats.audio_acknowledged_s == 1.0


async def test_cancelled_anywhere_it_leaves_nothing_behind() -> None:
    async with flux_api() as server, client(server) as dg:

        async def work() -> None:
            async with dg.listen.v2.connect(**RAW, silence_after_s=5.0) as connection:
                await connection.send(SECOND)
                await connection.configure(keyterms=[])
                await connection.force_end_turn()
                await connection.close_stream()
                async for _ in connection:
                    pass

        assert server.peer is not None
        assert await cancel_everywhere(work, server.peer.all_closed) >= 8


async def test_cancelled_anywhere_a_stream_and_its_drain_leave_nothing_behind() -> None:
    async with flux_api() as server, client(server) as dg:

        async def work() -> None:
            async with dg.listen.v2.stream([SECOND, SECOND], **RAW) as stream:
                await anext(aiter(stream))

        assert server.peer is not None
        assert await cancel_everywhere(work, server.peer.all_closed) >= 5
