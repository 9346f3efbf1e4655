"""The answer of ``POST /v1/listen``: what was said in a recording, and what every program wants of that first.

Source: Deepgram's OpenAPI specification, with what recorded answers and its newer SDKs add. Times are in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from msgspec import field

from ..listen import ModelInfo, SearchTerm
from .analysis import AverageSentiment, Intents, ModelUse, Sentiments, Summary, Topics
from .base import Record, Response, explicit_list
from .captions import srt_captions, webvtt_captions

__all__ = [
    "Alternative",
    "Channel",
    "ChunkSummary",
    "ChunkTopics",
    "Entity",
    "Paragraph",
    "Paragraphs",
    "Sentence",
    "Transcription",
    "TranscriptionAccepted",
    "TranscriptionMetadata",
    "TranscriptionResults",
    "Translation",
    "Utterance",
    "Word",
]


T = TypeVar("T")

if TYPE_CHECKING:
    _List: TypeAlias = list[T]
    _Text: TypeAlias = str
else:
    # What is always there for whoever reads it may be null on the wire; `__post_init__` fills it in.
    _List = list[T] | None
    _Text = str | None


class Word(Record, gc=False, kw_only=True):
    """One word of a transcript.

    Attributes:
        word: the word, lower case, without punctuation.
        start: its start, in seconds.
        end: its end, in seconds.
        confidence: 0 to 1; 0 when the server did not say.
        punctuated_word: the word as it stands in the transcript, with ``punctuate`` or ``smart_format``.
        speaker: number of the speaker, from 0, with ``diarize``.
        speaker_confidence: 0 to 1.
        language: its language as a BCP-47 tag, with ``language=multi``.
        sentiment: ``positive``, ``neutral`` or ``negative``, with ``sentiment``.
        sentiment_score: -1 to 1.
    """

    word: str
    start: float
    end: float
    confidence: float = 0.0
    punctuated_word: str | None = None
    speaker: int | None = None
    speaker_confidence: float | None = None
    language: str | None = None
    sentiment: str | None = None
    sentiment_score: float | None = None

    @property
    def text(self) -> str:
        """The word as it is to be read."""
        return self.punctuated_word or self.word


class Sentence(Record, kw_only=True):
    """A sentence of a paragraph.

    Attributes:
        text: the text.
        start: its start, in seconds.
        end: its end, in seconds.
        sentiment: ``positive``, ``neutral`` or ``negative``.
        sentiment_score: -1 to 1.
    """

    text: str
    start: float
    end: float
    sentiment: str | None = None
    sentiment_score: float | None = None


class Paragraph(Record, kw_only=True):
    """A paragraph, of one speaker with ``diarize``.

    Attributes:
        sentences: its sentences.
        speaker: number of the speaker, from 0.
        num_words: how many words it has.
        start: its start, in seconds.
        end: its end, in seconds.
        sentiment: ``positive``, ``neutral`` or ``negative``.
        sentiment_score: -1 to 1.
    """

    sentences: _List[Sentence] = field(default_factory=explicit_list)
    speaker: int | None = None
    num_words: int | None = None
    start: float | None = None
    end: float | None = None
    sentiment: str | None = None
    sentiment_score: float | None = None

    def __post_init__(self) -> None:
        self.sentences = self.sentences or []

    @property
    def text(self) -> str:
        """The paragraph in one line."""
        return " ".join(sentence.text for sentence in self.sentences)


class Paragraphs(Record, kw_only=True):
    """A transcript in paragraphs: as one text, and one by one.

    Attributes:
        transcript: all of it.
        paragraphs: one by one.
    """

    transcript: str | None = None
    paragraphs: _List[Paragraph] = field(default_factory=explicit_list)

    def __post_init__(self) -> None:
        self.paragraphs = self.paragraphs or []


class Entity(Record, kw_only=True):
    """A name, a number or the like, with ``detect_entities``.

    Attributes:
        label: its kind, such as ``NAME``.
        value: its formatted text.
        raw_value: its spoken text.
        confidence: 0 to 1.
        start_word: index of its first word.
        end_word: index after its last word.
    """

    label: str | None = None
    value: str | None = None
    raw_value: str | None = None
    confidence: float | None = None
    start_word: float | None = None
    end_word: float | None = None


class ChunkSummary(Record, kw_only=True):
    """The summary of a stretch, from the first version of ``summarize``.

    Attributes:
        summary: the summary.
        start_word: index of its first word.
        end_word: index of its last word.
    """

    summary: str | None = None
    start_word: float | None = None
    end_word: float | None = None


class ChunkTopics(Record, kw_only=True):
    """The topics of a stretch, from the first version of ``topics``.

    Attributes:
        text: the text.
        start_word: index of its first word.
        end_word: index of its last word.
        topics: as the API has them.
    """

    text: str | None = None
    start_word: float | None = None
    end_word: float | None = None
    topics: list[Any] | None = None


class Translation(Record, kw_only=True):
    """A transcript in another language.

    Attributes:
        language: BCP-47 tag.
        translation: the text.
    """

    language: str | None = None
    translation: str | None = None


class Alternative(Record, kw_only=True):
    """A reading of one channel.

    Attributes:
        transcript: all of it.
        confidence: 0 to 1.
        words: its words.
        paragraphs: with ``paragraphs`` or ``smart_format``.
        entities: with ``detect_entities``.
        languages: that were spoken, with ``language=multi``.
        languages_hinted: that were hinted at.
        translations: into other languages.
        summaries: stretch by stretch, from the first version of ``summarize``.
        topics: stretch by stretch, from the first version of ``topics``.
    """

    transcript: _Text = field(default_factory=str)
    confidence: float | None = None
    words: _List[Word] = field(default_factory=explicit_list)
    paragraphs: Paragraphs | None = None
    entities: list[Entity] | None = None
    languages: list[str] | None = None
    languages_hinted: list[str] | None = None
    translations: list[Translation] | None = None
    summaries: list[ChunkSummary] | None = None
    topics: list[ChunkTopics] | None = None

    def __post_init__(self) -> None:
        self.transcript = self.transcript or ""
        self.words = self.words or []


class Channel(Record, kw_only=True):
    """The readings of one audio channel.

    Attributes:
        alternatives: the best one first.
        search: hits of the terms of ``search``.
        detected_language: BCP-47 tag, with ``detect_language``.
        language_confidence: 0 to 1.
    """

    alternatives: _List[Alternative] = field(default_factory=explicit_list)
    search: list[SearchTerm] | None = None
    detected_language: str | None = None
    language_confidence: float | None = None

    def __post_init__(self) -> None:
        self.alternatives = self.alternatives or []


class Utterance(Record, kw_only=True):
    """A stretch of speech between two pauses, with ``utterances``.

    Attributes:
        start: its start.
        end: its end.
        confidence: 0 to 1.
        channel: index of the channel.
        transcript: its text.
        words: its words.
        speaker: number of the speaker, with ``diarize``.
        id: its identifier.
        languages: that were spoken in it.
        sentiment: with ``sentiment``.
        sentiment_score: -1 to 1.
    """

    start: float
    end: float
    confidence: float | None = None
    channel: int | None = None
    transcript: _Text = field(default_factory=str)
    words: _List[Word] = field(default_factory=explicit_list)
    speaker: int | None = None
    id: str | None = None
    languages: list[str] | None = None
    sentiment: str | None = None
    sentiment_score: float | None = None

    def __post_init__(self) -> None:
        self.transcript = self.transcript or ""
        self.words = self.words or []


class TranscriptionMetadata(Record, kw_only=True):
    """What stands behind a transcription.

    Attributes:
        request_id: the request's identifier.
        transaction_key: no longer of use.
        sha256: of the audio.
        created: when the request was made.
        duration: of the audio, in seconds.
        channels: how many were transcribed.
        models: identifiers of the models.
        model_info: what they are, by identifier.
        warnings: what the server did not do as it was asked.
        summary_info: the work behind the summary; likewise the others.
        extra: what ``extra`` passed.
        tags: what ``tag`` passed.
        sentiment_info: the model behind the sentiments.
        topics_info: the model behind the topics.
        intents_info: the model behind the intents.
        diarize_info: what the API tells of the diarization.
    """

    request_id: str | None = None
    transaction_key: str | None = None
    sha256: str | None = None
    created: datetime | None = None
    duration: float | None = None
    channels: int | None = None
    models: list[str] | None = None
    model_info: dict[str, ModelInfo] | None = None
    warnings: list[Any] | None = None
    summary_info: ModelUse | None = None
    sentiment_info: ModelUse | None = None
    topics_info: ModelUse | None = None
    intents_info: ModelUse | None = None
    diarize_info: dict[str, Any] | None = None
    extra: dict[str, Any] | None = None
    tags: list[str] | None = None


class TranscriptionResults(Record, kw_only=True):
    """What was heard, and what was said about it.

    Attributes:
        channels: channel by channel.
        utterances: with ``utterances``.
        summary: with ``summarize``.
        topics: with ``topics``.
        intents: with ``intents``.
        sentiments: with ``sentiment``.
    """

    channels: _List[Channel] = field(default_factory=explicit_list)
    utterances: list[Utterance] | None = None
    summary: Summary | None = None
    topics: Topics | None = None
    intents: Intents | None = None
    sentiments: Sentiments | None = None

    def __post_init__(self) -> None:
        self.channels = self.channels or []


class Transcription(Response, kw_only=True):
    """What was said in a recording.

    The properties answer what most programs ask first, of the best reading; channels are `results.channels`.

    Attributes:
        metadata: what stands behind the transcription.
        results: what was heard.
    """

    metadata: TranscriptionMetadata
    results: TranscriptionResults

    @property
    def request_id(self) -> str | None:
        """The request's identifier."""
        return self.metadata.request_id or super().request_id

    @property
    def duration_s(self) -> float:
        """Length of the audio, in seconds; 0 when the server did not say."""
        return self.metadata.duration or 0.0

    @property
    def transcript(self) -> str:
        """What was said; with several channels, one line for each."""
        return "\n".join(alternative.transcript for alternative in self.best)

    @property
    def transcripts(self) -> list[str]:
        """What was said, channel by channel."""
        return [alternative.transcript for alternative in self.best]

    @property
    def best(self) -> list[Alternative]:
        """The best reading of each channel; an empty one where the server gave none."""
        return [channel.alternatives[0] if channel.alternatives else Alternative() for channel in self.results.channels]

    @property
    def words(self) -> list[Word]:
        """All words, in the order of time; those of several channels are mixed."""
        found = [word for alternative in self.best for word in alternative.words]
        return sorted(found, key=lambda word: word.start) if len(self.results.channels) > 1 else found

    @property
    def paragraphs(self) -> list[Paragraph]:
        """All paragraphs, channel after channel; empty unless ``paragraphs`` or ``smart_format`` asked for them."""
        found = [alternative.paragraphs for alternative in self.best]
        return [paragraph for item in found if item is not None for paragraph in item.paragraphs]

    @property
    def utterances(self) -> list[Utterance]:
        """All utterances; empty unless ``utterances`` asked for them."""
        return self.results.utterances or explicit_list()

    @property
    def speakers(self) -> list[int]:
        """Numbers of those who spoke, in ascending order; empty without ``diarize``."""
        return sorted({word.speaker for word in self.words if word.speaker is not None})

    @property
    def summary(self) -> str | None:
        """The summary; None when none was asked for."""
        found = self.results.summary
        return None if found is None else found.short or found.text

    @property
    def sentiment(self) -> AverageSentiment | None:
        """The average sentiment; None when none was asked for."""
        return None if self.results.sentiments is None else self.results.sentiments.average

    def by_speaker(self) -> Iterator[tuple[int | None, str]]:
        """Go through what was said, speaker by speaker: each time another one speaks, a number and a text.

        Returns:
            the speaker's number, None where it is not known, and the text.
        """
        speaker: int | None = None
        said: list[str] = []
        for word in self.words:
            if said and word.speaker != speaker:
                yield speaker, " ".join(said)
                said = []
            speaker = word.speaker
            said.append(word.text)
        if said:
            yield speaker, " ".join(said)

    def to_webvtt(self, line_length: int = 8) -> str:
        """Return the transcript as a WebVTT document. Needs the extra ``captions``.

        It is made of the utterances, and without ``utterances`` of the words of the first channel alone.

        Args:
            line_length: words per caption, at most; a caption also ends with an utterance, and where another speaker
                begins.

        Raises:
            ConfigError: there are no words; or ``deepgram_captions`` is not installed.
        """
        return webvtt_captions(self, line_length)

    def to_srt(self, line_length: int = 8) -> str:
        """Return the transcript as an SRT document; see `to_webvtt`.

        Args:
            line_length: words in a caption, at most.
        """
        return srt_captions(self, line_length)


class TranscriptionAccepted(Response, kw_only=True):
    """The answer when the transcription goes to a callback: its ``metadata.request_id`` will be this one."""

    request_id: str
