"""The embedded server over real sockets, with a scripted recogniser: the live contract, word for word."""

from __future__ import annotations

import array
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from deepgram_anyio import (
    AuthenticationError,
    BadRequestError,
    ClientConfig,
    ConfigError,
    ConnectionClosed,
    DeepgramClient,
    LiveConnection,
    NotFoundError,
    RateLimitError,
    Timeouts,
)
from deepgram_anyio.local import serve
from deepgram_anyio.local.engines.pcm import encode_pcm
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.wav import wav_header
from deepgram_anyio.transport import open_websocket

from ..cancellation import cancel_everywhere
from ..stand_in import ONE_CONNECTION

pytestmark = pytest.mark.anyio

TEXT = "One two three. Four five."
SCRIPT = ["one two three", "four five"]
SOUND = b"".join(ToneVoice().synthesize(TEXT))
RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}


def local(**options: Any) -> DeepgramClient:
    return DeepgramClient.local(config=ONE_CONNECTION, recognizer=ScriptedRecognizer(SCRIPT), **options)


async def heard(source: Any, dg: DeepgramClient, **options: Any) -> list[Any]:
    async with dg.listen.v1.stream(source, **options) as stream:
        return [event async for event in stream]


def finals(events: list[Any]) -> list[str]:
    return [
        event.transcript for event in events if isinstance(event, listen.Results) and event.is_final and event.words
    ]


async def test_speech_comes_back_as_finals_that_cover_all_audio_and_a_metadata() -> None:
    async with local() as dg:
        events = await heard(SOUND, dg, **RAW)
    assert finals(events) == SCRIPT
    results = [event for event in events if isinstance(event, listen.Results)]
    assert all(result.is_final for result in results)
    covered = 0.0
    for result in results:
        assert result.start == pytest.approx(covered, abs=0.002)
        covered = result.start + result.duration
    metadata = events[-1]
    assert isinstance(metadata, listen.Metadata)
    assert metadata.duration == pytest.approx(len(SOUND) / 32000, abs=0.001)
    assert covered == pytest.approx(metadata.duration, abs=0.002)
    assert metadata.request_id == results[0].metadata.request_id


async def test_interims_events_and_formatting_are_given_when_asked_for() -> None:
    sound = b"".join(ToneVoice(pause_s=1.5).synthesize(TEXT))
    options = {"interim_results": True, "vad_events": True, "utterance_end_ms": 500, "smart_format": True}
    async with local() as dg:
        events = await heard(sound, dg, **RAW, **options, replace="two:2")
    assert finals(events) == ["One 2 three.", "Four five."]
    kinds = [type(event).__name__ for event in events]
    assert kinds.count("SpeechStarted") == 2
    assert "UtteranceEnd" in kinds
    interims = [event for event in events if isinstance(event, listen.Results) and not event.is_final]
    assert interims
    assert all(not event.speech_final for event in interims)
    finished = [event for event in events if isinstance(event, listen.Results) and event.speech_final]
    assert [event.transcript for event in finished] == finals(events)
    word = finished[0].words[0]
    assert (word.word, word.punctuated_word) == ("one", "One")


@pytest.mark.parametrize("encoding", ["linear16", "linear32", "mulaw", "alaw"])
async def test_every_raw_encoding_and_any_sample_rate(encoding: str) -> None:
    voice = ToneVoice(sample_rate=11025)
    samples = b"".join(voice.synthesize(TEXT))
    async with local() as dg:
        events = await heard(encode_pcm(samples, encoding), dg, encoding=encoding, sample_rate=11025)
    assert finals(events) == SCRIPT
    assert events[-1].duration == pytest.approx(len(samples) / 22050, abs=0.001)


async def test_channels_are_mixed_or_kept_apart() -> None:
    left = array.array("h", SOUND)
    both = array.array("h", (value for sample in left for value in (sample, 0))).tobytes()
    async with local() as dg:
        mixed = await heard(both, dg, **RAW, channels=2)
        apart = await heard(both, dg, **RAW, channels=2, multichannel=True)
    assert finals(mixed) == SCRIPT
    results = [event for event in apart if isinstance(event, listen.Results)]
    assert {tuple(event.channel_index) for event in results} == {(0, 2), (1, 2)}
    assert [event.transcript for event in results if event.words] == SCRIPT
    assert all(event.channel_index[0] == 0 for event in results if event.words)
    assert apart[-1].channels == 2


