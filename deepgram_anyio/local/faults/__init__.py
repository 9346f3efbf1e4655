"""A TCP proxy that misbehaves by script, for testing how a client takes it.

It stands in front of any server, such as the embedded one, and does to each connection what a schedule says::

    from deepgram_anyio import DeepgramClient, local
    from deepgram_anyio.local.faults import Answer, Cut, Plan, fault_proxy

    async def test_a_call_is_tried_again():
        plan = Plan([[Answer(status=503)], [Cut(kind="reset", after_bytes=20)]])  # later connections are clean
        async with (
            local.serve() as server,
            fault_proxy(server.url, faults=plan) as proxy,
            DeepgramClient(api_key="any", base_url=proxy.url) as dg,
        ):
            await dg.manage.v1.models.list()
            assert [record.end for record in proxy.connections] == ["answered", "cut", None]

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
from .records import ConnectionRecord, End, Fired
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
    "End",
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
