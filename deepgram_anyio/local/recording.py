"""A recording's transcription: what the recogniser hears, and how it is written down. Blocking."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

import msgspec

from ..protocol.listen import ModelInfo, SearchHit, SearchTerm
from ..protocol.rest.prerecorded_options import PrerecordedOptions
from ..protocol.rest.transcription import (
    Alternative,
    Channel,
    Paragraph,
    Paragraphs,
    Sentence,
    Transcription,
    TranscriptionMetadata,
    TranscriptionResults,
    Utterance,
    Word,
)
from .codecs.decode import RecordingDecoder
from .engines.base import RecognizedWord, Recognizer
from .formatting import as_written, parse_replacements, replaced_words
from .segments import ChannelTranscriber, Heard, SegmentSettings, Stretch

__all__ = ["HeardChannel", "Origin", "asked_for", "hear", "strings", "written"]

_MODEL_UUID: Final = "00000000-0000-4000-8000-000000000001"
# Longer than on a live stream: nobody waits, and words that belong together stay in one sentence.
_SEGMENTS: Final = SegmentSettings(endpoint_s=0.5)
_UTTERANCE_GAP_S: Final = 0.8
_PARAGRAPH_GAP_S: Final = 2.0
_PARAGRAPH_SENTENCES: Final = 5

_NOT_OBEYED: Final = (
    *("language_hint", "numerals", "measurements", "dictation", "profanity_filter", "redact", "keyterm", "keywords"),
    *("detect_entities", "diarize", "diarize_model", "diarize_version", "filler_words", "detect_topics", "tier"),
)


class HeardChannel(msgspec.Struct):
    """What was said on one channel, sentence by sentence; a sentence is what was said between two pauses."""

    sentences: list[list[RecognizedWord]] = []
    open: bool = False

    @property
    def diarized(self) -> bool:
        """Whether the engine told who said what."""
        return any(word.speaker is not None for sentence in self.sentences for word in sentence)

    def add(self, heard: Sequence[Heard]) -> None:
        """Take what a `ChannelTranscriber` heard."""
        for item in heard:
            if not isinstance(item, Stretch) or not item.final:
                continue
            if item.words:
                if not self.open:
                    self.sentences.append([])
                self.sentences[-1] += item.words
                self.open = True
            if item.paused:
                self.open = False


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a transcription comes from.

    Attributes:
        request_id: of the request.
        created: when it was made.
        sha256: of the recording, in hexadecimal.
        duration_s: of the audio, in seconds.
        engine: name of the recogniser.
    """

    request_id: str
    created: datetime
    sha256: str
    duration_s: float
    engine: str


def hear(decoder: RecordingDecoder, recognizer: Recognizer, options: PrerecordedOptions) -> list[HeardChannel]:
    """Recognise a whole recording, channel by channel, as it is decoded.

    Args:
        decoder: gives the audio; its own check can end the work.
        recognizer: the engine.
        options: of the request.

    Raises:
        TooMuchAudioError: see `RecordingDecoder.pieces`; likewise `UndecodableAudioError` and `ConfigError`.
    """
    transcribers: list[ChannelTranscriber] = []
    heard: list[HeardChannel] = []
    try:
        for samples in decoder.pieces():
            while len(transcribers) < len(samples):
                recognition = recognizer.open(keyterms=strings(options.keyterm))
                transcribers.append(ChannelTranscriber(recognition, recognizer.detector(), _SEGMENTS))
                heard.append(HeardChannel())
            for transcriber, channel, mono in zip(transcribers, heard, samples, strict=True):
                channel.add(transcriber.feed(mono))
        for transcriber, channel in zip(transcribers, heard, strict=True):
            channel.add(transcriber.finish(decoder.duration_s))
    finally:
        for transcriber in transcribers:
            transcriber.close()
    return heard


def written(heard: Sequence[HeardChannel], options: PrerecordedOptions, origin: Origin) -> Transcription:
    """Write down what was heard, as the request asks."""
    sentences = [_written_sentences(channel, options) for channel in heard]
    utterances = None
    if options.utterances:
        gap_s = options.utt_split or _UTTERANCE_GAP_S
        found = [item for index, channel in enumerate(sentences) for item in _utterances(channel, index, gap_s)]
        utterances = sorted(found, key=lambda utterance: utterance.start)
    return Transcription(
        metadata=_metadata(options, origin, heard),
        results=TranscriptionResults(
            channels=[_channel(channel, options) for channel in sentences], utterances=utterances
        ),
    )


def strings(value: bool | str | Sequence[str] | None) -> list[str]:
    """Return a parameter that can be given once or several times as a list."""
    if value is None or isinstance(value, bool):
        return []
    return [value] if isinstance(value, str) else list(value)


def asked_for(value: object) -> bool:
    """Whether a parameter that can be a flag or a text asks for anything."""
    return value not in (None, False, "", "false", [])


