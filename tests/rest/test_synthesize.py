"""Speech in one answer: whole, in chunks, and in a file that is there whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from deepgram_anyio import DeepgramClient, Timeouts, errors
from deepgram_anyio.protocol.rest.speech import FluxSpeechOptions, Speech, SpeechAccepted, SpeechInfo, SpeechOptions
from deepgram_anyio.services.synthesize import SpeechStream

from ..cancellation import cancel_everywhere
from ..rest_peer import Reply, json_reply
from ..transport.peers import Peer, serving
from .clients import client_of, talking

pytestmark = pytest.mark.anyio

AUDIO = bytes(range(256)) * 1000
HEADERS = {
    "content-type": "audio/mpeg",
    "dg-request-id": "request-1",
    "dg-model-name": "aura-2-thalia-en",
    "dg-model-uuid": "uuid-1",
    "dg-char-count": "6",
    "date": "Fri, 07 Feb 2025 01:53:41 GMT",
}
OK = Reply(200, HEADERS, AUDIO)
ACCEPTED = json_reply({"request_id": "request-2"})
CUT = Reply(200, {**HEADERS, "content-length": str(2 * len(AUDIO))}, AUDIO, cut=True)
CALLBACK = "https://me.example/done"
VERSIONS = pytest.mark.parametrize("version", ["v1", "v2"])
MODELS = {"v1": "aura-2-thalia-en", "v2": "flux-haley-en"}
OPTIONS = {"v1": SpeechOptions, "v2": FluxSpeechOptions}


def _speak(dg: DeepgramClient, version: str) -> Any:
    return getattr(dg.speak, version)


def _names(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


@asynccontextmanager
async def _stalled() -> AsyncIterator[tuple[DeepgramClient, Peer]]:
    """A server that begins to speak and then says no more; and a client of it."""

    async def begin(stream: ByteStream) -> None:
        asked = b""
        while not asked.endswith(b"}"):
            asked += await stream.receive()
        await stream.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 9999999\r\n\r\n" + AUDIO[:100]
        )
        await stream.receive()  # raises when the client goes away

    async with serving(begin) as peer, client_of(f"http://127.0.0.1:{peer.port}") as dg:
        yield dg, peer


# Whole


@VERSIONS
async def test_speech_and_what_is_said_of_it(version: str) -> None:
    async with talking(OK) as (dg, peer):
        speech = await _speak(dg, version).generate("Hello!", encoding="mp3", bit_rate=48000, mip_opt_out=True)
    [asked] = peer.asked
    assert asked.method == "POST"
    assert asked.target == f"/{version}/speak?model={MODELS[version]}&encoding=mp3&bit_rate=48000&mip_opt_out=true"
    assert (asked.body, asked.headers["content-type"]) == (b'{"text":"Hello!"}', "application/json")
    assert isinstance(speech, Speech)
    assert (speech.audio, speech.content_type, speech.request_id) == (AUDIO, "audio/mpeg", "request-1")
    assert (speech.model_name, speech.model_uuid, speech.char_count) == ("aura-2-thalia-en", "uuid-1", 6)
    assert speech.date is not None
    assert speech.date.year == 2025
    assert speech.raw_response is not None
    assert speech.raw_response.headers["dg-char-count"] == "6"


@VERSIONS
async def test_keywords_win_over_the_struct(version: str) -> None:
    options = OPTIONS[version](model="voice-1", tag=["a", "b"])
    async with talking(OK) as (dg, peer):
        await _speak(dg, version).generate("Hello!", options, model="voice-2", extra_query={"new": 1})
    assert peer.asked[0].target == f"/{version}/speak?model=voice-2&tag=a&tag=b&new=1"


@VERSIONS
async def test_a_callback_changes_the_answer(version: str) -> None:
    in_struct = OPTIONS[version](callback=CALLBACK)
    async with talking(ACCEPTED) as (dg, peer):
        speak = _speak(dg, version)
        accepted = [await speak.generate("Hello!", callback=CALLBACK), await speak.generate("Hello!", in_struct)]
        for call in (speak.stream("Hello!", in_struct), speak.stream("Hello!", extra_query={"callback": CALLBACK})):
            with pytest.raises(errors.ConfigError, match=r"use generate\(\)"):
                await call.__aenter__()
    assert [type(found) for found in accepted] == [SpeechAccepted] * 2
    assert accepted[0].request_id == "request-2"
    assert [("callback", CALLBACK) in asked.query for asked in peer.asked] == [True, True]


async def test_what_came_instead_of_audio_is_given() -> None:
    async with talking(json_reply({"note": "no audio"})) as (dg, _):
        speech = await dg.speak.v1.generate("Hello!")
    assert (speech.content_type, speech.audio) == ("application/json", b'{"note":"no audio"}')


async def test_a_busy_server_is_asked_again() -> None:
    async with talking([Reply(503), OK]) as (dg, peer):
        speech = await dg.speak.v1.generate("Hello!")
    assert [asked.body for asked in peer.asked] == [b'{"text":"Hello!"}'] * 2
    assert speech.raw_response is not None
    assert speech.raw_response.attempts == 2


@pytest.mark.parametrize("text", ["", "  \n", None, b"Hello!", "\ud800"])
async def test_texts_that_cannot_be_spoken(text: Any, tmp_path: Path) -> None:
    async with talking(OK) as (dg, peer):
        for speak in (dg.speak.v1, dg.speak.v2):
            with pytest.raises(errors.ConfigError):
                await speak.generate(text)
            with pytest.raises(errors.ConfigError):
                await speak.stream(text).__aenter__()
            with pytest.raises(errors.ConfigError):
                await speak.save(tmp_path / "speech.mp3", text)
    assert peer.asked == []
    assert _names(tmp_path) == []


@pytest.mark.parametrize(
    ("reply", "kind"), [(CUT, errors.ConnectionClosed), (Reply(400, {}, b"No."), errors.BadRequestError)]
)
async def test_half_an_answer_and_none_are_errors(reply: Reply, kind: type[Exception], tmp_path: Path) -> None:
    path = tmp_path / "speech.mp3"
    async with talking(reply) as (dg, _):
        with pytest.raises(kind):
            await dg.speak.v1.generate("Hello!")
        with pytest.raises(kind):
            await dg.speak.v2.save(path, "Hello!")
        taken = bytearray()
        with pytest.raises(kind):
            async with dg.speak.v1.stream("Hello!") as speech:
                async for chunk in speech:
                    taken += chunk
    assert _names(tmp_path) == []
    assert AUDIO.startswith(taken)


# In chunks


@VERSIONS
async def test_audio_in_chunks(version: str) -> None:
    async with talking(OK) as (dg, peer):
        async with _speak(dg, version).stream("Hello!", sample_rate=8000) as speech:
            info = speech.info
            chunks = [chunk async for chunk in speech]
            assert [chunk async for chunk in speech] == []
        await dg.speak.v1.generate("Hello!")
    assert peer.asked[0].target == f"/{version}/speak?model={MODELS[version]}&sample_rate=8000"
    assert b"".join(chunks) == AUDIO
    assert b"" not in chunks
    assert (info.content_type, info.request_id, info.char_count) == ("audio/mpeg", "request-1", 6)
    assert info.raw_response is not None
    assert info.raw_response.content == b""
    assert peer.connections == 1, "the connection of a stream that was read is used again"


async def test_audio_is_there_while_more_is_made() -> None:
    async with _stalled() as (dg, peer):
        async with dg.speak.v1.stream("Hello!") as speech:
            assert await anext(aiter(speech)) == AUDIO[:100]
        with anyio.fail_after(5):
            await peer.all_closed()
        with pytest.raises(errors.LocalProtocolError, match="within the block"):
            await anext(speech)


async def test_a_stream_left_by_an_error_closes_its_connection() -> None:
    async with _stalled() as (dg, peer):
        with pytest.raises(KeyError, match="mine"):
            async with dg.speak.v2.stream("Hello!") as speech:
                async for _ in speech:
                    raise KeyError("mine")
        with anyio.fail_after(5):
            await peer.all_closed()


async def test_a_cancelled_stream_closes_its_connection() -> None:
    async with _stalled() as (dg, peer):
        with anyio.CancelScope() as scope:
            async with dg.speak.v1.stream("Hello!") as speech:
                async for _ in speech:
                    scope.cancel()
        assert scope.cancelled_caught
        with anyio.fail_after(5):
            await peer.all_closed()


async def test_a_server_that_falls_silent_ends_the_audio() -> None:
    async with _stalled() as (dg, peer):
        taken = bytearray()
        with pytest.raises(errors.TimeoutError, match="sent nothing within"):
            async with dg.speak.v1.stream("Hello!", timeout=Timeouts(read_s=0.05)) as speech:
                async for chunk in speech:
                    taken += chunk
        assert taken == AUDIO[:100]
        with anyio.fail_after(5):
            await peer.all_closed()


async def test_no_chunk_is_empty() -> None:
    async def decompressed() -> AsyncIterator[bytes]:
        for chunk in (b"", b"a", b"", b"", b"b", b""):
            yield chunk

    speech = SpeechStream(SpeechInfo(), decompressed())
    assert [chunk async for chunk in speech] == [b"a", b"b"]


# In a file


@VERSIONS
async def test_a_file(version: str, tmp_path: Path) -> None:
    path = tmp_path / "speech.mp3"
    async with talking(OK) as (dg, peer):
        info = await _speak(dg, version).save(path, "Hello!", OPTIONS[version](encoding="mp3"))
        await _speak(dg, version).save(str(tmp_path / "again.mp3"), "Hello!")
    assert peer.asked[0].target == f"/{version}/speak?model={MODELS[version]}&encoding=mp3"
    assert path.read_bytes() == AUDIO
    assert type(info) is SpeechInfo
    assert (info.request_id, info.model_name) == ("request-1", "aura-2-thalia-en")
    assert _names(tmp_path) == ["again.mp3", "speech.mp3"]


@pytest.mark.parametrize("reply", [CUT, Reply(503), Reply(401)])
async def test_a_failure_leaves_the_file_as_it_was(reply: Reply, tmp_path: Path) -> None:
    path = tmp_path / "speech.mp3"
    path.write_bytes(b"old")
    async with talking(reply) as (dg, _):
        with pytest.raises(errors.DeepgramError):
            await dg.speak.v1.save(path, "Hello!")
    assert path.read_bytes() == b"old"
    assert _names(tmp_path) == ["speech.mp3"]


async def test_a_deadline_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "speech.mp3"
    path.write_bytes(b"old")
    async with _stalled() as (dg, peer):
        with pytest.raises(errors.TimeoutError, match=r"POST /v1/speak did not end within 0\.05 s"):
            await dg.speak.v1.save(path, "Hello!", timeout=0.05)
        with anyio.fail_after(5):
            await peer.all_closed()
    assert path.read_bytes() == b"old"
    assert _names(tmp_path) == ["speech.mp3"]


async def test_cancelled_anywhere_the_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "speech.mp3"
    saved = False

    async def save() -> None:
        nonlocal saved
        saved = False
        path.write_bytes(b"old")
        async with client_of(peer.url) as mine:
            await mine.speak.v1.save(path, "Hello!")
            saved = True

    async def check() -> None:
        assert path.read_bytes() == (AUDIO if saved else b"old")
        assert _names(tmp_path) == ["speech.mp3"]

    async with talking(OK) as (_, peer):
        assert await cancel_everywhere(save, check) > 5
    assert saved


async def test_places_where_no_file_can_be(tmp_path: Path) -> None:
    async with talking(OK) as (dg, peer):
        for path, why in ((tmp_path, "is a directory"), (tmp_path / "none" / "speech.mp3", "No such file")):
            with pytest.raises(errors.ConfigError, match=f"^cannot write .*{why}"):
                await dg.speak.v1.save(path, "Hello!")
    assert peer.asked == []
