"""Recordings: what is asked of the server, byte for byte, and what comes back."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import anyio
import pytest

from deepgram_anyio import errors
from deepgram_anyio.protocol.rest.prerecorded_options import PrerecordedOptions
from deepgram_anyio.protocol.rest.transcription import Transcription, TranscriptionAccepted

from ..rest_peer import Reply, json_reply
from .clients import talking

pytestmark = pytest.mark.anyio

AUDIO = bytes(range(256)) * 700  # not a whole number of pieces
URL = "https://audio.example/speech.wav?signature=a%2Bb"
CALLBACK = "https://me.example/done?id=1"
HEARD = {
    "metadata": {"request_id": "request-1", "duration": 1.5, "channels": 1},
    "results": {
        "channels": [
            {
                "alternatives": [
                    {
                        "transcript": "hello",
                        "confidence": 0.5,
                        "words": [{"word": "hello", "start": 0.0, "end": 0.5, "confidence": 0.5}],
                    }
                ]
            }
        ]
    },
}
OK = json_reply(HEARD, dg_request_id="request-1")
ACCEPTED = json_reply({"request_id": "request-2"})
BUSY = Reply(503, {"retry-after": "0"})


def _thirds() -> Iterator[bytes]:
    third = len(AUDIO) // 3
    yield AUDIO[:third]
    yield b""
    yield AUDIO[third : 2 * third]
    yield AUDIO[2 * third :]


async def _async_thirds() -> AsyncIterator[bytes]:
    for piece in _thirds():
        yield piece


@contextmanager
def _pipe(content: bytes) -> Iterator[IO[bytes]]:
    """Something to read that cannot seek."""
    reading, writing = os.pipe()
    with open(reading, "rb") as file:
        with open(writing, "wb") as end:
            end.write(content)
        yield file


def _path(folder: Path) -> Path:
    path = folder / "speech.raw"
    path.write_bytes(AUDIO)
    return path


SOURCES: dict[str, tuple[Callable[[Path], Any], int | None]] = {
    "path": (_path, len(AUDIO)),
    "str path": (lambda folder: str(_path(folder)), len(AUDIO)),
    "file": (lambda _: io.BytesIO(AUDIO), len(AUDIO)),
    "bytes": (lambda _: AUDIO, len(AUDIO)),
    "bytearray": (lambda _: bytearray(AUDIO), len(AUDIO)),
    "memoryview": (lambda _: memoryview(AUDIO), len(AUDIO)),
    "list": (lambda _: list(_thirds()), len(AUDIO)),
    "generator": (lambda _: _thirds(), None),
    "async generator": (lambda _: _async_thirds(), None),
}


@pytest.mark.parametrize("kind", SOURCES)
async def test_every_source_arrives_whole(kind: str, tmp_path: Path) -> None:
    make, size = SOURCES[kind]
    told: list[tuple[int, int | None]] = []
    async with talking(OK) as (dg, peer):
        found = await dg.listen.v1.transcribe_file(
            make(tmp_path), on_progress=lambda sent, total: told.append((sent, total))
        )
    [asked] = peer.asked
    assert asked.body == AUDIO
    assert asked.headers["content-type"] == "application/octet-stream"
    assert asked.headers.get("content-length") == (None if size is None else str(size))
    assert [total for _, total in told] == [size] * len(told)
    sent = [sent for sent, _ in told]
    assert sent == sorted(set(sent))
    assert len(sent) >= 3
    assert sent[-1] == len(AUDIO)
    assert found.to_dict() == HEARD


async def test_what_cannot_seek_is_streamed() -> None:
    async with talking(OK) as (dg, peer):
        with _pipe(AUDIO[:4000]) as file:  # as much as any pipe holds
            await dg.listen.v1.transcribe_file(file)
    assert peer.asked[0].body == AUDIO[:4000]
    assert peer.asked[0].headers["transfer-encoding"] == "chunked"


async def test_a_file_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(AUDIO)
    file.seek(1000)
    async with talking([BUSY, OK]) as (dg, peer):
        await dg.listen.v1.transcribe_file(file)
    assert [asked.body for asked in peer.asked] == [AUDIO[1000:]] * 2


async def test_a_container_goes_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    path.write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(100))
    async with talking(OK) as (dg, peer):
        await dg.listen.v1.transcribe_file(path)
    assert peer.asked[0].body == path.read_bytes()
    assert peer.asked[0].target == "/v1/listen?model=nova-3"


async def test_the_content_type_is_the_callers_to_say() -> None:
    async with talking(OK) as (dg, peer):
        await dg.listen.v1.transcribe_file(b"x", extra_headers={"content-type": "audio/ogg", "X-Mine": "1"})
    assert peer.asked[0].headers["content-type"] == "audio/ogg"
    assert peer.asked[0].headers["x-mine"] == "1"


async def test_a_url_goes_as_json() -> None:
    async with talking(OK) as (dg, peer):
        found = await dg.listen.v1.transcribe_url(URL)
    [asked] = peer.asked
    assert (asked.method, asked.path) == ("POST", "/v1/listen")
    assert asked.body == b'{"url":"https://audio.example/speech.wav?signature=a%2Bb"}'
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["authorization"] == "Token key-1"
    assert isinstance(found, Transcription)
    assert (found.transcript, found.request_id) == ("hello", "request-1")
    assert found.raw_response is not None
    assert found.raw_response.json() == HEARD


async def test_the_query_is_spelled_as_the_server_wants_it() -> None:
    options = PrerecordedOptions(model="nova-2", punctuate=True, search=["a", "b&c"])
    async with talking(OK) as (dg, peer):
        await dg.listen.v1.transcribe_url(
            URL,
            options,
            model="nova-3",
            diarize=True,
            numerals=False,
            keyterm=["tea", "a cup"],
            extra={"order": "7", "who": "me"},
            utt_split=0.5,
            detect_language=["en", "de"],
            extra_query={"new_one": True},
        )
    assert peer.asked[0].target == (
        "/v1/listen?model=nova-3&detect_language=en&detect_language=de&punctuate=true&numerals=false&utt_split=0.5"
        "&search=a&search=b%26c&keyterm=tea&keyterm=a+cup&diarize=true&extra=order%3A7&extra=who%3Ame&new_one=true"
    )


async def test_a_callback_changes_the_answer() -> None:
    in_struct = PrerecordedOptions(callback=CALLBACK)
    async with talking(ACCEPTED) as (dg, peer):
        v1 = dg.listen.v1
        accepted = [
            await v1.transcribe_url(URL, callback=CALLBACK, callback_method="PUT"),
            await v1.transcribe_file(AUDIO, callback=CALLBACK),
            await v1.transcribe_url(URL, in_struct),
            await v1.transcribe_url(URL, extra_query={"callback": CALLBACK}),
        ]
    assert [type(found) for found in accepted] == [TranscriptionAccepted] * 4
    assert {found.request_id for found in accepted} == {"request-2"}
    assert all(("callback", CALLBACK) in asked.query for asked in peer.asked)
    assert ("callback_method", "PUT") in peer.asked[0].query


@pytest.mark.parametrize("kind", SOURCES)
async def test_a_busy_server_gets_the_whole_body_again_or_none(kind: str, tmp_path: Path) -> None:
    make, size = SOURCES[kind]
    told: list[int] = []
    async with talking([BUSY, OK]) as (dg, peer):
        call = dg.listen.v1.transcribe_file(make(tmp_path), on_progress=lambda sent, _: told.append(sent))
        if size is None:
            with pytest.raises(errors.ServerError) as caught:
                await call
            assert caught.value.status == 503
        else:
            assert (await call).transcript == "hello"
    assert [asked.body for asked in peer.asked] == [AUDIO] * (1 if size is None else 2)
    assert told.count(len(AUDIO)) == len(peer.asked)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (json_reply({"err_code": "REMOTE_CONTENT_ERROR", "err_msg": "No."}, 400), errors.BadRequestError),
        (Reply(413), errors.PayloadTooLargeError),
        (Reply(200, {"content-length": "500"}, b'{"metadata"', cut=True), errors.ConnectionClosed),
        (Reply(200, {}, b"<html>"), errors.RemoteProtocolError),
        (json_reply({"request_id": "request-2"}), errors.RemoteProtocolError),
    ],
)
async def test_what_goes_wrong_has_a_type(reply: Reply, kind: type[Exception]) -> None:
    async with talking(reply) as (dg, _):
        with pytest.raises(kind):
            await dg.listen.v1.transcribe_url(URL)


@pytest.mark.parametrize("url", ["speech.wav", "ftp://a.example/b", "https://a.example/b c", "", "https://a.example\n"])
async def test_a_url_that_is_none(url: str) -> None:
    async with talking(OK) as (dg, peer):
        with pytest.raises(errors.ConfigError, match=r"^url must be an absolute http\(s\) URL"):
            await dg.listen.v1.transcribe_url(url)
    assert peer.asked == []


async def test_sources_and_options_that_cannot_work(tmp_path: Path) -> None:
    async with talking(OK) as (dg, peer):
        v1: Any = dg.listen.v1
        with pytest.raises(errors.ConfigError, match="use transcribe_url"):
            await v1.transcribe_file("HTTPS://audio.example/speech.wav")
        with pytest.raises(errors.ConfigError, match="nothing to send"):
            await v1.transcribe_file(b"")
        with pytest.raises(errors.ConfigError, match="cannot read"):
            await v1.transcribe_file(tmp_path / "none.wav")
        with pytest.raises(errors.ConfigError, match="not an audio source: int"):
            await v1.transcribe_file(7)
        with pytest.raises(errors.ConfigError, match="did you mean 'punctuate'"):
            await v1.transcribe_url(URL, punctuat=True)
        with pytest.raises(errors.ConfigError, match="callback must be"):
            await v1.transcribe_url(URL, callback="nowhere")
        with pytest.raises(errors.ConfigError, match="options must be PrerecordedOptions, not dict"):
            await v1.transcribe_url(URL, {"model": "nova-3"})
    assert peer.asked == []


async def test_a_deadline_covers_the_whole_call() -> None:
    async def never(_: Any) -> Reply:
        await anyio.sleep_forever()
        raise AssertionError

    async with talking(never) as (dg, _):
        with pytest.raises(errors.TimeoutError, match="POST /v1/listen did not end within"):
            await dg.listen.v1.transcribe_url(URL, timeout=0.05)
