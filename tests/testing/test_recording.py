"""Sessions that are recorded with a server, and replayed: byte for byte, in order, and with the first difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from deepgram_anyio import (
    ApiError,
    BadRequestError,
    ClientConfig,
    ConfigError,
    ConnectionClosed,
    DeepgramClient,
    Reconnected,
    ReconnectPolicy,
    RetryPolicy,
)
from deepgram_anyio.local.faults import fault_proxy
from deepgram_anyio.protocol import listen
from deepgram_anyio.testing import Recording, ReplayMismatchError, audio_for, record, replay, serve, silence, wav_of
from deepgram_anyio.testing.recording import Opened, RecordedSession

pytestmark = pytest.mark.anyio

RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}
SCRIPT = ["one two", "three"]
SECRET = "a-key-that-nobody-may-see"
QUICK = ClientConfig(reconnect=ReconnectPolicy(first_s=0.01, replay_pace=None), retry=RetryPolicy(max_retries=0))


async def events_of(dg: DeepgramClient, audio: bytes | None = None, **options: Any) -> list[Any]:
    """A user's application: return all that it is told."""
    source = audio_for(SCRIPT) if audio is None else audio
    async with dg.listen.v1.stream(source, **{**RAW, "pace": 40.0, **options}) as events:
        return [event async for event in events]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.jsonl"


async def recorded(path: Path, app: Any, **faults: Any) -> Any:
    """Record an application's doing, and return its result."""
    async with serve(transcript=SCRIPT, api_keys=[SECRET], faults=faults or None) as server:
        async with record(path, upstream=server.url, api_key=SECRET) as proxy, proxy.client(QUICK) as dg:
            result = await app(dg)
        assert {item.headers["authorization"] for item in (*server.sessions, *server.requests)} == {f"Token {SECRET}"}
    return result


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def without_gap(events: list[Any]) -> list[Any]:
    return [Reconnected if isinstance(event, Reconnected) else event for event in events]


async def test_it_replays_what_was_recorded(path: Path) -> None:
    first = await recorded(path, events_of)
    text = text_of(path)
    assert text.startswith('{"event":"recording","version":1,')
    assert SECRET not in text
    assert "authorization" not in text.lower()
    [session] = Recording.load(path).sessions
    assert b"".join(frame for frame in session.client_frames if isinstance(frame, bytes)) == audio_for(SCRIPT)
    async with replay(path) as server, server.client(QUICK) as dg:
        assert await events_of(dg) == first
    assert [event.transcript for event in first if getattr(event, "transcript", "")] == SCRIPT


async def test_a_replay_can_be_recorded_and_is_the_same(path: Path, tmp_path: Path) -> None:
    await recorded(path, events_of)
    again = tmp_path / "again.jsonl"
    async with (
        replay(path) as server,
        record(again, upstream=server.url, api_key=SECRET) as proxy,
        proxy.client(QUICK) as dg,
    ):
        await events_of(dg)
    one, other = Recording.load(path).sessions[0], Recording.load(again).sessions[0]
    assert one.opened == other.opened
    assert one.server_frames == other.server_frames
    assert one.frames[-1].close == other.frames[-1].close == (1000, "")


async def test_times_are_kept_on_request(path: Path) -> None:
    await recorded(path, events_of)
    last_s = Recording.load(path).sessions[0].frames[-1].at_s
    async with replay(path, speed=1.0) as server, server.client(QUICK) as dg:
        began = anyio.current_time()
        await events_of(dg)
    assert anyio.current_time() - began >= 0.9 * last_s


@pytest.mark.parametrize("faults", [{"close_after_messages": 1, "close_code": 1006}, {"close_after_messages": 1}])
async def test_a_repaired_break(path: Path, faults: dict[str, Any]) -> None:
    first = without_gap(await recorded(path, events_of, connections=1, **faults))
    assert first.count(Reconnected) == 1
    async with replay(path) as server, server.client(QUICK) as dg:
        assert without_gap(await events_of(dg)) == first


async def test_requests(path: Path) -> None:
    async def app(dg: DeepgramClient) -> Any:
        answer = await dg.listen.v1.transcribe_file(wav_of(silence(4.0)), smart_format=True)
        speech = await dg.speak.v1.generate("hello", encoding="linear16", container="wav")
        token = await dg.auth.v1.grant_token()
        return answer, speech.audio, token.expires_in

    first = await recorded(path, app)
    assert SECRET not in text_of(path)
    assert [item.path for item in Recording.load(path).requests] == ["/v1/listen", "/v1/speak", "/v1/auth/grant"]
    assert Recording.load(path).requests[2].answer.count(b'"access_token":"REDACTED"') == 1
    async with replay(path) as server, server.client(QUICK) as dg:
        assert await app(dg) == first
    async with replay(path, complete=False, speed=100.0) as server, server.client(QUICK) as dg:
        assert (await dg.speak.v1.generate("hello", encoding="linear16", container="wav")).audio == first[1]


async def test_a_refusal(path: Path) -> None:
    async def app(dg: DeepgramClient) -> Any:
        with pytest.raises(BadRequestError) as caught:
            await events_of(dg, model="no-such-model")
        return str(caught.value)

    first = await recorded(path, app)
    async with replay(path) as server, server.client(QUICK) as dg:
        assert await app(dg) == first