async def test_a_wav_container_is_understood() -> None:
    wav = wav_header(data_bytes=len(SOUND), sample_rate=16000) + SOUND
    async with local() as dg, dg.listen.v1.connect() as connection:
        await connection.send(wav[:20])
        await connection.send(wav[20:])
        await connection.close_stream()
        events = [event async for event in connection]
    assert finals(events) == SCRIPT


async def test_finalize_gives_final_results_at_once() -> None:
    async with local() as dg, dg.listen.v1.connect(**RAW) as connection:
        await connection.send(SOUND[:30000])
        await connection.finalize()
        result = await anext(aiter(connection))
    assert isinstance(result, listen.Results)
    assert (result.is_final, result.from_finalize, result.transcript) == (True, True, "one two three")


async def test_an_empty_message_ends_the_stream_as_it_always_did() -> None:
    async with local() as dg, open_websocket(f"{dg.base_url}/v1/listen?encoding=linear16&sample_rate=8000") as socket:
        await socket.send(b"")
        messages = [message async for message in socket]
    assert len(messages) == 1
    assert '"type":"Metadata"' in str(messages[0])


async def test_configure_is_answered() -> None:
    async with local() as dg, dg.listen.v1.connect(**RAW) as connection:
        await connection.configure(features={"numerals": True})
        await connection.configure(keyterms=["x"])
        events = aiter(connection)
        assert isinstance(await anext(events), listen.ConfigureSuccess)
        failure = await anext(events)
    assert isinstance(failure, listen.ConfigureFailure)
    assert failure.code == "CONFIGURE_KEYTERMS_NOT_SUPPORTED"


async def test_a_message_that_makes_no_sense_is_answered_with_an_error() -> None:
    async with local() as dg, open_websocket(f"{dg.base_url}/v1/listen?encoding=linear16&sample_rate=8000") as socket:
        await socket.send('{"type":"Nonsense"}')
        answer = await anext(aiter(socket))
        await socket.send('{"type":"CloseStream"}')
        assert len([message async for message in socket]) == 1
    assert '"variant":"SchemaError"' in str(answer)
    assert "Nonsense" in str(answer)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"extra_query": {"sample_rate": "fast"}}, "sample_rate"),
        ({"extra_query": {"encoding": "linear16"}}, "sample_rate"),
        ({"model": "gpt-4"}, "no such model"),
        ({"language": "fr"}, "English"),
        ({"encoding": "opus", "sample_rate": 48000}, "opus"),
        ({**RAW, "sample_rate": 10**9}, "sample_rate"),
        ({**RAW, "channels": 99}, "channels"),
    ],
)
async def test_bad_parameters_are_refused_with_a_reason_and_a_request_id(options: dict[str, Any], message: str) -> None:
    async with local() as dg:
        with pytest.raises(BadRequestError, match=message) as caught:
            async with dg.listen.v1.connect(**options):
                pass
    assert caught.value.request_id


async def test_keys_are_checked_when_there_are_any() -> None:
    async with serve(api_keys=["right"], recognizer=ScriptedRecognizer(SCRIPT)) as server:
        with pytest.raises(AuthenticationError, match="Invalid credentials") as caught:
            async with DeepgramClient("wrong", base_url=server.url) as dg, dg.listen.v1.connect():
                pass
        assert caught.value.code == "INVALID_AUTH"
        with pytest.raises(AuthenticationError):
            async with DeepgramClient(base_url=server.url) as dg, dg.listen.v1.connect():
                pass
        for client in (
            DeepgramClient("right", base_url=server.url),
            DeepgramClient(access_token="right", base_url=server.url),
        ):
            async with client as dg:
                assert finals(await heard(SOUND, dg, **RAW)) == SCRIPT
        async with open_websocket(f"{server.url}/v1/listen", {"Sec-WebSocket-Protocol": "token, right"}) as socket:
            assert socket.response_headers["sec-websocket-protocol"] == "token"
            assert socket.response_headers["dg-request-id"]


async def test_a_single_string_is_no_collection_of_keys() -> None:
    with pytest.raises(ConfigError, match="api_keys"):
        async with serve(api_keys="secret"):
            pass


