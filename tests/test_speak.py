"""Text to speech through real sockets: against the embedded server with a voice that hums, and against rude peers."""

from __future__ import annotations

import gc
import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import ByteStream
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from deepgram_anyio import (
    ClientConfig,
    ConfigError,
    ConnectionClosed,
    DeepgramClient,
    DeepgramTimeoutError,
    FluxSpeakConnection,
    Limits,
    LocalProtocolError,
    SpeakConnection,
    SpeechAudio,
    Timeouts,
)
from deepgram_anyio.local.engines.scripted import ToneVoice
from deepgram_anyio.protocol import flux_speak, speak

from .cancellation import cancel_everywhere
from .stand_in import NEVER, Api, api, say
from .transport.peers import ServerEnd

pytestmark = pytest.mark.anyio

RATE: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}
BOTH = pytest.mark.parametrize("version", ["v1", "v2"])
TEXTS = ["a", "bb bb", "ccc ccc ccc", "dddd dddd."]


def voice(sample_rate: int = 16000) -> ToneVoice:
    return ToneVoice(sample_rate=sample_rate, word_s=0.05, pause_s=0.1)


def hum(text: str, sample_rate: int = 16000) -> bytes:
    return b"".join(voice(sample_rate).synthesize(text))


def local(**options: Any) -> DeepgramClient:
    return DeepgramClient.local(voice=voice(), **options)


def connect(dg: DeepgramClient, version: str, **options: Any) -> Any:
    return (dg.speak.v1 if version == "v1" else dg.speak.v2).connect(**{**RATE, **options})


async def stop_speaking(connection: Any) -> None:
    await (connection.clear() if isinstance(connection, SpeakConnection) else connection.interrupt())


async def chunk_after_chunk(audio: SpeechAudio) -> bytes:
    heard = b""
    async for chunk in audio:
        heard += chunk
        await anyio.lowlevel.checkpoint()
    return heard


@BOTH
async def test_each_synthesis_gets_the_audio_of_its_text_and_no_other(version: str) -> None:
    heard: dict[str, bytes] = {}
    async with local() as dg, connect(dg, version) as connection:
        for text in TEXTS:
            assert await connection.synthesize(text).collect() == hum(text)

        async def speak_one(text: str) -> None:
            heard[text] = await chunk_after_chunk(connection.synthesize(text))

        async with anyio.create_task_group() as tasks:
            for text in TEXTS:
                tasks.start_soon(speak_one, text)
        await connection.close_stream()
        events = [event async for event in connection]
    assert heard == {text: hum(text) for text in TEXTS}
    assert not any(isinstance(event, speak.Audio) for event in events)
    names = [type(event).__name__ for event in events]
    assert names.count("Flushed") == 2 * len(TEXTS)
    if version == "v2":
        assert names[0] == "Connected"
        assert names[-1] == "SessionMetadata"
        assert names.count("SpeechStarted") == names.count("SpeechMetadata") == 2 * len(TEXTS)


@BOTH
async def test_text_by_hand_comes_as_events_around_a_synthesis(version: str) -> None:
    async def tokens() -> AsyncIterator[str]:
        for token in ("one", "", " two"):
            yield token

    async with local() as dg, connect(dg, version) as connection:
        await connection.send_text("three ")
        await connection.send_text(["four ", "five"])
        assert await connection.synthesize("alone").collect() == hum("alone")
        await connection.send_text(tokens())
        await connection.flush()
        await connection.close_stream()
        audio = b"".join([bytes(event.data) async for event in connection if isinstance(event, speak.Audio)])
        stats = connection.stats
    assert audio == hum("three four five one two")
    assert (stats.text_chars_sent, stats.audio_bytes) == (27, len(audio) + len(hum("alone")))
    assert stats.audio_s == pytest.approx(stats.audio_bytes / 32000)
    assert 0 <= stats.first_audio_s < 5


async def test_the_duration_is_unknown_without_a_sample_rate() -> None:
    async with local() as dg, dg.speak.v2.connect() as connection:
        assert len(await connection.synthesize("hm").collect()) == pytest.approx(0.05 * 48000, rel=0.02)
        assert connection.stats.audio_s is None
        assert repr(connection).startswith("<FluxSpeakConnection streaming request_id=")


