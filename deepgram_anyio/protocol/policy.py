"""When a broken connection is made anew, after how long, and when that is given up; without clock or chance."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from ..errors import (
    ApiError,
    ConfigError,
    ConnectError,
    ConnectionClosed,
    DeepgramError,
    ProtocolError,
    RateLimitError,
    RemoteProtocolError,
    TimeoutError,  # noqa: A004
)

__all__ = ["RECOVERABLE_CODES", "Outage", "ReconnectPolicy", "Reconnection", "recoverable"]

RECOVERABLE_CODES: frozenset[int] = frozenset({1001, 1005, 1006, 1011, 1012, 1013})
"""Close codes (RFC 6455, section 7.4; IANA's registry) after which a new connection may fare better."""

_STABLE_S = 60.0
_MAX_VIOLATIONS = 3


@dataclass(frozen=True, kw_only=True)
class Outage:
    """What is known when a new connection is about to be tried.

    Attributes:
        attempt: its number, from 1; connections that broke before they brought the stream any further count, too.
        cause: why the connection broke, or the last attempt failed.
        wait_s: how long will be waited before the attempt, in seconds.
        elapsed_s: how long ago the connection broke, in seconds.
        request_id: the broken connection's; None when the server sent none.
    """

    attempt: int
    cause: DeepgramError
    wait_s: float
    elapsed_s: float
    request_id: str | None = None


class ReconnectPolicy(msgspec.Struct, kw_only=True, frozen=True):
    """When and how a broken socket is made anew.

    Tried again are network errors, stalled and silent peers, the close codes 1001, 1005, 1006, 1011, 1012 and 1013, and
    handshakes answered with 429, 408 or 5xx; never one with 400, 401, 402, 403 or 404. The wait is a random share of
    `first_s`, which doubles each time, up to `max_s` ("full jitter"), and at least what the server asks for in
    ``Retry-After``. The first connection of all is not tried again.

    Live transcription is repaired when its audio is raw, of an ``encoding`` whose bytes tell the time: what no final
    result covers is kept, and sent again. Audio in a container cannot be replayed, since only its beginning tells what
    it is: then the break is raised.

    Attributes:
        max_attempts: for one outage; 0 switches reconnection off.
        max_outage_s: the longest outage, in seconds; then the cause is raised.
        first_s: the most that the first wait takes, in seconds.
        max_s: the most that any wait takes, in seconds, but for what the server asks for.
        max_replay_s: audio kept for a replay, in seconds. When so much waits for final results, ``send`` waits, too: in
            an outage, and when audio comes faster than real time. Audio that comes in real time over a good connection
            does not wait: then what is held longest is forgotten, and reported in `Reconnected.lost_s` should the
            connection break. Conversations with agents keep at most 15 s, and there nobody waits: old audio makes room.
        max_replay_bytes: the same in bytes; the lower of both bounds holds.
        replay_pace: how much faster than real time audio is sent again, and what was accepted meanwhile; 1.25 is what
            the API takes. None is as fast as the server takes it.
        veto: asked before every attempt, sync or async; when it returns something true, the stream is given up.
    """

    max_attempts: int = 20
    max_outage_s: float = 120.0
    first_s: float = 0.5
    max_s: float = 8.0
    max_replay_s: float = 120.0
    max_replay_bytes: int = 32 * 1024 * 1024
    replay_pace: float | None = 1.25
    veto: Callable[[Outage], bool | Awaitable[bool | None] | None] | None = None

    def __post_init__(self) -> None:
        numbers = (self.max_outage_s, self.first_s, self.max_s, self.max_replay_s)
        if self.max_attempts < 0 or self.max_replay_bytes < 0 or not all(number >= 0 for number in numbers):
            raise ConfigError("a reconnect policy has no negative numbers")
        if self.replay_pace is not None and not self.replay_pace > 0:
            raise ConfigError("replay_pace must be above 0, or None")

    def wait_s(self, attempt: int, share: float) -> float:
        """Return how long to wait before an attempt.

        Args:
            attempt: its number, from 1.
            share: random, 0 to 1.
        """
        return share * min(self.max_s, self.first_s * 2.0 ** min(attempt - 1, 64))


def recoverable(cause: Exception) -> bool:
    """Tell whether a new connection may fare better than the one that ended like this."""
    if isinstance(cause, ConnectionClosed):
        return cause.code in RECOVERABLE_CODES
    if isinstance(cause, ApiError):
        return cause.retryable
    # A breach of the WebSocket protocol is what garbage on the line looks like.
    return isinstance(cause, (ConnectError, TimeoutError, RemoteProtocolError))


class Reconnection:
    """Counts the attempts of one outage, and decides about the next.

    An outage is over when the stream has got any further: when a connection broke before it had, the attempts go on
    counting, so that a server that takes connections only to drop them is given up like one that takes none.

    Attributes:
        attempts: of the present outage.
    """

    def __init__(self, policy: ReconnectPolicy) -> None:
        self._policy = policy
        self.attempts: int = 0
        self._violations = 0  # the last so many attempts met with a breach of the protocol
        self._since = 0.0

    def broke(self, now: float, *, progressed: bool, lasted_s: float) -> None:
        """Record that a connection broke.

        Args:
            now: the time, in seconds.
            progressed: it had brought the stream further.
            lasted_s: how long it had been usable, in seconds.
        """
        if progressed or lasted_s >= _STABLE_S or not self.attempts:
            self.attempts = self._violations = 0
            self._since = now

    def next_attempt(
        self, cause: DeepgramError, now: float, share: float, request_id: str | None = None
    ) -> Outage | None:
        """Decide whether, and after how long, to try again.

        Args:
            cause: why the connection broke, or why the last attempt failed.
            now: the time, in seconds.
            share: random, 0 to 1.
            request_id: the broken connection's.

        Returns:
            The attempt; None to give up.
        """
        policy = self._policy
        # What looks like garbage may be a peer that always says the same, and then waiting is of no use.
        self._violations = self._violations + 1 if isinstance(cause, ProtocolError) else 0
        if self.attempts >= policy.max_attempts or self._violations > _MAX_VIOLATIONS or not recoverable(cause):
            return None
        wait_s = policy.wait_s(self.attempts + 1, share)
        if isinstance(cause, RateLimitError) and cause.retry_after is not None:
            wait_s = max(wait_s, cause.retry_after)
        if now + wait_s - self._since > policy.max_outage_s:
            return None
        self.attempts += 1
        elapsed_s = now - self._since
        return Outage(attempt=self.attempts, cause=cause, wait_s=wait_s, elapsed_s=elapsed_s, request_id=request_id)