@pytest.mark.parametrize("environment", ["DEEPGRAM_API_KEY", "DEEPGRAM_ACCESS_TOKEN"])
@pytest.mark.parametrize("secret", ["somebodys-real-key", "not a\ncredential"])
async def test_a_local_client_uses_no_credentials_but_its_servers(
    environment: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(environment, secret)
    configured = ClientConfig(api_key="another-real-key")
    async with DeepgramClient.local(config=configured, recognizer=ScriptedRecognizer(SCRIPT)) as dg:
        assert await dg._backend.credentials.authorization() is None
    async with local(api_keys=["right"]) as dg:
        assert await dg._backend.credentials.authorization() == "Token right"
        assert finals(await heard(SOUND, dg, **RAW)) == SCRIPT


async def test_an_unknown_route_is_not_found() -> None:
    async with serve() as server:
        with pytest.raises(NotFoundError, match="/v9/listen"):
            async with open_websocket(f"{server.url}/v9/listen"):
                pass


async def test_no_more_streams_than_allowed() -> None:
    async with local(max_connections=1) as dg, dg.listen.v1.connect(**RAW) as connection:
        with pytest.raises(RateLimitError):
            async with dg.listen.v1.connect(**RAW):
                pass
        await connection.finalize()


async def broken(connection: LiveConnection) -> ConnectionClosed:
    with pytest.raises(ConnectionClosed) as caught:
        async for _ in connection:
            pass
    return caught.value


async def test_audio_that_cannot_be_decoded_closes_with_data_0000() -> None:
    async with local() as dg, dg.listen.v1.connect() as connection:
        await connection.send(b"this is no audio at all")
        error = await broken(connection)
    assert error.code == 1008
    assert "DATA-0000" in error.reason


async def test_silence_from_the_client_closes_with_net_0001() -> None:
    async with local(idle_timeout_s=0.2) as dg, dg.listen.v1.connect(**RAW) as connection:
        error = await broken(connection)
    assert error.code == 1011
    assert "NET-0001" in error.reason


async def test_a_recogniser_that_fails_closes_with_net_0000() -> None:
    class Broken(ScriptedRecognizer):
        def open(self, *, keyterms: Any = ()) -> Any:
            raise RuntimeError("no ears today")

    async with (
        DeepgramClient.local(config=ONE_CONNECTION, recognizer=Broken([])) as dg,
        dg.listen.v1.connect(**RAW) as connection,
    ):
        error = await broken(connection)
    assert error.code == 1011
    assert "NET-0000" in error.reason
    assert "ears" not in error.reason


async def test_a_server_that_stops_ends_its_streams() -> None:
    connected, errors = anyio.Event(), []

    async def stream(url: str) -> None:
        async with DeepgramClient(base_url=url, config=ONE_CONNECTION) as dg, dg.listen.v1.connect(**RAW) as connection:
            await connection.send(SOUND[:3200])
            await connection.finalize()
            await anext(aiter(connection))
            connected.set()
            errors.append(await broken(connection))

    async with anyio.create_task_group() as tasks, serve(recognizer=ScriptedRecognizer(SCRIPT)) as server:
        tasks.start_soon(stream, server.url)
        await connected.wait()
    assert [error.code for error in errors] == [1001]


async def test_an_address_that_cannot_be_used_is_a_clear_error() -> None:
    async with serve() as server:
        with pytest.raises(ConfigError, match=str(server.port)):
            async with serve(port=server.port):
                pass


async def test_an_error_of_the_body_leaves_a_local_client_bare() -> None:
    error = ValueError("mine")
    with pytest.raises(ValueError, match="mine") as caught:
        async with local() as dg, dg.listen.v1.connect(**RAW):
            raise error
    assert caught.value is error


async def test_cancelled_anywhere_a_local_client_and_its_server_leave_nothing_behind() -> None:
    config = ClientConfig(timeouts=Timeouts())

    async def work() -> None:
        client = DeepgramClient.local(config=config, recognizer=ScriptedRecognizer(SCRIPT))
        async with client as dg, dg.listen.v1.connect(**RAW) as connection:
            await connection.send(SOUND)
            await connection.close_stream()
            async for _ in connection:
                pass

    assert await cancel_everywhere(work, anyio.lowlevel.checkpoint) >= 5
