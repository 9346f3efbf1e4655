"""The faults: what can go wrong with one connection."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from ...errors import ConfigError

__all__ = [
    "Answer",
    "AnswerRaw",
    "Bandwidth",
    "Corrupt",
    "Cut",
    "CutKind",
    "Delay",
    "Direction",
    "Fault",
    "OneWay",
    "Opening",
    "Refuse",
    "Silence",
    "Split",
    "Stall",
    "Triggered",
    "checked",
    "ways",
]

OneWay: TypeAlias = Literal["to_server", "to_client"]
"""Which way bytes go."""
Direction: TypeAlias = Literal["to_server", "to_client", "both"]
"""Which way bytes go, or both."""
CutKind: TypeAlias = Literal["fin", "reset", "half_close"]
"""How a connection is cut."""


@dataclass(frozen=True, kw_only=True)
class Delay:
    """Every chunk arrives late, in order. Up to 256 KiB are under way in one direction; beyond that, reading waits.

    Attributes:
        delay_s: how late.
        jitter_s: up to so much later still, drawn anew for each chunk. A chunk is what one read of a socket gives.
        direction: which way, or "both".
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    direction: Direction = "both"

    def __post_init__(self) -> None:
        _check_direction(self.direction)
        _check_numbers(delay_s=self.delay_s, jitter_s=self.jitter_s)


@dataclass(frozen=True, kw_only=True)
class Bandwidth:
    """No more than so many bytes pass in a second.

    Attributes:
        bytes_per_s: more than 0.
        direction: which way; with "both", each way has so much of its own.
    """

    bytes_per_s: float
    direction: Direction = "both"

    def __post_init__(self) -> None:
        _check_direction(self.direction)
        _check_numbers(bytes_per_s=self.bytes_per_s)
        if self.bytes_per_s == 0:
            raise ConfigError("bytes_per_s must be more than 0; to let nothing pass, use Stall")


@dataclass(frozen=True, kw_only=True)
class Split:
    """The stream goes out in small writes, each of which leaves at once (TCP_NODELAY).

    Attributes:
        size_bytes: of each write; 1 splits every byte from the next.
        direction: which way, or "both".
    """

    size_bytes: int = 1
    direction: Direction = "both"

    def __post_init__(self) -> None:
        _check_direction(self.direction)
        if self.size_bytes < 1:
            raise ConfigError("size_bytes must be 1 or more")


@dataclass(frozen=True, kw_only=True)
class Stall:
    """Nothing passes, and the connection stays open. Nothing is read either, so a sender's buffers fill up.

    Nor does the end of a stream pass: until the stall ends, the proxy does not see that either side has left.

    Without a trigger it begins at once; with two, at the first.

    Attributes:
        after_bytes: begin when so many bytes have passed that way; with "both", in either way.
        after_s: begin so many seconds after the proxy accepted the connection.
        for_s: how long; None for ever. Then everything goes on where it stopped.
        direction: which way, or "both".
    """

    after_bytes: int | None = None
    after_s: float | None = None
    for_s: float | None = None
    direction: Direction = "both"

    def __post_init__(self) -> None:
        _check_direction(self.direction)
        _check_numbers(after_bytes=self.after_bytes, after_s=self.after_s, for_s=self.for_s)


@dataclass(frozen=True, kw_only=True)
class Cut:
    """The connection ends, wherever it is: with a few bytes to the client in the middle of the handshake, with more in
    the middle of a frame.

    Without a trigger it ends as soon as the server is connected; with two, at the first.

    Attributes:
        kind: "fin" closes both sides in order (each gets all that passed before); "reset" resets both, which may also
            take from them what they have not read yet; "half_close" ends one direction in order, drops what still
            comes from there, and lets the other direction go on.
        after_bytes: cut when exactly so many bytes have passed that way, headers of the handshake included.
        after_s: cut so many seconds after the proxy accepted the connection.
        direction: which way the bytes are counted, and which is half-closed.
    """

    kind: CutKind = "reset"
    after_bytes: int | None = None
    after_s: float | None = None
    direction: OneWay = "to_client"

    def __post_init__(self) -> None:
        _check_one_way(self.direction)
        if self.kind not in get_args(CutKind):
            raise ConfigError(f"kind must be one of {', '.join(get_args(CutKind))}")
        _check_numbers(after_bytes=self.after_bytes, after_s=self.after_s)


