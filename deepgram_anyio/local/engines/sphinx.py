"""The packaged recogniser: PocketSphinx with the US-English model of its wheel, in a pool of processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import IO

from .base import RecognizedWord
from .failures import EngineError, missing_extra
from .sphinx_wire import (
    Begin,
    CepstralMean,
    Failed,
    Feed,
    Finish,
    Partial,
    Request,
    Words,
    decode_reply,
    frame,
    read_frame,
)
from .vad import SpeechDetector

__all__ = ["DecoderProcess", "SphinxRecognition", "SphinxRecognizer"]

_END_S = 2.0


class DecoderProcess:
    """One decoder; used by one thread at a time, but `kill` by any."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", f"{__package__}.sphinx_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests: IO[bytes] = self._process.stdin
        self._replies: IO[bytes] = self._process.stdout

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def tell(self, request: Request) -> None:
        """Send a request that has no reply.

        Raises:
            EngineError: the process has ended.
        """
        try:
            self._requests.write(frame(request))
            self._requests.flush()
        except (OSError, ValueError) as error:
            raise EngineError("a decoder process ended unexpectedly") from error

    def ask(self, request: Request) -> Words:
        """Send a request and wait for its reply.

        Raises:
            EngineError: the process has ended, or decoding failed.
        """
        self.tell(request)
        try:
            reply: Words | Failed = decode_reply(read_frame(self._replies.read))
        except (EOFError, OSError, ValueError) as error:
            raise EngineError("a decoder process ended unexpectedly") from error
        if isinstance(reply, Failed):
            raise EngineError(reply.message)
        return reply

    def kill(self) -> None:
        """Make whoever talks to the process return; `end` must follow."""
        self._process.kill()

    def end(self) -> None:
        """End the process and close its pipes."""
        self._process.kill()
        with suppress(OSError):  # what was still to be written has no reader any more
            self._requests.close()
        self._replies.close()
        self._process.wait(_END_S)


class SphinxRecognizer:
    """A `Recognizer` on PocketSphinx.

    Streams share a bounded number of decoders: a stream leases one for a segment, and waits when all are busy.

    Attributes:
        name: the engine's name, version and model.
    """

    name: str

    def __init__(self, *, max_workers: int | None = None) -> None:
        """
        Args:
            max_workers: decoder processes at most, each of about 120 MB; twice the number of processors by default.
                They are started when first needed, and kept.

        Raises:
            ConfigError: the extra ``local`` is not installed.
        """
        try:
            self.name = f"pocketsphinx {version('pocketsphinx')} en-us"
        except PackageNotFoundError as error:
            raise missing_extra("local", error) from error
        self._max_workers = max_workers or 2 * (os.cpu_count() or 1)
        self._changed = threading.Condition()
        self._idle: list[DecoderProcess] = []
        self._leased: set[DecoderProcess] = set()
        self._closed = False

    def detector(self) -> SpeechDetector:
        """Make a speech detector for one channel."""
        return SpeechDetector()

    def open(self, *, keyterms: Sequence[str] = ()) -> SphinxRecognition:
        """Begin the recognition of one channel; the model is general, so that `keyterms` have no effect."""
        return SphinxRecognition(self)

    def close(self) -> None:
        """End all decoders; what waits for one, or for an answer, fails. Harmless when repeated."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            # A leased decoder is talking to another thread, which ends it as soon as its pipe has broken.
            for process in self._leased:
                process.kill()
            self._changed.notify_all()
        for process in idle:
            process.end()

    def lease(self) -> DecoderProcess:
        """Take a decoder, waiting for one when all are busy.

        Raises:
            EngineError: the recogniser was closed.
        """
        with self._changed:
            while not self._closed:
                if self._idle:
                    process = self._idle.pop()
                elif len(self._leased) < self._max_workers:
                    process = DecoderProcess()
                else:
                    self._changed.wait()
                    continue
                self._leased.add(process)
                return process
        raise EngineError("the recogniser is closed")

    def give_back(self, process: DecoderProcess, *, usable: bool) -> None:
        """Return a leased decoder."""
        with self._changed:
            self._leased.discard(process)
            keep = usable and not self._closed
            if keep:
                self._idle.append(process)
            self._changed.notify()
        if not keep:
            process.end()


class SphinxRecognition:
    """The recognition of one channel; holds a decoder only within a segment."""

    def __init__(self, recognizer: SphinxRecognizer) -> None:
        self._recognizer = recognizer
        self._process: DecoderProcess | None = None
        self._mean: CepstralMean | None = None

    def feed(self, samples: bytes) -> None:
        """Take more samples of the current segment."""
        if self._process is None:
            self._process = self._recognizer.lease()
            self._tell(Begin(self._mean))
        self._tell(Feed(samples))

    def partial(self) -> Sequence[RecognizedWord]:
        """Return the words so far."""
        return [] if self._process is None else self._ask(Partial()).words

    def finish(self) -> Sequence[RecognizedWord]:
        """End the segment and return its words."""
        if self._process is None:
            return []
        reply = self._ask(Finish())
        self._mean = reply.cmn
        self._let_go(usable=True)
        return reply.words

    def close(self) -> None:
        """Let go of the decoder; an unfinished segment is dropped."""
        self._let_go(usable=True)

    def _tell(self, request: Request) -> None:
        assert self._process is not None
        try:
            self._process.tell(request)
        except EngineError:
            self._let_go(usable=False)
            raise

    def _ask(self, request: Request) -> Words:
        assert self._process is not None
        try:
            return self._process.ask(request)
        except EngineError:
            self._let_go(usable=False)
            raise

    def _let_go(self, *, usable: bool) -> None:
        process, self._process = self._process, None
        if process is not None:
            self._recognizer.give_back(process, usable=usable)
