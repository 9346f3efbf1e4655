"""The promise: a peer that reads nothing, or says nothing any more, is noticed in time and reported once."""

from __future__ import annotations

import anyio
import pytest

from deepgram_anyio import ClientConfig, DeepgramClient, DeepgramTimeoutError, Timeouts

from ..stand_in import NEVER
from ..transport.peers import serving, stop_reading
from .ear import KEY, RAW, SOON, Step, ear, numbered, speech, words

pytestmark = pytest.mark.anyio


async def test_a_peer_that_upgrades_and_never_reads_makes_send_fail_at_its_deadline() -> None:
    config = ClientConfig(timeouts=Timeouts(send_s=0.15, close_s=0.2), proxy="")
    async with (
        serving(stop_reading) as peer,
        DeepgramClient(KEY, base_url=f"http://127.0.0.1:{peer.port}", config=config) as dg,
    ):
        with anyio.fail_after(5), pytest.raises(DeepgramTimeoutError, match="took no data"):
            async with dg.listen.v1.connect(**RAW, reconnect=NEVER) as connection:
                while True:
                    await connection.send(bytes(1 << 20))


@pytest.mark.parametrize("blocked", [False, True], ids=["idle", "sending"])
async def test_a_peer_that_goes_mute_is_noticed_by_its_pongs_also_while_send_is_blocked(blocked: bool) -> None:
    config = ClientConfig(timeouts=Timeouts(send_s=None, ping_interval_s=0.05, pong_s=0.1, close_s=0.2), proxy="")
    async with (
        serving(stop_reading) as peer,
        DeepgramClient(KEY, base_url=f"http://127.0.0.1:{peer.port}", config=config) as dg,
    ):
        with anyio.fail_after(5), pytest.raises(DeepgramTimeoutError, match="ping"):
            async with dg.listen.v1.connect(**RAW, reconnect=NEVER) as connection:
                while blocked:
                    await connection.send(bytes(1 << 20))
                async for _ in connection:
                    pass


async def test_a_stream_whose_peer_went_mute_goes_on_with_another() -> None:
    timeouts = Timeouts(ping_interval_s=0.05, pong_s=0.1, close_s=0.2)
    async with (
        ear(Step(silent=True, deaf_after=5)) as listening,
        listening.client(timeouts=timeouts) as dg,
        dg.listen.v1.connect(**RAW, reconnect=SOON) as connection,
    ):
        for chunk in speech(0, 10):
            await connection.send(chunk)
        await connection.close_stream()
        events = [event async for event in connection]
    assert words(events) == numbered(0, 10)
    assert connection.stats.reconnects == 1
