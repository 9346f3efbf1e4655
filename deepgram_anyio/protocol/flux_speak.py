"""Messages of turn-based text to speech, ``/v2/speak`` (Flux): names and fields as on the wire.

Source: Deepgram's AsyncAPI specification, channel ``/v2/speak``, with what its newer SDKs and its documentation add.
A turn is the text up to a `Flush`; its audio comes between its `SpeechStarted` and its `SpeechMetadata`.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import field

from .messages import Audio, Data, Message, Reconnected, UnknownEvent

__all__ = [
    "Applied",
    "Audio",
    "Close",
    "Configure",
    "ConfigureFailure",
    "ConfigureSuccess",
    "Connected",
    "ControlsApplied",
    "Error",
    "Event",
    "Flush",
    "Flushed",
    "Interrupt",
    "PlaybackOffset",
    "SessionMetadata",
    "Speak",
    "SpeechInterrupted",
    "SpeechMetadata",
    "SpeechStarted",
    "TurnMetadata",
    "UnknownEvent",
    "Warning",
]


class Connected(Message):
    """The server is ready; its first message.

    Attributes:
        request_id: of the stream.
        model_name: the voice's name.
        model_version: its version.
        model_uuids: identifiers of the models behind it.
    """

    request_id: str
    model_name: str
    model_version: str
    model_uuids: list[str]


class SpeechStarted(Message):
    """A turn's audio follows.

    Attributes:
        speech_id: the turn's identifier, ``dg_sp_`` and 12 hexadecimal digits.
    """

    speech_id: str


class Flushed(Message):
    """A `Flush` was received; the turn's audio may still be on its way.

    Attributes:
        speech_id: the turn's identifier.
    """

    speech_id: str


class ControlsApplied(Data):
    """How many of the controls written into a turn's text took effect.

    Attributes:
        pronunciations_applied: custom pronunciations that were used.
        pronunciation_warnings: custom pronunciations that something was wrong with.
        breaks_applied: pauses that were made.
    """

    pronunciations_applied: int
    pronunciation_warnings: int
    breaks_applied: int | None = None


class TurnMetadata(Data):
    """Sums a turn up.

    Attributes:
        speech_id: the turn's identifier.
        audio_duration_ms: audio made for it, in milliseconds.
        input_character_count: characters of its text.
        billable_character_count: the same without control characters.
        controls_applied: what controls in the text did.
    """

    speech_id: str
    audio_duration_ms: int
    input_character_count: int
    billable_character_count: int
    controls_applied: ControlsApplied


class SpeechMetadata(Message):
    """Sums a turn up, after the last of its audio.

    Attributes:
        speech_id: the turn's identifier.
        audio_duration_ms: audio made for it, in milliseconds.
        input_character_count: characters of its text.
        billable_character_count: the same without control characters.
        controls_applied: what controls in the text did.
    """

    speech_id: str
    audio_duration_ms: int
    input_character_count: int
    billable_character_count: int
    controls_applied: ControlsApplied


class SpeechInterrupted(Message):
    """The answer to an `Interrupt`: no more audio of the turn follows.

    Attributes:
        audio_played_ms: where playback stood, in milliseconds from the start of the session: the offset of the
            `Interrupt`, else all audio made so far.
        text_spoken: the part of the turn's text that was heard; None when the `Interrupt` named no offset.
        text_remaining: the rest; likewise.
        metadata: sums the turn up.
    """

    audio_played_ms: int
    metadata: TurnMetadata
    text_spoken: str | None = None
    text_remaining: str | None = None


class Applied(Data):
    """Settings of the session, those that have been set.

    Attributes:
        speed: how fast it speaks; 1.0 is its own pace.
    """

    speed: float | None = None


class ConfigureSuccess(Message):
    """A `Configure` took effect.

    Attributes:
        applied: the settings in force.
    """

    applied: Applied


class ConfigureFailure(Message):
    """A `Configure` was refused; the stream goes on as before.

    Attributes:
        code: why, such as ``SPEED_OUT_OF_RANGE`` or ``SPEED_INCREMENT_INVALID``; an open list.
        description: the same for a person.
        field: the setting that it is about.
        value: the value that was refused.
    """

    code: str
    description: str
    field: str | None = None
    value: float | None = None


class SessionMetadata(Message):
    """Sums the session up; the last message of the server.

    Attributes:
        total_audio_duration_ms: audio made, in milliseconds; what an `Interrupt` cut off does not count.
        total_input_character_count: characters of all texts.
        total_billable_character_count: the same without control characters.
    """

    total_audio_duration_ms: int
    total_input_character_count: int
    total_billable_character_count: int


class Warning(Message):  # noqa: A001 - the name on the wire
    """The server goes on, but something is not as it should be.

    Attributes:
        code: what, such as ``NO_ACTIVE_SPEECH`` or ``NO_SYNTHESIZABLE_TEXT``; an open list.
        description: the same for a person.
    """

    code: str
    description: str


class Error(Message):
    """Something is so wrong that the server closes the stream.

    Attributes:
        code: what, such as ``DATA-0000``; an open list.
        description: the same for a person.
    """

    code: str
    description: str


class Speak(Message):
    """Text of the current turn; the texts of a turn are put together.

    Attributes:
        text: at most 2,000 characters.
    """

    text: str


class Flush(Message):
    """Ends a turn's text."""


class PlaybackOffset(Data):
    """How much of the session's audio was played.

    Attributes:
        value: in milliseconds from the start of the session.
        type: the unit; there is only this one.
    """

    value: int
    # Always written out, like a message's type, and unlike other defaults.
    type: str = field(default_factory=lambda: "time_ms")


class Interrupt(Message):
    """Stops speaking.

    Attributes:
        playback_offset: where playback stood. It must be behind that of the `Interrupt` before.
    """

    playback_offset: PlaybackOffset | None = None


class Configure(Message):
    """Changes a running stream.

    Attributes:
        speed: 0.5 to 1.5, in steps of 0.05.
    """

    speed: float | None = None


class Close(Message):
    """Ends the stream: the server sends the audio that is left, a `SessionMetadata`, and closes."""


Event: TypeAlias = (
    Audio
    | Connected
    | SpeechStarted
    | Flushed
    | SpeechMetadata
    | SpeechInterrupted
    | ConfigureSuccess
    | ConfigureFailure
    | SessionMetadata
    | Warning
    | Error
    | UnknownEvent
    | Reconnected
)
"""Whatever a stream of speech of ``/v2/speak`` may yield."""
