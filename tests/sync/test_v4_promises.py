"""What v4's README promised and its code did not do, beside the blocks of `test_v4_readme`; and how its sockets end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from deepgram_anyio import ConnectError, Limits, Timeouts
from deepgram_anyio.sync import (
    AgentWebSocketEvents,
    AsyncListenWebSocketClient,
    DeepgramClientOptions,
    LiveTranscriptionEvents,
    SettingsOptions,
    SpeakOptions,
    SpeakWebSocketEvents,
)
from deepgram_anyio.sync.v4 import speaker as speaker_module
from deepgram_anyio.sync.v4.context import context_of, use_backend

from ..rest_peer import Reply, json_reply
from ..stand_in import Api, api
from ..transport.peers import ServerEnd, read_to_end
from .socket_support import RAW, TONE, Record, config, local_server, stand_in
from .v4_rest_support import peer_of
from .v4_styles import AGENT, Style, soon, style, talking

__all__ = ["style"]


# The README.


def test_handlers_may_be_decorated_and_take_what_happened_alone(style: Style) -> None:
    """v4's `on` wanted the handler as an argument, and handlers had to take the client before ``result``."""
    heard: list[str] = []
    with stand_in() as server:
        client = style.client(config(server.url), "listen.websocket")

        def handle(result: Any) -> None:
            heard.append(result.channel.alternatives[0].transcript)

        handler = style.handler(handle)
        assert client.on(LiveTranscriptionEvents.Transcript)(handler) is handler
        assert client.start(RAW) is True
        assert client.finalize() is True
        assert client.finish() is True
    assert heard == ["so far", "all of it"]


def test_handlers_of_agents_may_be_decorated(style: Style) -> None:
    """As for transcriptions, and under any name of the parameter."""
    heard: list[str] = []
    said = {"type": "ConversationText", "role": "user", "content": "hi"}
    with stand_in(talking(Settings=[{"type": "SettingsApplied"}, said])) as server:
        client = style.client(config(server.url), "agent.websocket")
        done = threading.Event()

        def handle(event: Any) -> None:
            heard.append(event.content)
            done.set()

        client.on(AgentWebSocketEvents.ConversationText)(style.handler(handle))
        assert client.start({"agent": AGENT}) is True
        assert done.wait(5)
        assert client.finish() is True
    assert heard == ["hi"]


def test_language_and_greeting_of_the_settings_reach_the_server(style: Style) -> None:
    """v4 took them for attributes of no meaning, and did not send them."""
    settings = SettingsOptions()
    settings.language = "de"
    settings.greeting = "Guten Tag"
    with stand_in(talking()) as server:
        client = style.client(config(server.url), "agent.websocket")
        assert client.start(settings) is True
        assert client.finish() is True
        sent = json.loads(server.messages[0])
    assert (sent["agent"]["language"], sent["agent"]["greeting"]) == ("de", "Guten Tag")
    assert not {"language", "greeting"} & sent.keys()


SPEECH_HEADERS = {
    "content-type": "audio/mpeg",
    "dg-request-id": "r1",
    "dg-model-uuid": "u1",
    "dg-model-name": "aura",
    "dg-char-count": "6",
    "date": "Sun, 06 Nov 1994 08:49:37 GMT",
}


@pytest.mark.parametrize("missing", sorted(SPEECH_HEADERS))
def test_speech_is_saved_when_a_header_is_missing(style: Style, missing: str, tmp_path: Path) -> None:
    """v4 raised a KeyError, with the audio at hand."""
    headers = {name: text for name, text in SPEECH_HEADERS.items() if name != missing}
    path = tmp_path / "output.mp3"
    with peer_of(Reply(headers=headers, body=b"sound")) as (options, _):
        client = style.client(options, "speak.rest")
        response = client.save(str(path), {"text": "Hello!"}, SpeakOptions(model="aura-2-thalia-en"))
    assert path.read_bytes() == b"sound"
    assert response.filename == str(path)
    said = (response.request_id, response.model_uuid, response.model_name, response.content_type, response.date)
    names = ("dg-request-id", "dg-model-uuid", "dg-model-name", "content-type", "date")
    assert said == tuple(map(headers.get, names))


