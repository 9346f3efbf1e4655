"""What all messages have in common, and the messages that belong to no single socket."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Audio", "Data", "Message", "UnknownEvent", "explicit_false"]


def explicit_false() -> bool:
    """Default of flags that are always written out: `omit_defaults` leaves out None, but never a ``false``."""
    return False


class Data(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A part of a message. Fields that the server left out are None; fields that we do not know are ignored."""

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
    """A binary message: audio, in the format that the connection's options name."""

    data: bytes | memoryview


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
