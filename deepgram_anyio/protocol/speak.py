"""Messages of streaming text to speech, ``/v1/speak``: names and fields as on the wire.

Source: Deepgram's AsyncAPI specification, channel ``/v1/speak``, with what its older SDKs and its documentation add.
"""

from __future__ import annotations

from typing import TypeAlias

from .messages import Audio, Message, Reconnected, UnknownEvent

__all__ = [
    "Audio",
    "Clear",
    "Cleared",
    "Close",
    "Error",
    "Event",
    "Flush",
    "Flushed",
    "Metadata",
    "Speak",
    "UnknownEvent",
    "Warning",
]


class Metadata(Message):
    """Who is going to speak; the first message of the server.

    Attributes:
        request_id: of the stream.
        model_name: the voice's name.
        model_version: its version.
        model_uuid: its identifier.
        additional_model_uuids: of other models used.
    """

    request_id: str
    model_name: str
    model_version: str
    model_uuid: str
    additional_model_uuids: list[str] | None = None


class Flushed(Message):
    """All audio of the text before a `Flush` has been sent.

    Attributes:
        sequence_id: number of the answer.
    """

    sequence_id: int


class Cleared(Message):
    """The answer to a `Clear`: what comes after it belongs to later text.

    Attributes:
        sequence_id: number of the answer.
    """

    sequence_id: int


class Warning(Message):  # noqa: A001 - the name on the wire
    """The server goes on, but something is not as it should be, such as more than 20 `Flush` messages in 60 s.

    The specification has ``description`` and ``code``, the older SDKs ``warn_msg`` and ``warn_code``.

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


class Error(Message):
    """Something went wrong. The specification has no such message on this socket, but older SDKs know it.

    Attributes:
        description: what, for a person.
        variant: its kind.
        code: a short code.
        message: more of it.
    """

    description: str | None = None
    variant: str | None = None
    code: str | None = None
    message: str | None = None


class Speak(Message):
    """Text to speak. The server puts texts together until it has enough of them, or a `Flush` comes.

    Attributes:
        text: at most 2,000 characters.
    """

    text: str


class Flush(Message):
    """Asks for the audio of all text so far, and for a `Flushed` behind it."""


class Clear(Message):
    """Drops all text that has not been spoken, and asks for a `Cleared`."""


class Close(Message):
    """Ends the stream at once: text that was not flushed is not spoken any more."""


Event: TypeAlias = Audio | Metadata | Flushed | Cleared | Warning | Error | UnknownEvent | Reconnected
"""Whatever a stream of speech of ``/v1/speak`` may yield."""
