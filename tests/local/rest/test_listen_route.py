"""``POST /v1/listen`` of the embedded server: recordings in, transcriptions out."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import msgspec
import pytest

from deepgram_anyio.local.codecs import decode
from deepgram_anyio.local.engines.scripted import ScriptedRecognition, ScriptedRecognizer, ToneVoice
from deepgram_anyio.local.rest import listen as listen_route
from deepgram_anyio.protocol.rest.transcription import Transcription

from ..audio_files import FILES, av_file, sine, wav
from .media import Served, media_server

pytestmark = pytest.mark.anyio

SOUND = b"".join(ToneVoice().synthesize("One two three. Four five."))
RECORDING = wav(SOUND)
CORRUPT = "Bad Request: failed to process audio: corrupt or unsupported data"


def transcription(response: httpx.Response) -> Transcription:
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.content, type=Transcription)


async def test_a_recording_is_transcribed() -> None:
    async with media_server() as server:
        answer = await server.listen(RECORDING, model="nova-3", tag=["a", "b"], extra=["k:v", "w:x:y"])
    found = transcription(answer)
    assert found.transcript == "one two three four five"
    metadata = found.metadata
    assert metadata.request_id == answer.headers["dg-request-id"]
    assert metadata.transaction_key == "deprecated"
    assert metadata.sha256 == hashlib.sha256(RECORDING).hexdigest()
    assert (metadata.duration, metadata.channels) == (2.7, 1)
    assert metadata.models is not None
    assert metadata.model_info is not None
    assert metadata.model_info[metadata.models[0]].name == "scripted"
    assert (metadata.tags, metadata.extra, metadata.warnings) == (["a", "b"], {"k": "v", "w": "x:y"}, None)
    assert answer.json()["metadata"]["created"].endswith("Z")
    assert "paragraphs" not in answer.json()["results"]["channels"][0]["alternatives"][0]


@pytest.mark.parametrize("name", FILES)
async def test_every_kind_of_recording_is_taken(name: str) -> None:
    async with media_server(script=["hello there"]) as server:
        found = transcription(await server.listen(av_file(sine(1.0, silence_s=0.6), **FILES[name])))
    assert found.transcript == "hello there"
    assert found.duration_s == pytest.approx(1.6, abs=0.1)


async def test_however_an_upload_is_split_the_same_comes_out() -> None:
    async def pieces(size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(RECORDING), size):
            yield RECORDING[start : start + size]

    async with media_server() as server:
        answers = [transcription(await server.listen(pieces(size))) for size in (97, 4096, 50_001, 1_000_000)]
    assert len({(answer.transcript, answer.metadata.sha256, answer.duration_s) for answer in answers}) == 1


async def test_bare_samples() -> None:
    async with media_server() as server:
        found = transcription(await server.listen(SOUND, encoding="linear16", sample_rate=16000))
        assert found.transcript == "one two three four five"
        for query in ({"encoding": "linear16"}, {"encoding": "g729"}, {"encoding": "flac", "sample_rate": 1}):
            assert (await server.listen(SOUND, **query)).status_code == 400


async def test_channels_are_mixed_or_told_apart() -> None:
    frames = bytearray(2 * len(SOUND))
    for index in range(0, len(SOUND), 2):
        frames[2 * index : 2 * index + 4] = SOUND[index : index + 2] + b"\0\0"
    stereo = wav(bytes(frames), channels=2)
    async with media_server() as server:
        mixed = transcription(await server.listen(stereo))
        apart = transcription(await server.listen(stereo, multichannel=True, utterances=True))
    assert (mixed.metadata.channels, mixed.transcripts) == (1, ["one two three four five"])
    assert (apart.metadata.channels, apart.transcripts) == (2, ["one two three four five", ""])
    assert {utterance.channel for utterance in apart.results.utterances or ()} == {0}


async def test_what_is_not_obeyed_is_said() -> None:
    query = {"diarize": True, "redact": ["pci", "pii"], "keywords": "x:2", "numerals": False, "alternatives": 3}
    async with media_server() as server:
        found = transcription(await server.listen(RECORDING, version="2024", **query))
    warnings = found.metadata.warnings or []
    assert [warning["parameter"] for warning in warnings] == [
        "redact",
        "keywords",
        "diarize",
        "alternatives",
        "version",
    ]
    assert {warning["type"] for warning in warnings} == {"unsupported_parameter"}


async def test_analysis_is_done_on_request() -> None:
    query = {"summarize": "v2", "topics": True, "intents": True, "sentiment": True}
    async with media_server(script=["this is a wonderful day", "i want to cancel my order"]) as server:
        found = transcription(await server.listen(RECORDING, **query))
        plain = (await server.listen(RECORDING, summarize="false")).json()
    assert found.results.summary is not None
    assert found.results.summary.result == "success"
    assert found.results.summary.short
    assert found.results.summary.text is None
    assert found.sentiment is not None
    assert found.sentiment.sentiment == "positive"
    assert found.metadata.summary_info is not None
    assert found.metadata.sentiment_info is not None
    assert "summary" not in plain["results"]


@pytest.mark.parametrize(
    "body", [b"", b"x", b"plain text\n" * 100, bytes(5000), av_file(sine(1.0), **FILES["mp4"])[:3000]]
)
async def test_what_is_no_recording_is_refused(body: bytes) -> None:
    async with media_server() as server:
        answer = await server.listen(body)
    assert answer.status_code == 400
    assert answer.json() == {
        "err_code": "Bad Request",
        "err_msg": CORRUPT,
        "request_id": answer.headers["dg-request-id"],
    }


@pytest.mark.parametrize(
    "query",
    [
        {"model": "gpt-9"},
        {"language": "de"},
        {"language": "multi"},
        {"detect_language": ["es", "fr"]},
        {"encoding": "mp4"},
        {"sample_rate": 500},
        {"channels": 17},
        {"summarize": "v9"},
        {"custom_topic_mode": "loose"},
        {"custom_intent": [str(index) for index in range(101)]},
        {"callback": "ftp://example.com"},
    ],
)
async def test_what_cannot_be_asked_for_is_refused(query: dict[str, Any]) -> None:
    async with media_server() as server:
        answer = await server.listen(RECORDING, **query)
    assert answer.status_code == 400


async def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unannounced() -> AsyncIterator[bytes]:
        yield RECORDING[:1000]
        yield RECORDING[1000:]

    async with media_server() as server:
        with monkeypatch.context() as patch:
            patch.setattr(listen_route, "MAX_RECORDING_BYTES", len(RECORDING) - 1)
            for body in (RECORDING, unannounced()):
                answer = await server.listen(body)
                assert (answer.status_code, answer.json()["err_code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert (await server.listen(RECORDING)).status_code == 200
        quiet = av_file(bytes(2 * 16_000 * 20), **FILES["flac"])
        monkeypatch.setattr(decode.RecordingDecoder.__init__, "__kwdefaults__", _with_max_audio(10.0))
        answer = await server.listen(quiet)
        assert (answer.status_code, answer.json()["err_code"]) == (413, "PAYLOAD_TOO_LARGE")


def _with_max_audio(max_audio_s: float) -> dict[str, Any]:
    return {**(decode.RecordingDecoder.__init__.__kwdefaults__ or {}), "max_audio_s": max_audio_s}


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"url": 3}', b'{"url": "file:///etc/passwd"}', b'{"url": "http://"}', b'"\xff"']
)
async def test_json_without_a_usable_url_is_refused(body: bytes) -> None:
    async with media_server() as server:
        answer = await server.http.post("/v1/listen", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400


async def test_what_was_used_is_written_down() -> None:
    async with media_server() as server:
        answer = await server.listen(RECORDING)
        history = server.state.store.history
        project_id = server.state.store.accounts.default_project_id
        entry = history.find(project_id, answer.headers["dg-request-id"])
    assert entry is not None
    assert (entry.used.model, round(entry.used.audio_s, 3), entry.used.channels) == ("nova-3", 2.7, 1)


class SlowRecognition(ScriptedRecognition):
    """Notes what becomes of it."""

    def __init__(self, owner: SlowRecognizer) -> None:
        super().__init__([], 0.3)
        self._owner = owner

    def feed(self, samples: bytes) -> None:
        self._owner.fed_bytes += len(samples)
        anyio.from_thread.run_sync(self._owner.began.set)
        super().feed(samples)

    def close(self) -> None:
        self._owner.closed += 1


class SlowRecognizer(ScriptedRecognizer):
    def __init__(self) -> None:
        super().__init__([])
        self.began = anyio.Event()
        self.fed_bytes = 0
        self.closed = 0

    def open(self, *, keyterms: Sequence[str] = ()) -> SlowRecognition:
        return SlowRecognition(self)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Any]]:
    """The temporary files that recordings were put in."""
    opened: list[Any] = []
    real: Any = tempfile.SpooledTemporaryFile

    def opening(**options: Any) -> Any:
        opened.append(real(dir=tmp_path, **options))
        return opened[-1]

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", opening)
    yield opened
    assert all(file.closed for file in opened)
    assert not list(tmp_path.iterdir())


async def test_a_client_that_leaves_ends_the_work(files: list[Any]) -> None:
    recognizer = SlowRecognizer()
    sound = SOUND * 500
    async with media_server(recognizer=recognizer) as server:
        with anyio.fail_after(20):
            await leave(server, wav(sound), recognizer.began)
    assert len(files) == 1
    assert recognizer.closed == 1
    assert recognizer.fed_bytes < len(sound) / 2


async def leave(server: Served, body: bytes, when: anyio.Event) -> None:
    """Make a request, and hang up when an event happens."""
    messages = iter([{"type": "http.request", "body": body}])

    async def receive() -> Any:
        message = next(messages, None)
        if message is not None:
            return message
        await when.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError("nothing was to be said")

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/listen",
        "raw_path": b"/v1/listen",
        "query_string": b"",
        "headers": [],
    }
    with anyio.move_on_after(15):
        try:
            await server.app(scope, receive, send)
        except AssertionError:
            await anyio.lowlevel.checkpoint()


async def test_a_large_recording_goes_to_disk_and_is_gone_afterwards(files: list[Any], tmp_path: Path) -> None:
    big = wav(SOUND + bytes(6 * 1024 * 1024))
    async with media_server() as server:
        assert (await server.listen(big)).status_code == 200
        assert (await server.listen(b"junk" * 2_000_000)).status_code == 400
    assert len(files) == 2
    assert all(file._rolled for file in files)
