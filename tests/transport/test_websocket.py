"""The WebSocket over a real loopback socket: opening, messages, closing, and every deadline."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import ByteStream
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from deepgram_anyio import errors
from deepgram_anyio.protocol import frames
from deepgram_anyio.protocol.frames import Binary, Close, Text
from deepgram_anyio.transport.settings import Limits, Timeouts
from deepgram_anyio.transport.websocket import WebSocket, connect_websocket

from .peers import (
    Handler,
    ServerEnd,
    answering,
    connected,
    echo,
    read_to_end,
    serving,
    stop_reading,
    upgrade_only,
    wire,
)

pytestmark = pytest.mark.anyio

SECRET = "Token 0123456789abcdef"
BRISK = Timeouts(connect_s=0.2, send_s=0.2, close_s=0.2)


def sending(*pieces: bytes, end: bool = False) -> Handler:
    """A server that sends these bytes after the handshake, and then waits for the client's close, or leaves itself."""

    async def handle(stream: ByteStream) -> None:
        server = await ServerEnd.accept(stream)
        for piece in pieces:
            await stream.send(piece)
        if not end:
            await server.finish()

    return handle


def close_wire(code: int, reason: bytes = b"") -> bytes:
    return wire(8, code.to_bytes(2, "big") + reason)


async def test_messages_there_and_back() -> None:
    async with connected(echo) as (websocket, peer):
        assert websocket.response_headers["dg-request-id"] == "abc"
        assert websocket.response_headers["x-twice"] == "1, 2"
        for message in ("grüß", b"\x00\xff", "", b"", "x" * 300_000):
            await websocket.send(message)
            assert await websocket.__anext__() == message
        assert not websocket.closed
        await websocket.close(1000, "bye")
        assert [message async for message in websocket] == []
        await peer.all_closed(accepted=1)
    assert websocket.closed


async def test_the_request_carries_path_query_and_headers() -> None:
    requests = []

    async def handle(stream: ByteStream) -> None:
        server = await ServerEnd.accept(stream)
        requests.append(server.request)
        await server.finish()

    async with connected(handle, headers={"Authorization": SECRET}) as (websocket, peer):
        await websocket.close()
        await peer.all_closed(accepted=1)
    (request,) = requests
    assert request.target == "/path?token=query-secret"
    assert request.host == f"127.0.0.1:{peer.port}"
    assert (b"authorization", SECRET.encode()) in request.extra_headers
    assert request.extensions == []


async def test_frames_in_the_same_read_as_the_handshake() -> None:
    async def handle(stream: ByteStream) -> None:
        early = wire(1, b"early") + wire(9, b"p") + wire(1, b"half", fin=False)
        server = await ServerEnd.accept(stream, first=early)
        await stream.send(wire(0, b" and half"))
        await server.finish()

    async with connected(handle) as (websocket, _):
        assert await websocket.__anext__() == "early"
        assert await websocket.__anext__() == "half and half"


async def test_one_read_is_one_batch() -> None:
    async with connected(sending(wire(1, b"x" * 650) * 80)) as (websocket, _):
        received: list[frames.Frame] = []
        batches = 0
        while len(received) < 80:
            received += await websocket.receive_batch()
            batches += 1
    assert received == [Text("x" * 650)] * 80
    assert batches < 10


