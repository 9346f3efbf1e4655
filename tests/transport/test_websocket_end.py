"""How a WebSocket connection ends: closing, aborting, failing bodies, and cancellation at every single wait."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import ByteStream
from wsproto.events import CloseConnection

from deepgram_anyio import errors
from deepgram_anyio.protocol.frames import Binary, Close, Frame, Ping, Text
from deepgram_anyio.transport.framing import Framing
from deepgram_anyio.transport.settings import Timeouts
from deepgram_anyio.transport.websocket import WebSocket, open_websocket

from .peers import (
    Recorder,
    ServerEnd,
    connected,
    echo,
    serving,
    stop_reading,
    upgrade_only,
    wire,
)

pytestmark = pytest.mark.anyio

BRISK = Timeouts(connect_s=0.2, send_s=0.2, close_s=0.2)


async def test_close_with_code_and_reason() -> None:
    recorder = Recorder(wire(1, b"unread") * 3)
    async with connected(recorder) as (websocket, peer):
        await websocket.close(4001, "enough")
        assert websocket.closed
        await peer.all_closed(accepted=1)
        await websocket.close()
        assert [message async for message in websocket] == []
        with pytest.raises(errors.ConnectionClosed) as caught:
            await websocket.send("too late")
    assert recorder.closes == [CloseConnection(4001, "enough")]
    assert caught.value.code == 4001


async def test_leaving_the_body_closes_with_1000() -> None:
    recorder = Recorder()
    async with connected(recorder) as (_, _):
        pass
    assert recorder.closes == [CloseConnection(1000, "")]


async def test_messages_received_before_the_close_stay_readable() -> None:
    async with connected(Recorder(wire(1, b"a") + wire(1, b"b") + wire(1, b"c"))) as (websocket, _):
        assert await websocket.__anext__() == "a"
        await websocket.close()
        assert [message async for message in websocket] == ["b", "c"]


async def test_code_that_cannot_be_sent_leaves_the_connection_open() -> None:
    async with connected(echo) as (websocket, _):
        with pytest.raises(errors.LocalProtocolError):
            await websocket.close(1006)
        assert not websocket.closed
        await websocket.send("still there")
        assert await websocket.__anext__() == "still there"


async def test_peer_that_does_not_answer_the_close() -> None:
    recorder = Recorder(answer=False)
    async with connected(recorder, timeouts=BRISK) as (websocket, peer):
        with anyio.fail_after(2):
            await websocket.close()
        await peer.all_closed(accepted=1)
        assert [message async for message in websocket] == []
    assert len(recorder.closes) == 1


async def test_peer_that_stopped_reading_does_not_hold_up_the_close() -> None:
    async with connected(stop_reading, timeouts=BRISK) as (websocket, _):
        with anyio.move_on_after(0.05):
            await websocket.send_batch([Binary(bytes(1 << 24))] * 4)
        with anyio.fail_after(2):
            await websocket.close()


async def test_close_waits_for_the_task_that_receives() -> None:
    got: list[str | bytes] = []
    ends: list[int] = []

    async def late(stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        async for event in end:
            if isinstance(event, CloseConnection):
                await end.send_raw(wire(1, b"last words"))
                await end.send(event.response())
                return

    async with connected(late) as (websocket, _):

        async def consume() -> None:
            got.extend([message async for message in websocket])

        async def close() -> None:
            await websocket.close()
            ends.append(1)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(consume)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(close)
            tasks.start_soon(close)
            await websocket.close()
            await anyio.wait_all_tasks_blocked()
    assert got == ["last words"]
    assert ends == [1, 1]


async def test_close_takes_over_when_the_task_that_receives_leaves() -> None:
    may_answer = anyio.Event()

    async def slow(stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        async for event in end:
            if isinstance(event, CloseConnection):
                await may_answer.wait()
                await end.send(event.response())

    reading = anyio.CancelScope()
    async with connected(slow, timeouts=Timeouts(close_s=30)) as (websocket, _):

        async def read() -> None:
            with reading:
                await websocket.receive_batch()

        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                await anyio.wait_all_tasks_blocked()
                tasks.start_soon(websocket.close)
                await anyio.wait_all_tasks_blocked()
                reading.cancel()
                await anyio.wait_all_tasks_blocked()
                may_answer.set()
        assert websocket.closed


async def test_abort_ends_those_who_receive_and_send() -> None:
    received: list[Any] = []
    async with connected(stop_reading) as (websocket, peer), anyio.create_task_group() as tasks:

        async def read() -> None:
            received.append(await websocket.receive_batch())

        async def write() -> None:
            with pytest.raises(errors.ConnectionClosed):
                await websocket.send_batch([Binary(bytes(1 << 24))] * 4)
            received.append("sender told")

        tasks.start_soon(read)
        tasks.start_soon(write)
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(1):
            await websocket.abort()
            await websocket.abort()
        assert websocket.closed
        assert peer.accepted == 1
    assert [Close(1006)] in received
    assert "sender told" in received


async def test_abort_and_close_work_in_cancelled_scopes() -> None:
    for finish in ("abort", "close"):
        recorder = Recorder()
        async with connected(recorder) as (websocket, peer):
            with anyio.CancelScope() as scope:
                scope.cancel()
                await getattr(websocket, finish)()
                assert websocket.closed
            await peer.all_closed(accepted=1)
        assert len(recorder.closes) == (finish == "close")


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, errors.ConnectionClosed])
async def test_exception_of_the_body_leaves_bare_and_the_socket_is_closed(kind: type[BaseException]) -> None:
    recorder = Recorder()
    raised = kind("body")
    async with serving(recorder) as peer:
        with pytest.raises(kind) as caught:
            async with open_websocket(peer.url):
                raise raised
        assert caught.value is raised
        assert raised.__context__ is None
        await peer.all_closed(accepted=1)
    assert recorder.closes == []


async def test_cancellation_of_the_body_closes_the_socket() -> None:
    async with serving(upgrade_only) as peer:
        with anyio.CancelScope() as scope:
            async with open_websocket(peer.url) as websocket:
                scope.cancel()
                await websocket.receive_batch()
        assert scope.cancelled_caught
        await peer.all_closed(accepted=1)


class Deaf(ByteStream):
    """A stream whose peer has gone, after it had sent something."""

    def __init__(self, *reads: bytes) -> None:
        self._reads = list(reads)

    async def receive(self, max_bytes: int = 65536) -> bytes:
        await anyio.lowlevel.checkpoint()
        if not self._reads:
            raise anyio.BrokenResourceError from ConnectionResetError()
        return self._reads.pop(0)

    async def send(self, item: bytes) -> None:
        await anyio.lowlevel.checkpoint()
        raise anyio.BrokenResourceError from BrokenPipeError()

    async def send_eof(self) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("trailing", [b"", wire(9, b"early")])
async def test_answer_that_nobody_takes_does_not_hide_what_was_received(trailing: bytes) -> None:
    framing = Framing(client=True, max_message_bytes=100, trailing=trailing)
    stream = Deaf(wire(9, b"p") + wire(1, b"x"))
    websocket = WebSocket(stream, framing, response_headers={}, timeouts=BRISK)
    received: list[Frame] = []
    while Close(1006) not in received:
        received += await websocket.receive_batch()
    assert received[-3:] == [Ping(b"p"), Text("x"), Close(1006)]
    assert isinstance(websocket.failure, anyio.BrokenResourceError)
    with pytest.raises(errors.ConnectionClosed) as caught:
        await websocket.receive_batch()
    assert caught.value.__cause__ is websocket.failure
    await websocket.close()
    assert websocket.closed
