"""Messages of conversational transcription, ``/v2/listen`` ("Flux"): names and fields as on the wire.

Source: Deepgram's AsyncAPI specification, channel ``/v2/listen``, with what its newer SDKs and its documentation add.
Times are in seconds from the start of the stream. The server numbers its messages: ``sequence_id`` is 0 in `Connected`
and one more in each message after it, of whichever type.
"""

from __future__ import annotations

from typing import TypeAlias

from .messages import Audio, Data, Message, Reconnected, UnknownEvent

__all__ = [
    "Audio",
    "CloseStream",
    "Configure",
    "ConfigureFailure",
    "ConfigureSuccess",
    "Connected",
    "Error",
    "Event",
    "ForceEndTurn",
    "Thresholds",
    "TurnInfo",
    "UnknownEvent",
    "Warning",
    "Word",
]


class Word(Data):
    """One word of a transcript.

    Attributes:
        word: the word as it stands in the transcript, with capitals and punctuation.
        confidence: 0 to 1.
        start: its start, in seconds.
        end: its end, in seconds.
    """

    word: str
    confidence: float
    start: float | None = None
    end: float | None = None


class Thresholds(Data):
    """When a turn ends. In a `Configure`, None keeps a value.

    Attributes:
        eager_eot_threshold: confidence at which `EagerEndOfTurn <TurnInfo>` is sent, 0.3 to 0.9; None for never.
        eot_threshold: confidence at which a turn ends, 0.5 to 0.9; 1.0 leaves it to `ForceEndTurn` and the timeout.
        eot_timeout_ms: silence after which a turn ends in any case, in milliseconds, 500 to 60000.
    """

    eager_eot_threshold: float | None = None
    eot_threshold: float | None = None
    eot_timeout_ms: int | None = None


class Connected(Message):
    """The stream is usable; the first message.

    Attributes:
        request_id: the request's identifier, to quote to support.
        sequence_id: number of the message, from 0.
    """

    request_id: str
    sequence_id: int


class TurnInfo(Message):
    """Where the conversation stands: what was said in the present turn, and whether it is over.

    A turn begins with ``StartOfTurn`` and ends with ``EndOfTurn``, whose transcript is final. ``Update`` comes about
    every 0.25 s of audio. With ``eager_eot_threshold``, ``EagerEndOfTurn`` says that the turn is probably over; either
    ``EndOfTurn`` with the same transcript follows, or ``TurnResumed``.

    Attributes:
        request_id: of the stream.
        sequence_id: number of the message.
        event: ``Update``, ``StartOfTurn``, ``EagerEndOfTurn``, ``TurnResumed`` or ``EndOfTurn``; an open list.
        turn_index: number of the turn, from 0.
        audio_window_start: begin of the audio that this is about, in seconds.
        audio_window_end: its end, in seconds.
        transcript: what was said in the turn so far; empty when nothing was.
        words: the words of the transcript.
        end_of_turn_confidence: that nothing more is said in this turn, 0 to 1.
        trigger: what ended the turn: ``model``, ``manual`` or ``timeout``; an open list; with ``EndOfTurn`` only.
        languages: the languages heard, most frequent first; ``flux-general-multi`` only.
        languages_hinted: the languages that were named; when there are any.
    """

    request_id: str
    sequence_id: int
    event: str
    turn_index: int
    audio_window_start: float
    audio_window_end: float
    transcript: str
    words: list[Word]
    end_of_turn_confidence: float
    trigger: str | None = None
    languages: list[str] | None = None
    languages_hinted: list[str] | None = None

    @property
    def is_start(self) -> bool:
        """The turn begins: somebody speaks."""
        return self.event == "StartOfTurn"

    @property
    def is_eager_end(self) -> bool:
        """The turn is probably over: an answer may be prepared."""
        return self.event == "EagerEndOfTurn"

    @property
    def is_resumed(self) -> bool:
        """The turn goes on after all: an answer that was being prepared is void."""
        return self.event == "TurnResumed"

    @property
    def is_end(self) -> bool:
        """The turn is over; its transcript will not be revised."""
        return self.event == "EndOfTurn"

    @property
    def duration(self) -> float:
        """Length of the audio that this is about, in seconds."""
        return self.audio_window_end - self.audio_window_start


class ConfigureSuccess(Message):
    """A `Configure` took effect; the values are those that hold now.

    Attributes:
        request_id: the request's identifier, to quote to support.
        thresholds: of turns' ends.
        keyterms: the key terms in force.
        sequence_id: number of the message, from 0.
        language_hints: the languages expected.
        numerals: whether numbers are written in digits.
    """

    request_id: str
    thresholds: Thresholds
    keyterms: str | list[str]
    sequence_id: int
    language_hints: list[str] | None = None
    numerals: bool | None = None


class ConfigureFailure(Message):
    """A `Configure` was refused, all of it; the stream goes on as before.

    Attributes:
        request_id: of the stream.
        sequence_id: number of the message.
        code: why, in short; an open list.
        description: why, for a person.
    """

    request_id: str
    sequence_id: int
    code: str | None = None
    description: str | None = None


class Error(Message):
    """Something went wrong for good; the server closes after it.

    Attributes:
        sequence_id: number of the message.
        code: such as ``INTERNAL_SERVER_ERROR``, ``UNPARSABLE_CLIENT_MESSAGE`` or ``INACTIVE_CLIENT``; an open list.
        description: what, for a person.
    """

    sequence_id: int
    code: str
    description: str


class Warning(Message):  # noqa: A001 - the name on the wire
    """The server goes on, but something is not as it should be.

    Attributes:
        request_id: the request's identifier, to quote to support.
        sequence_id: number of the message, from 0.
        code: the server's short code.
        description: what it means, for a person.
    """

    request_id: str
    sequence_id: int
    code: str
    description: str


class Configure(Message):
    """Changes a running stream; None keeps what holds.

    Attributes:
        thresholds: when a turn ends.
        keyterms: replaces the terms to favour.
        language_hints: replaces the languages to expect; ``flux-general-multi`` only.
        numerals: numbers as digits.
    """

    thresholds: Thresholds | None = None
    keyterms: str | list[str] | None = None
    language_hints: list[str] | None = None
    numerals: bool | None = None


class ForceEndTurn(Message):
    """Ends the present turn on the audio transcribed so far; without one, nothing happens."""


class CloseStream(Message):
    """Ends the stream: the server sends what is left, as updates, and closes."""


Event: TypeAlias = (
    Connected | TurnInfo | ConfigureSuccess | ConfigureFailure | Error | Warning | UnknownEvent | Reconnected
)
"""Whatever a conversational transcription may yield."""
