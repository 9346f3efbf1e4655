"""The process in which one PocketSphinx decoder runs.

PocketSphinx holds the interpreter's lock while it decodes, up to a second at a time, so a decoder in a thread would
stop the event loop. The parent writes requests to this process's standard input and reads replies from its standard
output; the process ends with its input, and so with its parent.
"""

from __future__ import annotations

import os
import signal
import sys

from .sphinx_decoder import SegmentDecoder
from .sphinx_wire import Begin, Failed, Feed, Finish, Reply, Request, Words, decode_request, frame, read_frame

__all__ = ["Worker", "main"]


class Worker:
    """Turns requests into replies."""

    def __init__(self, decoder: SegmentDecoder) -> None:
        self._decoder = decoder
        self._failure = ""

    def handle(self, request: Request) -> Reply | None:
        """Do what is asked; what goes wrong is told with the next reply."""
        try:
            return self._reply(request)
        except RuntimeError as error:  # PocketSphinx raises no other
            self._failure = str(error) or "decoding failed"
        if isinstance(request, (Begin, Feed)):
            return None
        return Failed(self._failure)

    def _reply(self, request: Request) -> Reply | None:
        if isinstance(request, Begin):
            self._failure = ""
            self._decoder.begin(request.cmn)
        elif self._failure:
            return None if isinstance(request, Feed) else Failed(self._failure)
        elif isinstance(request, Feed):
            self._decoder.feed(request.samples)
        elif isinstance(request, Finish):
            return Words(*self._decoder.finish())
        else:
            return Words(self._decoder.partial())
        return None


def main() -> None:
    """Serve requests until the input ends."""
    # Ctrl-C in a terminal reaches the whole process group; the parent decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get in between
    worker = Worker(SegmentDecoder())
    while True:
        try:
            request = decode_request(read_frame(sys.stdin.buffer.read))
        except EOFError:
            return
        reply = worker.handle(request)
        if reply is not None:
            replies.write(frame(reply))
            replies.flush()


if __name__ == "__main__":
    main()
