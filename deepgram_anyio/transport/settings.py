"""Deadlines and bounds that every connection obeys."""

from __future__ import annotations

import msgspec

__all__ = ["Limits", "RetryPolicy", "Timeouts"]


class Timeouts(msgspec.Struct, kw_only=True, frozen=True):
    """Deadlines and intervals, all in seconds; None switches one off.

    Attributes:
        connect_s: to a usable stream: name lookup, TCP, proxy, TLS, handshake and the server's greeting together.
            REST: up to TLS.
        send_s: without the peer taking a single byte, before a write counts as stalled.
        read_s: REST: without a byte of the answer. The transcription of a long recording takes minutes, and its answer
            comes in one piece.
        pool_s: REST: for one of `Limits.max_connections` to become free.
        ping_interval_s: between WebSocket pings (RFC 6455, section 5.5.2).
        pong_s: after a ping without hearing anything, before the peer counts as gone.
        drain_s: after the end of the stream without a message, before the last results are given up.
        close_s: for the closing handshake, and for letting go of a connection in any case.
    """

    connect_s: float | None = 10.0
    send_s: float | None = 30.0
    read_s: float | None = 600.0
    pool_s: float | None = None
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
        max_connections: REST: connections open at once; further calls wait.
        max_idle_connections: REST: connections kept open for the next call.
        max_response_bytes: REST: the longest answer that is read into memory, once decompressed.
    """

    max_message_bytes: int = 16 * 1024 * 1024
    max_queued_events: int = 1024
    max_queued_bytes: int = 16 * 1024 * 1024
    max_unsent_bytes: int = 256 * 1024
    drop_stale_interims: bool = False
    max_connections: int = 100
    max_idle_connections: int = 20
    max_response_bytes: int = 256 * 1024 * 1024


class RetryPolicy(msgspec.Struct, kw_only=True, frozen=True):
    """When a REST call is tried again, and after how long.

    Tried again are answers 408, 429 and 5xx, and connections that could not be made; a GET, too, when its connection
    broke. A call whose body cannot be sent again whole, such as a generator's, is not, once a byte of it was taken.

    The wait is a random share of `first_s`, which doubles each time, up to `max_s` ("full jitter"). What the server
    asks for in ``Retry-After`` or ``retry-after-ms`` is obeyed instead; if that is more than `max_retry_after_s`, its
    answer is raised.

    Attributes:
        max_retries: tries after the first; 0 switches retries off.
        first_s: the most that the first wait takes, in seconds.
        max_s: the most that any wait takes, in seconds.
        max_retry_after_s: the longest wait that the server may ask for, in seconds.
    """

    max_retries: int = 2
    first_s: float = 0.5
    max_s: float = 8.0
    max_retry_after_s: float = 60.0

    def wait_s(self, retry: int, share: float) -> float:
        """Return how long to wait before a retry.

        Args:
            retry: its number, from 1.
            share: random, 0 to 1.
        """
        return share * min(self.max_s, self.first_s * 2.0 ** min(retry - 1, 64))
