"""What a server was asked: one object for each socket and each request, and what tests say about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qs

import msgspec

from ..local.heard_audio import HeardAudio
from ..protocol.agent_machine import AGENT
from ..protocol.codec import codec_for, tag_of
from ..protocol.flux_machine import FLUX
from ..protocol.flux_speak_machine import FLUX_SPEAK
from ..protocol.listen_machine import LISTEN
from ..protocol.machine import SocketKind
from ..protocol.messages import Message, UnknownEvent
from ..protocol.speak_machine import SPEAK

__all__ = ["Exchange", "RestRequest", "SocketSession", "read_query"]

_KINDS: Mapping[str, SocketKind[Any]] = {
    "/v1/listen": LISTEN,
    "/v2/listen": FLUX,
    "/v1/speak": SPEAK,
    "/v2/speak": FLUX_SPEAK,
    "/v1/agent/converse": AGENT,
}


def read_query(query: str) -> dict[str, str | list[str]]:
    """Return a query string's parameters; those that are given several times as lists."""
    found = parse_qs(query, keep_blank_values=True)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


@dataclass(kw_only=True, eq=False)
class _Asked:
    """What sockets and requests have in common.

    Attributes:
        number: counts from 1, sockets and requests each for themselves.
        path: such as ``/v1/listen``.
        query_string: the query as it came.
        headers: of the request, with lower-case names.
        request_id: that the server gave it.
        status: of the answer; 101 for a socket that was let in, None before.
    """

    number: int
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    request_id: str = ""
    status: int | None = None

    @property
    def query(self) -> dict[str, str | list[str]]:
        """The parameters, as texts; those that were given several times as lists."""
        return read_query(self.query_string)

    def expect_query(self, **parameters: object) -> None:
        """Assert that parameters were sent; others may be there, too.

        Args:
            **parameters: a text, a number, a flag, a list of these, or None for one that was not sent.

        Raises:
            AssertionError: they were not; it tells what was sent.
        """
        __tracebackhide__ = True
        sent = self.query
        wrong = [
            f"{name}={_on_the_wire(value)!r}"
            for name, value in parameters.items()
            if sent.get(name) != _on_the_wire(value)
        ]
        if wrong:
            raise AssertionError(f"{self._name} was to have {', '.join(wrong)}; it had {sent}")

    @property
    def _name(self) -> str:
        raise NotImplementedError


@dataclass(kw_only=True, eq=False)
class SocketSession(_Asked):
    """One WebSocket, as the server saw it.

    Attributes:
        client_frames: what the client sent, in order: text and binary messages.
        server_frames: what the server sent, in order.
        ended: whether it is over.
        close_code: how it ended: the code that the server or the client closed it with; None while it goes on, and for
            a connection that broke.
        close_reason: the reason that went with it.
    """

    client_frames: list[str | bytes] = field(default_factory=list, repr=False)
    server_frames: list[str | bytes] = field(default_factory=list, repr=False)
    ended: bool = False
    close_code: int | None = None
    close_reason: str = ""

    def __post_init__(self) -> None:
        self._heard = HeardAudio(self.path, self.query_string.encode())

    @property
    def audio(self) -> bytes:
        """The client's binary messages, put together."""
        return b"".join(frame for frame in self.client_frames if isinstance(frame, bytes))

    @property
    def audio_s(self) -> float:
        """Length of that audio in seconds, raw or WAV; 0 for other forms, which do not tell it."""
        return round(self._heard.seconds, 6)  # a sum of lengths is not exact

    @property
    def messages(self) -> list[Message | UnknownEvent]:
        """The client's JSON messages, typed; one that is not known is an `UnknownEvent`."""
        return self._typed(self.client_frames, "client_messages")

    @property
    def answers(self) -> list[Message | UnknownEvent]:
        """The server's JSON messages, likewise."""
        return self._typed(self.server_frames, "server_messages")

    def expect_messages(self, *expected: str | Message, ignoring: Sequence[str] = ("KeepAlive",)) -> None:
        """Assert which JSON messages the client sent, all of them in this order.

        Args:
            *expected: names of messages, or whole messages.
            ignoring: names of messages that do not count.

        Raises:
            AssertionError: it sent others; it tells which.
        """
        __tracebackhide__ = True
        sent = [message for message in self.messages if _type_of(message) not in ignoring]
        fits = len(sent) == len(expected) and all(
            _type_of(message) == wanted if isinstance(wanted, str) else message == wanted
            for message, wanted in zip(sent, expected, strict=True)
        )
        if not fits:
            raise AssertionError(f"{self._name} was to get {_told(expected)}; it got {_told(sent)}")

    def expect_audio(self, audio: bytes) -> None:
        """Assert that the client sent exactly this audio, in whichever pieces.

        Args:
            audio: the bytes, in one piece.

        Raises:
            AssertionError: it sent other audio; it tells where they differ first.
        """
        __tracebackhide__ = True
        sent = self.audio
        if sent == audio:
            return
        pairs = enumerate(zip(sent, audio, strict=False))
        differs = next((index for index, (one, other) in pairs if one != other), min(len(sent), len(audio)))
        raise AssertionError(
            f"{self._name} was to get {len(audio)} bytes of audio; "
            f"it got {len(sent)}, and they differ from byte {differs} on"
        )

    def note_client_frame(self, frame: str | bytes) -> None:
        """Take what the client sent.

        Args:
            frame: as it came.
        """
        self.client_frames.append(frame)
        if isinstance(frame, bytes):
            self._heard.take_audio(frame)
        else:
            self._heard.take_text(frame)

    def _typed(self, frames: Sequence[str | bytes], which: str) -> list[Message | UnknownEvent]:
        codec = codec_for(getattr(_KINDS.get(self.path, LISTEN), which))
        return [codec.decode(frame) for frame in frames if isinstance(frame, str)]

    @property
    def _name(self) -> str:
        return f"session {self.number} of {self.path}"


@dataclass(kw_only=True, eq=False)
class RestRequest(_Asked):
    """One REST call, as the server saw it.

    Attributes:
        method: such as ``POST``.
        body: of the request.
        answer: the body of the answer.
        ended: whether the whole answer was given.
    """

    method: str
    body: bytes = field(default=b"", repr=False)
    answer: bytes = field(default=b"", repr=False)
    ended: bool = False

    def json(self) -> Any:
        """Return the body as plain data.

        Raises:
            AssertionError: it is no JSON.
        """
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise AssertionError(f"the body of {self._name} is no JSON: {self.body[:80]!r}") from error

    @property
    def _name(self) -> str:
        return f"{self.method} {self.path}"


Exchange: TypeAlias = SocketSession | RestRequest
"""What a script's function is asked about."""


def _on_the_wire(value: object) -> str | list[str] | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return [str(_on_the_wire(item)) for item in value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _type_of(message: Message | UnknownEvent) -> str | None:
    return message.type if isinstance(message, UnknownEvent) else tag_of(type(message))


def _told(messages: Sequence[str | Message | UnknownEvent]) -> str:
    if not messages:
        return "none"
    return ", ".join(
        message if isinstance(message, str) else message.to_json() if isinstance(message, Message) else repr(message)
        for message in messages
    )
