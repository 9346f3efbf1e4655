"""Deadlines and bounds that every connection obeys."""

from __future__ import annotations

import msgspec

__all__ = ["Limits", "Timeouts"]


class Timeouts(msgspec.Struct, kw_only=True, frozen=True):
    """Deadlines and intervals, all in seconds; None switches one off.

    Attributes:
        connect_s: to a usable stream: name lookup, TCP, TLS, proxy, handshake and the server's greeting together.
        send_s: without the peer taking a single byte, before a write counts as stalled.
        ping_interval_s: between WebSocket pings (RFC 6455, section 5.5.2).
        pong_s: after a ping without hearing anything, before the peer counts as gone.
        drain_s: after the end of the stream without a message, before the last results are given up.
        close_s: for the closing handshake, and for letting go of a connection in any case.
    """

    connect_s: float | None = 10.0
    send_s: float | None = 30.0
    ping_interval_s: float | None = 20.0
    pong_s: float | None = 20.0
    drain_s: float | None = 30.0
    close_s: float = 1.0


class Limits(msgspec.Struct, kw_only=True, frozen=True):
    """Bounds on memory; a full queue is backpressure, never loss.

    Attributes:
        max_message_bytes: the longest message sent or accepted; a longer one closes the connection with 1009.
        max_queued_events: events that wait for a slow consumer before reading stops.
        max_queued_bytes: bytes of messages that wait for a slow consumer before reading stops.
        max_unsent_bytes: high-water mark of the outbound buffer, above which ``send`` waits.
        drop_stale_interims: let a newer interim result replace an older one that still waits, and drop nothing else.
    """

    max_message_bytes: int = 16 * 1024 * 1024
    max_queued_events: int = 1024
    max_queued_bytes: int = 16 * 1024 * 1024
    max_unsent_bytes: int = 256 * 1024
    drop_stale_interims: bool = False