@dataclass(frozen=True, kw_only=True)
class Corrupt:
    """Bytes that nobody sent stand in the stream. A byte 0xFF at the beginning of a WebSocket frame is an error.

    Attributes:
        after_bytes: how many bytes pass that way before.
        data: the bytes; after them, the stream goes on.
        direction: which way.
    """

    after_bytes: int
    data: bytes = b"\xff" * 16
    direction: OneWay = "to_client"

    def __post_init__(self) -> None:
        _check_one_way(self.direction)
        _check_numbers(after_bytes=self.after_bytes)


@dataclass(frozen=True, kw_only=True)
class Refuse:
    """The connection is reset on accept, before a byte passed.

    The client's connect succeeds and the first read or write fails: a listening port cannot refuse a single client.

    Attributes:
        for_s: close the port as well, for so many seconds: who comes then is really refused. It is as if the server
            were started again. See `FaultProxy.pause_listening` for doing it by hand.
    """

    for_s: float = 0.0

    def __post_init__(self) -> None:
        _check_numbers(for_s=self.for_s)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The proxy reads the head of an HTTP request, answers by itself, and closes. The server is not connected.

    Attributes:
        status: of the answer.
        headers: more headers; one of the same name replaces the proxy's own ``Content-Type``, ``Content-Length``,
            ``Connection: close`` or ``Retry-After``.
        body: bytes are sent as they are, anything else as JSON; None for an error in the form of Deepgram's API.
        retry_after_s: seconds for a ``Retry-After`` header; None for no such header.
    """

    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    retry_after_s: int | None = None

    def __post_init__(self) -> None:
        if not 100 <= self.status <= 999:
            raise ConfigError("status must be 100 to 999")
        _check_numbers(retry_after_s=self.retry_after_s)


@dataclass(frozen=True, kw_only=True)
class AnswerRaw:
    """The proxy waits for the client's first bytes, answers with these bytes, and closes. The server is not connected.

    Attributes:
        data: anything; the default is no HTTP.
    """

    data: bytes = b"\x00\xff garbage \r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Silence:
    """The proxy takes all that the client sends, and never says anything. The server is not connected."""


Triggered: TypeAlias = Stall | Cut | Corrupt
"""What happens at one moment of a connection."""
Opening: TypeAlias = Refuse | Answer | AnswerRaw | Silence
"""What happens instead of a connection to the server; of several, the first counts."""
Fault: TypeAlias = Delay | Bandwidth | Split | Stall | Cut | Corrupt | Refuse | Answer | AnswerRaw | Silence
"""Anything that a connection can be done."""


def ways(direction: Direction) -> tuple[OneWay, ...]:
    """Return the ways that a direction stands for."""
    return ("to_server", "to_client") if direction == "both" else (direction,)


def checked(faults: Any) -> tuple[Fault, ...]:
    """Return faults as a tuple.

    Raises:
        ConfigError: they are something else.
    """
    if not isinstance(faults, Sequence) or not all(isinstance(fault, get_args(Fault)) for fault in faults):
        raise ConfigError("a connection's faults must be a sequence of faults")
    return tuple(faults)


def _check_direction(direction: str) -> None:
    _check_choice(direction, get_args(Direction))


def _check_one_way(direction: str) -> None:
    _check_choice(direction, get_args(OneWay))


def _check_choice(direction: str, choices: Iterable[str]) -> None:
    if direction not in choices:
        raise ConfigError(f"direction must be one of {', '.join(choices)}")


def _check_numbers(**numbers: float | None) -> None:
    for name, number in numbers.items():
        if number is not None and not 0 <= number < math.inf:
            raise ConfigError(f"{name} must be a number of 0 or more")
