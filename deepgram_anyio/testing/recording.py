"""Recorded sessions: JSON lines, versioned, without credentials.

The first line says what it is; every other is one event. Times are in seconds from the session's opening; binary
messages are in base64; the close code 1006 stands for a connection that ended without a close frame. `number` tells
sessions apart, whose lines may be mixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, TypeAlias

import msgspec

from ..errors import ConfigError
from ..protocol.frames import Binary, Close, Frame, Text

__all__ = [
    "VERSION",
    "FromClient",
    "FromServer",
    "Header",
    "Opened",
    "RecordedEvent",
    "RecordedFrame",
    "RecordedSession",
    "Recording",
    "Requested",
    "Writer",
    "said",
]

VERSION: Final = 1
"""Of the format."""

_encoder = msgspec.json.Encoder()


class Header(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="recording"):
    """The first line."""

    version: int = VERSION
    format: str = "deepgram_anyio.session"

    def __post_init__(self) -> None:
        if self.version != VERSION or self.format != "deepgram_anyio.session":
            raise ValueError(f"it is {self.format} in version {self.version}; this release reads version {VERSION}")


class Opened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="open"):
    """A WebSocket was asked for.

    Attributes:
        number: of the session, from 1.
        path: such as ``/v1/listen``.
        query: as it came.
        status: of the answer; 101 when it was let in.
        headers: of the answer, those that are Deepgram's.
        body: of a refusal.
    """

    number: int
    path: str
    query: str = ""
    status: int = 101
    headers: Mapping[str, str] = {}
    body: str = ""


class _Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event"):
    number: int
    at_s: float
    text: str | None = None
    binary: bytes | None = None
    close: tuple[int, str] | None = None

    @property
    def frame(self) -> Text | Binary | Close:
        """What was sent."""
        if self.close is not None:
            return Close(*self.close)
        return Binary(self.binary) if self.binary is not None else Text(self.text or "")


class FromClient(_Said, frozen=True, kw_only=True, tag="client"):
    """The client sent a message, or closed."""


class FromServer(_Said, frozen=True, kw_only=True, tag="server"):
    """The server sent a message, or closed."""


class Requested(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="request"):
    """A REST call and its answer.

    Attributes:
        method: such as ``POST``.
        path: such as ``/v1/listen``.
        query: as it came.
        body: of the request.
        status: of the answer.
        headers: of the answer, those that are Deepgram's.
        answer: its body.
        took_s: how long it took.
    """

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = {}
    answer: bytes = b""
    took_s: float = 0.0


RecordedFrame: TypeAlias = FromClient | FromServer
RecordedEvent: TypeAlias = Opened | FromClient | FromServer | Requested

_decoder: msgspec.json.Decoder[RecordedEvent] = msgspec.json.Decoder(RecordedEvent)


@dataclass(frozen=True)
class RecordedSession:
    """One WebSocket of a recording.

    Attributes:
        opened: how it began.
        frames: what was sent, both ways, in order.
    """

    opened: Opened
    frames: list[RecordedFrame] = field(default_factory=list)

    @property
    def client_frames(self) -> list[str | bytes]:
        """What the client sent: text and binary messages."""
        return _messages([frame for frame in self.frames if isinstance(frame, FromClient)])

    @property
    def server_frames(self) -> list[str | bytes]:
        """What the server sent, likewise."""
        return _messages([frame for frame in self.frames if isinstance(frame, FromServer)])


@dataclass(frozen=True)
class Recording:
    """A recording in memory.

    Attributes:
        sessions: its WebSockets, in the order in which they were opened.
        requests: its REST calls, in the order in which they were answered.
    """

    sessions: list[RecordedSession] = field(default_factory=list)
    requests: list[Requested] = field(default_factory=list)

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """Read a recording.

        Args:
            path: its file.

        Returns:
            the recording, whole.

        Raises:
            ConfigError: it cannot be read, or is no recording of this version.
        """
        recording = cls()
        number = 1
        try:
            lines = Path(path).read_bytes().splitlines()
            _read_header(lines)
            for number, line in enumerate(lines[1:], 2):  # noqa: B007 - for the error
                recording._take(_decoder.decode(line))
        except OSError as error:
            raise ConfigError(f"cannot read the recording: {error}") from error
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            raise ConfigError(f"{path}, line {number}: {error}") from error
        return recording

    def _take(self, event: RecordedEvent) -> None:
        by_number = {session.opened.number: session for session in self.sessions}
        if isinstance(event, Opened):
            if event.number in by_number:
                raise ValueError(f"session {event.number} was opened before")
            self.sessions.append(RecordedSession(event))
        elif isinstance(event, Requested):
            self.requests.append(event)
        else:
            if event.number not in by_number:
                raise ValueError(f"session {event.number} was not opened")
            by_number[event.number].frames.append(event)


class Writer:
    """Writes a recording, line by line, so that what was recorded before a failure is there."""

    def __init__(self, path: str | Path) -> None:
        """
        Raises:
            ConfigError: the file cannot be written.
        """
        try:
            self._file: IO[bytes] = Path(path).open("wb", buffering=0)  # noqa: SIM115 - `close` closes it
        except OSError as error:
            raise ConfigError(f"cannot write the recording: {error}") from error
        self.write(Header())

    def write(self, event: Header | RecordedEvent) -> None:
        """Write one event."""
        self._file.write(_encoder.encode(event) + b"\n")

    def close(self) -> None:
        """Close the file; harmless when repeated."""
        self._file.close()


def _read_header(lines: Sequence[bytes]) -> None:
    if not lines:
        raise ValueError("the file is empty")
    msgspec.json.decode(lines[0], type=Header)


def said(cls: type[FromClient | FromServer], number: int, at_s: float, frame: Frame) -> RecordedFrame | None:
    """Return the event of a frame; None for pings and pongs, which each connection has of its own."""
    at_s = round(at_s, 6)
    if isinstance(frame, Text):
        text = frame.data if isinstance(frame.data, str) else bytes(frame.data).decode()
        return cls(number=number, at_s=at_s, text=text)
    if isinstance(frame, Binary):
        return cls(number=number, at_s=at_s, binary=bytes(frame.data))
    if isinstance(frame, Close):
        return cls(number=number, at_s=at_s, close=(frame.code, frame.reason))
    return None


def _messages(frames: Sequence[RecordedFrame]) -> list[str | bytes]:
    return [frame.binary if frame.binary is not None else frame.text or "" for frame in frames if frame.close is None]