def _written_sentences(channel: HeardChannel, options: PrerecordedOptions) -> list[list[Word]]:
    replacements = parse_replacements(options.replace)
    with_signs = bool(options.punctuate or options.smart_format or options.paragraphs)
    result = []
    for sentence in channel.sentences:
        heard = replaced_words(sentence, replacements)
        signs: Sequence[str | None] = [None] * len(heard)
        if with_signs:
            signs = as_written(heard, begins=True, ends=True)
        words = [_word(word, sign, diarize=bool(options.diarize)) for word, sign in zip(heard, signs, strict=True)]
        if words:
            result.append(words)
    return result


def _word(word: RecognizedWord, punctuated_word: str | None, *, diarize: bool) -> Word:
    return Word(
        word=word.word,
        start=_s(word.start_s),
        end=_s(word.end_s),
        confidence=round(word.confidence, 4),
        punctuated_word=punctuated_word,
        speaker=word.speaker if diarize else None,
    )


def _channel(sentences: Sequence[Sequence[Word]], options: PrerecordedOptions) -> Channel:
    words = [word for sentence in sentences for word in sentence]
    paragraphs = _paragraphs(sentences) if options.paragraphs or options.smart_format else None
    search = [_search(term, words) for term in strings(options.search)]
    return Channel(
        alternatives=[
            Alternative(transcript=_text(words), confidence=_confidence(words), words=words, paragraphs=paragraphs)
        ],
        search=search or None,
        detected_language="en" if asked_for(options.detect_language) else None,
    )


def _paragraphs(sentences: Sequence[Sequence[Word]]) -> Paragraphs:
    groups: list[list[Sequence[Word]]] = []
    for sentence in sentences:
        last = groups[-1] if groups else None
        if (
            last is None
            or len(last) >= _PARAGRAPH_SENTENCES
            or sentence[0].start - last[-1][-1].end >= _PARAGRAPH_GAP_S
            or sentence[0].speaker != last[-1][-1].speaker
        ):
            groups.append([sentence])
        else:
            last.append(sentence)
    paragraphs = [
        Paragraph(
            sentences=[Sentence(text=_text(words), start=words[0].start, end=words[-1].end) for words in group],
            num_words=sum(map(len, group)),
            start=group[0][0].start,
            end=group[-1][-1].end,
            speaker=group[0][0].speaker,
        )
        for group in groups
    ]
    transcript = "\n\n".join(paragraph.text for paragraph in paragraphs)
    return Paragraphs(transcript=f"\n{transcript}" if transcript else "", paragraphs=paragraphs)


def _utterances(sentences: Sequence[Sequence[Word]], channel: int, gap_s: float) -> Iterator[Utterance]:
    words = [word for sentence in sentences for word in sentence]
    cuts = [
        index
        for index, (one, other) in enumerate(pairwise(words), 1)
        if other.start - one.end >= gap_s or other.speaker != one.speaker
    ]
    for start, end in pairwise([0, *cuts, len(words)]):
        said = words[start:end]
        if said:
            yield Utterance(
                start=said[0].start,
                end=said[-1].end,
                confidence=_confidence(said),
                channel=channel,
                transcript=_text(said),
                words=said,
                speaker=said[0].speaker,
                id=str(uuid.uuid4()),
            )


def _search(term: str, words: Sequence[Word]) -> SearchTerm:
    wanted = " ".join(term.lower().split())
    length = wanted.count(" ") + 1
    hits = []
    for start in range(len(words) - length + 1 if wanted else 0):
        found = words[start : start + length]
        snippet = " ".join(word.word for word in found)
        if wanted in snippet.lower():
            hits.append(
                SearchHit(confidence=_confidence(found), start=found[0].start, end=found[-1].end, snippet=snippet)
            )
    return SearchTerm(query=term, hits=hits)


def _metadata(options: PrerecordedOptions, origin: Origin, heard: Sequence[HeardChannel]) -> TranscriptionMetadata:
    return TranscriptionMetadata(
        transaction_key="deprecated",
        request_id=origin.request_id,
        sha256=origin.sha256,
        created=origin.created,
        duration=_s(origin.duration_s),
        channels=len(heard),
        models=[_MODEL_UUID],
        model_info={_MODEL_UUID: ModelInfo(name=origin.engine, version="local", arch="local")},
        warnings=_warnings(options, heard) or None,
        extra=_extra(options.extra),
        tags=strings(options.tag) or None,
    )


def _warnings(options: PrerecordedOptions, heard: Sequence[HeardChannel]) -> list[dict[str, str]]:
    names = [name for name in _NOT_OBEYED if asked_for(getattr(options, name))]
    if "diarize" in names and any(channel.diarized for channel in heard):
        names.remove("diarize")
    if (options.alternatives or 1) > 1:
        names.append("alternatives")
    if options.version not in (None, "latest"):
        names.append("version")
    return [
        {
            "parameter": name,
            "type": "unsupported_parameter",
            "message": f"The local server does not support {name}; the parameter was ignored.",
        }
        for name in names
    ]


def _extra(value: str | Sequence[str] | dict[str, str] | None) -> dict[str, str] | None:
    if isinstance(value, dict):
        return value
    pairs = (item.partition(":") for item in strings(value))
    return {key: text for key, _, text in pairs} or None


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _confidence(words: Sequence[Word]) -> float:
    return round(sum(word.confidence for word in words) / len(words), 4) if words else 0.0


def _s(seconds: float) -> float:
    return round(seconds, 3)
