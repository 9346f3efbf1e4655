"""The proxy itself: addresses, backpressure, the port, waiting, and leaving nothing behind."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from deepgram_anyio.errors import ConfigError
from deepgram_anyio.local.faults import (
    CUTS,
    Answer,
    Bandwidth,
    Corrupt,
    Cut,
    Delay,
    Fault,
    FaultProxy,
    RandomSchedule,
    Refuse,
    Split,
    Stall,
    fault_proxy,
)
from deepgram_anyio.local.faults.pump import Pump, Shape
from deepgram_anyio.local.faults.sockets import Gate

from ...cancellation import cancel_everywhere
from .support import dialled, read_all, read_exactly, serving, through

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("upstream", "url"),
    [
        ("http://127.0.0.1:9999", "http://127.0.0.1:{port}"),
        ("wss://api.deepgram.com/v1/listen?model=x", "wss://127.0.0.1:{port}/v1/listen?model=x"),
        ("redis://[::1]:6379", "redis://127.0.0.1:{port}"),
        (("::1", 80), "tcp://127.0.0.1:{port}"),
    ],
)
async def test_the_proxys_url_is_the_upstreams_with_another_address(upstream: Any, url: str) -> None:
    async with fault_proxy(upstream) as proxy:
        assert proxy.url == url.format(port=proxy.port)


async def test_an_address_of_ipv6() -> None:
    async with serving(b"hello") as server, fault_proxy(f"http://127.0.0.1:{server.port}", host="::1") as proxy:
        assert proxy.url == f"http://[::1]:{proxy.port}"
        async with await dialled(proxy) as client:
            assert await read_exactly(client, 5) == b"hello"


@pytest.mark.parametrize("upstream", ["127.0.0.1", "redis://host", "http://", "http://host:port"])
async def test_an_upstream_that_cannot_be_understood(upstream: str) -> None:
    with pytest.raises(ConfigError):
        async with fault_proxy(upstream):
            pass


async def test_an_address_that_is_taken() -> None:
    async with fault_proxy("http://127.0.0.1:1") as first:
        with pytest.raises(ConfigError, match="cannot listen"):
            async with fault_proxy("http://127.0.0.1:1", port=first.port):
                pass


async def test_faults_that_are_none() -> None:
    with pytest.raises(ConfigError, match="sequence of faults"):
        async with fault_proxy("http://127.0.0.1:1", faults=[[Cut()]]):  # type: ignore[list-item]
            pass


async def test_a_list_is_for_every_connection_and_a_callable_is_asked_for_each() -> None:
    async with through([Cut()]) as (proxy, _):
        for _ in range(3):
            async with await dialled(proxy) as client:
                assert await read_all(client, bytearray().extend) == "reset"

    def schedule(number: int) -> Sequence[Fault]:
        return [Cut()] if number == 2 else []

    async with through(schedule, greeting=b"hello") as (proxy, _):
        for number in range(1, 4):
            async with await dialled(proxy) as client:
                if number == 2:
                    assert await read_all(client, bytearray().extend) == "reset"
                else:
                    assert await read_exactly(client, 5) == b"hello"
        assert [len(record.faults) for record in proxy.connections] == [0, 1, 0]


async def test_a_schedule_that_raises_ends_the_block() -> None:
    def schedule(number: int) -> Sequence[Fault]:
        raise ZeroDivisionError("schedule")

    with anyio.fail_after(5), pytest.raises(ZeroDivisionError, match="schedule"):
        async with fault_proxy("http://127.0.0.1:1", faults=schedule) as proxy, await dialled(proxy):
            await anyio.sleep_forever()


async def _fill(sock: socket.socket) -> int:
    """Send until nobody takes any more."""
    sent = 0
    while True:
        with anyio.move_on_after(0.1) as waiting:
            await anyio.wait_writable(sock)
        if waiting.cancelled_caught:
            return sent
        with suppress(BlockingIOError):
            sent += sock.send(bytes(65536))


@pytest.mark.parametrize("also", [[], [Delay(delay_s=0.001)]])
async def test_a_stall_holds_the_client_back_and_loses_nothing(also: list[Fault]) -> None:
    faults = [Stall(after_bytes=1000, direction="to_server"), *also]
    async with through(faults, buffer_bytes=16_384) as (proxy, server):
        with socket.create_connection((proxy.host, proxy.port)) as client:
            client.setblocking(False)
            sent = await _fill(client)
            assert sent < 8_000_000
            assert len(server.received) == proxy.connections[0].to_server_bytes == 1000
            proxy.resume()
            await server.until(lambda: len(server.received) == sent)


async def test_a_stall_holds_the_server_back_and_loses_nothing() -> None:
    greeting = random.Random(1).randbytes(4_000_000)
    async with through(greeting=greeting, buffer_bytes=16_384) as (proxy, server), await dialled(proxy) as client:
        received = bytearray(await read_exactly(client, 1))
        proxy.stall("to_client")
        with anyio.move_on_after(0.1):
            await read_all(client, received.extend)
        assert len(received) == proxy.connections[0].to_client_bytes < 3_000_000
        await client.send(b"the other direction goes on")
        await proxy.wait_until(lambda: proxy.connections[0].to_server_bytes == 27)
        proxy.resume(number=1)
        while len(received) < len(greeting):
            received += await client.receive()
        assert received == greeting
        await server.until(lambda: server.received.endswith(b"on"))


async def test_each_byte_in_a_write_of_its_own() -> None:
    near, source = socket.socketpair()
    sink, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)  # keeps writes apart
    with near, source, sink, far:
        for sock in (near, source, sink, far):
            sock.setblocking(False)
        pump = Pump(
            source,
            sink,
            shape=Shape.of([Split()], "to_client"),
            gate=Gate(),
            rng=random.Random(1),
            on_passed=lambda count: None,
            on_mark=lambda fault: None,
        )
        near.send(b"word by word")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pump.run)
            writes: list[bytes] = []
            while len(writes) < 12:
                await anyio.wait_readable(far)
                writes.append(far.recv(100))
            tasks.cancel_scope.cancel()
    assert writes == [bytes([byte]) for byte in b"word by word"]


def test_faults_of_one_kind_add_up() -> None:
    faults: list[Fault] = [
        Delay(delay_s=1, jitter_s=2),
        Delay(delay_s=3, direction="to_server"),
        Bandwidth(bytes_per_s=1000),
        Bandwidth(bytes_per_s=400, direction="to_server"),
        Split(size_bytes=30, direction="to_client"),
        Split(size_bytes=40),
    ]
    assert Shape.of(faults, "to_server") == Shape(delay_s=4, jitter_s=2, bytes_per_s=400, piece_bytes=20)
    assert Shape.of(faults, "to_client") == Shape(delay_s=1, jitter_s=2, bytes_per_s=1000, piece_bytes=30)


async def test_paused_the_port_refuses_and_open_connections_go_on() -> None:
    async with through(greeting=b"hello") as (proxy, server), await dialled(proxy) as first:
        await read_exactly(first, 5)
        for _ in range(3):
            await proxy.pause_listening()
            with pytest.raises(OSError, match=r"."):
                await dialled(proxy)
            await first.send(b"x")
            await proxy.resume_listening()
            async with await dialled(proxy) as client:
                assert await read_exactly(client, 5) == b"hello"
        await server.until(lambda: server.received == b"xxx")
        assert len(proxy.connections) == 4


async def test_waiting_for_what_happens() -> None:
    order: list[str] = []

    async def note(name: str, proxy: FaultProxy, *condition: Any) -> None:
        await getattr(proxy, name)(*condition)
        order.append(f"{name} {len(proxy.connections)} {proxy.connections[-1].to_client_bytes}")

    async with through([Stall(after_bytes=3)], greeting=b"hello") as (proxy, _), anyio.create_task_group() as tasks:
        tasks.start_soon(note, "wait_connections", proxy, 1)
        await anyio.wait_all_tasks_blocked()
        assert order == []
        tasks.start_soon(note, "wait_until", proxy, lambda: any(record.fired for record in proxy.connections))
        async with await dialled(proxy) as client:
            await read_exactly(client, 3)
            while len(order) < 2:
                await anyio.lowlevel.checkpoint()
            assert order == ["wait_connections 1 0", "wait_until 1 3"]
            tasks.start_soon(note, "wait_closed", proxy)
            await anyio.wait_all_tasks_blocked()
            proxy.cut()
    assert order[2:] == ["wait_closed 1 3"]


async def test_leaving_closes_everything_at_once() -> None:
    async with serving(b"hello") as server:
        began = anyio.current_time()
        async with fault_proxy(("127.0.0.1", server.port), faults=[Stall(after_bytes=5)]) as proxy:
            client = await dialled(proxy)
            await read_exactly(client, 5)
            await client.send(b"x" * 1000)
        assert anyio.current_time() - began < 1
        assert proxy.connections[0].end == "stopped"
        assert not proxy.listening
        async with client:
            await read_all(client, bytearray().extend)
        with pytest.raises(OSError, match=r"."):
            await dialled(proxy)
        await server.until(lambda: len(server.ends) == 1)


@pytest.mark.parametrize(
    "faults",
    [
        [],
        [Cut(kind="fin", after_bytes=3)],
        [Delay(delay_s=0.001), Stall(after_bytes=2, for_s=0.001), Corrupt(after_bytes=1), Split()],
        [Refuse(for_s=0.001)],
        [Answer()],
    ],
)
async def test_cancelled_anywhere_it_leaves_nothing(faults: list[Fault]) -> None:
    async with serving(b"hello") as server:
        proxies: list[FaultProxy] = []

        async def work() -> None:
            async with fault_proxy(("127.0.0.1", server.port), faults=faults) as proxy:
                proxies.append(proxy)
                async with await dialled(proxy) as client:
                    with anyio.move_on_after(0.02):
                        await client.send(b"GET / HTTP/1.1\r\n\r\n")
                        await read_all(client, bytearray().extend)

        async def after() -> None:
            assert all(record.closed_at is not None for proxy in proxies for record in proxy.connections)
            await server.until(lambda: server.open == 0)

        assert await cancel_everywhere(work, after) > 5


async def test_the_same_seed_does_the_same_again() -> None:
    async def run() -> list[Any]:
        schedule = RandomSchedule(seed=11, kinds=CUTS, after_bytes=(0, 5000), after_s=None, direction="to_client")
        async with through(schedule, greeting=bytes(5000)) as (proxy, _):
            for _ in range(20):
                async with await dialled(proxy) as client:
                    await read_all(client, bytearray().extend)
                await proxy.wait_closed()
            return [(record.faults, record.to_client_bytes, record.end) for record in proxy.connections]

    assert await run() == await run()


def test_it_needs_no_extra() -> None:
    code = (
        "import sys, deepgram_anyio.local.faults\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(*loaded & {'av', 'httpx', 'hypercorn', 'numpy', 'starlette', 'trio', 'wsproto'})"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
