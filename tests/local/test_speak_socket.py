"""The embedded server's text to speech over real sockets, with a voice that hums: the contract, word for word."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from deepgram_anyio import BadRequestError, ConnectionClosed, DeepgramClient
from deepgram_anyio.local.engines.pcm import decode_pcm
from deepgram_anyio.local.engines.scripted import ToneVoice
from deepgram_anyio.local.speech import Turn
from deepgram_anyio.protocol import flux_speak, speak
from deepgram_anyio.protocol.speak_machine import FLUSHES
from deepgram_anyio.transport import open_websocket

from ..cancellation import cancel_everywhere
from ..stand_in import ONE_CONNECTION

pytestmark = pytest.mark.anyio

RATE: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}
WORD_S = 0.05


class GatedVoice(ToneVoice):
    """Hums a word, and waits for leave to hum the next one."""

    def __init__(self) -> None:
        super().__init__(word_s=WORD_S)
        self.leave = threading.Semaphore(0)

    def synthesize(self, text: str) -> Iterator[bytes]:
        for chunk in super().synthesize(text):
            self.leave.acquire()
            yield chunk


def local(voice: Any = None, **options: Any) -> DeepgramClient:
    return DeepgramClient.local(config=ONE_CONNECTION, voice=voice or ToneVoice(word_s=WORD_S, pause_s=0.1), **options)


async def until(events: Any, kind: type) -> list[Any]:
    seen: list[Any] = []
    async for event in events:
        seen.append(event)
        if isinstance(event, kind):
            break
    return seen


def names(events: list[Any]) -> list[str]:
    """The types of messages, audio once however many pieces it came in."""
    found = [type(event).__name__ for event in events]
    return [name for index, name in enumerate(found) if name != "Audio" or found[index - 1] != "Audio"]


V1_FORMATS = [("linear16", rate) for rate in (8000, 16000, 24000, 32000, 48000)]
V1_FORMATS += [(law, rate) for law in ("mulaw", "alaw") for rate in (8000, 16000)]


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_every_encoding_at_every_rate(version: str) -> None:
    text = "one two three four. five six seven eight nine ten."
    seconds = 10 * WORD_S + 0.2
    async with local() as dg:
        for encoding, rate in V1_FORMATS if version == "v1" else [*V1_FORMATS, ("linear16", 44100)]:
            options: Any = {"encoding": encoding, "sample_rate": rate}
            async with getattr(dg.speak, version).connect(**options) as connection:
                audio = await connection.synthesize(text).collect()
            samples = decode_pcm(audio, encoding)
            assert len(samples) / 2 / rate == pytest.approx(seconds, abs=0.001)
            assert connection.stats.audio_s == pytest.approx(seconds, abs=0.001)
            assert max(memoryview(samples).cast("h")) > 10000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "gpt-4"}, "no such model"),
        ({"model": "flux-haley-en"}, "no such model"),
        ({"model": "aura-2-sirio-es"}, "English"),
        ({"encoding": "opus"}, "encoding"),
        ({"sample_rate": 44100}, "sample_rate"),
        ({"encoding": "mulaw", "sample_rate": 24000}, "sample_rate"),
        ({"speed": 99}, "speed"),
        ({"extra_query": {"sample_rate": "fast"}}, "sample_rate"),
    ],
)
async def test_v1_refuses_what_cannot_be_had(options: dict[str, Any], message: str) -> None:
    async with local() as dg:
        with pytest.raises(BadRequestError, match=message):
            async with dg.speak.v1.connect(**options):
                pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "aura-2-thalia-en"}, "no such model"),
        ({"model": "flux-carlos-es"}, "English"),
        ({"encoding": "opus"}, "encoding"),
        ({"sample_rate": 11025}, "sample_rate"),
        ({"speed": 1.6}, "SPEED_OUT_OF_RANGE"),
        ({"speed": 1.01}, "SPEED_INCREMENT_INVALID"),
        ({"expressivity": 3}, "EXPRESSIVITY_OUT_OF_RANGE"),
    ],
)
async def test_v2_refuses_what_cannot_be_had(options: dict[str, Any], message: str) -> None:
    async with local() as dg:
        with pytest.raises(BadRequestError, match=message):
            async with dg.speak.v2.connect(**options):
                pass
        with pytest.raises(BadRequestError, match="model is required"):
            async with open_websocket(f"{dg.base_url}/v2/speak"):
                pass


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        ("not json", 1008, "DATA-0000"),
        ('{"type":"Nonsense"}', 1008, "DATA-0000"),
        ('{"type":"Speak"}', 1008, "DATA-0000"),
        (b"\0\0", 1003, "MESSAGE-0000"),
        ('{"type":"Speak","text":"' + "a" * 2001 + '"}', 1009, "BIG-000"),
    ],
)
@pytest.mark.parametrize("route", ["v1/speak", "v2/speak?model=flux-haley-en"])
async def test_what_cannot_be_understood_ends_the_stream(message: Any, code: int, reason: str, route: str) -> None:
    async with local() as dg, open_websocket(f"{dg.base_url}/{route}") as socket:
        await socket.send(message)
        said: list[Any] = []
        with pytest.raises(ConnectionClosed) as caught:
            async for answer in socket:
                said.append(answer)  # noqa: PERF401 - a comprehension would lose them
    assert (caught.value.code, reason in caught.value.reason) == (code, True)
    assert len(said) == (1 if route == "v1/speak" else 2)
    if route != "v1/speak":
        assert f'"type":"Error","code":"{reason}' in said[-1]


async def test_v1_greets_and_numbers_its_answers() -> None:
    async with local() as dg, dg.speak.v1.connect(**RATE) as connection:
        await connection.send_text("one")
        await connection.flush()
        await connection.clear()
        await connection.flush()
        events = await until(connection, speak.Cleared)
        events += await until(connection, speak.Flushed)
        answers = [event for event in events if isinstance(event, (speak.Flushed, speak.Cleared))]
        assert [answer.sequence_id for answer in answers] == list(range(len(answers)))
        metadata = events[0]
        assert isinstance(metadata, speak.Metadata)
        assert (metadata.request_id, metadata.model_name) == (connection.request_id, "aura-2-thalia-en")


async def test_v1_audio_comes_between_its_flushes_as_it_is_made() -> None:
    voice = GatedVoice()
    async with local(voice) as dg, dg.speak.v1.connect(**RATE) as connection:
        await connection.send_text("one two")
        await connection.flush()
        voice.leave.release()
        assert names(await until(connection, speak.Audio)) == ["Metadata", "Audio"]
        voice.leave.release()
        assert names(await until(connection, speak.Flushed)) == ["Audio", "Flushed"]


async def test_a_sentence_is_spoken_before_the_flush() -> None:
    async with local() as dg, dg.speak.v1.connect(**RATE) as connection:
        await connection.send_text(["This sentence is long enough ", "to be spoken at once. ", "This one"])
        assert names(await until(connection, speak.Audio)) == ["Metadata", "Audio"]


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_stopping_drops_what_is_unspoken(version: str) -> None:
    voice = GatedVoice()
    async with local(voice) as dg, getattr(dg.speak, version).connect(**RATE) as connection:
        await connection.send_text("one two three four")
        await connection.flush()
        voice.leave.release()
        await until(connection, speak.Audio)
        if version == "v1":
            await connection.clear()
            await until(connection, speak.Cleared)
        else:
            await connection.interrupt()
            (*_, interrupted) = await until(connection, flux_speak.SpeechInterrupted)
            assert interrupted.audio_played_ms == interrupted.metadata.audio_duration_ms == 50
            assert (interrupted.text_spoken, interrupted.text_remaining) == (None, None)
        for _ in range(2):  # the word that was being made, and the next text's
            voice.leave.release()
        assert await connection.synthesize("five").collect() == b"".join(ToneVoice(word_s=WORD_S).synthesize("five"))


async def test_v1_ignores_flushes_above_its_limit() -> None:
    async with local() as dg, dg.speak.v1.connect(**RATE) as connection:
        for _ in range(FLUSHES + 1):
            await connection.flush()
        events = await until(connection, speak.Warning)
        assert names(events).count("Flushed") <= FLUSHES
        assert events[-1].code == "EXCESSIVE_FLUSH"
        await connection.clear()


async def test_v1_close_is_immediate() -> None:
    voice = GatedVoice()
    async with local(voice) as dg, open_websocket(f"{dg.base_url}/v1/speak") as socket:
        await socket.send('{"type":"Speak","text":""}')
        for message in ('{"type":"Speak","text":"a"}', '{"type":"Flush"}', '{"type":"Close"}'):
            await socket.send(message)
        voice.leave.release()
        assert len([message async for message in socket]) == 1


async def test_v2_brackets_its_turns_and_sums_up() -> None:
    async with local() as dg, dg.speak.v2.connect(**RATE) as connection:
        await connection.send_text(["one ", "two"])
        await connection.flush()
        await connection.send_text("!?")
        await connection.close_stream()
        events = [event async for event in connection]
    assert sorted(names(events)[1:3]) == ["Flushed", "SpeechStarted"]
    # The audio of a turn may come in several messages.
    assert [name for name, _ in groupby(name for name in names(events) if name != "Flushed")] == [
        "Connected",
        "SpeechStarted",
        "Audio",
        "SpeechMetadata",
        "SpeechStarted",
        "Warning",
        "SpeechMetadata",
        "SessionMetadata",
    ]
    started = [event.speech_id for event in events if isinstance(event, flux_speak.SpeechStarted)]
    flushed = [event.speech_id for event in events if isinstance(event, flux_speak.Flushed)]
    made = [event for event in events if isinstance(event, flux_speak.SpeechMetadata)]
    assert started == flushed == [turn.speech_id for turn in made]
    assert [(turn.audio_duration_ms, turn.input_character_count) for turn in made] == [(100, 7), (0, 2)]
    session = events[-1]
    assert isinstance(session, flux_speak.SessionMetadata)
    assert session.total_input_character_count == 9
    assert session.total_audio_duration_ms == sum(turn.audio_duration_ms for turn in made)


async def test_v2_close_speaks_what_is_left() -> None:
    async with local() as dg, open_websocket(f"{dg.base_url}/v2/speak?model=flux-haley-en") as socket:
        for message in ('{"type":"Speak","text":""}', '{"type":"Speak","text":"one two"}', '{"type":"Close"}'):
            await socket.send(message)
        said = [message async for message in socket]
    assert sum(len(message) for message in said if isinstance(message, bytes)) == pytest.approx(4800, abs=8)
    assert [json.loads(message)["type"] for message in said if isinstance(message, str)] == [
        "Connected",
        "SpeechStarted",
        "SpeechMetadata",
        "SessionMetadata",
    ]


async def test_v2_interrupts_in_time() -> None:
    refused: Any
    first: Any
    stale: Any
    nothing: Any
    second: Any
    session: Any
    voice = GatedVoice()
    async with local(voice) as dg, dg.speak.v2.connect(**RATE) as connection:
        await connection.send_text("one two three four")
        await connection.interrupt(10)
        refused = (await until(connection, flux_speak.Warning))[-1]
        for _ in range(4):
            voice.leave.release()
        await until(connection, flux_speak.SpeechMetadata)
        await connection.interrupt(100)
        first = (await until(connection, flux_speak.SpeechInterrupted))[-1]
        await connection.interrupt(100)
        stale = (await until(connection, flux_speak.Warning))[-1]
        await connection.interrupt(101)
        nothing = (await until(connection, flux_speak.Warning))[-1]
        for _ in range(2):
            voice.leave.release()
        await connection.synthesize("five six").collect()
        await connection.interrupt(170)
        second = (await until(connection, flux_speak.SpeechInterrupted))[-1]
        await connection.close_stream()
        session = [event async for event in connection][-1]
    assert [warning.code for warning in (refused, stale, nothing)] == [
        "NO_AUDIO_GENERATED",
        "INVALID_INTERRUPT_OFFSET",
        "NO_ACTIVE_SPEECH",
    ]
    assert (first.audio_played_ms, first.text_spoken, first.text_remaining) == (100, "one two ", "three four")
    assert (second.text_spoken, second.text_remaining) == ("five ", "six")
    assert session.total_audio_duration_ms == 170


async def test_v2_has_nothing_to_flush() -> None:
    async with local() as dg, open_websocket(f"{dg.base_url}/v2/speak?model=flux-haley-en") as socket:
        await socket.send('{"type":"Flush"}')
        await socket.send('{"type":"Configure"}')
        await socket.send('{"type":"Close"}')
        said = [str(message) async for message in socket]
    assert [message[:24] for message in said] == [
        '{"type":"Connected","req',
        '{"type":"Warning","code"',
        '{"type":"ConfigureSucces',
        '{"type":"SessionMetadata',
    ]
    assert "NO_ACTIVE_SPEECH" in said[1]


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_voice_that_fails_ends_the_stream(version: str) -> None:
    class Hoarse(ToneVoice):
        def synthesize(self, text: str) -> Iterator[bytes]:
            raise OSError("no voice today")

    async with local(Hoarse()) as dg, getattr(dg.speak, version).connect(**RATE) as connection:
        with pytest.raises(ConnectionClosed) as caught:
            await connection.synthesize("a").collect()
        assert caught.value.code == 1011
        assert "NET-0000" in caught.value.reason
        assert "today" not in caught.value.reason


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_cancelled_anywhere_a_local_client_and_its_server_leave_nothing_behind(version: str) -> None:
    async def work() -> None:
        async with local() as dg, getattr(dg.speak, version).connect(**RATE) as connection:
            await connection.synthesize("a b").collect()
            await connection.send_text("not awaited")

    assert await cancel_everywhere(work, anyio.lowlevel.checkpoint) >= 5


def test_texts_that_came_apart() -> None:
    turn = Turn("t")
    for text in ("Hello.", "World", " now", "!", " 3.", "14"):
        turn.add(text)
    assert turn.text == "Hello. World now! 3.14"
    assert turn.chars == 21


def test_sentences_do_not_depend_on_how_the_text_came() -> None:
    text = "Mr. Smith is a long enough name for a sentence! Is it?  Yes, it is, and here it ends at last. And so on"

    def sentences(step: int) -> list[str]:
        turn, found = Turn("t"), []
        for start in range(0, len(text), step):
            turn.add(text[start : start + step])
            while not turn.waits:
                found.append(turn.next_sentence())
        turn.ended = True
        return [*found, turn.next_sentence()]

    assert sentences(1000) == sentences(1) == sentences(7)
    assert "".join(sentences(3)) == text
    assert sentences(1)[0] == "Mr. Smith is a long enough name for a sentence! "


def test_what_was_heard_goes_by_time() -> None:
    turn = Turn("t")
    turn.add("one two")
    turn.ended = True
    turn.next_sentence()
    rate = 30  # two bytes a character, at fifteen characters a second
    assert [turn.text[: turn.spoken_at(played, rate)] for played in (-5, 0, 6, 8, 13, 14, 99)] == [
        "",
        "",
        "",
        "one ",
        "one ",
        "one two",
        "one two",
    ]
    turn.audio_bytes = 28
    turn.mark()
    assert turn.text[: turn.spoken_at(16, rate)] == "one "
    assert turn.text[: turn.spoken_at(28, rate)] == "one two"