def test_speech_is_waited_for_without_a_loudspeaker(style: Style) -> None:
    """v4 raised, since it had nothing to play on."""
    with local_server() as server:
        client = style.client(config(f"http://127.0.0.1:{server.port}"), "speak.websocket")
        audio: list[bytes] = []
        client.on(SpeakWebSocketEvents.AudioData)(style.handler(audio.append))
        assert client.start(RAW) is True
        assert client.send_text("hello there") is True
        assert client.flush() is True
        soon(client.wait_for_complete)
        heard = sum(map(len, audio))
        assert client.finish() is True
    assert heard > 0
    assert sum(map(len, audio)) == heard


def test_selfhosted_credentials_have_the_path_of_the_specification_and_fields(style: Style) -> None:
    """v4 asked for a path without the hyphen, and returned the answer's text alone."""
    entry = {"distribution_credentials": {"distribution_credentials_id": "c1", "provider": "quay"}}
    route = "/v1/projects/p1/self-hosted/distribution/credentials"
    with peer_of(json_reply(entry)) as (options, peer):
        client = style.client(options, "selfhosted")
        client.list_selfhosted_credentials("p1")
        client.create_selfhosted_credentials("p1", {"comment": "c"})
        client.delete_selfhosted_credentials("p1", "c1")
        found = client.get_selfhosted_credentials("p1", "c1")
    assert [asked.path for asked in peer.asked] == [route, route, f"{route}/c1", f"{route}/c1"]
    assert found.eval("distribution_credentials.provider") == "quay"
    assert found["distribution_credentials"]["distribution_credentials_id"] == "c1"
    assert json.loads(found) == found.to_dict() == entry


# How sockets end.


def test_a_handler_that_hangs_does_not_hang_finish(style: Style, caplog: pytest.LogCaptureFixture) -> None:
    stuck, release = threading.Event(), threading.Event()

    def hang(result: Any) -> None:
        stuck.set()
        assert release.wait(10)

    with stand_in() as server, released(release):
        options = config(server.url)
        client = style.client(options, "listen.websocket")
        use_backend(options, replace(context_of(options).backend, timeouts=Timeouts(drain_s=0.1)))
        client.on("Results", hang)
        assert client.start(RAW) is True
        assert client.finalize() is True
        assert stuck.wait(5)
        began = time.monotonic()
        assert soon(client.finish) is False
        assert time.monotonic() - began < 2
        assert "has not returned" in caplog.text


@contextmanager
def released(event: threading.Event) -> Iterator[None]:
    """Set an event at the end, whatever happens."""
    try:
        yield
    finally:
        event.set()


@pytest.mark.parametrize("switch", [True, False])
def test_termination_exception_ends_the_stream_at_what_a_handler_raised(style: Style, switch: bool) -> None:
    def broken(result: Any) -> None:
        raise ValueError("mine")

    with stand_in() as server:
        client = style.client(config(server.url, termination_exception=switch), "listen.websocket")
        record = Record(client)
        client.on("Results", style.handler(broken))
        assert client.start(RAW) is True
        assert client.finalize() is True
        if switch:
            record.wait_for("Close")
            with pytest.raises(ValueError, match="mine"):
                client.finish()
            assert record.events.count("Results") == 1
            assert client.send(TONE) is False
            assert server.messages == ["Finalize"]
        else:
            assert client.finish() is True
            assert record.events.count("Results") == 2
        assert "ValueError: mine" in record.of("Error")[0].message


@pytest.mark.parametrize("path", ["listen.websocket", "speak.websocket", "agent.websocket"])
def test_termination_exception_connect_makes_start_raise(style: Style, path: str) -> None:
    options = {"agent": AGENT} if path.startswith("agent") else RAW
    client = style.client(config("http://127.0.0.1:9", termination_exception_connect="true"), path)
    record = Record(client)
    with pytest.raises(ConnectError):
        client.start(options)
    assert record.events == ["Error"]
    assert isinstance(client.last_error, ConnectError)
    quiet = style.client(config("http://127.0.0.1:9", termination_exception_connect="false"), path)
    assert quiet.start(options) is False


