"""Live transcriptions that are cut off, through the public client: one stream, however many connections it takes."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from deepgram_anyio import ClientConfig, ConnectionClosed, DeepgramClient, Reconnected, ReconnectPolicy, Timeouts
from deepgram_anyio.protocol import flux, listen
from deepgram_anyio.sync.loop import event_loop_thread
from deepgram_anyio.sync.services import ListenV1

from .cancellation import cancel_everywhere
from .protocol.flux_support import turn
from .stand_in import Api, api, say
from .sync.socket_support import stand_in
from .transport.fakes import metadata, results
from .transport.peers import ServerEnd

pytestmark = pytest.mark.anyio

RAW: dict[str, Any] = {"encoding": "linear16", "sample_rate": 8000}
SECOND = b"\x01\x02" * 8000
QUICK = ReconnectPolicy(first_s=0.001, max_s=0.001, replay_pace=None)


class Unreliable:
    """A server that hears so much on each connection, and then drops it; the last one is sound.

    Attributes:
        heard: what every connection heard.
        headers: what every connection's request said.
    """

    def __init__(self, *drops: int, flux: bool = False) -> None:
        self.drops = drops
        self.flux = flux
        self.heard: list[bytes] = []
        self.headers: list[dict[str, str]] = []

    async def serve(self, _: Api, stream: ByteStream) -> None:
        number = len(self.heard)
        self.heard.append(b"")
        end = await ServerEnd.accept(stream, headers=[(b"dg-request-id", f"request-{number + 1}".encode())])
        self.headers.append({name.decode().lower(): value.decode() for name, value in end.request.extra_headers})
        if self.flux:
            await say(end, flux.Connected(request_id=f"request-{number + 1}", sequence_id=0))
        async for event in end:
            if isinstance(event, BytesMessage):
                self.heard[number] += event.data
            if number < len(self.drops) and len(self.heard[number]) >= self.drops[number]:
                await self._cover(end, self.drops[number] // 2)
                await end.send(CloseConnection(1011, "NET-0000"))
                return
            if isinstance(event, TextMessage) and "CloseStream" in event.data:
                await self._cover(end, len(self.heard[number]))
                if not self.flux:
                    await say(end, metadata(len(self.heard[number]) / 16000))
                await end.send(CloseConnection(1000))
            elif isinstance(event, CloseConnection):
                return

    async def _cover(self, end: ServerEnd, count_bytes: int) -> None:
        until = count_bytes / 16000
        await say(
            end, turn("EndOfTurn", 1, until=until, text="part") if self.flux else results(0.0, until, text="part")
        )


def client(server: Api, **config: Any) -> DeepgramClient:
    return DeepgramClient("key", base_url=server.url, config=ClientConfig(reconnect=QUICK, **config))


async def test_three_cuts_and_one_timeline() -> None:
    peer = Unreliable(16000, 16000, 16000)
    async with (
        api(peer.serve) as server,
        client(server) as dg,
        dg.listen.v1.stream([SECOND[:3200]] * 20, **RAW) as stream,
    ):
        events = [event async for event in stream]
    finals = [event for event in events if isinstance(event, listen.Results)]
    edges = [(event.start, event.start + event.duration) for event in finals]
    assert edges == [(0.0, 0.5), (0.5, 1.0), (1.0, 1.5), (1.5, 4.0)]
    told = [event for event in events if isinstance(event, Reconnected)]
    assert [event.request_id for event in told] == ["request-2", "request-3", "request-4"]
    assert isinstance(events[-1], listen.Metadata)
    assert events[-1].duration == 4.0
    stats = stream.stats
    assert (stats.reconnects, stats.audio_sent_s, stats.audio_acknowledged_s) == (3, 4.0, 4.0)
    assert (stream.request_id, stream.response_headers["dg-request-id"]) == ("request-4", "request-4")
    assert len(peer.heard[-1]) == 40000


async def test_turns_are_numbered_on() -> None:
    peer = Unreliable(32000, flux=True)
    async with api(peer.serve) as server, client(server) as dg, dg.listen.v2.stream([SECOND] * 3, **RAW) as stream:
        events = [event async for event in stream]
    turns = [event for event in events if isinstance(event, flux.TurnInfo)]
    assert [(event.turn_index, event.audio_window_end) for event in turns] == [(0, 1.0), (1, 3.0)]
    numbers = [event.sequence_id for event in events if isinstance(event, (flux.TurnInfo, flux.Connected))]
    assert numbers == [0, 1, 2, 3]
    assert stream.stats.missed == 0


async def test_the_token_function_is_asked_for_every_connection() -> None:
    tokens = (f"token-{number}" for number in range(1, 9))
    peer = Unreliable(16000, 16000)
    async with (
        api(peer.serve) as server,
        DeepgramClient(
            access_token=lambda: next(tokens), base_url=server.url, config=ClientConfig(reconnect=QUICK)
        ) as dg,
        dg.listen.v1.stream([SECOND] * 3, **RAW) as stream,
    ):
        async for _ in stream:
            pass
    assert [headers["authorization"] for headers in peer.headers] == [f"Bearer token-{n}" for n in (1, 2, 3)]


async def test_a_connections_own_policy_wins_over_the_clients() -> None:
    peer = Unreliable(16000)
    async with api(peer.serve) as server, client(server) as dg:
        with pytest.raises(ConnectionClosed, match="NET-0000"):
            async with dg.listen.v1.connect(**RAW, reconnect=ReconnectPolicy(max_attempts=0)) as connection:
                await connection.send(SECOND)
                async for _ in connection:
                    pass
    assert len(peer.heard) == 1


async def test_leaving_the_block_drains_over_a_new_connection() -> None:
    peer = Unreliable(16000)
    async with api(peer.serve) as server, client(server) as dg:
        async with dg.listen.v1.connect(**RAW) as connection:
            await connection.send(SECOND)
        assert connection.stats.audio_acknowledged_s == 1.0
    assert len(peer.heard) == 2


async def test_a_server_that_takes_nothing_is_left_for_another() -> None:
    """A stalled peer is a broken connection, as far as sending goes."""
    stalled, over = anyio.Event(), anyio.Event()
    sound = Unreliable()

    async def serve(stand: Api, stream: ByteStream) -> None:
        if stalled.is_set():
            await sound.serve(stand, stream)
        else:
            stalled.set()
            await ServerEnd.accept(stream)
            await over.wait()

    timeouts, patient = Timeouts(send_s=0.2, close_s=0.1), ReconnectPolicy(max_replay_s=1e4, replay_pace=None)
    async with api(serve) as server, client(server, timeouts=timeouts) as dg:
        async with dg.listen.v1.connect(**RAW, reconnect=patient) as connection:
            for _ in range(10):
                await connection.send(bytes(1 << 20))
        assert connection.stats.reconnects == 1
        over.set()
    assert sum(map(len, sound.heard)) == 10 << 20


async def test_who_sends_much_faster_than_results_come_waits_and_loses_nothing() -> None:
    peer = Unreliable(32000)
    policy = ReconnectPolicy(first_s=0.0, max_replay_s=2.0, replay_pace=None)
    async with (
        api(peer.serve) as server,
        client(server) as dg,
        dg.listen.v1.stream([SECOND] * 4, **RAW, reconnect=policy) as stream,
    ):
        events = [event async for event in stream]
    (told,) = [event for event in events if isinstance(event, Reconnected)]
    assert told.lost_s == 0.0
    assert stream.stats.audio_acknowledged_s == 4.0


async def test_cancelled_anywhere_on_the_way_to_another_connection_it_leaves_nothing_behind() -> None:
    peer = Unreliable(16000)
    async with api(peer.serve) as server, client(server) as dg:

        async def work() -> None:
            policy = ReconnectPolicy(first_s=0.0, replay_pace=None)
            async with dg.listen.v1.connect(**RAW, reconnect=policy) as connection:
                await connection.send(SECOND)
                async for event in connection:
                    if isinstance(event, Reconnected):
                        return

        async def after() -> None:
            assert server.peer is not None
            await server.peer.all_closed()
            peer.heard.clear()

        assert await cancel_everywhere(work, after) >= 10


def test_blocking_connections_are_repaired_too() -> None:
    dropped: list[str] = []

    async def drop_once(end: ServerEnd, kind: str) -> bool:
        dropped.append(kind)
        if len(dropped) == 1:
            await end.send(CloseConnection(1011, "NET-0000"))
            return True
        return False

    with stand_in(on_message=drop_once) as server:
        listening = ListenV1(event_loop_thread(), DeepgramClient("k", base_url=server.url).listen.v1)
        with listening.connect(**RAW, reconnect=QUICK) as connection:
            connection.send(SECOND)
            connection.finalize()
            assert isinstance(next(connection), Reconnected)
            assert isinstance(next(connection), listen.Results)
            connection.close_stream()
            assert [type(event) for event in connection] == [listen.Results, listen.Metadata]
    assert dropped == ["Finalize", "Finalize", "CloseStream"]
