"""A client's data frames (RFC 6455, sections 5.2 and 5.3): whole messages, masked with one operation on a long integer.

wsproto masks byte by byte in Python, which costs several times as much as everything else that is done to a frame. It
keeps all that is not a whole, unfragmented message.

What is needed for that is shared by all connections: with hundreds of them, memory that each would have of its own is
never in the processor's cache when its turn comes.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

__all__ = ["masked_frame"]

_KEYS = 64  # drawn at once
_UNPACK_KEYS = struct.Struct(f"<{_KEYS}I").unpack
_FIN = 0x80
_MASKED = 0x80
_WORD = 4
_OPCODES = (1, 2)
_KNOWN_LENGTHS = 64
_KNOWN_BYTES = 16 * 1024  # longer messages are rare, and what is known of a length is as long as the message

_keys: Iterator[int] = iter(())
_known: dict[int, _Shape] = {}


class _Shape:
    """What frames of one length have in common.

    Attributes:
        heads: by opcode, what goes before the key.
        ones: times a key, this is the key, repeated.
        padded: the length in whole words, in bytes.
    """

    __slots__ = ("heads", "ones", "padded")

    def __init__(self, length: int) -> None:
        words = -(-length // _WORD)
        self.padded = words * _WORD
        self.ones = int.from_bytes(b"\1\0\0\0" * words, "little")
        if length < 126:
            head = struct.pack("!B", _MASKED | length)
        elif length < 1 << 16:
            head = struct.pack("!BH", _MASKED | 126, length)
        else:
            head = struct.pack("!BQ", _MASKED | 127, length)
        self.heads = {opcode: bytes([_FIN | opcode]) + head for opcode in _OPCODES}


def masked_frame(opcode: int, payload: bytes) -> tuple[bytes, bytes]:
    """Return a frame that holds a whole message, masked with four random bytes of its own, in two pieces.

    Args:
        opcode: 1 for text, 2 for binary.
        payload: of less than 2**63 bytes.
    """
    length = len(payload)
    shape = _known.get(length) or _shape(length)
    key = next(_keys, None)
    if key is None:
        key = _first_of_new_keys()
    masked = int.from_bytes(payload, "little") ^ shape.ones * key
    head = shape.heads[opcode] + key.to_bytes(_WORD, "little")
    return head, masked.to_bytes(shape.padded, "little")[:length]


def _first_of_new_keys() -> int:
    # Drawn from the system, so that the choice of a text does not choose what is on the wire; not one by one. And an
    # iterator gives no key to two threads.
    global _keys
    keys: Iterator[int] = iter(_UNPACK_KEYS(os.urandom(_WORD * _KEYS)))
    key = next(keys)
    _keys = keys
    return key


def _shape(length: int) -> _Shape:
    shape = _Shape(length)
    if length <= _KNOWN_BYTES:
        if len(_known) >= _KNOWN_LENGTHS:
            _known.clear()
        _known[length] = shape
    return shape
