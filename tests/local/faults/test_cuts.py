"""Cuts: where they fall, and what each side sees of them."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from deepgram_anyio.local.faults import Corrupt, Cut, CutKind, Delay, Fault, FaultProxy, Silence, fault_proxy
from deepgram_anyio.local.faults.sockets import receive, send_all

from .support import dialled, read_all, read_exactly, through

pytestmark = pytest.mark.anyio

GREETING = bytes(range(256)) * 4


async def ending(stream: SocketStream) -> tuple[bytes, str]:
    received = bytearray()
    end = await read_all(stream, received.extend)
    return bytes(received), end


async def test_without_faults_everything_passes_both_ways_and_so_does_the_end() -> None:
    async with through(greeting=GREETING) as (proxy, server):
        async with await dialled(proxy) as client:
            await client.send(b"x" * 300_000)
            await client.send_eof()
            assert await ending(client) == (GREETING, "fin")
        await proxy.wait_closed()
        assert server.received == b"x" * 300_000
        assert server.ends == ["fin"]
        (record,) = proxy.connections
        assert (record.to_server_bytes, record.to_client_bytes) == (300_000, len(GREETING))
        assert (record.number, record.end, record.fired) == (1, "closed", [])


@pytest.mark.parametrize("kind", ["fin", "reset"])
@pytest.mark.parametrize("after_bytes", [0, 1, 777, len(GREETING)])
async def test_a_cut_falls_after_exactly_so_many_bytes_to_the_client(kind: CutKind, after_bytes: int) -> None:
    fault = Cut(kind=kind, after_bytes=after_bytes)
    async with through([fault], greeting=GREETING) as (proxy, server):
        async with await dialled(proxy) as client:
            assert await ending(client) == (GREETING[:after_bytes], kind)
        await proxy.wait_closed(1)
        await server.until(lambda: server.ends == [kind])
        (record,) = proxy.connections
        assert record.end == "cut"
        assert record.to_client_bytes == after_bytes
        (fired,) = record.fired
        assert fired.fault is fault
        assert (fired.to_server_bytes, fired.to_client_bytes) == (0, after_bytes)


@pytest.mark.parametrize("kind", ["fin", "reset"])
async def test_a_cut_falls_after_exactly_so_many_bytes_to_the_server(kind: CutKind) -> None:
    async with through([Cut(kind=kind, after_bytes=100_001, direction="to_server")]) as (proxy, server):
        async with await dialled(proxy) as client:
            await client.send(b"y" * 100_001)  # not more: what is on its way when the cut falls is nobody's
            assert await ending(client) == (b"", kind)
        await server.until(lambda: server.ends == [kind])
        assert proxy.connections[0].to_server_bytes == 100_001
        if kind == "fin":
            assert server.received == b"y" * 100_001


async def test_a_client_that_goes_on_sending_still_gets_all_that_came_before_the_cut() -> None:
    async with through([Cut(kind="fin", after_bytes=500)], greeting=GREETING) as (proxy, server):
        async with await dialled(proxy) as client:
            await client.send(b"z" * 1000)
            assert await ending(client) == (GREETING[:500], "fin")
        await server.until(lambda: server.ends == ["fin"])


@pytest.mark.parametrize("kind", ["fin", "reset"])
async def test_a_cut_without_a_trigger_falls_before_the_first_byte(kind: CutKind) -> None:
    async with through([Cut(kind=kind)], greeting=GREETING) as (proxy, _), await dialled(proxy) as client:
        assert await ending(client) == (b"", kind)


@pytest.mark.parametrize("also", [[], [Delay(delay_s=0.001)]])
async def test_half_closed_to_the_client_what_it_says_still_passes(also: list[Fault]) -> None:
    fault = Cut(kind="half_close", after_bytes=10)
    async with through([fault, *also], greeting=GREETING) as (proxy, server):
        async with await dialled(proxy) as client:
            assert await ending(client) == (GREETING[:10], "fin")
            await client.send(b"still here")
            await client.send_eof()
            await server.until(lambda: server.ends == ["fin"])
        await proxy.wait_closed()
        assert server.received == b"still here"
        assert proxy.connections[0].end == "closed"
        assert proxy.connections[0].to_client_bytes == 10


async def test_half_closed_to_the_server_what_it_says_still_passes_and_the_rest_is_dropped() -> None:
    fault = Cut(kind="half_close", after_bytes=3, direction="to_server")
    async with through([fault], greeting=GREETING) as (proxy, server):
        async with await dialled(proxy) as client:
            await client.send(b"abcdef")
            await server.until(lambda: server.ends == ["fin"])
            assert await ending(client) == (GREETING, "fin")
            await client.send(b"x" * 500_000)
        await proxy.wait_closed()
        assert server.received == b"abc"
        assert proxy.connections[0].to_server_bytes == 3


@pytest.mark.parametrize("kind", ["fin", "reset", "half_close"])
async def test_a_cut_by_hand(kind: CutKind) -> None:
    async with through(greeting=GREETING) as (proxy, _), await dialled(proxy) as client:
        await read_exactly(client, len(GREETING))
        proxy.cut(kind)
        assert await ending(client) == (b"", "reset" if kind == "reset" else "fin")
        assert [fired.fault for fired in proxy.connections[0].fired] == [Cut(kind=kind)]
        await client.aclose()
        await proxy.wait_closed()
        assert proxy.connections[0].end == ("closed" if kind == "half_close" else "cut")


async def test_by_hand_one_connection_can_be_cut_and_the_others_go_on() -> None:
    async with (
        through(greeting=b"hello") as (proxy, server),
        await dialled(proxy) as first,
        await dialled(proxy) as second,
    ):
        await read_exactly(first, 5)
        await read_exactly(second, 5)
        proxy.cut(number=1)
        proxy.cut(number=7)  # none such: nothing happens
        assert [record.end for record in proxy.connections] == ["cut", None]
        assert await ending(first) == (b"", "reset")
        await second.send(b"here")
        await server.until(lambda: server.received == b"here")


@pytest.mark.parametrize("also", [[], [Delay(delay_s=0.001)]])
async def test_a_reset_of_the_server_is_passed_on(also: list[Fault]) -> None:
    async with (
        through([Cut(kind="reset", after_bytes=5)], greeting=GREETING) as (rude, _),
        fault_proxy(("127.0.0.1", rude.port), faults=also) as proxy,
        await dialled(proxy) as client,
    ):
        received, end = await ending(client)
        assert end == "reset"
        assert GREETING[:5].startswith(received)
        await proxy.wait_closed()
        assert proxy.connections[0].end == "reset"


async def reset_by_the_client(proxy: FaultProxy) -> None:
    client = await dialled(proxy)
    raw = client.extra(SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await anyio.aclose_forcefully(client)


async def test_a_reset_of_the_client_is_passed_on() -> None:
    async with through(greeting=b"hello") as (proxy, server):
        await reset_by_the_client(proxy)
        await server.until(lambda: server.ends == ["reset"])
        assert proxy.connections[0].end == "reset"


async def test_a_reset_of_the_client_ends_a_silence() -> None:
    async with through([Silence()]) as (proxy, _):
        await reset_by_the_client(proxy)
        await proxy.wait_closed(1)
        assert proxy.connections[0].end == "reset"


async def test_what_the_server_says_before_it_leaves_is_not_lost_to_a_client_that_is_still_sending() -> None:
    async def hasty(stream: SocketStream) -> None:
        async with stream:
            await stream.receive(1)
            await stream.send(GREETING)  # closed with something unread, which makes it a reset

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    address = ("127.0.0.1", listener.extra(SocketAttribute.local_port))
    with anyio.fail_after(5):
        async with listener, anyio.create_task_group() as tasks, fault_proxy(address) as proxy:
            tasks.start_soon(listener.serve, hasty)
            with socket.create_connection((proxy.host, proxy.port)) as client:  # streams may lose it themselves
                client.setblocking(False)
                with suppress(OSError):
                    await send_all(client, bytes(3_000_000))
                received = b""
                while len(received) < len(GREETING):
                    received += await receive(client)
                assert received == GREETING
            await proxy.wait_closed()
            assert proxy.connections[0].end in {"reset", "closed"}
            tasks.cancel_scope.cancel()


async def test_garbage_stands_in_the_stream_and_the_stream_goes_on() -> None:
    faults = [Corrupt(after_bytes=4, data=b"<!>"), Corrupt(after_bytes=0, data=b"?", direction="to_server")]
    async with through(faults, greeting=b"abcdefgh") as (proxy, server):
        async with await dialled(proxy) as client:
            assert await read_exactly(client, 11) == b"abcd<!>efgh"
            await client.send(b"xyz")
        await server.until(lambda: server.ends == ["fin"])
        assert server.received == b"?xyz"
        record = proxy.connections[0]
        assert [fired.fault for fired in record.fired] == [faults[1], faults[0]]
        assert (record.to_server_bytes, record.to_client_bytes) == (3, 8)