@BOTH
async def test_stopping_to_speak_ends_all_that_was_begun(version: str) -> None:
    async with local() as dg, connect(dg, version) as connection:
        ended: list[SpeechAudio] = []

        async def listen(audio: SpeechAudio) -> None:
            async for _ in audio:
                started.set()
            ended.append(audio)

        for _ in range(2):
            ended.clear()
            started = anyio.Event()
            async with anyio.create_task_group() as tasks:
                for text in ("word " * 390, "waits behind it"):
                    tasks.start_soon(listen, connection.synthesize(text))
                await started.wait()
                await stop_speaking(connection)
            assert [audio.interrupted for audio in ended] == [True, True]
            after = connection.synthesize("next")
            assert await after.collect() == hum("next")
            assert not after.interrupted


@BOTH
async def test_what_was_left_early_is_in_nobodys_way(version: str) -> None:
    async with local() as dg, connect(dg, version) as connection:
        async for _ in connection.synthesize("left at the first chunk"):
            break
        gc.collect()
        assert await connection.synthesize("one").collect() == hum("one")
        kept = connection.synthesize("kept, and not read on")
        await anext(kept)
        never_begun = connection.synthesize("never begun")
        assert await connection.synthesize("two").collect() == hum("two")
        with anyio.move_on_after(0) as scope:
            await connection.synthesize("cancelled before it began").collect()
        assert scope.cancelled_caught
        closed = connection.synthesize("closed")
        await anext(closed)
        await closed.aclose()
        await closed.aclose()
        assert [chunk async for chunk in closed] == []
        assert closed.interrupted
        await never_begun.aclose()
        assert [chunk async for chunk in never_begun] == []
        assert await connection.synthesize("three").collect() == hum("three")
        assert len(await kept.collect()) > 0
        assert not kept.interrupted


@BOTH
async def test_a_cancelled_iteration_may_go_on(version: str) -> None:
    async with local() as dg, connect(dg, version) as connection:
        audio = connection.synthesize("go on")
        first = await anext(audio)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await connection.flush()
        assert first + await audio.collect() == hum("go on")


async def test_two_tasks_may_share_an_iteration() -> None:
    async with local() as dg, connect(dg, "v1") as connection:
        audio = connection.synthesize("shared by two")
        heard: list[bytes] = []

        async def listen() -> None:
            async for chunk in audio:
                heard.append(chunk)  # noqa: PERF401 - two tasks fill it

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            tasks.start_soon(listen)
        assert sorted(heard) == sorted([chunk async for chunk in connection.synthesize("shared by two")])


@BOTH
async def test_text_that_cannot_be_sent(version: str) -> None:
    long = "Sentence number one. " * 100
    async with local() as dg:
        async with connect(dg, version) as connection:
            with pytest.raises(ConfigError, match="split_long_text"):
                connection.synthesize(long)
            with pytest.raises(ConfigError, match="split_long_text"):
                await connection.send_text(["short", long])
            for wrong in (b"bytes", 7, [7]):
                with pytest.raises(TypeError, match="str"):
                    await connection.send_text(wrong)
            assert await connection.synthesize("").collect() == b""
            await connection.send_text("")
        async with connect(dg, version, split_long_text=True) as connection:
            assert len(await connection.synthesize(long).collect()) == len(hum(long))


@BOTH
async def test_leaving_the_block_waits_for_the_audio(version: str) -> None:
    async with local() as dg:
        async with connect(dg, version) as connection:
            await connection.send_text("not flushed")
        assert connection.stats.audio_bytes == len(hum("not flushed"))
        await connection.aclose()
        with pytest.raises(ConnectionClosed):
            await connection.send_text("too late")
        with pytest.raises(ConnectionClosed):
            await connection.synthesize("too late").collect()


@BOTH
async def test_nothing_can_be_said_after_the_end_of_the_stream(version: str) -> None:
    async with local() as dg, connect(dg, version) as connection:
        await connection.send_text("last words")
        await connection.close_stream()
        for say in (connection.flush, lambda: connection.send_text("more"), connection.synthesize("more").collect):
            with pytest.raises(LocalProtocolError):
                await say()
        await connection.close_stream()


