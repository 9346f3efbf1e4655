"""Messages of live transcription, ``/v1/listen``: names and fields as on the wire.

Source: Deepgram's AsyncAPI specification, channel ``/v1/listen``, with what its newer SDKs and its documentation add.
Times are in seconds from the start of the stream.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import field

from .messages import Audio, Data, Message, Reconnected, UnknownEvent, explicit_false

__all__ = [
    "Alternative",
    "Audio",
    "Channel",
    "CloseStream",
    "Configure",
    "ConfigureFailure",
    "ConfigureSuccess",
    "Entity",
    "Error",
    "Event",
    "Finalize",
    "KeepAlive",
    "Metadata",
    "ModelInfo",
    "Results",
    "ResultsMetadata",
    "SearchHit",
    "SearchTerm",
    "SpeechStarted",
    "UnknownEvent",
    "UtteranceEnd",
    "Warning",
    "Word",
]


class Word(Data):
    """One word of a transcript.

    Attributes:
        word: the word, lower case, without punctuation.
        start: its start, in seconds.
        end: its end, in seconds.
        confidence: 0 to 1.
        language: its language as a BCP-47 tag, with ``language=multi``.
        punctuated_word: the word as it stands in the transcript, with ``punctuate`` or ``smart_format``.
        speaker: number of the speaker, from 0, with ``diarize``.
    """

    word: str
    start: float
    end: float
    confidence: float
    language: str | None = None
    punctuated_word: str | None = None
    speaker: int | None = None


class Alternative(Data):
    """One reading of the audio; the first is the best.

    Attributes:
        transcript: the text; empty when nothing was said.
        confidence: 0 to 1.
        words: the words with their times.
        languages: the languages heard, most frequent first.
        languages_hinted: the languages that the request named.
    """

    transcript: str
    confidence: float
    words: list[Word]
    languages: list[str] | None = None
    languages_hinted: list[str] | None = None


class SearchHit(Data):
    """A place where a searched term was heard, with its confidence from 0 to 1.

    Attributes:
        confidence: 0 to 1.
        start: its start, in seconds.
        end: its end, in seconds.
        snippet: the words there.
    """

    confidence: float
    start: float
    end: float
    snippet: str | None = None


class SearchTerm(Data):
    """A term of ``search`` and its hits.

    Attributes:
        query: the term.
        hits: where it was heard.
    """

    query: str
    hits: list[SearchHit]


class Channel(Data):
    """The readings of one audio channel.

    Attributes:
        alternatives: the readings, the best one first.
        search: hits of ``search``.
    """

    alternatives: list[Alternative]
    search: list[SearchTerm] | None = None


class ModelInfo(Data):
    """The model that answered.

    Attributes:
        name: its name.
        version: its version.
        arch: its family.
    """

    name: str
    version: str
    arch: str


class ResultsMetadata(Data):
    """What stands behind a `Results` message.

    Attributes:
        request_id: the request's identifier, to quote to support.
        model_info: the model.
        model_uuid: its identifier.
        diarize_info: what the API tells of the diarization.
    """

    request_id: str
    model_info: ModelInfo
    model_uuid: str
    diarize_info: dict[str, Any] | None = None


class Entity(Data):
    """An entity found in a final transcript, with ``detect_entities``.

    Attributes:
        label: its kind, such as ``PHONE_NUMBER``.
        value: its formatted text.
        raw_value: its spoken text.
        confidence: 0 to 1.
        start_word: index of its first word.
        end_word: index after its last word.
    """

    label: str
    value: str
    raw_value: str
    confidence: float
    start_word: int
    end_word: int


class Results(Message):
    """A transcript of the audio from ``start`` to ``start + duration``.

    Attributes:
        channel_index: ``[index, number of channels]``.
        duration: length of the audio covered, in seconds.
        start: where it begins, in seconds.
        channel: the transcript.
        metadata: request and model.
        is_final: this stretch of audio will not be revised; otherwise an interim result.
        speech_final: the speaker paused (see ``endpointing``).
        from_finalize: the answer to a `Finalize`.
        entities: what ``detect_entities`` found; final results only.
    """

    channel_index: list[int]
    duration: float
    start: float
    channel: Channel
    metadata: ResultsMetadata
    is_final: bool = field(default_factory=explicit_false)
    speech_final: bool = field(default_factory=explicit_false)
    from_finalize: bool = field(default_factory=explicit_false)
    entities: list[Entity] | None = None

    @property
    def transcript(self) -> str:
        """The best reading's text; empty when nothing was said."""
        return self.channel.alternatives[0].transcript if self.channel.alternatives else ""

    @property
    def words(self) -> list[Word]:
        """The best reading's words."""
        return self.channel.alternatives[0].words if self.channel.alternatives else []


