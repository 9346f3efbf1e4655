"""How a neutral server behaves on one connection, whatever speaks WebSocket for it. Standard library only."""

from __future__ import annotations

from collections.abc import Callable

from . import wire

__all__ = ["Conversation"]

_BLOCK = 80  # messages in one write, about 64 KiB


class Conversation:
    """The server's side of a stream, as the client's ``model`` asks for: see `wire.flood` and `wire.talk`.

    Attributes:
        closing: a close frame was sent.
    """

    def __init__(self, model: str, write: Callable[[bytes], None], abort: Callable[[], None]) -> None:
        """
        Args:
            model: what the client asks for.
            write: takes bytes for the client, and calls `pause` when there are too many of them.
            abort: breaks the connection.
        """
        kind, _, numbers = model.partition("-")
        wire.check(kind in ("flood", "talk"), f"the server knows no {model!r}")
        self.closing = False
        self._write = write
        self._abort = abort
        self._paused = False
        self._left = 0  # of the flood
        self._received = 0  # bytes of audio
        self._frames = 0
        self._every = self._warm_up = self._count = 0
        if kind == "talk":
            self._every = int(numbers)
        else:
            self._warm_up, self._count = map(int, numbers.split("-"))
        self._message = wire.text_frame(wire.results_message())
        self._block = self._message * _BLOCK

    def connected(self) -> None:
        """The handshake is over."""
        if self._warm_up:
            self._write(self._message * self._warm_up)

    def binary(self, data: bytes, size: int) -> None:
        """A binary message came.

        Args:
            data: how it begins, at least 8 bytes.
            size: how long it is.
        """
        self._received += size
        self._frames += 1
        if not self._every:
            self._left, self._count = self._count, 0
            self._go_on()
        elif not self._frames % self._every:
            self._answer(data)

    def text(self, data: bytes) -> None:
        """A text message came."""
        if b"CloseStream" in data:
            self.closing = True
            metadata = wire.metadata_message(self._received / wire.BYTE_RATE)
            self._write(wire.text_frame(metadata) + wire.close_frame(1000))
        elif b"KeepAlive" in data and self._every:
            self._abort()

    def pause(self) -> None:
        """Too much waits to be sent."""
        self._paused = True

    def resume(self) -> None:
        """It does no more."""
        self._paused = False
        self._go_on()

    def _go_on(self) -> None:
        while self._left and not self._paused:
            if self._left > _BLOCK:
                self._left -= _BLOCK
                self._write(self._block)
            else:
                rest, self._left = self._left - 1, 0
                self._write(self._message * rest + wire.text_frame(wire.results_message(transcript=wire.LAST)))

    def _answer(self, data: bytes) -> None:
        heard_s = self._received / wire.BYTE_RATE
        duration = self._every * wire.FRAME_S
        request_id = wire.stamps(data)
        message = wire.results_message(start=heard_s - duration, duration=duration, request_id=request_id)
        self._write(wire.text_frame(message))