async def test_a_client_that_leaves(path: Path) -> None:
    async def app(dg: DeepgramClient) -> Any:
        with pytest.raises(ZeroDivisionError):
            async with dg.listen.v1.connect(**RAW) as connection:
                await connection.send(audio_for(SCRIPT))
                assert isinstance(await anext(aiter(connection)), listen.Results)
                raise ZeroDivisionError

    await recorded(path, app)
    assert Recording.load(path).sessions[0].frames[-1].close == (1006, "")
    async with replay(path, complete=False) as server, server.client(QUICK) as dg:
        await app(dg)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"audio": silence(3.9)}, "byte .* of the audio at this place"),
        ({"audio": audio_for(SCRIPT)[:-2]}, "2 more bytes of audio"),
        ({"model": "nova-2"}, "recorded was /v1/listen\\?model=nova-3.*; the client asked for .*nova-2"),
    ],
)
async def test_the_first_difference(path: Path, change: dict[str, Any], told: str) -> None:
    await recorded(path, events_of)
    with pytest.raises(ReplayMismatchError, match=told):
        async with replay(path) as server, server.client(QUICK) as dg:
            await events_of(dg, **change)


async def test_the_application_is_told(path: Path) -> None:
    await recorded(path, events_of)
    with pytest.raises(ReplayMismatchError, match="byte 2 of the audio"):
        async with replay(path) as server, server.client(QUICK) as dg:
            with pytest.raises(ConnectionClosed, match="replay: session 1 of /v1/listen") as caught:
                await events_of(dg, silence(5.0))
            assert caught.value.code == 1008
            assert server.mismatch is not None


async def test_other_audio(path: Path) -> None:
    first = await recorded(path, events_of)
    async with replay(path, match="audio_may_differ") as server, server.client(QUICK) as dg:
        found = await events_of(dg, silence(1.0, sample_rate=8000), sample_rate=8000)
        assert [event for event in found if isinstance(event, listen.Results)] == first[:-1]


async def test_what_nobody_asked_for(path: Path) -> None:
    await recorded(path, events_of)
    with pytest.raises(ReplayMismatchError, match="session 1 of /v1/listen is left"):
        async with replay(path):
            pass
    async with replay(path, complete=False):
        pass
    with pytest.raises(ReplayMismatchError, match="nothing more was recorded"):
        async with replay(path) as server, server.client(QUICK) as dg:
            await events_of(dg)
            with pytest.raises(ApiError):
                await events_of(dg)
    with pytest.raises(ReplayMismatchError, match="asked GET /v1/auth/token; it was not recorded"):
        async with replay(path) as server, server.client(QUICK) as dg:
            with pytest.raises(BadRequestError, match="replay"):
                await dg.auth.v1.token_details()


async def test_a_body_that_differs(path: Path) -> None:
    await recorded(path, lambda dg: dg.listen.v1.transcribe_file(wav_of(silence(1.0))))
    with pytest.raises(ReplayMismatchError, match="a body of 32044 bytes; the client sent another, of 16044"):
        async with replay(path) as server, server.client(QUICK) as dg:
            await dg.listen.v1.transcribe_file(wav_of(silence(0.5)))
    async with replay(path, match="audio_may_differ") as server, server.client(QUICK) as dg:
        assert (await dg.listen.v1.transcribe_file(wav_of(silence(0.5)))).transcript == "one two"


async def test_a_server_that_is_not_there(path: Path) -> None:
    async with serve() as gone:
        url = gone.url
    async with record(path, upstream=url, api_key=SECRET) as proxy, proxy.client(QUICK) as dg:
        with pytest.raises(ApiError, match="502"):
            await events_of(dg, reconnect=ReconnectPolicy(max_attempts=0))
        with pytest.raises(ApiError, match="502"):
            await dg.auth.v1.token_details()


async def test_a_network_that_breaks(path: Path) -> None:
    async with (
        serve(transcript=SCRIPT) as server,
        fault_proxy(server.url) as network,
        record(path, upstream=network.url, api_key=SECRET) as proxy,
        proxy.client(QUICK) as dg,
        dg.listen.v1.connect(**RAW, reconnect=ReconnectPolicy(max_attempts=0)) as connection,
    ):
        await connection.send(silence(0.5))
        await server.until(lambda: server.session.audio_s > 0)
        network.cut()
        with pytest.raises(ConnectionClosed):
            await anext(aiter(connection))
    assert Recording.load(path).sessions[0].frames[-1].close == (1006, "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: the file is empty"),
        ('{"event":"open","number":1,"path":"/"}\n', "line 1: "),
        ('{"event":"recording","version":2}\n', "line 1: .*version 2; this release reads version 1"),
        ('{"event":"recording","version":1}\n{"event":"client","number":1,"at_s":0}\n', "line 2: .*was not opened"),
        ('{"event":"recording","version":1}\n' + 2 * '{"event":"open","number":1,"path":"/"}\n', "line 3: .*before"),
        ('{"event":"recording","version":1}\nnonsense', "line 2: "),
    ],
)
def test_what_is_no_recording(path: Path, content: str, message: str) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        Recording.load(path)


async def test_options_that_cannot_be_used(tmp_path: Path) -> None:
    recording = Recording([RecordedSession(Opened(number=1, path="/v1/listen"))])
    for options in ({"match": "roughly"}, {"speed": 0}):
        with pytest.raises(ConfigError, match=next(iter(options))):
            async with replay(recording, **options):
                pass
    with pytest.raises(ConfigError, match="cannot read"):
        Recording.load(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="cannot write"):
        async with record(tmp_path / "no" / "where"):
            pass
    with pytest.raises(ZeroDivisionError):
        async with replay(recording):
            raise ZeroDivisionError
