"""A TCP proxy that misbehaves by script, for testing how a client takes it.

It stands in front of any server, such as the embedded one, and does to each connection what a schedule says::

    from deepgram_anyio import DeepgramClient, local
    from deepgram_anyio.local.faults import Cut, Plan, fault_proxy

    async def test_a_stream_survives_a_reset():
        plan = Plan([[Cut(kind="reset", after_bytes=20_000, direction="to_server")]])  # the first connection only
        async with (
            local.serve() as server,
            fault_proxy(server.url, faults=plan) as proxy,
            DeepgramClient(api_key="any", base_url=proxy.url) as dg,
            dg.listen.v1.stream("speech.wav") as stream,
        ):
            events = [event async for event in stream]
        assert proxy.connections[0].end == "cut"

What every connection gets is a list, ``faults=[Delay(delay_s=0.1, jitter_s=0.05), Split()]``; what depends on the
connection's number is a `Plan`, a `RandomSchedule`, which can be played again from its seed, or any callable. Some
things can be done by hand: `FaultProxy.cut`, `FaultProxy.stall`, `FaultProxy.pause_listening`. What happened stands in
`FaultProxy.connections`, and `FaultProxy.wait_until` waits for it.

It runs on asyncio and trio, and needs no extra. Time is `anyio.current_time`, so that trio's mock clock works.
"""

from __future__ import annotations

from .actions import (
    Answer,
    AnswerRaw,
    Bandwidth,
    Corrupt,
    Cut,
    CutKind,
    Delay,
    Direction,
    Fault,
    OneWay,
    Refuse,
    Silence,
    Split,
    Stall,
)
from .proxy import FaultProxy, fault_proxy
from .records import ConnectionRecord, Fired
from .schedule import CUTS, KINDS, Kind, Plan, RandomSchedule, Schedule

__all__ = [
    "CUTS",
    "KINDS",
    "Answer",
    "AnswerRaw",
    "Bandwidth",
    "ConnectionRecord",
    "Corrupt",
    "Cut",
    "CutKind",
    "Delay",
    "Direction",
    "Fault",
    "FaultProxy",
    "Fired",
    "Kind",
    "OneWay",
    "Plan",
    "RandomSchedule",
    "Refuse",
    "Schedule",
    "Silence",
    "Split",
    "Stall",
    "fault_proxy",
]
