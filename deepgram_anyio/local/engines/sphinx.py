"""The packaged recogniser: PocketSphinx with the US-English model of its wheel, in a pool of processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib.metadata import version
from typing import IO

import msgspec

from ...errors import ConfigError
from .base import RecognizedWord
from .sphinx_worker import Answer, Request, read_message, write_message

__all__ = ["RecognizerError", "SpeechDetector", "SphinxRecognizer"]

_END_S = 2.0
_decode_answer = msgspec.msgpack.Decoder(Answer).decode


class RecognizerError(RuntimeError):
    """The recogniser failed, or was closed; the segment under way is lost."""


class SpeechDetector:
    """Tells speech from silence in 30 ms frames: the WebRTC detector that PocketSphinx carries.

    Attributes:
        frame_bytes: length of a frame of 16-bit samples at 16 kHz.
    """

    def __init__(self) -> None:
        import pocketsphinx

        self._vad = pocketsphinx.Vad(mode=pocketsphinx.Vad.STRICT)
        self.frame_bytes = int(self._vad.frame_bytes)
        self._rest = b""

    def feed(self, samples: bytes) -> Sequence[bool]:
        """Return, for each frame completed by these samples, whether it is speech."""
        data = self._rest + samples
        size = self.frame_bytes
        whole = len(data) - len(data) % size
        self._rest = data[whole:]
        return [bool(self._vad.is_speech(data[start : start + size])) for start in range(0, whole, size)]


class _Worker:
    """One decoder process; used by one thread at a time."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", f"{__package__}.sphinx_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    def tell(self, request: Request) -> None:
        assert self._process.stdin is not None
        try:
            write_message(self._process.stdin, request)
        except (OSError, ValueError) as error:
            raise RecognizerError("a decoder process ended unexpectedly") from error

    def ask(self, request: Request) -> Answer:
        self.tell(request)
        output: IO[bytes] | None = self._process.stdout
        assert output is not None
        try:
            body = read_message(output)
        except (OSError, ValueError) as error:
            raise RecognizerError("a decoder process ended unexpectedly") from error
        if body is None:
            raise RecognizerError("a decoder process ended unexpectedly")
        answer = _decode_answer(body)
        if answer.error:
            raise RecognizerError(answer.error)
        return answer

    def kill(self) -> None:
        """Make whoever talks to the process return; `end` must follow."""
        self._process.kill()

    def end(self) -> None:
        """End the process and close its pipes."""
        self._process.kill()
        try:
            self._process.communicate(timeout=_END_S)
        except (OSError, ValueError):  # a pipe that is broken already
            self._process.wait(_END_S)


class SphinxRecognizer:
    """A `Recognizer` on PocketSphinx.

    Streams share a bounded number of decoders: a stream leases one for a segment, and waits when all are busy.

    Attributes:
        name: the engine's name and version.
    """

    def __init__(self, *, max_workers: int | None = None) -> None:
        """
        Args:
            max_workers: decoder processes at most, each of about 120 MB; twice the processors by default. They are
                started when first needed, and kept.

        Raises:
            ConfigError: PocketSphinx is not installed.
        """
        try:
            self.name = f"pocketsphinx {version('pocketsphinx')} en-us"
        except ImportError as error:
            raise ConfigError('the recogniser needs pocketsphinx: pip install "deepgram-anyio[local]"') from error
        self._max_workers = max_workers or 2 * (os.cpu_count() or 1)
        self._changed = threading.Condition()
        self._idle: list[_Worker] = []
        self._leased: set[_Worker] = set()
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
            # A leased worker is talking to another thread, which ends it as soon as its pipe has broken.
            for worker in self._leased:
                worker.kill()
            self._changed.notify_all()
        for worker in idle:
            worker.end()

    def lease(self) -> _Worker:
        """Take a decoder, waiting for one when all are busy."""
        with self._changed:
            while True:
                if self._closed:
                    raise RecognizerError("the recogniser is closed")
                if self._idle:
                    worker = self._idle.pop()
                    break
                if len(self._leased) < self._max_workers:
                    worker = _Worker()
                    break
                self._changed.wait()
            self._leased.add(worker)
            return worker

    def give_back(self, worker: _Worker, *, usable: bool) -> None:
        """Return a leased decoder."""
        with self._changed:
            self._leased.discard(worker)
            keep = usable and not self._closed
            if keep:
                self._idle.append(worker)
            self._changed.notify()
        if not keep:
            worker.end()


class SphinxRecognition:
    """The recognition of one channel; holds a decoder only within a segment."""

    def __init__(self, recognizer: SphinxRecognizer) -> None:
        self._recognizer = recognizer
        self._worker: _Worker | None = None
        self._means = ""

    def feed(self, samples: bytes) -> None:
        """Take more samples of the current segment."""
        if self._worker is None:
            self._worker = self._recognizer.lease()
            self._tell(Request("begin", means=self._means))
        self._tell(Request("feed", samples=samples))

    def partial(self) -> Sequence[RecognizedWord]:
        """Return the words so far."""
        return [] if self._worker is None else _words(self._ask(Request("partial")))

    def finish(self) -> Sequence[RecognizedWord]:
        """End the segment and return its words."""
        if self._worker is None:
            return []
        answer = self._ask(Request("finish"))
        self._means = answer.means
        self._let_go(usable=True)
        return _words(answer)

    def close(self) -> None:
        """Let go of the decoder."""
        # In the middle of a segment it is in a state of its own; a new process is simpler than a reset.
        self._let_go(usable=False)

    def _tell(self, request: Request) -> None:
        assert self._worker is not None
        try:
            self._worker.tell(request)
        except RecognizerError:
            self._let_go(usable=False)
            raise

    def _ask(self, request: Request) -> Answer:
        assert self._worker is not None
        try:
            return self._worker.ask(request)
        except RecognizerError:
            self._let_go(usable=False)
            raise

    def _let_go(self, *, usable: bool) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            self._recognizer.give_back(worker, usable=usable)


def _words(answer: Answer) -> list[RecognizedWord]:
    return [
        RecognizedWord(word=word, start_s=start_s, end_s=end_s, confidence=confidence)
        for word, start_s, end_s, confidence in answer.words
    ]
