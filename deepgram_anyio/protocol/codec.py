"""Bytes to typed messages, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import msgspec

from .messages import Message, UnknownEvent

__all__ = ["Codec", "tag_of"]


class _Envelope(msgspec.Struct):
    type: str | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_encoder = msgspec.json.Encoder()


def tag_of(message: type[Message]) -> str:
    """Return a message class's ``type`` on the wire."""
    return str(message.__struct_config__.tag)


class Codec:
    """Decodes one direction of one socket kind.

    A message is parsed once, straight into its struct. Only one that does not fit is looked at again, to say why: a single
    bad message must never end a stream.
    """

    def __init__(self, messages: Sequence[type[Message]]) -> None:
        self._tags = frozenset(map(tag_of, messages))
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Union[tuple(messages)])  # noqa: UP007 - made at run time

    def decode(self, data: str | bytes | memoryview) -> Message | UnknownEvent:
        """Return the typed message, or an `UnknownEvent` with the raw one. Never raises."""
        try:
            message: Message = self._decoder.decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            return self._unknown(data, error)
        return message

    @staticmethod
    def encode(message: Message) -> bytes:
        """Return a message as JSON, absent fields left out."""
        return _encoder.encode(message)

    def _unknown(self, data: str | bytes | memoryview, error: Exception) -> UnknownEvent:
        raw = data.encode(errors="surrogatepass") if isinstance(data, str) else bytes(data)
        try:
            tag = _envelope.decode(raw).type
        except (msgspec.DecodeError, RecursionError):
            return UnknownEvent(type=None, raw=raw, reason=str(error) or type(error).__name__)
        if tag in self._tags:
            return UnknownEvent(type=tag, raw=raw, reason=str(error) or type(error).__name__)
        return UnknownEvent(type=tag, raw=raw, reason=None if tag else "no type")
