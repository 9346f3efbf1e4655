"""What the embedded server needs of a recogniser and of a voice, so that either can be replaced.

Both are blocking: the server calls them in worker threads, never on the event loop. Samples are signed 16-bit integers
in the machine's byte order, mono, as `bytes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import msgspec

__all__ = ["RECOGNIZER_RATE", "Detector", "PlacedRecognition", "Recognition", "RecognizedWord", "Recognizer", "Voice"]

RECOGNIZER_RATE = 16_000
"""Sample rate, in Hz, of the audio that a `Recognition` is fed."""


class RecognizedWord(msgspec.Struct, frozen=True, kw_only=True):
    """One recognised word.

    Attributes:
        word: lower case, no punctuation.
        start_s: its start, in seconds from the first sample of the segment.
        end_s: its end, likewise.
        confidence: 0 to 1.
        written: as it stands in a text, with capitals and signs; None to have that found by rules.
        speaker: number of who said it, from 0; None when the engine does not tell speakers apart.
    """

    word: str
    start_s: float
    end_s: float
    confidence: float
    written: str | None = None
    speaker: int | None = None


class Detector(Protocol):
    """Tells speech from silence, frame by frame, on one channel. Used by one thread at a time.

    Attributes:
        frame_bytes: length of a frame at `RECOGNIZER_RATE`.
    """

    frame_bytes: int

    def feed(self, samples: bytes) -> Sequence[bool]:
        """Return, for each frame completed by these samples, whether it is speech.

        Args:
            samples: 16 bit, little-endian, mono, at `RECOGNIZER_RATE`.

        Returns:
            a flag for each whole frame; what is left waits for more.
        """
        ...


class Recognition(Protocol):
    """The recognition of one channel of one stream, segment after segment. Used by one thread at a time."""

    def feed(self, samples: bytes) -> None:
        """Take more samples of the current segment, of any length, at `RECOGNIZER_RATE`.

        Args:
            samples: 16 bit, little-endian, mono.
        """

    def partial(self) -> Sequence[RecognizedWord]:
        """The best guess at the words of the current segment so far; later guesses may differ.

        Returns:
            the words, in order.
        """
        ...

    def finish(self) -> Sequence[RecognizedWord]:
        """End the current segment and return its words, in order; the next `feed` begins a new one.

        Returns:
            the words, in order.
        """
        ...

    def close(self) -> None:
        """Let go of everything; harmless when repeated."""


@runtime_checkable
class PlacedRecognition(Recognition, Protocol):
    """A recognition that wants to know where in the stream it is."""

    def begin(self, start_s: float) -> None:
        """Learn where the segment begins that is fed next, in seconds from the first sample of the channel."""


@runtime_checkable
class Recognizer(Protocol):
    """Makes recognitions. Thread-safe.

    One that knows more languages than English says so in an attribute ``any_language = True``; requests that name
    others are refused without it.

    Attributes:
        name: the engine's name and version, as the server reports it in ``model_info``.
    """

    name: str

    def detector(self) -> Detector:
        """Make a speech detector for one channel.

        Returns:
            the detector, to be fed.
        """
        ...

    def open(self, *, keyterms: Sequence[str] = ()) -> Recognition:
        """Begin the recognition of one channel.

        Args:
            keyterms: words to favour, if it can.

        Returns:
            the recognition, to be fed and closed.
        """
        ...

    def close(self) -> None:
        """Let go of everything; harmless when repeated."""


@runtime_checkable
class Voice(Protocol):
    """Speaks text. Thread-safe.

    Attributes:
        name: the engine's and the voice's name.
        sample_rate: of the samples that it makes, in Hz.
    """

    name: str
    sample_rate: int

    def synthesize(self, text: str) -> Iterator[bytes]:
        """Yield the samples of a text in chunks, as they are made.

        Args:
            text: what to say.
        """
        ...

    def close(self) -> None:
        """Let go of everything; harmless when repeated."""
