"""The packaged recogniser: PocketSphinx with the US-English model of its wheel, in a pool of processes."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version

from ...errors import ConfigError
from .base import RecognizedWord
from .failures import EngineError
from .sphinx_pool import DecoderPool, DecoderProcess
from .sphinx_wire import Begin, CepstralMean, Feed, Finish, Partial
from .vad import SpeechDetector

__all__ = ["SphinxRecognition", "SphinxRecognizer"]


class SphinxRecognizer:
    """A `Recognizer` on PocketSphinx.

    Streams share a bounded number of decoders: a stream leases one for a segment, and waits when all are leased.

    Attributes:
        name: the engine's name, version and model.
    """

    name: str

    def __init__(self, *, max_workers: int | None = None) -> None:
        """
        Args:
            max_workers: decoder processes at most, each of about 110 MB; twice the number of processors by default.
                They are started when first needed, and kept until this object is closed or forgotten.

        Raises:
            ConfigError: `max_workers` is below 1. (Without PocketSphinx this module cannot be imported.)
        """
        if max_workers is None:
            max_workers = 2 * (os.cpu_count() or 1)
        if max_workers < 1:
            raise ConfigError(f"max_workers must be at least 1, not {max_workers}")
        self.name = f"pocketsphinx {version('pocketsphinx')} en-us"
        self._pool = DecoderPool(max_workers)
        self._close = weakref.finalize(self, self._pool.close)

    def detector(self) -> SpeechDetector:
        """Make a speech detector for one channel."""
        return SpeechDetector()

    def open(self, *, keyterms: Sequence[str] = ()) -> SphinxRecognition:
        """Begin the recognition of one channel; the model is general, so that `keyterms` have no effect."""
        return SphinxRecognition(self, self._pool)

    def close(self) -> None:
        """End all decoders; what waits for one, or for an answer, fails. Harmless when repeated."""
        self._close()


class SphinxRecognition:
    """The recognition of one channel; holds a decoder only within a segment."""

    def __init__(self, recognizer: SphinxRecognizer, pool: DecoderPool) -> None:
        self._recognizer = recognizer  # with which its decoders end
        self._pool = pool
        self._process: DecoderProcess | None = None
        self._mean: CepstralMean | None = None

    def feed(self, samples: bytes) -> None:
        """Take more samples of the current segment; the first of a segment wait for a decoder.

        Raises:
            EngineError: the decoder's process died, and the segment is lost; or the recogniser is closed.
        """
        if self._process is None:
            self._process = self._pool.lease()
            with self._call() as decoder:
                decoder.tell(Begin(self._mean))
        with self._call() as decoder:
            decoder.tell(Feed(samples))

    def partial(self) -> Sequence[RecognizedWord]:
        """Return the words so far.

        Raises:
            EngineError: as from `feed`.
        """
        if self._process is None:
            return []
        with self._call() as decoder:
            return decoder.ask(Partial()).words

    def finish(self) -> Sequence[RecognizedWord]:
        """End the segment and return its words.

        Raises:
            EngineError: as from `feed`.
        """
        if self._process is None:
            return []
        with self._call() as decoder:
            reply = decoder.ask(Finish())
        self._mean = reply.cmn
        self._let_go(usable=True)
        return reply.words

    def close(self) -> None:
        """Let go of the decoder; an unfinished segment is dropped."""
        self._let_go(usable=True)

    @contextmanager
    def _call(self) -> Iterator[DecoderProcess]:
        assert self._process is not None
        try:
            yield self._process
        except EngineError as error:
            self._let_go(usable=False)
            if self._pool.closed:
                raise EngineError("the recogniser was closed in the middle of a segment") from error
            raise

    def _let_go(self, *, usable: bool) -> None:
        process, self._process = self._process, None
        if process is not None:
            self._pool.give_back(process, usable=usable)
