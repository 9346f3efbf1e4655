"""A client's data frames (RFC 6455, sections 5.2 and 5.3): whole messages, masked with one operation on a long integer.

wsproto masks byte by byte in Python, which costs several times as much as everything else that is done to a frame. It
keeps all that is not a whole, unfragmented message.
"""

from __future__ import annotations

import os
import struct

__all__ = ["FrameMasker"]

_KEYS = 64  # drawn at once; every connection keeps so many
_UNPACK_KEYS = struct.Struct(f"<{_KEYS}I").unpack
_FIN = 0x80
_MASKED = 0x80
_WORD = 4


class FrameMasker:
    """Makes frames, each masked with four random bytes of its own."""

    def __init__(self) -> None:
        self._keys = b""
        self._key_words: tuple[int, ...] = ()
        self._used = 0
        # For payloads as long as the last one, which those of audio mostly are.
        self._length = -1
        self._heads: dict[int, bytes] = {}
        self._padded = 0
        self._ones = 0

    def frame(self, opcode: int, payload: bytes) -> tuple[bytes, bytes]:
        """Return a frame that holds a whole message, in two pieces.

        Args:
            opcode: 1 for text, 2 for binary.
            payload: of less than 2**63 bytes.
        """
        length = len(payload)
        if length != self._length:
            self._prepare(length)
        used = self._used
        if used == len(self._key_words):
            # Drawn from the system, so that the choice of a text does not choose what is on the wire; not one by one.
            self._keys, used = os.urandom(_WORD * _KEYS), 0
            self._key_words = _UNPACK_KEYS(self._keys)
        self._used = used + 1
        masked = int.from_bytes(payload, "little") ^ self._ones * self._key_words[used]
        head = self._heads[opcode] + self._keys[_WORD * used : _WORD * used + _WORD]
        return head, masked.to_bytes(self._padded, "little")[:length]

    def _prepare(self, length: int) -> None:
        words = -(-length // _WORD)
        self._length = length
        self._padded = words * _WORD
        # Times a key, this is the key, repeated.
        self._ones = int.from_bytes(b"\1\0\0\0" * words, "little")
        if length < 126:
            head = struct.pack("!B", _MASKED | length)
        elif length < 1 << 16:
            head = struct.pack("!BH", _MASKED | 126, length)
        else:
            head = struct.pack("!BQ", _MASKED | 127, length)
        self._heads = {opcode: bytes([_FIN | opcode]) + head for opcode in (1, 2)}
