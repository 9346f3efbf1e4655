"""The embedded server's Flux over real sockets, with a scripted recogniser: the contract, word for word."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import pytest

from deepgram_anyio import (
    AuthenticationError,
    BadRequestError,
    ConnectionClosed,
    DeepgramClient,
    FluxConnection,
)
from deepgram_anyio.local import serve
from deepgram_anyio.local.engines.pcm import encode_pcm
from deepgram_anyio.local.engines.scripted import ScriptedRecognition, ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol import flux
from deepgram_anyio.protocol.wav import wav_header
from deepgram_anyio.transport import open_websocket

from ..cancellation import cancel_everywhere
from ..stand_in import ONE_CONNECTION

pytestmark = pytest.mark.anyio

TEXT = "One two three. Four five."
SCRIPT = ["one two three", "four five"]
TURNS = ["One two three.", "Four five."]
SOUND = b"".join(ToneVoice(pause_s=1.5).synthesize(TEXT))
RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}
MULTI: dict[str, Any] = {**RAW, "model": "flux-general-multi"}


def local(**options: Any) -> DeepgramClient:
    return DeepgramClient.local(config=ONE_CONNECTION, recognizer=ScriptedRecognizer(SCRIPT), **options)


async def heard(source: Any, dg: DeepgramClient, **options: Any) -> list[Any]:
    async with dg.listen.v2.stream(source, **options) as stream:
        return [event async for event in stream]


def infos(events: list[Any]) -> list[flux.TurnInfo]:
    return [event for event in events if isinstance(event, flux.TurnInfo)]


def ends(events: list[Any]) -> list[str]:
    return [info.transcript for info in infos(events) if info.is_end]


async def next_of(connection: FluxConnection, kind: type[Any]) -> Any:
    async for event in connection:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__} came")


async def test_speech_comes_back_turn_by_turn() -> None:
    async with local() as dg, dg.listen.v2.stream(SOUND, **RAW) as stream:
        events = [event async for event in stream]
    assert events[0] == flux.Connected(request_id=stream.request_id or "", sequence_id=0)
    turns = infos(events)
    assert [turn.sequence_id for turn in turns] == list(range(1, len(events)))
    assert len(turns) == len(events) - 1
    assert {turn.request_id for turn in turns} == {stream.request_id}
    assert [(turn.event, turn.turn_index) for turn in turns if turn.event != "Update"] == [
        ("StartOfTurn", 0),
        ("EndOfTurn", 0),
        ("StartOfTurn", 1),
        ("EndOfTurn", 1),
    ]
    assert ends(events) == TURNS
    first, second = (turn for turn in turns if turn.is_end)
    assert (first.trigger, first.audio_window_start) == ("model", 0.0)
    assert second.audio_window_start == first.audio_window_end
    assert [word.word for word in first.words] == ["One", "two", "three."]
    last = turns[-1]
    assert (last.event, last.turn_index, last.transcript) == ("Update", 2, "")
    assert last.audio_window_end == pytest.approx(len(SOUND) / 32000, abs=0.001)
    assert stream.stats.audio_acknowledged_s == last.audio_window_end
    assert stream.stats.missed == 0


async def test_after_the_end_of_the_stream_there_are_updates_only() -> None:
    async with local() as dg:
        events = await heard(SOUND[: 32 * 900], dg, **RAW, eager_eot_threshold=0.3, eot_timeout_ms=500)
    last = events[-1]
    assert (last.event, last.turn_index, last.transcript) == ("Update", 0, "One two three.")
    assert ends(events) == []


async def test_eager_ends_come_when_asked_for_and_keep_their_word() -> None:
    sound = b"".join(ToneVoice(pause_s=0.8).synthesize(TEXT)) + bytes(32 * 1200)
    async with local() as dg:
        events = await heard(sound, dg, **RAW, eager_eot_threshold=0.4)
    changes = [(turn.event, turn.transcript) for turn in infos(events) if turn.event != "Update"]
    assert changes == [
        ("StartOfTurn", "One"),
        ("EagerEndOfTurn", "One two three."),
        ("TurnResumed", "One two three. Four"),
        ("EagerEndOfTurn", "One two three. Four five."),
        ("EndOfTurn", "One two three. Four five."),
    ]
    eager = [turn for turn in infos(events) if turn.is_eager_end]
    assert all(turn.end_of_turn_confidence >= 0.4 for turn in eager)


@pytest.mark.parametrize("encoding", ["linear16", "linear32", "mulaw", "alaw"])
async def test_every_raw_encoding_and_any_sample_rate(encoding: str) -> None:
    samples = b"".join(ToneVoice(sample_rate=11025, pause_s=1.5).synthesize(TEXT))
    async with local() as dg:
        events = await heard(encode_pcm(samples, encoding), dg, encoding=encoding, sample_rate=11025)
    assert ends(events) == TURNS


async def test_a_wav_container_is_understood() -> None:
    wav = wav_header(data_bytes=len(SOUND), sample_rate=16000) + SOUND
    async with local() as dg, dg.listen.v2.connect() as connection:
        await connection.send(wav[:20])
        await connection.send(wav[20:])
        await connection.close_stream()
        events = [event async for event in connection]
    assert ends(events) == TURNS


async def test_a_turn_is_ended_by_hand() -> None:
    async with local() as dg, dg.listen.v2.connect(**RAW, eot_threshold=1.0) as connection:
        await connection.force_end_turn()
        await connection.send(SOUND[:30000])
        await connection.force_end_turn()
        while not (info := await next_of(connection, flux.TurnInfo)).is_end:
            pass
    assert (info.transcript, info.trigger, info.turn_index) == ("One two three.", "manual", 0)


async def test_silence_that_the_client_sends_ends_a_turn() -> None:
    async with local() as dg, dg.listen.v2.connect(**RAW, eot_threshold=0.5, silence_after_s=0.1) as connection:
        await connection.send(SOUND[: 32 * 900])
        with anyio.fail_after(5):
            while not (info := await next_of(connection, flux.TurnInfo)).is_end:
                pass
    assert (info.transcript, info.trigger) == ("One two three.", "model")


async def test_thresholds_change_while_it_runs() -> None:
    async with local() as dg, dg.listen.v2.connect(**RAW, eot_threshold=1.0, keyterm="x") as connection:
        await connection.send(SOUND[: 32 * 2200])
        await connection.configure(thresholds={"eot_threshold": 0.6, "eot_timeout_ms": 4000}, keyterms=["x"])
        answer = await next_of(connection, flux.ConfigureSuccess)
        await connection.send(bytes(3200))
        info = await next_of(connection, flux.TurnInfo)
    assert answer.thresholds == flux.Thresholds(eot_threshold=0.6, eot_timeout_ms=4000)
    assert (answer.keyterms, answer.language_hints, answer.request_id) == (["x"], None, connection.request_id)
    assert info.is_end


@pytest.mark.parametrize(
    ("options", "change", "code"),
    [
        (RAW, {"thresholds": {"eot_threshold": 0.4}}, "INVALID_THRESHOLDS"),
        (RAW, {"thresholds": {"eager_eot_threshold": 1.0}}, "INVALID_THRESHOLDS"),
        (RAW, {"thresholds": {"eot_timeout_ms": 60001}}, "INVALID_THRESHOLDS"),
        (RAW, {"keyterms": ["x"]}, "KEYTERMS_NOT_SUPPORTED"),
        (RAW, {"language_hints": ["en"]}, "LANGUAGE_HINTS_NOT_SUPPORTED"),
        (MULTI, {"language_hints": ["fr"]}, "LANGUAGE_HINTS_NOT_SUPPORTED"),
        (RAW, {"numerals": True}, "NUMERALS_NOT_SUPPORTED"),
    ],
)
async def test_what_cannot_be_changed_is_refused_whole(
    options: dict[str, Any], change: dict[str, Any], code: str
) -> None:
    thresholds = {"thresholds": {"eot_threshold": 0.9}, **change}
    async with local() as dg, dg.listen.v2.connect(**options) as connection:
        await connection.configure(**thresholds)
        failure = await next_of(connection, flux.ConfigureFailure)
        await connection.configure()
        unchanged = await next_of(connection, flux.ConfigureSuccess)
    assert (failure.code, bool(failure.description)) == (code, True)
    assert unchanged.thresholds == flux.Thresholds(eot_threshold=0.7, eot_timeout_ms=5000)


async def test_the_multilingual_model_tells_languages() -> None:
    async with local() as dg, dg.listen.v2.connect(**MULTI, language_hint=["en", "es"]) as connection:
        await connection.configure(language_hints=["en-GB"])
        answer = await next_of(connection, flux.ConfigureSuccess)
        await connection.send(SOUND)
        await connection.close_stream()
        turns = infos([event async for event in connection])
    assert answer.language_hints == ["en-GB"]
    assert all(turn.languages_hinted == ["en-GB"] for turn in turns)
    assert all(turn.languages == (["en"] if turn.words else None) for turn in turns)


# Refusals


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "model is required"),
        ("submodel=flux-general-en", "model is required"),
        ("model=nova-3", "no such model"),
        ("model=flux-general-en&encoding=linear16", "sample_rate"),
        ("model=flux-general-en&encoding=opus", "opus"),
        ("model=flux-general-en&encoding=linear16&sample_rate=10", "out of range"),
        ("model=flux-general-en&eot_threshold=0.4", "0.5 to 0.9"),
        ("model=flux-general-en&eot_threshold=0.95", "0.5 to 0.9"),
        ("model=flux-general-en&eager_eot_threshold=0.2", "0.3 to 0.9"),
        ("model=flux-general-en&eot_timeout_ms=499", "500 to 60000"),
        ("model=flux-general-en&language_hint=en", "flux-general-multi"),
        ("model=flux-general-multi&language_hint=", "must not be empty"),
        ("model=flux-general-multi&language_hint=fr", "English"),
        ("model=flux-general-en&keyterm=deepgram:0.15", "weights"),
    ],
)
async def test_bad_parameters_are_refused_with_a_reason_and_a_request_id(query: str, message: str) -> None:
    async with local() as dg:
        with pytest.raises(BadRequestError, match=message) as caught:
            async with open_websocket(f"{dg.base_url}/v2/listen?{query}"):
                pass
    assert caught.value.request_id


@pytest.mark.parametrize(
    "query", ["eot_threshold=1.0", "eot_threshold=0.5", "eager_eot_threshold=0.9&eot_timeout_ms=60000", "tag=a:1.5"]
)
async def test_the_ends_of_the_ranges_are_let_in(query: str) -> None:
    async with local() as dg, open_websocket(f"{dg.base_url}/v2/listen?model=flux-general-en&{query}") as socket:
        assert b'"Connected"' in str(await anext(aiter(socket))).encode()


async def test_keys_are_checked_when_there_are_any() -> None:
    async with serve(api_keys=["right"], recognizer=ScriptedRecognizer(SCRIPT)) as server:
        with pytest.raises(AuthenticationError):
            async with DeepgramClient("wrong", base_url=server.url) as dg, dg.listen.v2.connect(**RAW):
                pass
        async with DeepgramClient("right", base_url=server.url) as dg:
            assert ends(await heard(SOUND, dg, **RAW)) == TURNS


# Errors


def raw_socket(dg: DeepgramClient) -> AbstractAsyncContextManager[Any]:
    return open_websocket(f"{dg.base_url}/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000")


@pytest.mark.parametrize("text", ['{"type":"KeepAlive"}', "not json", "[]", '{"type":"Configure","keyterms":7}'])
async def test_a_message_that_makes_no_sense_is_fatal(text: str) -> None:
    messages = []
    async with local() as dg, raw_socket(dg) as socket:
        await socket.send(text)
        await socket.send('{"type":"ForceEndTurn"}')
        async for message in socket:
            messages.append(msgspec.json.decode(message))  # noqa: PERF401 - a comprehension would hide the loop's end
    assert [message["type"] for message in messages] == ["Connected", "Error"]
    assert (messages[1]["code"], messages[1]["sequence_id"]) == ("UNPARSABLE_CLIENT_MESSAGE", 1)


async def test_an_empty_message_is_no_end_of_the_stream() -> None:
    async with local() as dg, raw_socket(dg) as socket:
        await socket.send(b"")
        await socket.send(SOUND[:32000])
        await socket.send('{"type":"CloseStream"}')
        messages = [msgspec.json.decode(message) async for message in socket]
    assert messages[-1]["audio_window_end"] == 1.0


async def broken(connection: FluxConnection) -> tuple[list[Any], ConnectionClosed]:
    seen: list[Any] = []
    with pytest.raises(ConnectionClosed) as caught:
        async for event in connection:
            seen.append(event)  # noqa: PERF401 - a comprehension would lose them
    return seen, caught.value


async def test_silence_from_the_client_is_an_error_and_a_close() -> None:
    async with local(idle_timeout_s=0.2) as dg, dg.listen.v2.connect(**RAW) as connection:
        seen, error = await broken(connection)
    assert [type(event) for event in seen] == [flux.Connected, flux.Error]
    assert seen[1].code == "INACTIVE_CLIENT"
    assert error.reason.startswith("INACTIVE_CLIENT")


async def test_sent_silence_keeps_the_stream_open() -> None:
    async with (
        local(idle_timeout_s=0.3) as dg,
        dg.listen.v2.connect(encoding="mulaw", sample_rate=8000, silence_after_s=0.1) as connection,
    ):
        while (await next_of(connection, flux.TurnInfo)).audio_window_end < 0.5:
            pass


async def test_audio_that_cannot_be_decoded_is_an_error() -> None:
    async with local() as dg, dg.listen.v2.connect() as connection:
        await connection.send(b"this is no audio at all")
        seen, error = await broken(connection)
    assert seen[-1].code == "UNDECODABLE_AUDIO"
    assert error.reason.startswith("UNDECODABLE_AUDIO")


async def test_a_wav_header_that_never_ends_is_an_error() -> None:
    async with local() as dg, dg.listen.v2.connect() as connection:
        await connection.send(b"RIFF")
        await connection.close_stream()
        seen, _ = await broken(connection)
    assert seen[-1].code == "UNDECODABLE_AUDIO"


async def test_a_recogniser_that_fails_is_an_error_without_details() -> None:
    class Deaf(ScriptedRecognition):
        def feed(self, samples: bytes) -> None:
            raise RuntimeError("no ears today")

    class Broken(ScriptedRecognizer):
        def open(self, *, keyterms: Any = ()) -> ScriptedRecognition:
            return Deaf([], 0.3)

    async with (
        DeepgramClient.local(config=ONE_CONNECTION, recognizer=Broken([])) as dg,
        dg.listen.v2.connect(**RAW) as connection,
    ):
        await connection.send(SOUND[:32000])
        seen, error = await broken(connection)
    assert seen[-1].code == "INTERNAL_SERVER_ERROR"
    assert "ears" not in error.reason


async def test_cancelled_anywhere_a_local_client_and_its_server_leave_nothing_behind() -> None:
    async def work() -> None:
        client = DeepgramClient.local(config=ONE_CONNECTION, recognizer=ScriptedRecognizer(SCRIPT))
        async with client as dg, dg.listen.v2.connect(**RAW) as connection:
            await connection.send(SOUND[:64000])
            await connection.force_end_turn()
            await connection.close_stream()
            async for _ in connection:
                pass

    assert await cancel_everywhere(work, anyio.lowlevel.checkpoint) >= 5
