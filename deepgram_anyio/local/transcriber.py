"""A whole live stream, from wire bytes to `/v1/listen` messages. Blocking, without I/O and without a clock."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ..protocol import listen
from ..protocol.ledger import AudioFormat
from ..protocol.listen_options import LiveOptions
from ..protocol.messages import Message
from .engines.base import RecognizedWord, Recognizer
from .formatting import as_written, parse_replacements, replaced_words
from .segments import (
    ChannelTranscriber,
    Heard,
    SegmentSettings,
    SpeechBegan,
    Stretch,
    UtteranceEnded,
)
from .wire_audio import WireAudio

__all__ = ["LiveTranscriber", "segment_settings"]

_MIN_ENDPOINT_S = 0.3
_INTERIM_S = 0.5
_MODEL_UUID = "00000000-0000-4000-8000-000000000001"


def segment_settings(options: LiveOptions) -> SegmentSettings:
    """Return when things happen, as the request asks.

    The packaged recogniser needs a pause of 0.3 s to tell words apart; a shorter ``endpointing`` counts as that.
    """
    endpointing = 10 if options.endpointing is None else options.endpointing
    return SegmentSettings(
        endpoint_s=None if endpointing is False else max(_MIN_ENDPOINT_S, endpointing / 1000),
        interim_s=_INTERIM_S if options.interim_results else None,
        utterance_end_s=options.utterance_end_ms / 1000 if options.utterance_end_ms else None,
    )


class LiveTranscriber:
    """One stream of `/v1/listen`. Used by one thread at a time.

    Attributes:
        request_id: of the stream.
    """

    def __init__(
        self,
        options: LiveOptions,
        recognizer: Recognizer,
        *,
        request_id: str,
        created: str,
    ) -> None:
        """
        Args:
            options: of the request.
            recognizer: the engine.
            request_id: of the stream.
            created: when it began, ISO 8601, for the `Metadata`.
        """
        self._options = options
        self._recognizer = recognizer
        self.request_id = request_id
        self._created = created
        self._sha256 = hashlib.sha256()
        self._replacements = parse_replacements(options.replace)
        self._keyterms = [options.keyterm] if isinstance(options.keyterm, str) else list(options.keyterm or ())
        self._channels: list[ChannelTranscriber] = []
        self._sentence_open: list[bool] = []
        self._audio = WireAudio(options.audio_format, mix=not options.multichannel)
        if self._audio.format is not None:
            self._begin(self._audio.format)

    def feed(self, data: bytes | memoryview) -> list[Message]:
        """Take bytes off the wire and return the messages that follow.

        Raises:
            UndecodableAudioError: they are not audio of the announced, or of any supported, form.
        """
        self._sha256.update(data)
        samples = self._audio.feed(data)
        if self._audio.format is not None and not self._channels:
            self._begin(self._audio.format)
        return self._hear(samples)

    def finalize(self, channel: int | None = None) -> list[Message]:
        """Return final results of everything so far, on one channel or all."""
        wanted = range(len(self._channels)) if channel is None else [channel]
        return [
            message
            for index in wanted
            if 0 <= index < len(self._channels)
            for message in self._messages(index, self._channels[index].finalize())
        ]

    def finish(self) -> list[Message]:
        """Return the last results and the closing `Metadata`.

        Raises:
            UndecodableAudioError: see `feed`.
        """
        messages = self._hear(self._audio.finish())
        for index, transcriber in enumerate(self._channels):
            messages += self._messages(index, transcriber.finish(self.duration_s))
        messages.append(self._metadata())
        return messages

    def close(self) -> None:
        """Let go of the recogniser; harmless when repeated."""
        for channel in self._channels:
            channel.close()

    @property
    def duration_s(self) -> float:
        """Length of the audio so far, in seconds."""
        return self._audio.duration_s

    def _begin(self, audio: AudioFormat) -> None:
        settings = segment_settings(self._options)
        for _ in range(audio.channels if self._options.multichannel else 1):
            recognition = self._recognizer.open(keyterms=self._keyterms)
            self._channels.append(ChannelTranscriber(recognition, self._recognizer.detector(), settings))
            self._sentence_open.append(False)

    def _hear(self, samples: Sequence[bytes]) -> list[Message]:
        return [
            message
            for index, mono in enumerate(samples)
            if mono
            for message in self._messages(index, self._channels[index].feed(mono))
        ]

    def _messages(self, channel: int, heard: Sequence[Heard]) -> list[Message]:
        place = [channel, len(self._channels)]
        messages: list[Message] = []
        for item in heard:
            if isinstance(item, Stretch):
                messages.append(self._results(channel, item))
            elif isinstance(item, SpeechBegan):
                if self._options.vad_events:
                    messages.append(listen.SpeechStarted(channel=place, timestamp=_s(item.at_s)))
            elif isinstance(item, UtteranceEnded):
                messages.append(listen.UtteranceEnd(channel=place, last_word_end=_s(item.last_word_end_s)))
        return messages

    def _results(self, channel: int, stretch: Stretch) -> listen.Results:
        words = self._words(channel, stretch)
        confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
        transcript = " ".join(word.punctuated_word or word.word for word in words)
        return listen.Results(
            channel_index=[channel, len(self._channels)],
            start=_s(stretch.start_s),
            duration=_s(stretch.end_s - stretch.start_s),
            is_final=stretch.final,
            speech_final=stretch.paused and bool(words),
            from_finalize=stretch.finalized,
            channel=listen.Channel(
                alternatives=[listen.Alternative(transcript=transcript, confidence=round(confidence, 4), words=words)]
            ),
            metadata=listen.ResultsMetadata(
                request_id=self.request_id, model_info=self._model_info(), model_uuid=_MODEL_UUID
            ),
        )

    def _words(self, channel: int, stretch: Stretch) -> list[listen.Word]:
        words = replaced_words(stretch.words, self._replacements)
        written: Sequence[str | None] = [None] * len(words)
        if self._options.punctuate or self._options.smart_format:
            ends = stretch.final and (stretch.paused or stretch.finalized)
            written = as_written(words, begins=not self._sentence_open[channel], ends=ends)
            if stretch.final and words:
                self._sentence_open[channel] = not ends
        diarize = bool(self._options.diarize)
        return [_word(word, text, diarize=diarize) for word, text in zip(words, written, strict=True)]

    def _model_info(self) -> listen.ModelInfo:
        return listen.ModelInfo(name=self._recognizer.name, version="local", arch="local")

    def _metadata(self) -> listen.Metadata:
        return listen.Metadata(
            transaction_key="deprecated",
            request_id=self.request_id,
            sha256=self._sha256.hexdigest(),
            created=self._created,
            duration=_s(self.duration_s),
            channels=max(1, len(self._channels)),
            models=[_MODEL_UUID],
            model_info={_MODEL_UUID: self._model_info()},
        )


def _word(word: RecognizedWord, written: str | None, *, diarize: bool) -> listen.Word:
    return listen.Word(
        word=word.word,
        start=_s(word.start_s),
        end=_s(word.end_s),
        confidence=round(word.confidence, 4),
        punctuated_word=written,
        speaker=word.speaker if diarize else None,
    )


def _s(seconds: float) -> float:
    return round(seconds, 3)
