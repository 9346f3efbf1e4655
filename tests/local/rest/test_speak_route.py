"""``POST /v1/speak`` and ``/v2/speak`` of the embedded server: texts in, audio out, as it is spoken."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import anyio
import anyio.from_thread
import pytest

from deepgram_anyio.local.codecs.decode import RecordingDecoder
from deepgram_anyio.local.codecs.formats import SPEECH_FORMATS
from deepgram_anyio.local.engines.scripted import ToneVoice
from deepgram_anyio.protocol.wav import WavReader

from ..audio_files import loudest_hz
from .media import Served, media_server

pytestmark = pytest.mark.anyio

TEXT = "aaaa bbbb cccc dddd"  # four words of four letters: 1.2 s of one tone
TONE_HZ = 280.0


def samples_of(audio: bytes, **options: Any) -> bytes:
    return b"".join(piece[0] for piece in RecordingDecoder(io.BytesIO(audio), **options).pieces())


async def test_mp3_is_what_comes_unless_something_else_is_asked_for() -> None:
    async with media_server() as server:
        answer = await server.speak(TEXT)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["dg-model-name"] == "aura-2-thalia-en"
    assert len(answer.headers["dg-model-uuid"]) == 36
    assert answer.headers["dg-char-count"] == str(len(TEXT))
    assert len(answer.headers["dg-request-id"]) == 36
    assert "content-length" not in answer.headers
    samples = samples_of(answer.content)
    assert len(samples) / 32_000 == pytest.approx(1.2, abs=0.1)
    assert loudest_hz(samples) == pytest.approx(TONE_HZ, abs=2)


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(
    ("encoding", "container"),
    [(encoding, container) for encoding, choice in SPEECH_FORMATS.items() for container in choice.containers],
)
async def test_every_encoding_and_container(version: str, encoding: str, container: str) -> None:
    model = {"v1": "aura-2-thalia-en", "v2": "flux-haley-en"}[version]
    async with media_server() as server:
        answer = await server.speak(TEXT, version, model=model, encoding=encoding, container=container)
    assert answer.status_code == 200, answer.text
    raw = "rate=" in answer.headers["content-type"]
    rate = int(answer.headers["content-type"].split("rate=")[1].split(";")[0]) if raw else None
    samples = samples_of(answer.content, encoding=encoding if raw else None, sample_rate=rate)
    assert loudest_hz(samples) == pytest.approx(TONE_HZ, abs=2)


async def test_a_wav_file_says_that_its_length_is_not_known() -> None:
    async with media_server() as server:
        answer = await server.speak(TEXT, encoding="linear16")
    reader = WavReader()
    assert len(reader.feed(answer.content)) == pytest.approx(1.2 * 48_000, abs=100)
    assert reader.data_bytes is None
    assert reader.format is not None
    assert reader.format.sample_rate == 24_000


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"encoding": "pcm"}, "encoding=pcm"),
        ({"container": "ogg"}, "container=ogg"),
        ({"sample_rate": 44100}, "sample_rate=44100"),
        ({"encoding": "linear16", "bit_rate": 48000}, "bit_rate=48000"),
        ({"model": "nova-3"}, "nova-3"),
        ({"model": "aura-2-sirio-es"}, "English"),
        ({"speed": 2.0}, "speed=2"),
        ({"callback": "nonsense"}, "callback"),
    ],
)
async def test_what_cannot_be_had_is_refused_by_name(query: dict[str, Any], named: str) -> None:
    async with media_server() as server:
        answer = await server.speak(TEXT, **query)
    assert answer.status_code == 400
    assert named in answer.json()["err_msg"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "Bad Request"),
        ({"model": "aura-2-thalia-en"}, "Bad Request"),
        ({"model": "flux-haley-en", "speed": 1.6}, "SPEED_OUT_OF_RANGE"),
        ({"model": "flux-haley-en", "speed": 1.03}, "SPEED_INCREMENT_INVALID"),
        ({"model": "flux-haley-en", "expressivity": 3}, "EXPRESSIVITY_OUT_OF_RANGE"),
        ({"model": "flux-haley-en", "priority": "high", "callback": "http://192.0.2.1/"}, "Bad Request"),
    ],
)
async def test_flux_refuses_what_its_socket_refuses(query: dict[str, Any], code: str) -> None:
    async with media_server() as server:
        answer = await server.speak(TEXT, "v2", **query)
        good = await server.speak(TEXT, "v2", model="flux-haley-en", speed=1.05, bit_rate=8000)
    assert (answer.status_code, answer.json()["err_code"]) == (400, code)
    assert good.status_code == 200


@pytest.mark.parametrize(("text", "status"), [("", 400), (" \n", 400), ("a " * 1000, 200), ("a " * 1000 + "b", 413)])
async def test_texts_have_a_length(text: str, status: int) -> None:
    async with media_server(voice=ToneVoice(word_s=0.001)) as server:
        answer = await server.speak(text)
    assert answer.status_code == status
    if status == 413:
        assert answer.json()["err_code"] == "PAYLOAD_TOO_LARGE"
        assert "2000" in answer.json()["err_msg"]


async def test_what_was_spoken_is_written_down() -> None:
    async with media_server() as server:
        answer = await server.speak(TEXT)
        store = server.state.store
        entry = store.history.find(store.accounts.default_project_id, answer.headers["dg-request-id"])
    assert entry is not None
    assert (entry.used.model, entry.used.characters) == ("aura-2-thalia-en", len(TEXT))


class WaitingVoice(ToneVoice):
    """Speaks, and goes on when it is told to; fails if that is wanted."""

    def __init__(self, *, fails_after: int | None = None) -> None:
        super().__init__()
        self.more = anyio.Event()
        self.spoken = 0
        self.closed = False
        self._fails_after = fails_after

    def synthesize(self, text: str) -> Iterator[bytes]:
        try:
            for index, chunk in enumerate(super().synthesize(text)):
                if index == self._fails_after:
                    raise RuntimeError("lost its voice")
                if index == 1:
                    anyio.from_thread.run(self.more.wait)
                self.spoken += 1
                yield chunk
        finally:
            self.closed = True


async def request(server: Served, *, on_audio: Any, gone: anyio.Event | None = None) -> list[Any]:
    """Speak through the bare application; return what it sent."""
    body = iter([{"type": "http.request", "body": b'{"text": "%s"}' % TEXT.encode()}])
    sent: list[Any] = []

    async def receive() -> Any:
        message = next(body, None)
        if message is not None:
            return message
        if gone is None:
            await anyio.sleep_forever()
        else:
            await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if message.get("body"):
            on_audio()

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/speak",
        "raw_path": b"/v1/speak",
        "query_string": b"encoding=linear16",
        "headers": [(b"content-type", b"application/json")],
    }
    with anyio.fail_after(20):
        await server.app(scope, receive, send)
    return sent


async def test_audio_is_sent_before_the_text_is_spoken() -> None:
    voice = WaitingVoice()
    async with media_server(voice=voice) as server:
        sent = await request(server, on_audio=voice.more.set)
    bodies = [message["body"] for message in sent if message["type"] == "http.response.body"]
    assert len(bodies) > 4
    assert bodies[-1] == b""
    assert voice.spoken == 4


async def test_a_client_that_leaves_is_not_spoken_to() -> None:
    voice = WaitingVoice()
    gone = anyio.Event()

    def hang_up() -> None:
        gone.set()

    async def go_on() -> None:
        await gone.wait()
        await anyio.lowlevel.checkpoint()
        voice.more.set()

    async with media_server(voice=voice) as server, anyio.create_task_group() as tasks:
        tasks.start_soon(go_on)
        sent = await request(server, on_audio=hang_up, gone=gone)
    assert voice.closed
    assert voice.spoken < 4
    assert sent[-1].get("more_body")


async def test_a_voice_that_fails_at_once_is_an_error_and_later_breaks_the_answer_off() -> None:
    async with media_server(voice=WaitingVoice(fails_after=0)) as server:
        answer = await server.speak(TEXT)
        assert (answer.status_code, answer.json()["err_code"]) == (500, "INTERNAL_SERVER_ERROR")
    voice = WaitingVoice(fails_after=3)
    async with media_server(voice=voice) as server:
        sent = await request(server, on_audio=voice.more.set)
    assert sent[0]["status"] == 200
    assert sent[-1]["more_body"]
    assert voice.closed
