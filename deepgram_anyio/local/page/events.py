"""What the page is told: one JSON object for each event, in arrays, over the page's own WebSocket."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

__all__ = ["Began", "Caption", "Ended", "Event", "Latency", "Level", "Snapshot", "StreamInfo", "encode"]

_encoder = msgspec.json.Encoder()


class StreamInfo(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A live connection.

    Attributes:
        id: its request id.
        kind: ``listen v1``, ``agent v1``, ...
        age_s: since it began, in seconds.
        model: that was asked for.
        tags: that were given.
        audio: the format of the client's audio, or for speech of the server's, in words.
    """

    id: str
    kind: str
    age_s: float
    model: str | None = None
    tags: list[str] = []
    audio: str | None = None


class Snapshot(msgspec.Struct, kw_only=True, frozen=True, tag=True):
    """All live connections: the first event, and what replaces those that nobody took in time.

    Attributes:
        server: tells this run of the server from all others.
        streams: the connections, the oldest first.
        skipped: how many events were thrown away before this one.
    """

    server: str
    streams: list[StreamInfo]
    skipped: int = 0


class Began(msgspec.Struct, kw_only=True, frozen=True, tag=True):
    """A connection began."""

    stream: StreamInfo


class Caption(msgspec.Struct, kw_only=True, frozen=True, tag=True, omit_defaults=True):
    """Words that were heard, or are to be spoken.

    Attributes:
        id: of the connection.
        at_s: where in the audio, or when since the connection began, in seconds.
        text: the words; an interim caption replaces the one before.
        final: they stay as they are.
        ends: a sentence or turn ends here.
        channel: which channel; 0 for the first.
        who: ``user`` or ``assistant``, in a conversation.
    """

    id: str
    at_s: float
    text: str
    final: bool = False
    ends: bool = False
    channel: int = 0
    who: str = ""


class Level(msgspec.Struct, kw_only=True, frozen=True, tag=True):
    """How loud a connection's audio was, since the last such event.

    Attributes:
        id: of the connection.
        source: whose audio: ``client`` or ``server``.
        rms: 0 to 1.
        peak: 0 to 1.
        audio_s: all audio so far, in seconds.
    """

    id: str
    source: str
    rms: float
    peak: float
    audio_s: float


class Latency(msgspec.Struct, kw_only=True, frozen=True, tag=True):
    """How long something took.

    Attributes:
        id: of the connection.
        what: ``final``: from the last audio of a final result to the result; ``audio``: from a text to its first audio;
            ``answer``: from the user's last words to the agent's first audio.
        seconds: that it took.
    """

    id: str
    what: str
    seconds: float


class Ended(msgspec.Struct, kw_only=True, frozen=True, tag=True):
    """A connection ended.

    Attributes:
        id: of the connection.
        outcome: ``finished``: in good order; ``left``: the client just went, as clients of agents do; ``cut``: the
            connection broke, or the client went before its time; ``closed``: the server ended it, for the reason given.
        code: WebSocket close code.
        reason: for a person; may be empty.
    """

    id: str
    outcome: str
    code: int
    reason: str = ""


Event: TypeAlias = Snapshot | Began | Caption | Level | Latency | Ended


def encode(events: list[Event]) -> str:
    """Return a message of some events."""
    return _encoder.encode(events).decode()
