"""The misbehaving embedded server over real sockets: what each fault looks like from the client's end of the wire."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import pytest

from deepgram_anyio import ConnectionClosed, DeepgramClient
from deepgram_anyio.local import FaultOptions
from deepgram_anyio.local.app import build_app
from deepgram_anyio.local.engines.scripted import ScriptedRecognition, ScriptedRecognizer, ToneVoice
from deepgram_anyio.local.misbehave import Misbehaving
from deepgram_anyio.local.settings import ServerSettings
from deepgram_anyio.local.state import ServerState
from deepgram_anyio.protocol import UnknownEvent, listen
from deepgram_anyio.protocol.frames import Close
from deepgram_anyio.transport.websocket import WebSocket, open_websocket

from ..cancellation import cancel_everywhere
from ..stand_in import ONE_CONNECTION
from .fault_support import (
    AGENT,
    CLOSE_STREAM,
    FLUX,
    FLUX_SPEAK,
    LISTEN,
    OPENINGS,
    RAW,
    SCRIPT,
    SETTINGS,
    SOUND,
    frames,
    misbehaving,
    open_up,
    rest,
    stream,
    types,
)

pytestmark = pytest.mark.anyio


# Late, missing, odd.


@pytest.mark.parametrize("path", [LISTEN, FLUX])
async def test_late_finals_come_late_and_in_order(path: str) -> None:
    late_s = 0.25
    sound = b"".join(ToneVoice(word_s=0.1, pause_s=1.5).synthesize("One two three. Four five."))
    async with stream(path, late_finals_s=late_s) as socket:
        sent_at = anyio.current_time()
        await socket.send(sound)
        await socket.send(CLOSE_STREAM)
        seen, came_at = [], []
        async for frame in frames(socket):
            message = {} if isinstance(frame, Close) else json.loads(frame.data)
            if message.get("is_final") or message.get("event") == "EndOfTurn":
                came_at.append(anyio.current_time())
            seen.append(message)
    assert len(came_at) >= 2
    assert came_at[0] - sent_at >= late_s
    if path == LISTEN:
        assert types(seen[:-1]) == ["Results"] * len(came_at) + ["Metadata"]
    else:
        assert [message["sequence_id"] for message in seen[:-1]] == list(range(len(seen) - 1))


@pytest.mark.parametrize(("path", "last_word"), [(LISTEN, CLOSE_STREAM), (FLUX_SPEAK, '{"type":"Close"}')])
async def test_without_the_closing_metadata_the_stream_still_closes(path: str, last_word: str) -> None:
    async with stream(path, drop_metadata=True) as socket:
        if path == LISTEN:
            await socket.send(SOUND)
        await socket.send(last_word)
        messages, close = await rest(socket)
    assert types(messages)
    assert not {"Metadata", "SessionMetadata"} & set(types(messages))
    assert close.code == 1000


@pytest.mark.parametrize("kind", ["unknown_type", "wrong_form", "invalid_json", "unknown_field", "mixed"])
async def test_odd_messages_reach_the_client_and_the_transcript_is_whole(kind: str) -> None:
    options = FaultOptions.from_texts(["odd_every=1", f"odd_kind={kind}"])
    client = DeepgramClient.local(config=ONE_CONNECTION, recognizer=ScriptedRecognizer(SCRIPT), faults=options)
    async with client as dg, dg.listen.v1.stream(SOUND, **RAW) as connection:
        events = [event async for event in connection]
    known = [event for event in events if not isinstance(event, UnknownEvent)]
    assert [event.transcript for event in known if isinstance(event, listen.Results) and event.words] == SCRIPT
    assert isinstance(known[-1], listen.Metadata)
    odd = len(events) - len(known)
    assert (odd == 0) if kind == "unknown_field" else (0 < odd <= len(known))


async def test_odd_messages_of_flux_leave_no_gap_in_the_numbers() -> None:
    async with stream(FLUX, odd_every=2, error_after_messages=1, error_kind="warning") as socket:
        await socket.send(SOUND)
        await socket.send(CLOSE_STREAM)
        messages, _ = await rest(socket)
    assert types(messages)[:4] == ["Connected", "Warning", "InjectedFault", "TurnInfo"]
    assert [message["sequence_id"] for message in messages] == list(range(len(messages)))


# Errors.


@pytest.mark.parametrize("path", OPENINGS)
async def test_an_error_comes_in_band_and_may_be_the_end(path: str) -> None:
    async with stream(path, error_after_messages=1, error_closes=True, close_code=1008) as socket:
        answer = await open_up(socket, path)
        messages, close = await rest(socket)
    assert types(messages) == [answer, "Error"]
    assert messages[-1]["code"] == "INTERNAL_SERVER_ERROR"
    assert close == Close(1008, "DATA-0000: injected fault")


async def test_the_stream_goes_on_after_a_warning() -> None:
    async with stream(error_after_messages=0, error_kind="warning", error_code="SLOW") as socket:
        await socket.send(CLOSE_STREAM)
        messages, close = await rest(socket)
    assert types(messages) == ["Warning", "Metadata"]
    assert messages[0]["code"] == "SLOW"
    assert close.code == 1000


# Closes.


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1008, 1011, 1012, 1013, 1014, 4242])
async def test_every_code_arrives(code: int) -> None:
    async with stream(close_after_messages=1, close_code=code) as socket:
        await socket.send('{"type":"Configure"}')
        messages, close = await rest(socket)
    assert types(messages) == ["ConfigureSuccess"]
    assert close.code == code
    assert socket.failure is None


@pytest.mark.parametrize("code", [1006, 1012])
@pytest.mark.parametrize("path", OPENINGS)
async def test_every_kind_of_socket_can_be_closed(path: str, code: int) -> None:
    async with stream(path, close_after_messages=1, close_code=code) as socket:
        answer = await open_up(socket, path)
        messages, close = await rest(socket)
    assert types(messages) == [answer]
    assert close.code == code


async def test_a_close_after_a_time_comes_without_anything_said() -> None:
    async with stream(close_after_s=0.1, close_reason="time is up") as socket:
        assert await rest(socket) == ([], Close(1011, "time is up"))


@pytest.mark.parametrize("path", [LISTEN, FLUX, AGENT])
async def test_a_close_after_so_much_audio(path: str) -> None:
    async with stream(path, close_after_audio_s=0.5, close_code=1012) as socket:
        if path == AGENT:
            await socket.send(SETTINGS)
        for _ in range(5):
            await socket.send(bytes(3200))
        _, close = await rest(socket)
    assert close == Close(1012)


async def test_a_client_that_says_nothing_is_dropped() -> None:
    async with stream(FLUX, idle_kill_s=0.1) as socket:
        messages, close = await rest(socket)
    assert types(messages) == ["Connected"]
    assert close.code == 1011
    assert close.reason.startswith("NET-0001")


async def test_a_keep_alive_may_not_help() -> None:
    async with stream(idle_kill_s=0.1, idle_ignores_keep_alive=True) as socket, anyio.create_task_group() as tasks:
        tasks.start_soon(chatter, socket)
        _, close = await rest(socket)
    assert close.reason.startswith("NET-0001")


async def chatter(socket: WebSocket) -> None:
    """Say KeepAlive as fast as the server shows that it hears."""
    with suppress(ConnectionClosed):  # the close may come while this one is said
        while True:
            await socket.send('{"type":"KeepAlive"}')
            await anyio.wait_all_tasks_blocked()


# The server behind it.


async def test_only_the_first_streams_misbehave() -> None:
    async with misbehaving(connections=2, close_after_messages=0) as server:
        codes = []
        for _ in range(3):
            async with open_websocket(server.url + LISTEN) as socket:
                await socket.send(CLOSE_STREAM)
                codes.append((await rest(socket))[1].code)
    assert codes == [1011, 1011, 1000]


@pytest.mark.parametrize("code", [1006, 1011])
async def test_the_server_lets_go_of_a_stream_that_was_cut_off(code: int) -> None:
    closed = anyio.Event()

    class Recognizer(ScriptedRecognizer):
        def open(self, *, keyterms: Any = ()) -> Any:
            return Recognition(SCRIPT, 0.3)

    class Recognition(ScriptedRecognition):
        def close(self) -> None:
            anyio.from_thread.run_sync(closed.set)

    async with (
        misbehaving(Recognizer(SCRIPT), close_after_audio_s=0.1, close_code=code) as server,
        open_websocket(server.url + LISTEN) as socket,
    ):
        await socket.send(SOUND)
        assert (await rest(socket))[1].code == code
        await closed.wait()


async def test_a_server_that_holds_something_back_stops_in_time() -> None:
    opened, ends = anyio.Event(), []

    async def wait_for_the_greeting(url: str) -> None:
        async with open_websocket(url + FLUX) as socket:
            opened.set()
            ends.append(await rest(socket))

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks, misbehaving(greeting_delay_s=60) as server:
            tasks.start_soon(wait_for_the_greeting, server.url)
            await opened.wait()
    assert ends == [([], Close(1001, "the server is stopping"))]


async def test_cancelled_anywhere_nothing_is_left() -> None:
    async def work() -> None:
        async with stream(late_finals_s=0.01, odd_every=1, close_after_s=60) as socket:
            await socket.send(SOUND)
            await socket.send(CLOSE_STREAM)
            await rest(socket)

    assert await cancel_everywhere(work, anyio.lowlevel.checkpoint) >= 5


def test_without_faults_nothing_stands_in_between() -> None:
    def layers(faults: FaultOptions | None) -> list[type]:
        app: Any = build_app(ServerState(ServerSettings(faults=faults)))
        found = []
        while app is not None:
            found.append(type(app))
            app = getattr(app, "_app", None)
        return found

    assert Misbehaving not in layers(None)
    assert [layer for layer in layers(FaultOptions()) if layer is not Misbehaving] == layers(None)


async def test_a_drop_is_a_drop_whatever_the_client_has_sent_by_then() -> None:
    async with stream(LISTEN, close_after_audio_s=0.1, close_code=1006) as socket:
        with suppress(ConnectionClosed):  # the drop may come while there is more to send
            for _ in range(50):  # more than the web server keeps for the application
                await socket.send(SOUND[:3200])
        with anyio.fail_after(5):
            _, close = await rest(socket)
    assert close.code == 1006
