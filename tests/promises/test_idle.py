"""The promise: an idle connection stays open as long as it takes, by the rule of its product, whatever the caller does.

Hours pass here within a second: in the protocol core, whose clock is an argument, and in the whole client, on trio's
mock clock.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest
import trio.testing

from deepgram_anyio import ClientConfig, DeepgramClient, DeepgramTimeoutError, Limits
from deepgram_anyio.protocol import agent, flux, flux_speak
from deepgram_anyio.protocol.frames import Binary, Close, Ping, Text
from deepgram_anyio.protocol.listen_machine import ListenMachine, State
from deepgram_anyio.protocol.machine import Role
from deepgram_anyio.protocol.timers import TimerSettings
from deepgram_anyio.services.connection import client_timers
from deepgram_anyio.transport.settings import Timeouts

from ..stand_in import NEVER
from ..transport.fakes import LINEAR16, results
from .ear import RAW
from .virtual import Wire, virtual

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
CLOCK: Any = pytest.param(("trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}), id="trio")
SETTINGS = {"audio": {"input": RAW}, "agent": {"think": {"provider": {"type": "open_ai", "model": "m"}}}}


@contextmanager
def within_a_second() -> Iterator[None]:
    # Of this process's own time: nothing waits here, and what else the machine does is no failure.
    began = time.process_time()
    yield
    assert time.process_time() - began < 1.0


def idle_for(client: ListenMachine, server: ListenMachine, until_s: float) -> Counter[str]:
    """Let two ends of a socket idle, from deadline to deadline, and count what the client says."""
    said: Counter[str] = Counter()
    while not client.ended:
        clients, servers = client.next_deadline(), server.next_deadline()
        assert clients is not None
        assert servers is not None
        now = min(clients, servers)
        if now > until_s:
            break
        (client if now == clients else server).on_deadline(now)
        while client.outgoing:
            frame = client.outgoing.popleft()
            if isinstance(frame, Ping):
                said["ping"] += 1
                client.receive_pong(now)
            elif isinstance(frame, Text):
                server.receive_text(frame.data, now)
                said[type(server.events.popleft()).__name__] += 1
        while server.outgoing:
            frame = server.outgoing.popleft()
            assert isinstance(frame, Close)
            client.receive_close(frame.code, frame.reason, now)
    return said


def ends(keepalive_s: float | None) -> tuple[ListenMachine, ListenMachine]:
    """The client's end, and that of a server which closes a socket after 10 s of silence."""
    client = ListenMachine(Role.CLIENT, client_timers(Timeouts(), keepalive_s=keepalive_s), 0.0, audio=LINEAR16)
    server = ListenMachine(Role.SERVER, TimerSettings(idle_s=10.0), 0.0)
    client.send_audio(bytes(320), 0.0)
    frame = client.outgoing.popleft()
    assert isinstance(frame, Binary)
    server.receive_binary(frame.data, 0.0)
    server.events.clear()
    return client, server


def test_a_day_of_silence_passes_between_two_protocol_machines() -> None:
    with within_a_second():
        client, server = ends(4.0)
        said = idle_for(client, server, DAY_S)
    assert said == {"KeepAlive": 21_600, "ping": 4_320}
    assert (client.state, server.state) == (State.STREAMING, State.STREAMING)


def test_the_server_of_that_day_does_close_a_silent_socket() -> None:
    client, server = ends(None)
    said = idle_for(client, server, DAY_S)
    assert said == {}
    assert (client.state, server.state) == (State.FAILED, State.CLOSED)
    assert "NET-0001" in str(client.failure)


async def greet_flux(wire: Wire) -> None:
    wire.arrive(flux.Connected(request_id="r", sequence_id=0))


async def greet_flux_speak(wire: Wire) -> None:
    wire.arrive(flux_speak.Connected(request_id="r", model_name="m", model_version="v", model_uuids=["u"]))


async def greet_agent(wire: Wire) -> None:
    wire.arrive(agent.Welcome(request_id="r"))
    await wire.until_sent("Settings")
    wire.arrive(agent.SettingsApplied())


async def greet_not(wire: Wire) -> None:
    """It is usable as it is."""


PRODUCTS: list[tuple[Callable[[DeepgramClient], Any], Any, int]] = [
    (lambda dg: dg.listen.v1.connect(**RAW, reconnect=NEVER), greet_not, 1800),
    (lambda dg: dg.listen.v2.connect(**RAW, model="flux-general-en", reconnect=NEVER), greet_flux, 0),
    (lambda dg: dg.speak.v1.connect(reconnect=NEVER), greet_not, 0),
    (lambda dg: dg.speak.v2.connect(model="flux-haley-en", reconnect=NEVER), greet_flux_speak, 0),
    (lambda dg: dg.agent.v1.connect(SETTINGS, reconnect=NEVER), greet_agent, 900),
]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", [CLOCK])
@pytest.mark.parametrize(
    ("connect", "greet", "expected"), PRODUCTS, ids=["listen", "flux", "speak", "flux speak", "agent"]
)
async def test_two_hours_of_silence_are_kept_alive_by_the_rule_of_the_product(
    connect: Callable[[DeepgramClient], Any], greet: Any, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with virtual(monkeypatch, greet) as (dg, wires):
        with within_a_second(), pytest.raises(ZeroDivisionError):
            async with connect(dg):
                await anyio.sleep(2 * HOUR_S + 0.5)
                raise ZeroDivisionError  # the goodbye is not what is tested
    (wire,) = wires
    assert (wire.said["KeepAlive"], wire.pings) == (expected, 360)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", [CLOCK])
async def test_a_caller_who_is_busy_elsewhere_for_two_hours_stops_no_keepalive_and_no_ping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def talk(wire: Wire) -> None:
        for number in range(1000):
            wire.arrive(results(float(number)))
            await anyio.sleep(1)
        await wire.finish()

    config = ClientConfig(limits=Limits(max_queued_events=10))
    with within_a_second():
        async with (
            virtual(monkeypatch, talk, config=config) as (dg, wires),
            dg.listen.v1.connect(**RAW, reconnect=NEVER) as stream,
        ):
            await anyio.sleep(2 * HOUR_S + 0.5)
            assert wires[0].said["KeepAlive"] == 1800
            assert (await anext(aiter(stream))).start == 0.0  # type: ignore[union-attr]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", [CLOCK])
async def test_time_counts_from_the_last_message_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with virtual(monkeypatch, Wire.finish) as (dg, wires), dg.listen.v1.connect(**RAW) as stream:
        for _ in range(100):
            await stream.send(bytes(160))
            await anyio.sleep(3.9)
        assert wires[0].said["KeepAlive"] == 0
        await anyio.sleep(0.2)
        assert wires[0].said["KeepAlive"] == 1


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", [CLOCK])
async def test_a_peer_that_is_gone_is_noticed_though_keepalives_can_still_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def go_mute(wire: Wire) -> None:
        await anyio.sleep(HOUR_S)
        wire.mute = True

    async with virtual(monkeypatch, go_mute) as (dg, wires):
        began = anyio.current_time()
        with pytest.raises(DeepgramTimeoutError, match="ping"):
            async with dg.listen.v1.connect(**RAW, reconnect=NEVER) as stream:
                async for _ in stream:
                    pass
        assert anyio.current_time() - began < HOUR_S + 2 * 20 + 1
    assert wires[0].aborted
