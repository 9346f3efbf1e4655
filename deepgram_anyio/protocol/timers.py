"""Intervals that a protocol machine keeps; all time comes in as an argument."""

from __future__ import annotations

import enum

import msgspec

__all__ = ["Timer", "TimerSettings"]


class Timer(enum.Enum):
    """What a machine waits for."""

    KEEPALIVE = "keepalive"
    PING = "ping"
    PONG = "pong"
    DRAIN = "drain"
    IDLE = "idle"
    SILENCE = "silence"
    FLUSH = "flush"
    REPLAY = "replay"
    GREETING = "greeting"


class TimerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Intervals in seconds; None switches one off.

    Attributes:
        keepalive_s: after the last message sent, to the next KeepAlive.
        ping_s: between pings.
        pong_s: after a ping without hearing anything, before the peer counts as gone.
        drain_s: after the end of the stream without a message, before the rest is given up.
        idle_s: without hearing anything, before this side closes: what a server does.
        greeting_s: from the connection to the end of the greetings, before a client gives up.
    """

    keepalive_s: float | None = None
    ping_s: float | None = None
    pong_s: float | None = None
    drain_s: float | None = None
    idle_s: float | None = None
    greeting_s: float | None = None
