"""Bytes to typed messages, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Union

import msgspec

from ..errors import LocalProtocolError
from .messages import Message, UnknownEvent

__all__ = ["Codec", "codec_for", "tag_of"]


class _Envelope(msgspec.Struct):
    type: str | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_encoder = msgspec.json.Encoder()
# msgspec's own error covers all but what Python finds wrong on its behalf: nesting, and strings that are not UTF-8.
_UNDECODABLE = (msgspec.DecodeError, RecursionError, UnicodeError)


def tag_of(message: type[Message]) -> str:
    """Return a message class's ``type`` on the wire."""
    return str(message.__struct_config__.tag)


class Codec:
    """Decodes one direction of one socket kind.

    A message is parsed once, straight into its struct. Only one that does not fit is looked at again, to say why: a
    single bad message must never end a stream.
    """

    def __init__(self, messages: Sequence[type[Message]]) -> None:
        self._tags = frozenset(map(tag_of, messages))
        union: Any = Union[tuple(messages)]  # noqa: UP007 - made at run time
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(union)

    def decode(self, data: str | bytes | memoryview) -> Message | UnknownEvent:
        """Return the typed message, or an `UnknownEvent` with the raw one. Never raises."""
        try:
            message: Message = self._decoder.decode(data)
        except _UNDECODABLE as error:
            return self._unknown(data, error)
        return message

    @staticmethod
    def encode(message: Message | Mapping[str, Any]) -> bytes:
        """Return a message as JSON, absent fields left out. A mapping goes out as it is.

        Raises:
            LocalProtocolError: a field holds what JSON cannot.
        """
        try:
            return _encoder.encode(message)
        except (msgspec.EncodeError, RecursionError, TypeError, ValueError) as error:
            name = tag_of(type(message)) if isinstance(message, Message) else message.get("type")
            raise LocalProtocolError(f"{name} cannot be encoded: {error}") from error

    def _unknown(self, data: str | bytes | memoryview, error: Exception) -> UnknownEvent:
        raw = data.encode(errors="surrogatepass") if isinstance(data, str) else bytes(data)
        try:
            tag = _envelope.decode(raw).type
        except _UNDECODABLE:
            return UnknownEvent(type=None, raw=raw, reason=str(error) or type(error).__name__)
        if tag in self._tags:
            return UnknownEvent(type=tag, raw=raw, reason=str(error) or type(error).__name__)
        return UnknownEvent(type=tag, raw=raw, reason=None if tag else "no type")


@lru_cache(maxsize=64)
def codec_for(messages: tuple[type[Message], ...]) -> Codec:
    """Return the codec of some messages, which all connections of a kind share."""
    return Codec(messages)
