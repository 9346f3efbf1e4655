"""A whole conversational stream, from wire bytes to `/v2/listen` messages. Blocking, without I/O and clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ..protocol import flux
from ..protocol.flux_options import FluxOptions
from ..protocol.messages import Message
from .engines.base import RecognizedWord, Recognizer
from .segments import ChannelTranscriber
from .turns import TURN_SEGMENTS, Turn, TurnDetector, TurnSettings
from .wire_audio import WireAudio

__all__ = ["MULTILINGUAL", "FluxTranscriber", "english_only", "listed", "threshold_problem"]

MULTILINGUAL = "flux-general-multi"

_RANGES = {"eager_eot_threshold": (0.3, 0.9), "eot_threshold": (0.5, 0.9), "eot_timeout_ms": (500, 60_000)}
_UNNUMBERED = 0  # the machine numbers the messages as it sends them


def threshold_problem(thresholds: flux.Thresholds | FluxOptions) -> str | None:
    """Return what is wrong with thresholds; None when nothing is."""
    for name, (low, high) in _RANGES.items():
        value = getattr(thresholds, name)
        manual = name == "eot_threshold" and value == 1.0
        if value is not None and not manual and not low <= value <= high:
            return f"{name} must be {low} to {high}, not {value:g}"
    return None


def english_only(hints: Sequence[str]) -> bool:
    """Return whether what the recogniser knows is among the languages named, if any are."""
    return not hints or any(hint.partition("-")[0].lower() == "en" for hint in hints)


def listed(terms: str | Sequence[str] | None) -> list[str]:
    """Return a parameter that may be repeated as a list."""
    return [terms] if isinstance(terms, str) else list(terms or ())


class FluxTranscriber:
    """One stream of `/v2/listen`. Used by one thread at a time.

    Attributes:
        request_id: of the stream.
    """

    def __init__(self, options: FluxOptions, recognizer: Recognizer, *, request_id: str) -> None:
        """
        Args:
            options: of the request, with thresholds that `threshold_problem` finds nothing wrong with.
            recognizer: the engine.
            request_id: of the stream.
        """
        self.request_id: str = request_id
        self._multilingual = options.model == MULTILINGUAL
        self._keyterms = listed(options.keyterm)
        self._hints = listed(options.language_hint)
        self._thresholds = flux.Thresholds(
            eager_eot_threshold=options.eager_eot_threshold,
            eot_threshold=0.7 if options.eot_threshold is None else options.eot_threshold,
            eot_timeout_ms=options.eot_timeout_ms or 5000,
        )
        self._audio = WireAudio(options.audio_format, mix=True)
        detector = recognizer.detector()
        channel = ChannelTranscriber(recognizer.open(keyterms=self._keyterms), detector, TURN_SEGMENTS)
        self._turns = TurnDetector(channel, detector.frame_bytes, _settings(self._thresholds))

    def feed(self, data: bytes | memoryview) -> list[Message]:
        """Take bytes off the wire and return the messages that follow.

        Raises:
            UndecodableAudioError: they are not audio of the announced, or of any supported, form.
        """
        return self._messages(turn for samples in self._audio.feed(data) for turn in self._turns.feed(samples))

    def force_end_turn(self) -> list[Message]:
        """End the present turn, if there is one."""
        return self._messages(self._turns.force_end())

    def finish(self) -> list[Message]:
        """Return what was said since the last turn ended, as an update.

        Raises:
            UndecodableAudioError: see `feed`.
        """
        rest = b"".join(self._audio.finish())
        return self._messages([self._turns.finish(rest, self._audio.duration_s)])

    def configure(self, message: flux.Configure) -> Message:
        """Change the running stream, or say why not; then nothing has changed."""
        problem = self._problem(message)
        if problem is not None:
            code, description = problem
            return flux.ConfigureFailure(
                request_id=self.request_id, sequence_id=_UNNUMBERED, code=code, description=description
            )
        changed = message.thresholds.to_dict() if message.thresholds is not None else {}
        self._thresholds = msgspec.structs.replace(self._thresholds, **changed)
        self._turns.settings = _settings(self._thresholds)
        if message.language_hints is not None:
            self._hints = message.language_hints
        return flux.ConfigureSuccess(
            request_id=self.request_id,
            sequence_id=_UNNUMBERED,
            thresholds=self._thresholds,
            keyterms=self._keyterms,
            language_hints=self._hints if self._multilingual else None,
        )

    def close(self) -> None:
        """Let go of the recogniser; harmless when repeated."""
        self._turns.close()

    def _problem(self, message: flux.Configure) -> tuple[str, str] | None:
        wrong = threshold_problem(message.thresholds) if message.thresholds is not None else None
        if wrong is not None:
            return "INVALID_THRESHOLDS", wrong
        if message.keyterms is not None and listed(message.keyterms) != self._keyterms:
            return "KEYTERMS_NOT_SUPPORTED", "the recogniser of the local server takes no key terms while it runs"
        if message.language_hints is not None and not self._multilingual:
            return "LANGUAGE_HINTS_NOT_SUPPORTED", f"language_hints need model={MULTILINGUAL}"
        if not english_only(message.language_hints or ()):
            return "LANGUAGE_HINTS_NOT_SUPPORTED", "the local server recognises English only"
        if message.numerals:
            return "NUMERALS_NOT_SUPPORTED", "the local server does not format numbers"
        return None

    def _messages(self, turns: Iterable[Turn]) -> list[Message]:
        return [self._turn_info(turn) for turn in turns]

    def _turn_info(self, turn: Turn) -> flux.TurnInfo:
        return flux.TurnInfo(
            request_id=self.request_id,
            sequence_id=_UNNUMBERED,
            event=turn.event,
            turn_index=turn.index,
            audio_window_start=_s(turn.start_s),
            audio_window_end=_s(turn.end_s),
            transcript=" ".join(word.word for word in turn.words),
            words=[_word(word) for word in turn.words],
            end_of_turn_confidence=round(turn.confidence, 4),
            trigger=turn.trigger,
            languages=["en"] if self._multilingual and turn.words else None,
            languages_hinted=self._hints or None,
        )


def _settings(thresholds: flux.Thresholds) -> TurnSettings:
    assert thresholds.eot_threshold is not None
    assert thresholds.eot_timeout_ms is not None
    return TurnSettings(
        eager_eot_threshold=thresholds.eager_eot_threshold,
        eot_threshold=thresholds.eot_threshold,
        eot_timeout_s=thresholds.eot_timeout_ms / 1000,
    )


def _word(word: RecognizedWord) -> flux.Word:
    return flux.Word(word=word.word, confidence=round(word.confidence, 4), start=_s(word.start_s), end=_s(word.end_s))


def _s(seconds: float) -> float:
    return round(seconds, 3)
