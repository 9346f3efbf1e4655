"""The plain case of framing, in one pass over a network read: whole, unfragmented, unmasked messages.

wsproto takes frames apart one by one, byte by byte where it has to, and answers for the whole of RFC 6455. A lane
takes only what is plain beyond doubt, and leaves everything else to wsproto, untouched: control frames, fragments,
frames that are not there to their end, long ones, and whatever breaks a rule. So it needs no errors of its own.

``DEEPGRAM_ANYIO_LANES=off`` in the environment switches all lanes off, to find out whether one of them is at fault.
"""

from __future__ import annotations

import os

from ..protocol.frames import Binary, Frame, Text

__all__ = ["lanes_are_on", "take_plain", "whole_frame_end"]

_TEXT = 0x81  # the last fragment of a message, and the first, without reserved bits
_BINARY = 0x82
_LENGTH = 0x7F
_MASKED = 0x80
_TWO_BYTES = 126


def lanes_are_on() -> bool:
    """Tell whether lanes may be used; asked once for each connection."""
    return os.environ.get("DEEPGRAM_ANYIO_LANES", "on").lower() not in ("off", "0", "no", "false")


def take_plain(data: bytes, start: int, max_message_bytes: int, frames: list[Frame]) -> int:
    """Take the plain messages of a network read, up to the first frame that is not plain.

    Args:
        data: the read.
        start: where in it a frame begins.
        max_message_bytes: the longest message that is accepted.
        frames: the messages are added to it.

    Returns:
        Where the frame begins that was not taken; the length of the data when there is none.
    """
    size = len(data)
    add = frames.append
    while start + 2 <= size:
        kind, length = data[start], data[start + 1]
        begin = start + 2
        if length >= _TWO_BYTES:
            begin += 2
            if length != _TWO_BYTES or begin > size:
                break
            length = data[start + 2] << 8 | data[start + 3]
            if length < _TWO_BYTES:
                break
        end = begin + length
        if end > size or length > max_message_bytes:
            break
        if kind == _TEXT:
            try:
                add(Text(str(data[begin:end], "utf-8")))
            except UnicodeDecodeError:
                break
        elif kind == _BINARY:
            add(Binary(data[begin:end]))
        else:
            break
        start = end
    return start


def whole_frame_end(data: bytes, start: int) -> int:
    """Return where the frame ends that begins at `start`; the length of the data when that lies beyond it."""
    size = len(data)
    if start + 2 > size:
        return size
    length = data[start + 1] & _LENGTH
    begin = start + 2
    if length >= _TWO_BYTES:
        extended = begin
        begin += 2 if length == _TWO_BYTES else 8
        length = int.from_bytes(data[extended:begin], "big")
    if data[start + 1] & _MASKED:
        begin += 4
    return min(size, begin + length)
