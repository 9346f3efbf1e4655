"""Decoder processes, few of them, leased to many recognitions."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import deque
from typing import IO, Final

from .failures import EngineError
from .sphinx_wire import Failed, Reply, Request, Words, decode_reply, frame, read_frame

__all__ = ["DecoderPool", "DecoderProcess"]

_MODULE: Final = "deepgram_anyio.local.engines.sphinx_worker"

_IDLE_S: Final = 0.5
"""When every leased decoder has heard nothing for so long, in seconds, who waits gets one more."""


class DecoderProcess:
    """One decoder. Used by one thread at a time, but for `end`.

    Attributes:
        pid: the process's number.
    """

    pid: int

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, this package
                [sys.executable, "-m", _MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                env=_environment(),
                start_new_session=True,  # a terminal's Ctrl-C would reach it before it can ignore it
            )
        except OSError as error:
            raise EngineError(f"no decoder process can be started: {error}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self._requests: IO[bytes] = self._process.stdin
        self._replies: IO[bytes] = self._process.stdout
        self._in_call = threading.Lock()
        self._used_at = time.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds since it was last told or asked something; 0 while that goes on."""
        return 0.0 if self._in_call.locked() else time.monotonic() - self._used_at

    def is_alive(self) -> bool:
        """Tell whether the process has not ended yet."""
        return self._process.poll() is None

    def tell(self, request: Request) -> None:
        """Send a request that has no reply.

        Raises:
            EngineError: the process has ended.
        """
        with self._in_call:
            self._send(request)
            self._used_at = time.monotonic()

    def ask(self, request: Request) -> Words:
        """Send a request and wait for its reply.

        Raises:
            EngineError: the process has ended, or decoding failed.
        """
        with self._in_call:
            self._send(request)
            try:
                reply: Reply = decode_reply(read_frame(self._replies.read))
            except (EOFError, OSError) as error:
                raise EngineError("a decoder process ended in the middle of a segment") from error
            self._used_at = time.monotonic()
        if isinstance(reply, Failed):
            raise EngineError(f"the decoder failed: {reply.message}")
        return reply

    def end(self) -> None:
        """End the process and close its pipes; a call under way in another thread fails first. May be repeated."""
        self._process.kill()
        with self._in_call:
            self._process.wait()
            self._requests.close()
            self._replies.close()

    def _send(self, request: Request) -> None:
        rest = memoryview(frame(request))
        try:
            while rest:
                rest = rest[self._requests.write(rest) :]
        except (OSError, ValueError) as error:  # ValueError: the pipe was closed on this side
            raise EngineError("a decoder process ended in the middle of a segment") from error


class DecoderPool:
    """Up to so many decoder processes, started when first needed, and kept. Thread-safe.

    Who holds one may wait for another: a stream of two channels, on both of which somebody speaks. So that such streams
    do not wait for each other for ever, and nobody for a speaker whose connection hangs, there are more for a while
    when none of those that are leased does anything.

    Attributes:
        closed: whether `close` was called.
    """

    closed: bool

    def __init__(self, max_workers: int) -> None:
        self.closed = False
        self._max_workers = max_workers
        self._changed = threading.Condition()
        self._idle: list[DecoderProcess] = []
        self._leased: set[DecoderProcess] = set()
        self._waiting: deque[object] = deque()

    def lease(self) -> DecoderProcess:
        """Take a decoder, waiting for one when all are leased; `give_back` must follow. Who came first is served first.

        Raises:
            EngineError: the pool is closed, or no process can be started.
        """
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                while not self.closed:
                    process = self._free() if self._waiting[0] is ticket else None
                    if process is not None:
                        self._leased.add(process)
                        return process
                    self._changed.wait(_IDLE_S)
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()  # the next in the queue may be served, too
        raise EngineError("the recogniser is closed")

    def _free(self) -> DecoderProcess | None:
        while self._idle:
            process = self._idle.pop()
            if process.is_alive():
                return process
            process.end()
        if len(self._leased) < self._max_workers or self._all_idle():
            return DecoderProcess()
        return None

    def give_back(self, process: DecoderProcess, *, usable: bool) -> None:
        """Return a leased decoder; one that is not usable is ended."""
        with self._changed:
            self._leased.discard(process)
            needed = bool(self._waiting) or len(self._leased) + len(self._idle) < self._max_workers
            keep = usable and not self.closed and needed
            if keep:
                self._idle.append(process)
            self._changed.notify_all()
        if not keep:
            process.end()

    def _all_idle(self) -> bool:
        return all(process.idle_s >= _IDLE_S for process in self._leased)

    def close(self) -> None:
        """End all decoders; calls under way, and who waits for a decoder, fail. Harmless when repeated."""
        with self._changed:
            self.closed = True
            processes = [*self._idle, *self._leased]
            self._idle.clear()
            self._changed.notify_all()
        for process in processes:
            process.end()


def _environment() -> dict[str, str]:
    # The process must find what this one finds, whatever was done to sys.path, and nothing of its own in front of it.
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
