"""The promise: cancelled anywhere, at any moment, the client stops at once and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest
from anyio.abc import ByteStream

from deepgram_anyio import ClientConfig, DeepgramClient, LiveConnection, ReconnectPolicy

from ..cancellation import cancel_everywhere, live_tasks
from ..transport.peers import serving, stop_reading
from .ear import KEY, RAW, SOON, Step, ear, speech

pytestmark = pytest.mark.anyio


async def test_cancelled_at_every_await_of_a_stream_that_reconnects_it_leaves_nothing_behind() -> None:
    async with ear() as listening, listening.client() as dg:

        async def work() -> None:
            listening.plan, listening.tried = [Step(drop_after=6, results_until=3)], 0
            async with dg.listen.v1.connect(**RAW, reconnect=SOON) as connection:
                for chunk in speech(0, 6):
                    await connection.send(chunk)
                await connection.finalize()
                async for _ in connection:
                    await connection.close_stream()

        assert listening.peer is not None
        assert await cancel_everywhere(work, listening.peer.all_closed) >= 10


async def drain(connection: LiveConnection) -> None:
    await connection.aclose()


async def reconnect(connection: LiveConnection) -> None:
    for chunk in speech(0, 5):
        await connection.send(chunk)
    async for _ in connection:
        pass


@pytest.mark.parametrize(("wait", "plan"), [(drain, Step(silent=True)), (reconnect, Step(drop_after=2))])
async def test_cancelled_while_it_waits_for_the_server_it_stops_at_once(
    wait: Callable[[LiveConnection], Awaitable[None]], plan: Step
) -> None:
    policy = ReconnectPolicy(first_s=3600.0, max_s=3600.0, max_outage_s=7200.0)
    async with ear(plan) as listening, listening.client() as dg:
        await anyio.wait_all_tasks_blocked()
        before = live_tasks()
        with anyio.move_on_after(0.15) as scope:
            async with dg.listen.v1.connect(**RAW, reconnect=policy) as connection:
                await wait(connection)
        assert scope.cancelled_caught
        assert anyio.current_time() - scope.deadline < 1
        assert listening.peer is not None
        await listening.peer.all_closed()
        await anyio.wait_all_tasks_blocked()
        assert live_tasks() <= before


async def test_cancelled_while_the_server_takes_nothing_it_stops_at_once() -> None:
    async def deaf(stream: ByteStream) -> None:
        await stop_reading(stream)

    async with serving(deaf) as peer:
        config = ClientConfig(proxy="")
        async with DeepgramClient(KEY, base_url=f"http://127.0.0.1:{peer.port}", config=config) as dg:
            with anyio.move_on_after(0.2) as scope:
                async with dg.listen.v1.connect(**RAW) as connection:
                    while True:
                        await connection.send(bytes(1 << 20))
            assert scope.cancelled_caught
            assert anyio.current_time() - scope.deadline < 1


async def test_an_error_of_the_body_arrives_bare_and_at_once() -> None:
    error = KeyError("mine")
    async with ear(Step(silent=True)) as listening, listening.client() as dg:
        began = anyio.current_time()
        with pytest.raises(KeyError) as caught:
            async with dg.listen.v1.connect(**RAW) as connection:
                await connection.send(speech(0, 1)[0])
                raise error
        assert caught.value is error
        assert anyio.current_time() - began < 1
