"""What all messages have in common, and the messages that belong to no single socket."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Audio", "Data", "Message", "Reconnected", "UnknownEvent", "explicit_false"]


def explicit_false() -> bool:
    """Default of flags that are always written out: `omit_defaults` leaves out None, but never a ``false``."""
    return False


class Data(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A part of a message. Fields that the server left out are None; fields that we do not know are ignored.

    It holds plain data, in which there are no cycles, so the garbage collector does not look at it: that would cost a
    fifth of the time that receiving takes.
    """

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form as plain dicts, lists, strings and numbers, without absent fields."""
        result: dict[str, Any] = msgspec.to_builtins(self)
        return result

    def to_json(self) -> str:
        """Return the wire form as a JSON text."""
        return msgspec.json.encode(self).decode()


class Message(Data, tag_field="type", tag=True):
    """A JSON message; its class name is its ``type`` on the wire."""


class Audio(msgspec.Struct, frozen=True, gc=False):
    """A binary message: audio, in the format that the connection's options name.

    Attributes:
        data: the bytes.
    """

    data: bytes | memoryview


class Reconnected(msgspec.Struct, frozen=True, kw_only=True):
    """The connection broke, and there is a new one; the stream goes on, on one timeline.

    It is made on this side, and no message of the server. It comes before everything that the new connection says, but
    for its greeting.

    Attributes:
        attempt: which attempt succeeded, from 1.
        gap_s: from noticing the break to the new connection's being usable, in seconds.
        replayed_s: audio that the new connection hears again because no final result covered it, in seconds.
        lost_s: audio that ``send`` accepted and that no result will ever cover, in seconds: it was more than
            `ReconnectPolicy` lets wait. On the timeline it lies right before what is replayed.
        replayed_chars: text to speech: characters of text that was not spoken to its end, and is again from its start.
        repeated_bytes: text to speech: how much of the last audio received belongs to such text, and so comes again;
            drop it if it was not played.
        cause: why the connection broke.
        request_id: the new connection's; None when the server sent none.
    """

    attempt: int
    gap_s: float
    replayed_s: float = 0.0
    lost_s: float = 0.0
    replayed_chars: int = 0
    repeated_bytes: int = 0
    cause: str = ""
    request_id: str | None = None


class UnknownEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A server message that this version does not know, or that does not have the documented form.

    Attributes:
        type: the message's ``type``; None when it has none.
        raw: the message as it came.
        reason: why a message of a known type was not decoded; None for an unknown type.
    """

    type: str | None
    raw: bytes
    reason: str | None = None

    def to_dict(self) -> Any:
        """Return the message as plain data.

        Raises:
            msgspec.DecodeError: the message is not JSON.
        """
        return msgspec.json.decode(self.raw)