@BOTH
async def test_an_error_of_the_body_arrives_bare(version: str) -> None:
    error = ValueError("mine")
    async with local() as dg:
        with pytest.raises(ValueError, match="mine") as caught:
            async with connect(dg, version) as connection:
                await anext(connection.synthesize("interrupted by an exception"))
                raise error
    assert caught.value is error


@BOTH
async def test_queues_that_nobody_empties_do_not_stop_a_synthesis(version: str) -> None:
    limits = Limits(max_queued_events=2, max_queued_bytes=2000)
    async with local(config=ClientConfig(limits=limits)) as dg, connect(dg, version) as connection:
        kept = connection.synthesize("kept and not read")
        await anext(kept)
        for text in TEXTS:
            assert await connection.synthesize(text).collect() == hum(text)
        await connection.send_text("also events nobody reads")
        await connection.flush()
        assert await connection.synthesize("last").collect() == hum("last")


async def test_flux_is_configured_and_interrupted() -> None:
    async with local() as dg, dg.speak.v2.connect(**RATE) as connection:
        assert isinstance(connection, FluxSpeakConnection)
        await connection.configure(speed=1.05)
        await connection.configure(speed=3)
        await connection.synthesize("one two").collect()
        await connection.interrupt(50)
        answers: list[Any] = []
        async for event in connection:
            answers.append(event)
            if isinstance(event, flux_speak.SpeechInterrupted):
                break
        interrupted = answers[-1]
    success, failure = [event for event in answers if type(event).__name__.startswith("Configure")]
    assert success.applied.speed == 1.05
    assert (failure.code, failure.value) == ("SPEED_OUT_OF_RANGE", 3)
    assert (interrupted.text_spoken, interrupted.text_remaining) == ("one ", "two")


# Against peers that are no more than a socket


CONTROLS = flux_speak.ControlsApplied(pronunciations_applied=0, pronunciation_warnings=0)
SUMMARY: dict[str, Any] = {
    "speech_id": "s",
    "audio_duration_ms": 1,
    "input_character_count": 1,
    "billable_character_count": 1,
    "controls_applied": CONTROLS,
}
CONNECTED = flux_speak.Connected(request_id="r", model_name="m", model_version="v", model_uuids=["u"])
AUDIO = BytesMessage(b"audio")
ANSWERS: dict[str, list[Any]] = {
    "Flush": [AUDIO, speak.Flushed(sequence_id=0)],
    "Clear": [speak.Cleared(sequence_id=1)],
    "Close": [CloseConnection(1000)],
}
FLUX_ANSWERS: dict[str, list[Any]] = {
    "Flush": [flux_speak.SpeechStarted(speech_id="s"), AUDIO, flux_speak.SpeechMetadata(**SUMMARY)],
    "Interrupt": [flux_speak.SpeechInterrupted(audio_played_ms=1, metadata=flux_speak.TurnMetadata(**SUMMARY))],
    "Close": [
        flux_speak.SessionMetadata(
            total_audio_duration_ms=1, total_input_character_count=1, total_billable_character_count=1
        ),
        CloseConnection(1000),
    ],
}


class SpeakPeer(Api):
    """A server that answers each Flush with a little audio, or is rude.

    Attributes:
        texts: what it was told to speak.
        rude: how it answers a Flush: ``drops``, ``silent``, ``strange``; None for politely.
    """

    def __init__(self, rude: str | None = None) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.rude = rude

    async def serve(self, stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream, headers=[(b"dg-request-id", b"request-1")])
        self.target = end.request.target
        flux = self.target.startswith("/v2")
        if flux:
            await say(end, CONNECTED)
        async for event in end:
            if isinstance(event, TextMessage):
                message = json.loads(event.data)
                self.messages.append(message["type"])
                self.texts += [message["text"]] if "text" in message else []
                if message["type"] == "Flush" and self.rude is not None:
                    await self._be_rude(end)
                elif message["type"] in (answers := FLUX_ANSWERS if flux else ANSWERS):
                    for answer in answers[message["type"]]:
                        await (
                            end.send(answer)
                            if isinstance(answer, (BytesMessage, CloseConnection))
                            else say(end, answer)
                        )
            elif isinstance(event, CloseConnection):
                return

    async def _be_rude(self, end: ServerEnd) -> None:
        if self.rude == "drops":
            await end.send(BytesMessage(b"half"))
            await end.send(CloseConnection(1011, "NET-0000"))
        elif self.rude == "strange":
            for text in ('{"type":"Brandnew"}', '{"type":"Flushed"}', '{"type":"Warning","warn_code":"W","x":1}'):
                await end.send(TextMessage(text))
            await end.send(BytesMessage(b"audio"))
            await say(end, speak.Flushed(sequence_id=0))


