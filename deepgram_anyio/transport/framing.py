"""WebSocket framing (RFC 6455, sections 5 to 7) without I/O: bytes to whole messages and back, in bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol, Opcode, ParseFailed

from ..errors import LocalProtocolError, RemoteProtocolError
from ..protocol.frames import Binary, Close, Frame, Ping, Pong, Text
from .lanes import lanes_are_on, take_plain, whole_frame_end
from .masking import masked_frame

__all__ = ["Framing"]

_BYTES = (bytes, bytearray, memoryview)
_MAX_CONTROL_BYTES = 125
_MAX_EMPTY_FRAGMENTS = 1024
_MAX_OWED_PONGS = 16
_Utf8Check = codecs.getincrementaldecoder("utf-8")


class Framing:
    """One end of an open WebSocket connection, without extensions.

    Attributes:
        end: the Close frame with which receiving ended; None while the connection is open.
        sent_close: the Close frame that `encode` was asked for; None when the peer or its failure began the close.
        failure: how the peer broke the protocol; None when it did not.
        max_message_bytes: the longest message sent or accepted.

    Args:
        client: whether this end is the client, which masks what it sends.
        max_message_bytes: the longest message sent or accepted.
        trailing: what came after the opening handshake in the same network read; see `receive_trailing`.
        lanes: whether plain frames may go past wsproto; None for what the environment says. Only a client's do.
    """

    def __init__(
        self, *, client: bool, max_message_bytes: int, trailing: bytes = b"", lanes: bool | None = None
    ) -> None:
        self.end: Close | None = None
        self.sent_close: Close | None = None
        self.failure: RemoteProtocolError | None = None
        self.max_message_bytes = max_message_bytes
        self._decoder = FrameDecoder(client=client)
        self._client = client
        self._lanes = client and (lanes_are_on() if lanes is None else lanes)
        self._opcode: Opcode | None = None  # of the message that is being put together from pieces
        self._message = bytearray()
        self._utf8_check = _Utf8Check()
        self._empty_fragments = 0
        self._owed_pongs: list[bytes] = []
        self._owed_close: Close | None = None
        self._trailing = trailing

    @property
    def _encoder(self) -> FrameProtocol:
        """Make what encodes whatever is not plain; it has no state between whole messages."""
        return FrameProtocol(client=self._client, extensions=[])

    @property
    def closing(self) -> bool:
        """Whether a Close frame went either way, or the connection ended: nothing more can be encoded."""
        return self.sent_close is not None or self.end is not None

    @property
    def owes_replies(self) -> bool:
        """Whether `take_replies` may have something to send."""
        return bool(self._owed_pongs) or self._owed_close is not None

    def receive(self, data: bytes) -> list[Frame]:
        """Take one network read and return the messages and control frames that it completes, in order.

        Args:
            data: the bytes; empty means that the peer closed its end.

        Returns:
            The frames. The last frame of a connection is a Close: the peer's, one with code 1005 when the peer's had no
            status, one with code 1006 when the connection ended without any, or this end's when the peer broke the
            protocol (see `failure`). What comes after it is ignored.
        """
        if self.end is not None:
            return []
        frames = self._receive(self._trailing + data if self._trailing else data)
        self._trailing = b""
        if not data and self.end is None:
            self.end = Close(1006)
            frames.append(self.end)
        return frames

    def receive_trailing(self) -> list[Frame]:
        """Return the frames that the constructor's `trailing` holds whole, which need no network read to be seen."""
        trailing, self._trailing = self._trailing, b""
        return self._receive(trailing) if trailing else []

    def _receive(self, data: bytes) -> list[Frame]:
        frames: list[Frame] = []
        try:
            self._take(data, frames)
        except ParseFailed as error:
            reason = str(error)
            self.failure = RemoteProtocolError(f"the peer broke the WebSocket protocol: {reason}")
            self._finish(Close(int(error.code), reason))
        if self.end is not None:
            frames.append(self.end)
        return frames

    def _take(self, data: bytes, frames: list[Frame]) -> None:
        if not self._lanes:
            self._decoder.receive_bytes(data)
            self._decode(frames)
            return
        position, size = 0, len(data)
        while position < size and self.end is None:
            if self._between_messages():
                position = take_plain(data, position, self.max_message_bytes, frames)
            if position < size:
                stop = self._next_stop(data, position)
                self._decoder.receive_bytes(data[position:stop])
                self._decode(frames)
                position = stop

    def _between_messages(self) -> bool:
        return self._opcode is None and self._decoder.header is None and not len(self._decoder.buffer)

    def _next_stop(self, data: bytes, start: int) -> int:
        """Return up to where the decoder is to be given data: not beyond the frame that it is at."""
        decoder = self._decoder
        if decoder.header is not None:
            missing = decoder.header.payload_len - decoder.payload_consumed - len(decoder.buffer)
            return min(len(data), start + missing)
        if len(decoder.buffer):
            return start + 1  # a header that came in pieces, byte by byte
        return whole_frame_end(data, start)

    def encode(self, frames: Iterable[Frame]) -> bytes:
        """Return the bytes of some frames, for one write.

        Args:
            frames: the frames, in order; text is checked to be UTF-8. A Close with code 1005 goes without a status, and
                its reason is cut to the 123 bytes that fit.

        Raises:
            LocalProtocolError: a frame is not valid or too long, or comes after a Close; the state is unchanged.
        """
        sent_close = self.sent_close
        ended = self.closing
        pieces: list[bytes | bytearray] = []
        plain, max_bytes = self._lanes, self.max_message_bytes
        for frame in frames:
            if ended:
                raise LocalProtocolError("nothing can be sent after a Close frame")
            if plain and type(frame) is Binary:
                data = frame.data
                if type(data) is bytes and len(data) <= max_bytes:
                    pieces += masked_frame(2, data)
                    continue
            pieces.append(self._encode(frame))
            if isinstance(frame, Close):
                ended, sent_close = True, frame
        self.sent_close = sent_close
        return b"".join(pieces)

    def take_replies(self) -> bytes:
        """Return the pongs and the close frame that receiving made necessary, and owe them no longer.

        Of more than 16 pings only the last 16 are answered, so that a flood of them costs little; the last one alone
        would do (RFC 6455, section 5.5.3).
        """
        pongs, close = self._owed_pongs, self._owed_close
        self._owed_pongs = []
        self._owed_close = None
        if self.sent_close is not None:
            return b""
        replies = b"".join(self._encoder.pong(pong) for pong in pongs)
        return replies if close is None else replies + self._encode_close(close)

    def _decode(self, frames: list[Frame]) -> None:
        next_piece = self._decoder.process_buffer
        while (piece := next_piece()) is not None:
            opcode, payload, frame_finished, message_finished = piece
            assert not isinstance(payload, (str, tuple))  # the frame decoder interprets nothing
            payload = bytes(payload)  # a bytearray before wsproto 1.3
            if opcode >= Opcode.CLOSE:
                if opcode is Opcode.CLOSE:
                    self._finish(_parsed_close(payload))
                    return
                frames.append(self._ping_or_pong(opcode, payload))
            elif opcode and frame_finished and message_finished and self._opcode is None:
                frames.append(self._whole(opcode, payload))
            else:
                self._add_piece(opcode, payload)
                if frame_finished and message_finished:
                    frames.append(self._assembled())
        self._check_begun()

    def _check_begun(self) -> None:
        # The header of a frame tells what is wrong with it: refuse it before the rest comes, for the same reason.
        header = self._decoder.header
        if header is not None and not header.opcode.iscontrol() and not self._decoder.payload_consumed:
            self._check_order(header.opcode)
            self._check_length(len(self._message) + header.payload_len)

    def _ping_or_pong(self, opcode: Opcode, payload: bytes) -> Frame:
        if opcode is Opcode.PONG:
            return Pong(payload)
        self._owed_pongs = [*self._owed_pongs[1 - _MAX_OWED_PONGS :], payload]
        return Ping(payload)

    def _add_piece(self, opcode: Opcode, payload: bytes) -> None:
        self._check_order(opcode)
        if self._opcode is None:
            self._opcode = opcode
        if not payload:
            self._empty_fragments += 1
            if self._empty_fragments > _MAX_EMPTY_FRAGMENTS:
                raise ParseFailed("too many empty fragments", CloseReason.MESSAGE_TOO_BIG)
        header = self._decoder.header
        outstanding = 0 if header is None else header.payload_len - self._decoder.payload_consumed
        self._check_length(len(self._message) + len(payload) + outstanding)
        if self._opcode is Opcode.TEXT:
            self._check_utf8(payload)
        self._message += payload

    def _check_order(self, opcode: Opcode) -> None:
        if opcode is Opcode.CONTINUATION and self._opcode is None:
            raise ParseFailed("continuation frame without a message to continue")
        if opcode is not Opcode.CONTINUATION and self._opcode is not None:
            raise ParseFailed("new message inside a fragmented one")

    def _check_utf8(self, payload: bytes) -> None:
        # So that a text that has gone wrong ends at once (RFC 6455, section 8.1), not when the rest of it has come.
        try:
            self._utf8_check.decode(payload)
        except UnicodeDecodeError as error:
            raise _not_utf8() from error

    def _assembled(self) -> Frame:
        opcode, message = self._opcode, bytes(self._message)
        assert opcode is not None
        self._opcode, self._message, self._empty_fragments = None, bytearray(), 0
        self._utf8_check.reset()
        return self._whole(opcode, message)

    def _whole(self, opcode: Opcode, payload: bytes) -> Frame:
        self._check_length(len(payload))
        return Text(_utf8(payload)) if opcode is Opcode.TEXT else Binary(payload)

    def _check_length(self, length: int) -> None:
        if length > self.max_message_bytes:
            raise ParseFailed(f"message longer than {self.max_message_bytes} bytes", CloseReason.MESSAGE_TOO_BIG)

    def _finish(self, close: Close) -> None:
        self.end = close
        self._owed_close = close

    def _encode(self, frame: Frame) -> bytes | bytearray:
        if isinstance(frame, Binary):
            payload = self._checked_bytes(frame.data)
            if self._lanes:
                return b"".join(masked_frame(2, payload))
            return self._encoder.send_data(payload)
        if isinstance(frame, Text):
            payload = self._checked_text(frame.data)
            if self._lanes:
                return b"".join(masked_frame(1, payload))
            return self._encoder.send_data(str(payload, "utf-8"))
        if isinstance(frame, Close):
            return self._encode_close(frame)
        if not isinstance(frame, (Ping, Pong)):
            raise LocalProtocolError(f"not a WebSocket frame: {type(frame).__name__}")
        payload = self._checked_bytes(frame.data)
        if len(payload) > _MAX_CONTROL_BYTES:
            raise LocalProtocolError(f"a ping or pong carries at most {_MAX_CONTROL_BYTES} bytes")
        return self._encoder.ping(payload) if isinstance(frame, Ping) else self._encoder.pong(payload)

    def _checked_text(self, data: str | bytes | memoryview) -> bytes:
        try:
            text = data.encode() if isinstance(data, str) else self._checked_bytes(data)
            if not isinstance(data, str):
                str(text, "utf-8")
        except UnicodeError as error:
            raise LocalProtocolError("a text message is not valid Unicode") from error
        self._check_sendable(len(text))
        return text

    def _checked_bytes(self, data: bytes | memoryview) -> bytes:
        if not isinstance(data, _BYTES):
            raise LocalProtocolError(f"a message is str or bytes, not {type(data).__name__}")
        self._check_sendable(data.nbytes if isinstance(data, memoryview) else len(data))
        return bytes(data)

    def _check_sendable(self, length: int) -> None:
        if length > self.max_message_bytes:
            raise LocalProtocolError(f"message of {length} bytes is longer than the allowed {self.max_message_bytes}")

    def _encode_close(self, close: Close) -> bytes:
        if close.code == 1005:
            return bytes(self._encoder.close())
        if not _is_sendable_code(close.code):
            raise LocalProtocolError(f"close code {close.code} cannot be sent")
        try:
            return bytes(self._encoder.close(close.code, close.reason))
        except UnicodeError as error:
            raise LocalProtocolError("a close reason is not valid Unicode") from error


def _is_sendable_code(code: int) -> bool:
    # 1004 to 1006 and 1015 never travel; 1012 to 1014 were registered after RFC 6455.
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def _parsed_close(payload: bytes) -> Close:
    if not payload:
        return Close(1005)
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not _is_sendable_code(code):
        raise ParseFailed("close frame without a valid code")
    return Close(code, _utf8(payload[2:]))


def _utf8(payload: bytes) -> str:
    try:
        return str(payload, "utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8() from error


def _not_utf8() -> ParseFailed:
    return ParseFailed("text that is not UTF-8", CloseReason.INVALID_FRAME_PAYLOAD_DATA)
