"""A client's data frames (RFC 6455, sections 5.2 and 5.3): whole messages, masked with one operation on a long integer.

wsproto masks byte by byte in Python, which costs several times as much as everything else that is done to a frame. It
keeps all that is not a whole, unfragmented message.
"""

from __future__ import annotations

import os
import struct

__all__ = ["FrameMasker"]

_KEYS = 1024
_FIN = 0x80
_MASKED = 0x80


class FrameMasker:
    """Makes frames, each masked with four random bytes of its own."""

    def __init__(self) -> None:
        self._keys = b""
        self._used = 0

    def frame(self, opcode: int, payload: bytes) -> bytes:
        """Return a frame that holds a whole message.

        Args:
            opcode: 1 for text, 2 for binary.
            payload: of less than 2**63 bytes.
        """
        length = len(payload)
        if length < 126:
            head = struct.pack("!BB", _FIN | opcode, _MASKED | length)
        elif length < 1 << 16:
            head = struct.pack("!BBH", _FIN | opcode, _MASKED | 126, length)
        else:
            head = struct.pack("!BBQ", _FIN | opcode, _MASKED | 127, length)
        key = self._next_key()
        if not length:
            return head + key
        mask = (key * (length // 4 + 1))[:length]
        masked = int.from_bytes(payload, "little") ^ int.from_bytes(mask, "little")
        return head + key + masked.to_bytes(length, "little")

    def _next_key(self) -> bytes:
        # Drawn from the system, so that a peer's choice of text cannot choose what is on the wire, but not one by one.
        if self._used == len(self._keys):
            self._keys, self._used = os.urandom(4 * _KEYS), 0
        key = self._keys[self._used : self._used + 4]
        self._used += 4
        return key