async def test_pings_are_answered_and_pongs_are_seen() -> None:
    async with connected(echo) as (websocket, _):
        await websocket.send_batch([frames.Ping(b"are you there"), Text("x")])
        received = await websocket.receive_batch()
        while Text("x") not in received:
            received += await websocket.receive_batch()
        assert received[0] == frames.Pong(b"are you there")

    answers = []

    async def pinging(stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        await end.send(Ping(b"hello"))
        async for event in end:
            answers.append(event)
            await end.send(CloseConnection(1000) if isinstance(event, Pong) else TextMessage("unexpected"))
            return

    async with connected(pinging) as (websocket, _):
        assert await websocket.receive_batch() == [frames.Ping(b"hello")]
        assert await websocket.receive_batch() == [Close(1000)]
    assert answers == [Pong(b"hello")]


@pytest.mark.parametrize("code", [1000, 1001])
async def test_iteration_ends_when_the_peer_closes_in_good_order(code: int) -> None:
    async with connected(sending(wire(1, b"last") + close_wire(code, b"bye"))) as (websocket, _):
        assert [message async for message in websocket] == ["last"]
        assert [message async for message in websocket] == []
        with pytest.raises(errors.ConnectionClosed) as caught:
            await websocket.receive_batch()
        assert (caught.value.code, caught.value.reason) == (code, "bye")
        with pytest.raises(errors.ConnectionClosed):
            await websocket.send("too late")


BAD_ENDS = {
    "1011": (sending(wire(1, b"last") + close_wire(1011, b"NET-0001")), 1011),
    "no status": (sending(wire(1, b"last") + wire(8)), 1005),
    "no close frame": (sending(wire(1, b"last"), end=True), 1006),
    "half a frame": (sending(wire(1, b"last") + wire(1, b"rest")[:3], end=True), 1006),
}


@pytest.mark.parametrize(("handler", "code"), BAD_ENDS.values(), ids=BAD_ENDS.keys())
async def test_iteration_raises_when_the_peer_does_not(handler: Handler, code: int) -> None:
    async with connected(handler) as (websocket, peer):
        assert await websocket.__anext__() == "last"
        for _ in range(2):
            with pytest.raises(errors.ConnectionClosed) as caught:
                await websocket.__anext__()
            assert caught.value.code == code
        await websocket.close()
        await peer.all_closed(accepted=1)


async def test_broken_rules_are_told_to_both_sides() -> None:
    codes = []
    client_is_closing = anyio.Event()

    async def rude(stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        await end.send_raw(wire(1, b"fine") + wire(1, b"x", rsv=4) + bytes(200_000))
        await client_is_closing.wait()
        async for event in end:
            if isinstance(event, CloseConnection):
                codes.append(event.code)
                return

    async with connected(rude) as (websocket, peer), anyio.create_task_group() as tasks:
        assert await websocket.__anext__() == "fine"
        for _ in range(2):
            with pytest.raises(errors.RemoteProtocolError, match="eserved bit"):
                await websocket.__anext__()
        assert isinstance(websocket.failure, errors.RemoteProtocolError)
        tasks.start_soon(websocket.close)
        await anyio.wait_all_tasks_blocked()
        assert not websocket.closed, "closed with unread data, so that a reset overtakes the close frame"
        client_is_closing.set()
        await peer.all_closed(accepted=1)
    assert codes == [1002]


async def test_messages_that_are_too_long_are_neither_sent_nor_received() -> None:
    bounds = Limits(max_message_bytes=1000)
    async with connected(echo, limits=bounds) as (websocket, _):
        with pytest.raises(errors.LocalProtocolError):
            await websocket.send(bytes(1001))
        await websocket.send(bytes(1000))
        assert await websocket.__anext__() == bytes(1000)
    async with connected(sending(wire(2, declared=1 << 40)), limits=bounds) as (websocket, _):
        with pytest.raises(errors.RemoteProtocolError, match="longer than 1000 bytes"):
            await websocket.__anext__()


@pytest.mark.parametrize("bad", ["\ud800", 123, None, ["x"]])
async def test_what_cannot_be_sent_leaves_the_connection_as_it_is(bad: Any) -> None:
    async with connected(echo) as (websocket, _):
        with pytest.raises(errors.LocalProtocolError):
            await websocket.send(bad)
        await websocket.send("fine")
        assert await websocket.__anext__() == "fine"


REFUSALS = {
    "401": (
        b"HTTP/1.1 401 Unauthorized\r\ndg-request-id: id-1\r\ndg-error: INVALID_AUTH\r\nContent-Length: 3\r\n\r\nbad",
        401,
    ),
    "503": (b"HTTP/1.1 503 Busy\r\n\r\n", 503),
    "302": (b"HTTP/1.1 302 Found\r\nLocation: wss://other.example/x?key=s3cret\r\nContent-Length: 0\r\n\r\n", 302),
}


@pytest.mark.parametrize(("answer", "status"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_refused_handshake(answer: bytes, status: int) -> None:
    async with serving(answering(answer)) as peer:
        with pytest.raises(errors.ApiError) as caught:
            await connect_websocket(peer.url, {"Authorization": SECRET})
        await peer.all_closed(accepted=1)
    assert caught.value.status == status
    if status == 401:
        assert (caught.value.code, caught.value.request_id, caught.value.message) == ("INVALID_AUTH", "id-1", "bad")
    for secret in ("0123456789abcdef", "query-secret", "s3cret"):
        assert secret not in str(caught.value) + repr(caught.value)


async def test_refusal_whose_body_never_ends() -> None:
    head = b"HTTP/1.1 402 Payment Required\r\nContent-Length: 100\r\n\r\n"
    async with serving(answering(head, b"no credit", close=False)) as peer:
        with pytest.raises(errors.PaymentRequiredError, match="no credit"):
            await connect_websocket(peer.url, timeouts=Timeouts(close_s=0.5))
        await peer.all_closed(accepted=1)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 101 Swi", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_other_end_is_no_websocket_server(answer: bytes) -> None:
    async with serving(answering(answer)) as peer:
        with pytest.raises(errors.ConnectError, match=f"127.0.0.1:{peer.port}|peer") as caught:
            await connect_websocket(peer.url, {"Authorization": SECRET})
        await peer.all_closed(accepted=1)
    assert "query-secret" not in str(caught.value)


async def test_server_that_never_answers() -> None:
    async with serving(read_only) as peer:
        with pytest.raises(errors.TimeoutError, match=f"connect to 127.0.0.1:{peer.port}") as caught:
            await connect_websocket(peer.url, timeouts=BRISK)
        assert isinstance(caught.value, TimeoutError)
        await peer.all_closed(accepted=1)


async def read_only(stream: ByteStream) -> None:
    await read_to_end(stream)


@pytest.mark.parametrize(
    "arguments",
    [{"url": "ws://user:pw@127.0.0.1"}, {"headers": {"A": "x\r\ny"}}, {"proxy": "socks4://h"}, {"url": "ftp://x"}],
)
async def test_arguments_are_checked_before_anything_is_tried(arguments: dict[str, Any]) -> None:
    async with serving(upgrade_only) as peer:
        with pytest.raises(errors.ConfigError):
            await connect_websocket(**{"url": peer.url, **arguments})
        assert peer.accepted == 0


async def fill(websocket: WebSocket) -> None:
    while True:
        await websocket.send(bytes(1 << 20))


async def test_peer_that_stops_reading() -> None:
    async with connected(stop_reading, timeouts=BRISK) as (websocket, _):
        with anyio.fail_after(10), pytest.raises(errors.TimeoutError, match="no data"):
            await fill(websocket)
        with pytest.raises(errors.ConnectionClosed, match="cut short"):
            await websocket.send("x")
        with anyio.fail_after(2):
            await websocket.close()


async def test_write_that_is_cancelled_half_way() -> None:
    async with connected(stop_reading, timeouts=BRISK) as (websocket, _):
        with anyio.move_on_after(0.1):
            await fill(websocket)
        with pytest.raises(errors.ConnectionClosed, match="cut short"):
            await websocket.send("x")


async def test_send_in_a_cancelled_scope_sends_nothing_and_harms_nothing() -> None:
    async with connected(echo) as (websocket, _):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await websocket.send("never")
        assert scope.cancelled_caught
        await websocket.send("fine")
        assert await websocket.__anext__() == "fine"


async def test_messages_of_concurrent_senders_stay_whole() -> None:
    whole: list[bytes] = []

    async def collect(stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        message = bytearray()
        async for event in end:
            if isinstance(event, BytesMessage):
                message += event.data
                if event.message_finished:
                    whole.append(bytes(message))
                    message.clear()
            elif isinstance(event, CloseConnection):
                await end.send(event.response())

    async with connected(collect) as (websocket, peer):
        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(websocket.send_batch, [Binary(bytes([number]) * 150_000)] * 3)
        await websocket.close()
        await peer.all_closed(accepted=1)
    assert len(whole) == 24
    assert all(len(set(message)) == 1 and len(message) == 150_000 for message in whole)


async def test_only_one_task_may_receive() -> None:
    async with connected(upgrade_only) as (websocket, _), anyio.create_task_group() as tasks:
        tasks.start_soon(websocket.receive_batch)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(errors.LocalProtocolError):
            await websocket.receive_batch()
        tasks.cancel_scope.cancel()


async def test_receiving_does_not_wait_for_a_blocked_sender() -> None:
    """A peer that reads only after we have read, as many simple servers do."""
    seen = []
    may_read = anyio.Event()

    async def stubborn(stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream)
        await end.send(Ping(b"p"), TextMessage("read me"))
        await may_read.wait()
        async for event in end:
            if isinstance(event, Pong):
                seen.append(event)
                return

    async with (
        connected(stubborn, timeouts=Timeouts(close_s=0.2)) as (websocket, _),
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(websocket.send, bytes(16_000_000))
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(5):
            assert await websocket.__anext__() == "read me"
        may_read.set()
    assert seen == [Pong(b"p")]
