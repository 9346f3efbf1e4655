"""The agent's ear: the user's audio to whole turns of words. Blocking, and without a clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ..protocol.ledger import AudioFormat
from .engines.base import RecognizedWord, Recognizer
from .engines.conversion import pcm_decoder
from .formatting import as_written
from .segments import ChannelTranscriber, Heard, SegmentSettings, SpeechBegan, Stretch

__all__ = ["Ear", "TurnBegan", "TurnEnded"]

# A pause in a conversation is longer than one in dictation.
_END_OF_TURN_S = 0.6


class TurnBegan(msgspec.Struct, frozen=True):
    """The user began to speak."""


class TurnEnded(msgspec.Struct, frozen=True):
    """The user paused; `text` is empty when it was no speech after all."""

    text: str


class Ear:
    """Hears one user. Used by one thread at a time."""

    def __init__(self, audio: AudioFormat, recognizer: Recognizer, *, keyterms: Sequence[str] = ()) -> None:
        assert audio.encoding is not None
        assert audio.sample_rate is not None
        self._decoder = pcm_decoder(audio.encoding, audio.sample_rate)
        settings = SegmentSettings(endpoint_s=_END_OF_TURN_S)
        self._transcriber = ChannelTranscriber(recognizer.open(keyterms=keyterms), recognizer.detector(), settings)
        self._words: list[RecognizedWord] = []
        self._listening = False

    def feed(self, data: bytes) -> list[TurnBegan | TurnEnded]:
        """Take audio off the wire, and return what follows from it."""
        return list(self._turns(self._transcriber.feed(b"".join(self._decoder.feed(data)))))

    def end_turn(self) -> list[TurnBegan | TurnEnded]:
        """Do not wait for a pause."""
        return list(self._turns(self._transcriber.finalize()))

    def close(self) -> None:
        """Let go of the recogniser; harmless when repeated."""
        self._transcriber.close()

    def _turns(self, heard: Iterable[Heard]) -> Iterator[TurnBegan | TurnEnded]:
        for item in heard:
            if isinstance(item, SpeechBegan) and not self._listening:
                self._listening = True
                yield TurnBegan()
            elif isinstance(item, Stretch) and item.final and self._listening:
                self._words += item.words
                if item.paused or item.finalized:
                    words, self._words, self._listening = self._words, [], False
                    yield TurnEnded(" ".join(as_written(words, begins=True, ends=True)))
