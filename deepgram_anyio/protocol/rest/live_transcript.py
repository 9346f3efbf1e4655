"""A live transcription's results, collected into what a recording's transcription would be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from .. import listen
from .transcription import (
    Alternative,
    Channel,
    Transcription,
    TranscriptionMetadata,
    TranscriptionResults,
    Utterance,
    Word,
)

__all__ = ["LiveTranscript"]


class _Heard:
    """What was heard on one channel."""

    def __init__(self) -> None:
        self.finals: list[listen.Alternative] = []
        self.utterances: list[Utterance] = []
        self._open: list[listen.Alternative] = []

    def add(self, best: listen.Alternative, *, ends_utterance: bool, channel: int) -> None:
        self.finals.append(best)
        self._open.append(best)
        if ends_utterance:
            self.utterances += self.open_utterance(channel)
            self._open = []

    def open_utterance(self, channel: int) -> list[Utterance]:
        """What was said since the last pause: one utterance, or none."""
        words = _words(self._open)
        if not words:
            return []
        return [
            Utterance(
                start=words[0].start,
                end=words[-1].end,
                confidence=_confidence(words),
                channel=channel,
                transcript=_text(self._open),
                words=words,
                speaker=words[0].speaker,
                languages=_languages(self._open),
            )
        ]

    def channel(self) -> Channel:
        words = _words(self.finals)
        return Channel(
            alternatives=[
                Alternative(
                    transcript=_text(self.finals),
                    confidence=_confidence(words),
                    words=words,
                    languages=_languages(self.finals),
                )
            ]
        )


class LiveTranscript:
    """Collects the events of a live transcription into a `Transcription`, to be kept, read or captioned.

    ```python
    said = LiveTranscript()
    async with dg.listen.v1.stream("speech.wav", smart_format=True) as results:
        async for event in results:
            said.add(event)
    print(said.to_webvtt())
    ```
    """

    def __init__(self, *, utterances: bool = False) -> None:
        """
        Args:
            utterances: make utterances, too: what was said on a channel up to each ``speech_final``.
        """
        self._with_utterances = utterances
        self._channels: dict[int, _Heard] = {}
        self._last: listen.Results | None = None
        self._summed_up: listen.Metadata | None = None
        self._count = 0
        self._end_s = 0.0

    def add(self, event: object) -> None:
        """Take an event of any kind; final `listen.Results` and `listen.Metadata` count, the others do not matter.

        Args:
            event: what the iteration yielded.
        """
        if isinstance(event, listen.Metadata):
            self._summed_up = event
        elif isinstance(event, listen.Results) and event.is_final:
            self._add_final(event)

    def _add_final(self, results: listen.Results) -> None:
        channel, *count = results.channel_index or [0]
        self._last = results
        self._count = max(self._count, channel + 1, *count)
        self._end_s = max(self._end_s, results.start + results.duration)
        if results.channel.alternatives:
            heard = self._channels.setdefault(channel, _Heard())
            heard.add(results.channel.alternatives[0], ends_utterance=results.speech_final, channel=channel)

    def transcription(self) -> Transcription:
        """Return what was said so far; changing it does not change this."""
        heard = [(index, self._channels.get(index, _Heard())) for index in range(self._count)]
        utterances = [
            utterance for index, channel in heard for utterance in channel.utterances + channel.open_utterance(index)
        ]
        return Transcription(
            metadata=self._metadata(),
            results=TranscriptionResults(
                channels=[channel.channel() for _, channel in heard],
                utterances=sorted(utterances, key=lambda found: found.start) if self._with_utterances else None,
            ),
        )

    def to_webvtt(self, line_length: int = 8) -> str:
        """Return what was said so far as a WebVTT document; see `Transcription.to_webvtt`.

        Args:
            line_length: words in a caption, at most.
        """
        return self.transcription().to_webvtt(line_length)

    def to_srt(self, line_length: int = 8) -> str:
        """Return what was said so far as an SRT document; see `Transcription.to_webvtt`.

        Args:
            line_length: words in a caption, at most.
        """
        return self.transcription().to_srt(line_length)

    def _metadata(self) -> TranscriptionMetadata:
        found = TranscriptionMetadata(duration=self._end_s, channels=self._count)
        if self._last is not None:
            said = self._last.metadata
            found.request_id, found.models = said.request_id, [said.model_uuid]
            found.model_info = {said.model_uuid: said.model_info}
        if self._summed_up is not None:
            known = self._summed_up
            found.transaction_key, found.request_id = known.transaction_key, known.request_id
            found.sha256, found.created = known.sha256, _time(known.created)
            # After a reconnection the server's own count begins anew; the results' times do not.
            found.duration = max(known.duration, self._end_s)
            found.models, found.model_info = known.models or found.models, known.model_info or found.model_info
            found.extra = known.extra
        return found


def _words(finals: Sequence[listen.Alternative]) -> list[Word]:
    return [
        Word(
            word=word.word,
            start=word.start,
            end=word.end,
            confidence=word.confidence,
            punctuated_word=word.punctuated_word,
            speaker=word.speaker,
            language=word.language,
        )
        for final in finals
        for word in final.words
    ]


def _text(finals: Sequence[listen.Alternative]) -> str:
    return " ".join(final.transcript for final in finals if final.transcript)


def _confidence(words: Sequence[Word]) -> float:
    return sum(word.confidence for word in words) / len(words) if words else 0.0


def _languages(finals: Sequence[listen.Alternative]) -> list[str] | None:
    return list(dict.fromkeys(language for final in finals for language in final.languages or ())) or None


def _time(text: str) -> datetime | None:
    try:
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return None  # the transcript is what matters
