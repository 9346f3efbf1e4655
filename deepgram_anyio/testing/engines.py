"""Engines that follow a script: an ear, a voice and a mind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from ..errors import ConfigError
from ..local.engines.base import RECOGNIZER_RATE, RecognizedWord
from ..local.engines.scripted import ToneVoice
from ..local.thinker import Conversation, Reply, RuleThinker
from ..protocol.wav import WavError, WavReader
from .audio import little_endian
from .scripts import PlacedUtterance

__all__ = ["Replies", "ScriptedEar", "ScriptedMind", "ScriptedVoice", "Speech"]

_BYTES_PER_S = RECOGNIZER_RATE * 2
_FRAME_S = 0.03
_NO_TIME_S = 1e-6  # sums of word lengths are not exact

Speech: TypeAlias = str | Path | bytes | Mapping[str, str | Path | bytes]
"""What text sounds like: a WAV file, by its path or its bytes; or one for each of some texts."""

Replies: TypeAlias = Sequence[str | Reply] | Callable[[Conversation], str | Reply]
"""What agents answer: the first, second, ... answer of each conversation, or a function that finds it."""


class ScriptedEar:
    """A `Recognizer` that hears what it is told, at the times it is told.

    Attributes:
        name: ``scripted``.
        any_language: a script may be in any.
    """

    name = "scripted"
    any_language = True

    def __init__(self, script: Callable[[str], Sequence[PlacedUtterance]]) -> None:
        """
        Args:
            script: gives what is said on the next channel of the stream, or recording, that is being served; it is
                asked for each channel once by its detector and once by its recognition, and told which of them asks.
        """
        self._script = script

    def detector(self) -> _Detector:
        """Make a detector for one channel."""
        return _Detector(self._script("detector"))

    def open(self, *, keyterms: Sequence[str] = ()) -> _Recognition:
        """Begin the recognition of one channel."""
        return _Recognition(self._script("recognition"))

    def close(self) -> None:
        """Nothing to let go of."""


class _Detector:
    """Takes for speech the time in which somebody speaks."""

    frame_bytes: int = round(_BYTES_PER_S * _FRAME_S)

    def __init__(self, utterances: Sequence[PlacedUtterance]) -> None:
        self._spans = [(utterance.start_s, utterance.end_s) for utterance in utterances]
        self._fed_bytes = 0
        self._frames = 0

    def feed(self, samples: bytes) -> Sequence[bool]:
        self._fed_bytes += len(samples)
        first, self._frames = self._frames, self._fed_bytes // self.frame_bytes
        return [self._speaks(index * _FRAME_S) for index in range(first, self._frames)]

    def _speaks(self, at_s: float) -> bool:
        return any(start_s < at_s + _FRAME_S and at_s < end_s for start_s, end_s in self._spans)


class _Recognition:
    """Hears the words of a segment's time that were not heard yet."""

    def __init__(self, utterances: Sequence[PlacedUtterance]) -> None:
        self._ahead = [list(utterance.words) for utterance in utterances]
        self._utterances = utterances
        self._start_s = 0.0
        self._fed_bytes = 0
        self._interims = 0

    def begin(self, start_s: float) -> None:
        self._start_s, self._fed_bytes, self._interims = start_s, 0, 0

    def feed(self, samples: bytes) -> None:
        self._fed_bytes += len(samples)

    def partial(self) -> Sequence[RecognizedWord]:
        now_s = self._start_s + self._fed_bytes / _BYTES_PER_S
        heard: list[RecognizedWord] = []
        for utterance, ahead in zip(self._utterances, self._ahead, strict=True):
            if ahead and utterance.interims and utterance.start_s < now_s:
                text = utterance.interims[min(self._interims, len(utterance.interims) - 1)]
                heard += _spread(text, utterance.start_s, min(now_s, utterance.end_s))
            else:
                heard += [word for word in ahead if word.end_s <= now_s + _NO_TIME_S]
        self._interims += 1
        return self._placed(heard)

    def finish(self) -> Sequence[RecognizedWord]:
        now_s = self._start_s + self._fed_bytes / _BYTES_PER_S
        heard: list[RecognizedWord] = []
        for utterance, ahead in zip(self._utterances, self._ahead, strict=True):
            begun = bool(ahead) and ahead[0].start_s < now_s
            count = len([word for word in ahead if word.start_s < now_s or (begun and utterance.whole)])
            heard += ahead[:count]
            del ahead[:count]
        return self._placed(heard)

    def close(self) -> None:
        pass

    def _placed(self, words: Sequence[RecognizedWord]) -> list[RecognizedWord]:
        start_s = self._start_s
        return [
            msgspec.structs.replace(
                word, start_s=max(0.0, word.start_s - start_s), end_s=max(0.0, word.end_s - start_s)
            )
            for word in words
        ]