def serving_speech(peer: SpeakPeer) -> Any:
    return api(lambda _, stream: peer.serve(stream))


def client(server: Api, **config: Any) -> DeepgramClient:
    return DeepgramClient("key", base_url=server.url, config=ClientConfig(**config))


async def test_what_goes_over_the_wire() -> None:
    peer = SpeakPeer()
    options: dict[str, Any] = {"speed": 1.5, "extra_query": {"new": True}}
    async with serving_speech(peer) as server, client(server) as dg, dg.speak.v1.connect(**options) as connection:
        assert connection.request_id == "request-1"
        assert await connection.synthesize("Hello.").collect() == b"audio"
        await connection.send_text("not flushed")
    assert peer.target == "/v1/speak?model=aura-2-thalia-en&speed=1.5&new=true"
    assert peer.messages == ["Speak", "Flush", "Speak", "Flush", "Close"]
    assert peer.texts == ["Hello.", "not flushed"]


async def test_strange_messages_are_no_obstacle() -> None:
    peer = SpeakPeer("strange")
    async with serving_speech(peer) as server, client(server) as dg, dg.speak.v1.connect() as connection:
        assert await connection.synthesize("Hello.").collect() == b"audio"
        await connection.close_stream()
        names = [type(event).__name__ async for event in connection]
    assert names == ["UnknownEvent", "UnknownEvent", "Warning", "Flushed"]


async def test_a_connection_that_breaks_tells_every_synthesis() -> None:
    peer = SpeakPeer("drops")
    errors: list[ConnectionClosed] = []
    async with serving_speech(peer) as server, client(server) as dg, dg.speak.v1.connect(reconnect=NEVER) as connection:

        async def listen(text: str) -> None:
            heard = b""
            with pytest.raises(ConnectionClosed) as caught:
                async for chunk in connection.synthesize(text):
                    heard += chunk
            errors.append(caught.value)
            assert heard == (b"half" if text == "one" else b"")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen, "one")
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(listen, "two")
    assert [(error.code, error.reason, error.request_id) for error in errors] == [(1011, "NET-0000", "request-1")] * 2


async def test_a_server_that_never_finishes_is_given_up() -> None:
    async with serving_speech(SpeakPeer("silent")) as server, client(server, timeouts=Timeouts(drain_s=0.2)) as dg:
        with pytest.raises(DeepgramTimeoutError, match="sent nothing"):
            async with dg.speak.v1.connect() as connection:
                await connection.send_text("anyone?")


@BOTH
async def test_cancelled_anywhere_it_leaves_nothing_behind(version: str) -> None:
    async with serving_speech(SpeakPeer()) as server, client(server) as dg:

        async def work() -> None:
            async with connect(dg, version) as connection:
                assert await connection.synthesize("a").collect() == b"audio"
                await connection.send_text("b")
                await stop_speaking(connection)
                assert await connection.synthesize("c").collect() == b"audio"
                await connection.close_stream()
                async for _ in connection:
                    pass

        assert server.peer is not None
        assert await cancel_everywhere(work, server.peer.all_closed) >= 8


@BOTH
async def test_cancelled_anywhere_its_drain_leaves_nothing_behind(version: str) -> None:
    async with serving_speech(SpeakPeer()) as server, client(server) as dg:

        async def work() -> None:
            async with connect(dg, version) as connection:
                await anext(connection.synthesize("a"))
                await connection.send_text("b")

        assert server.peer is not None
        assert await cancel_everywhere(work, server.peer.all_closed) >= 5