class FakeSpeaker:
    """Plays nothing, and remembers what it was made with and asked for."""

    made: list[FakeSpeaker]

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.calls: list[str] = []
        self.audio = b""
        type(self).made.append(self)

    def start(self) -> None:
        self.calls.append("start")

    def add_audio_to_queue(self, data: bytes) -> None:
        self.audio += data

    def wait_for_complete(self) -> None:
        self.calls.append("wait")

    def finish(self) -> None:
        self.calls.append("finish")


def test_speaker_playback(style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    class Speaker(FakeSpeaker):
        made: list[FakeSpeaker] = []  # noqa: RUF012 - one list for each run

    monkeypatch.setattr(speaker_module, "Speaker", Speaker)
    with local_server() as server:
        url = f"http://127.0.0.1:{server.port}"
        switches = {"speaker_playback": "true", "speaker_playback_rate": "8000", "speaker_playback_channels": 2}
        client = style.client(config(url, **switches), "speak.websocket")
        record = Record(client)
        assert client.start(RAW) is True
        (speaker,) = Speaker.made
        assert client.send_text("hello") is True
        assert client.flush() is True
        client.wait_for_complete()
        assert speaker.audio == b"".join(record.of("AudioData")) != b""
        assert speaker.calls == ["start", "wait"]
        assert client.finish() is True
        assert speaker.calls == ["start", "wait", "finish"]
        assert (speaker.settings["rate"], speaker.settings["channels"]) == (8000, 2)
        silent = style.client(config(url, speaker_playback="false"), "speak.websocket")
        assert silent.start(RAW) is True
        assert silent.finish() is True
        assert Speaker.made == [speaker]


def patient(url: str) -> DeepgramClientOptions:
    """A configuration that waits for a peer longer than any test does, and buffers little."""
    options = config(url)
    timeouts, limits = Timeouts(send_s=60.0, drain_s=60.0), Limits(max_unsent_bytes=65536)
    use_backend(options, replace(context_of(options).backend, timeouts=timeouts, limits=limits))
    return options


MORE_THAN_SOCKETS_BUFFER = bytes(15_000_000)


@pytest.mark.anyio
async def test_a_cancelled_send_returns_at_once_and_leaves_the_stream_open() -> None:
    resume = anyio.Event()

    async def stop_reading(server: Api, stream: Any) -> None:
        await ServerEnd.accept(stream)
        await resume.wait()
        await read_to_end(stream)

    async with api(stop_reading) as server:
        client = AsyncListenWebSocketClient(patient(server.url))
        ended = anyio.Event()

        async def on_close(close: Any) -> None:
            ended.set()

        client.on("Close", on_close)
        assert await client.start(RAW)
        assert await client.send(MORE_THAN_SOCKETS_BUFFER)  # it is on its way, and takes all room there is
        calls: list[Callable[[], Awaitable[bool]]] = [lambda: client.send(TONE * 4), client.finish]
        for call in calls:
            assert await client.is_connected()
            with anyio.move_on_after(0.2) as scope:
                await call()
            assert scope.cancelled_caught
            assert anyio.current_time() - scope.deadline < 2
        with anyio.fail_after(5):
            await ended.wait()
        assert not await client.is_connected()
        resume.set()


@pytest.mark.anyio
async def test_a_cancelled_finish_returns_at_once_and_closes() -> None:
    asked = anyio.Event()

    async def silent(end: ServerEnd, kind: str) -> bool:
        if kind == "CloseStream":
            asked.set()
        return True

    async with api() as server:
        server.on_message = silent
        client = AsyncListenWebSocketClient(patient(server.url))
        ended = anyio.Event()

        async def on_close(close: Any) -> None:
            ended.set()

        client.on("Close", on_close)
        assert await client.start(RAW)
        returned_at = cancelled_at = 0.0

        async def finish() -> None:
            nonlocal returned_at
            try:
                await client.finish()
            finally:
                returned_at = anyio.current_time()

        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(finish)
                await asked.wait()
                cancelled_at = anyio.current_time()
                tasks.cancel_scope.cancel()
            assert 0 <= returned_at - cancelled_at < 2
            await ended.wait()
            assert server.peer is not None
            await server.peer.all_closed(accepted=1)
        assert not await client.is_connected()
