"""What the recogniser and its decoder processes say to each other, and how it is framed.

Each message is a MessagePack array behind its length, 4 bytes little-endian. `Begin` and `Feed` have no answer;
`Partial` and `Finish` are answered by `Words`, or by `Failed` when they or anything before them in the segment failed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from .base import RecognizedWord

__all__ = [
    "Begin",
    "CepstralMean",
    "Failed",
    "Feed",
    "Finish",
    "Partial",
    "Reply",
    "Request",
    "Words",
    "decode_reply",
    "decode_request",
    "frame",
    "read_frame",
]

_LENGTH: Final = struct.Struct("<I")


class CepstralMean(msgspec.Struct, frozen=True, array_like=True):
    """What a stream's features average to, which depends on the voice, the microphone and the line.

    Attributes:
        mean: PocketSphinx's notation of the vector.
        frames: of 10 ms, that it was learnt from.
    """

    mean: str
    frames: int


class Begin(msgspec.Struct, tag=True, array_like=True):
    """Begin a segment, dropping what is left of an unfinished one.

    Attributes:
        cmn: what is known of the stream; None for a new one.
    """

    cmn: CepstralMean | None = None


class Feed(msgspec.Struct, tag=True, array_like=True):
    """Samples of the segment."""

    samples: bytes


class Partial(msgspec.Struct, tag=True, array_like=True):
    """Ask for the words so far."""


class Finish(msgspec.Struct, tag=True, array_like=True):
    """End the segment and ask for its words."""


class Words(msgspec.Struct, tag=True, array_like=True):
    """The words asked for; after `Finish` also what is known of the stream now."""

    words: list[RecognizedWord]
    cmn: CepstralMean | None = None


class Failed(msgspec.Struct, tag=True, array_like=True):
    """The segment is lost."""

    message: str


Request: TypeAlias = Begin | Feed | Partial | Finish
Reply: TypeAlias = Words | Failed

decode_request: Final = msgspec.msgpack.Decoder(Request).decode
decode_reply: Final = msgspec.msgpack.Decoder(Reply).decode
_encode: Final = msgspec.msgpack.Encoder().encode


def frame(message: Request | Reply) -> bytes:
    """Encode a message and put its length in front."""
    body = _encode(message)
    return _LENGTH.pack(len(body)) + body


def read_frame(read: Callable[[int], bytes | None]) -> bytes:
    """Read one message's body.

    Args:
        read: returns up to so many bytes, and none at the end of the stream.

    Raises:
        EOFError: the stream ended, in front of a message or inside it.
    """
    (length,) = _LENGTH.unpack(_read_exactly(read, _LENGTH.size))
    return _read_exactly(read, length)


def _read_exactly(read: Callable[[int], bytes | None], length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = read(length - len(parts))
        if not part:
            raise EOFError("the stream has ended")
        parts += part
    return bytes(parts)
