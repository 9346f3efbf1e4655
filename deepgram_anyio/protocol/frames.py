"""WebSocket frames as values: what the protocol machines take in and give out.

The transport reads and writes them; the embedded server does the same from the other end. A frame here is one whole
message or control frame (RFC 6455, section 5), never a fragment.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

__all__ = ["Binary", "Close", "Frame", "Ping", "Pong", "Text"]


class Text(msgspec.Struct, frozen=True, gc=False):
    """A whole text message; its payload is UTF-8."""

    data: str | bytes | memoryview


class Binary(msgspec.Struct, frozen=True, gc=False):
    """A whole binary message."""

    data: bytes | memoryview


class Ping(msgspec.Struct, frozen=True, gc=False):
    """A ping with at most 125 bytes of payload. The transport answers the peer's pings by itself."""

    data: bytes = b""


class Pong(msgspec.Struct, frozen=True, gc=False):
    """The answer to a ping."""

    data: bytes = b""


class Close(msgspec.Struct, frozen=True, gc=False):
    """The closing handshake, or the connection's end: 1005 stands for a close without status, 1006 for none at all."""

    code: int
    reason: str = ""


Frame: TypeAlias = Text | Binary | Ping | Pong | Close