def _spread(text: str, start_s: float, end_s: float) -> Iterator[RecognizedWord]:
    words = text.split()
    share_s = (end_s - start_s) / max(1, len(words))
    for index, word in enumerate(words):
        at_s = start_s + index * share_s
        yield RecognizedWord(word=word.lower(), start_s=at_s, end_s=at_s + share_s, confidence=0.5)


class ScriptedVoice:
    """A `Voice` that plays WAV files, or hums.

    Attributes:
        name: ``scripted``.
        sample_rate: of its samples, in Hz.
    """

    name = "scripted"

    def __init__(self, speech: Speech | None = None) -> None:
        """
        Args:
            speech: what text sounds like; None, and for texts that a mapping leaves out: each word is a tone.

        Raises:
            ConfigError: a file that is no WAV file of 16-bit mono samples, or not of the same rate as the others.
        """
        self._default: bytes | None = None
        self._files: dict[str, bytes] = {}
        rates = set()
        files = speech.items() if isinstance(speech, Mapping) else [] if speech is None else [("", speech)]
        for text, source in files:
            rate, samples = _read_wav(source)
            rates.add(rate)
            if isinstance(speech, Mapping):
                self._files[text.strip()] = samples
            else:
                self._default = samples
        if len(rates) > 1:
            raise ConfigError(f"the WAV files of a voice must have the same sample rate, not {sorted(rates)}")
        self.sample_rate: int = rates.pop() if rates else RECOGNIZER_RATE
        self._hum = ToneVoice(sample_rate=self.sample_rate)

    def synthesize(self, text: str) -> Iterator[bytes]:
        """Yield the samples of a text."""
        samples = self._files.get(text.strip(), self._default)
        if samples is None:
            yield from self._hum.synthesize(text)
        else:
            yield samples

    def close(self) -> None:
        """Nothing to let go of."""


def _read_wav(source: str | Path | bytes) -> tuple[int, bytes]:
    try:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        reader = WavReader()
        samples = reader.feed(data)
        reader.close()
    except (OSError, WavError) as error:
        raise ConfigError(f"a voice plays WAV files: {error}") from error
    found = reader.format
    if found is None or found.encoding != "linear16" or found.channels != 1:
        raise ConfigError(f"a voice plays WAV files of 16-bit mono samples, not {found}")
    return found.sample_rate, little_endian(samples)


class ScriptedMind:
    """A `Thinker` that answers as it is told."""

    def __init__(self, replies: Replies | None, turn: Callable[[], int]) -> None:
        """
        Args:
            replies: the answers; None for the packaged rules, see `deepgram_anyio.local.RuleThinker`. After the last
                one of a list, nothing is said.
            turn: gives how often it was asked before in the conversation that is being served.
        """
        if isinstance(replies, str):
            raise ConfigError("replies must be a list of answers, or a function, not one text")
        self._replies = replies
        self._turn = turn
        self._rules = RuleThinker()
        self._lock = threading.Lock()

    def reply(self, conversation: Conversation) -> Reply:
        """Answer the last item of a conversation."""
        if self._replies is None:
            return self._rules.reply(conversation)
        if callable(self._replies):
            answer = self._replies(conversation)
        else:
            with self._lock:
                turn = self._turn()
            answer = self._replies[turn] if turn < len(self._replies) else ""
        return Reply(text=answer) if isinstance(answer, str) else answer
