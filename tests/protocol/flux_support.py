"""Flux machines and messages for tests."""

from __future__ import annotations

from typing import Any

from deepgram_anyio.protocol import flux
from deepgram_anyio.protocol.flux_machine import FluxMachine
from deepgram_anyio.protocol.machine import Role
from deepgram_anyio.protocol.timers import TimerSettings

from . import LINEAR16

__all__ = ["CONNECTED", "FLUX_TIMERS", "connected", "flux_client", "flux_server", "turn"]

FLUX_TIMERS = TimerSettings(ping_s=20.0, pong_s=20.0, drain_s=30.0)
CONNECTED = flux.Connected(request_id="r", sequence_id=0)


def flux_client(timers: TimerSettings | None = None, now: float = 0.0, **options: Any) -> FluxMachine:
    return FluxMachine(Role.CLIENT, timers or TimerSettings(), now, **{"audio": LINEAR16, **options})


def connected(timers: TimerSettings | None = None, now: float = 0.0, **options: Any) -> FluxMachine:
    """A client that was greeted."""
    machine = flux_client(timers, now, **options)
    machine.receive_text(CONNECTED.to_json(), now)
    machine.events.clear()
    return machine


def flux_server(timers: TimerSettings | None = None, now: float = 0.0) -> FluxMachine:
    return FluxMachine(Role.SERVER, timers or TimerSettings(), now)


def turn(event: str = "Update", number: int = 1, *, until: float = 1.0, text: str = "", **fields: Any) -> flux.TurnInfo:
    return flux.TurnInfo(
        request_id="r",
        sequence_id=number,
        event=event,
        turn_index=0,
        audio_window_start=0.0,
        audio_window_end=until,
        transcript=text,
        words=[flux.Word(word=word, confidence=1.0) for word in text.split()],
        end_of_turn_confidence=0.5,
        **fields,
    )
