"""Faults that take time: on trio, with a clock that jumps when nothing else can happen."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
import trio.testing

from deepgram_anyio.local.faults import Bandwidth, Cut, Delay, Refuse, Silence, Split, Stall

from .support import dialled, read_all, read_exactly, through

pytestmark = pytest.mark.anyio

HOUR = 3600.0


@pytest.fixture
def anyio_backend() -> Any:
    # Loopback delivers at once; the threshold is for the machine to catch up, in real seconds.
    return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0.005)}


async def test_a_delay_in_both_directions() -> None:
    async with through([Delay(delay_s=10)], greeting=b"hello", within_s=HOUR) as (proxy, server):
        began = anyio.current_time()
        async with await dialled(proxy) as client:
            await client.send(b"hi")
            await server.until(lambda: server.received == b"hi")
            assert anyio.current_time() - began == pytest.approx(10)
            assert await read_exactly(client, 5) == b"hello"
            assert anyio.current_time() - began == pytest.approx(10)
            await client.send_eof()
            assert await read_all(client, bytearray().extend) == "fin"
            assert anyio.current_time() - began == pytest.approx(30)  # the end, too, is late, there and back


async def test_what_follows_is_no_later_than_what_went_before() -> None:
    arrived: list[float] = []
    async with through([Delay(delay_s=5, direction="to_server")], within_s=HOUR) as (proxy, server):
        began = anyio.current_time()
        async with await dialled(proxy) as client:
            for _ in range(4):
                await client.send(b"x")
                await anyio.sleep(1)
                assert len(server.received) == 0
            for n in range(1, 5):
                await server.until(lambda n=n: len(server.received) == n)  # type: ignore[misc]
                arrived.append(anyio.current_time() - began)
    assert arrived == pytest.approx([5, 6, 7, 8])


async def _jittered(seed: int) -> list[float]:
    arrived: list[float] = []
    faults = [Delay(delay_s=1, jitter_s=4, direction="to_server")]
    async with through(faults, seed=seed, within_s=HOUR) as (proxy, server), await dialled(proxy) as client:
        for n in range(1, 6):
            began = anyio.current_time()
            await client.send(b"x")
            await server.until(lambda n=n: len(server.received) == n)  # type: ignore[misc]
            arrived.append(anyio.current_time() - began)
    return arrived


async def test_jitter_is_drawn_from_the_seed() -> None:
    first = await _jittered(1)
    assert all(1 <= late <= 5.001 for late in first)
    assert max(first) - min(first) > 0.1
    assert await _jittered(1) == pytest.approx(first, abs=1e-6)
    assert await _jittered(2) != pytest.approx(first, abs=1e-3)


async def test_a_delay_keeps_little_under_way() -> None:
    async with through([Delay(delay_s=100)], within_s=HOUR, buffer_bytes=16_384) as (proxy, server):
        async with await dialled(proxy) as client:
            with anyio.move_on_after(99) as sending:
                await client.send(bytes(20_000_000))
            assert sending.cancelled_caught
        await proxy.wait_closed()
        assert len(server.received) < 10_000_000


async def test_a_limited_bandwidth() -> None:
    greeting = b"x" * 2000
    async with through([Bandwidth(bytes_per_s=1000)], greeting=greeting, within_s=HOUR) as (proxy, server):
        began = anyio.current_time()
        async with await dialled(proxy) as client:
            await client.send(b"y" * 1000)
            await server.until(lambda: len(server.received) == 1000)
            assert anyio.current_time() - began == pytest.approx(1)
            await read_exactly(client, 2000)
            assert anyio.current_time() - began == pytest.approx(2)
            await anyio.sleep(100)  # nothing is saved up
            began = anyio.current_time()
            await client.send(b"y" * 1000)
            await server.until(lambda: len(server.received) == 2000)
            assert anyio.current_time() - began == pytest.approx(1)


async def test_faults_in_one_direction_leave_the_other_alone() -> None:
    faults = [Bandwidth(bytes_per_s=1, direction="to_server"), Delay(delay_s=50, direction="to_server"), Split()]
    async with through(faults, greeting=b"hello", within_s=HOUR) as (proxy, server):
        began = anyio.current_time()
        async with await dialled(proxy) as client:
            await read_exactly(client, 5)
            assert anyio.current_time() - began == pytest.approx(0)
            await client.send(b"abcd")
            await server.until(lambda: server.received == b"abcd")
            assert anyio.current_time() - began == pytest.approx(54)


@pytest.mark.parametrize("late", [[], [Delay(delay_s=2)]])
async def test_a_stall_for_a_while(late: list[Delay]) -> None:
    fault = Stall(after_bytes=3, for_s=60, direction="to_client")
    async with through([fault, *late], greeting=b"hello", within_s=HOUR) as (proxy, server):
        began = anyio.current_time()
        async with await dialled(proxy) as client:
            assert await read_exactly(client, 3) == b"hel"
            await client.send(b"still")  # the other direction goes on
            await server.until(lambda: server.received == b"still")
            assert anyio.current_time() - began < 5
            assert await read_exactly(client, 2) == b"lo"
            assert anyio.current_time() - began == pytest.approx(60 + 2 * bool(late))


async def test_stalls_that_overlap_end_with_the_last() -> None:
    faults = [Stall(after_s=10, for_s=20), Stall(after_s=15, for_s=20), Stall(after_s=15, for_s=20)]
    async with through(faults, within_s=HOUR) as (proxy, server), await dialled(proxy) as client:
        began = anyio.current_time()
        await anyio.sleep(20)
        await client.send(b"x")
        await server.until(lambda: server.received == b"x")
        assert anyio.current_time() - began == pytest.approx(35)
        assert [fired.after_s for fired in proxy.connections[0].fired] == pytest.approx([10, 15, 15])


async def test_a_stall_for_ever() -> None:
    async with through([Stall(after_s=5)], within_s=2 * HOUR) as (proxy, server), await dialled(proxy) as client:
        await anyio.sleep(10)
        await client.send(b"x")
        await anyio.sleep(HOUR)
        assert server.received == b""
        assert proxy.connections[0].end is None
        proxy.resume()
        await server.until(lambda: server.received == b"x")


async def test_a_cut_after_a_time() -> None:
    async with through([Cut(after_s=42)], greeting=b"hello", within_s=HOUR) as (proxy, _):
        began = anyio.current_time()
        async with await dialled(proxy) as client:
            assert await read_all(client, bytearray().extend) == "reset"
            assert anyio.current_time() - began == pytest.approx(42)
        assert proxy.connections[0].fired[0].after_s == pytest.approx(42)


async def test_of_two_triggers_the_first_counts() -> None:
    fault = Cut(kind="fin", after_bytes=10**9, after_s=10)
    async with through([fault], greeting=b"hello", within_s=HOUR) as (proxy, _):
        async with await dialled(proxy) as client:
            assert await read_all(client, bytearray().extend) == "fin"
        await proxy.wait_closed()
        (fired,) = proxy.connections[0].fired
        assert fired.fault is fault
        assert fired.after_s == pytest.approx(10)


async def test_a_client_that_never_closes_is_waited_for_a_second() -> None:
    async with through([Cut(kind="fin")], within_s=HOUR) as (proxy, _), await dialled(proxy) as client:
        assert await read_all(client, bytearray().extend) == "fin"
        began = anyio.current_time()
        await proxy.wait_closed()
        assert anyio.current_time() - began == pytest.approx(1)


async def test_silence_lasts() -> None:
    async with through([Silence()], within_s=30 * HOUR) as (proxy, _), await dialled(proxy) as client:
        with anyio.move_on_after(24 * HOUR) as waiting:
            await client.receive()
        assert waiting.cancelled_caught


async def test_outages_that_overlap_end_with_the_last() -> None:
    def schedule(number: int) -> list[Refuse]:
        return [Refuse(for_s=100)] if number == 1 else []

    async with through(schedule, within_s=HOUR) as (proxy, _):
        began = anyio.current_time()
        async with await dialled(proxy) as client:
            assert await read_all(client, bytearray().extend) == "reset"
        await proxy.pause_listening()
        with pytest.raises(OSError, match=r"."):
            await dialled(proxy)
        await anyio.sleep(150)
        with pytest.raises(OSError, match=r"."):
            await dialled(proxy)
        await proxy.resume_listening()
        async with await dialled(proxy):
            assert anyio.current_time() - began == pytest.approx(150)
