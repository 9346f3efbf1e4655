"""The process in which one PocketSphinx decoder runs: ``python -m deepgram_anyio.local.engines.sphinx_worker``.

PocketSphinx holds the interpreter's lock while it decodes, up to a second at a time, so a decoder in a thread would
stop the event loop of the program. This process reads requests from its standard input and writes replies to its
standard output, and ends when its input does.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from .sphinx_wire import Begin, Failed, Feed, Finish, Partial, Reply, Request, Words, decode_request, frame, read_frame

if TYPE_CHECKING:
    from .sphinx_decoder import SegmentDecoder

__all__ = ["DecoderServer", "main"]

_ORPHAN_CHECK_S = 1.0


class DecoderServer:
    """Answers requests. What goes wrong is told in the next answer that is due, and ends with the segment."""

    def __init__(self, decoder: SegmentDecoder) -> None:
        self._decoder = decoder
        self._failure: str | None = None

    def answer(self, request: Request) -> Reply | None:
        """Carry out a request; None when it has no answer."""
        if isinstance(request, Begin):
            self._failure = None
        if self._failure is None:
            try:
                return self._carry_out(request)
            except Exception as error:  # noqa: BLE001 - it is for the other end of the pipe
                self._failure = f"{type(error).__name__}: {error}"
        return Failed(self._failure) if isinstance(request, (Partial, Finish)) else None

    def _carry_out(self, request: Request) -> Reply | None:
        if isinstance(request, Begin):
            self._decoder.begin(request.cmn)
        elif isinstance(request, Feed):
            self._decoder.feed(request.samples)
        elif isinstance(request, Partial):
            return Words(self._decoder.partial())
        else:
            return Words(*self._decoder.finish())
        return None


def main() -> None:
    """Serve until the input ends, or the parent is gone."""
    # Ctrl-C is meant for the parent, which decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.name == "posix":
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    read, replies = partial(os.read, 0), os.dup(1)
    os.dup2(2, 1)  # what a library prints must not get between the replies
    from .sphinx_decoder import SegmentDecoder

    with suppress(EOFError, BrokenPipeError):
        _serve(DecoderServer(SegmentDecoder()), read, replies)


def _serve(server: DecoderServer, read: Callable[[int], bytes], replies: int) -> NoReturn:
    while True:
        reply = server.answer(decode_request(read_frame(read)))
        if reply is not None:
            _write(replies, frame(reply))


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _end_with_parent(parent: int) -> None:
    # The input does not end with the parent when another child of it, a fork, still holds the pipe's other end.
    while os.getppid() == parent:
        time.sleep(_ORPHAN_CHECK_S)
    os._exit(0)


if __name__ == "__main__":
    main()