class Metadata(Message):
    """Sums the stream up, after its last result.

    Attributes:
        transaction_key: deprecated by the vendor.
        request_id: of the stream.
        sha256: of the audio.
        created: when the stream began, ISO 8601.
        duration: audio heard, in seconds.
        channels: number of channels heard.
        models: identifiers of the models used.
        model_info: the models by identifier.
        extra: what ``extra`` of the request held.
    """

    transaction_key: str
    request_id: str
    sha256: str
    created: str
    duration: float
    channels: int
    models: list[str] | None = None
    model_info: dict[str, ModelInfo] | None = None
    extra: dict[str, Any] | None = None


class UtteranceEnd(Message):
    """No word was heard for ``utterance_end_ms``.

    Attributes:
        channel: ``[index, number of channels]``.
        last_word_end: end of the last word, in seconds; -1 when the server found none.
    """

    channel: list[int]
    last_word_end: float


class SpeechStarted(Message):
    """Speech was heard after silence, with ``vad_events``.

    Attributes:
        channel: ``[index, number of channels]``.
        timestamp: where it began, in seconds.
    """

    channel: list[int]
    timestamp: float


class ConfigureSuccess(Message):
    """A `Configure` took effect.

    Attributes:
        request_id: the request's identifier, to quote to support.
        keyterms: the key terms in force.
    """

    request_id: str
    keyterms: list[str] | None = None


class ConfigureFailure(Message):
    """A `Configure` was refused; the stream goes on as before.

    Attributes:
        code: why, such as ``CONFIGURE_KEYTERM_LIMIT_EXCEEDED``; an open list.
        description: the same for a person.
        request_id: the request's identifier, to quote to support.
    """

    request_id: str
    code: str
    description: str


class Error(Message):
    """The server could not use something that was sent.

    Attributes:
        description: what, for a person.
        variant: its kind, such as ``SchemaError``.
        code: a short code.
        message: the text that was refused.
    """

    description: str
    variant: str | None = None
    code: str | None = None
    message: str | None = None


class Warning(Message):  # noqa: A001 - the name on the wire
    """The server goes on, but something is not as it should be.

    Attributes:
        description: what it means, for a person.
        code: the server's short code.
        warn_msg: an older spelling of `description`.
        warn_code: an older spelling of `code`.
    """

    description: str | None = None
    code: str | None = None
    warn_msg: str | None = None
    warn_code: str | None = None


class KeepAlive(Message):
    """Keeps an idle stream open."""


class Finalize(Message):
    """Asks for final results of all audio sent so far.

    Attributes:
        channel: index of the only channel meant; None means all.
    """

    channel: int | None = None


class Configure(Message):
    """Changes a running stream.

    Attributes:
        keyterms: replaces the list of key terms; an empty list clears it, None keeps it.
        features: switches by name, such as ``{"numerals": True}``.
    """

    keyterms: list[str] | None = None
    features: dict[str, bool] | None = None


class CloseStream(Message):
    """Ends the stream: the server sends what is left, a `Metadata`, and closes."""


Event: TypeAlias = (
    Results
    | Metadata
    | UtteranceEnd
    | SpeechStarted
    | ConfigureSuccess
    | ConfigureFailure
    | Error
    | Warning
    | UnknownEvent
    | Reconnected
)
"""Whatever a live transcription may yield."""
