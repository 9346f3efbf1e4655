"""The protocol machines, for clients that see messages as they are on the wire, and send what their users wrote."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from ...protocol import listen, speak
from ...protocol.agent_machine import AgentMachine
from ...protocol.agent_machine import State as AgentState
from ...protocol.codec import tag_of
from ...protocol.frames import Text
from ...protocol.ledger import AudioFormat
from ...protocol.listen_machine import ListenMachine
from ...protocol.listen_machine import State as ListenState
from ...protocol.machine import Machine
from ...protocol.messages import Audio, Message, UnknownEvent
from ...protocol.speak_machine import SpeakMachine
from ...protocol.speak_machine import State as SpeakState
from ...protocol.timers import Timer

__all__ = ["AUDIO", "RawAgentMachine", "RawListenMachine", "RawMessages", "RawSpeakMachine", "audio_format"]

S = TypeVar("S", bound=enum.Enum)

AUDIO = "AudioData"
"""The name under which audio is handed on."""


class _Head(msgspec.Struct):
    type: str | None = None
    text: str | None = None


_head = msgspec.json.Decoder(_Head)


class RawMessages(Machine[S]):
    """Hands on pairs: the type of a message, None when it has none, and the message as it came.

    Attributes:
        handed_on: how many pairs that were so far.
    """

    handed_on: int = 0
    _received: Any = b""
    _verbatim: str | None = None

    def receive_text(self, data: str | bytes | memoryview, now: float) -> None:
        self._received = data
        super().receive_text(data, now)

    def receive_binary(self, data: bytes | memoryview, now: float) -> None:
        self._received = data
        super().receive_binary(data, now)

    def hand_on(self, event: Any) -> None:
        self.handed_on += 1
        kind = type(event)
        name = event.type if kind is UnknownEvent else AUDIO if kind is Audio else tag_of(kind)
        self.events.append((name, self._received))

    def say(self, text: str, now: float) -> None:
        """Send a text message as it is. What is known of its kind follows; what is not allowed now is the server's say.

        Raises:
            LocalProtocolError: nothing can be said after the end of the stream.
            ConnectionClosed: the socket has ended; or the failure that ended it.
        """
        try:
            head = _head.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            head = _Head()
        kind = next((kind for kind in self.kind.client_messages if tag_of(kind) == head.type), None)
        if self.ended:
            self._refuse(kind or Message)
        if kind is None or kind not in self._row:
            self.outgoing.append(Text(text))
            self._sent_at = now
            return
        self._verbatim = text
        try:
            self.follow(kind, head.text or "", now)
        finally:
            self._verbatim = None

    def follow(self, kind: type[Message], text: str, now: float) -> None:
        """Hook: send a message of a kind. Its text is the one given to `say`."""
        self._send_text(kind, {}, now)

    def _send_text(self, kind: type[Message], content: Message | dict[str, Any], now: float) -> None:
        super()._send_text(kind, content, now)
        if self._verbatim is not None:
            self.outgoing[-1] = Text(self._verbatim)
            self._verbatim = None

    def _send_later(self, pending: list[tuple[Timer, float]], due: float | None) -> list[tuple[Timer, float]]:
        """Add a deadline of this layer to those of the machine."""
        if due is not None and not self.ended and not self.draining:
            pending.append((Timer.FLUSH, due))
        return pending


class RawListenMachine(ListenMachine, RawMessages[ListenState]):
    """A live transcription.

    Attributes:
        finalize_after_s: without new words after an interim result, until a ``Finalize`` is sent; None for never.
    """

    finalize_after_s: float | None = None
    _finalize_at: float | None = None

    def on_event(self, event: Any, now: float) -> None:
        super().on_event(event, now)
        if self.finalize_after_s is not None and type(event) is listen.Results and event.transcript:
            self._finalize_at = None if event.is_final else now + self.finalize_after_s
            self.note_retimed()

    def _pending(self) -> list[tuple[Timer, float]]:
        return self._send_later(super()._pending(), self._finalize_at)

    def _on_timer(self, timer: Timer, now: float) -> None:
        if timer is Timer.FLUSH:
            self._finalize_at = None
            self.finalize(now)
        else:
            super()._on_timer(timer, now)


class RawSpeakMachine(SpeakMachine, RawMessages[SpeakState]):
    """A text-to-speech stream.

    Attributes:
        flush_after_s: without new text, until a ``Flush`` is sent; None for never.
    """

    flush_after_s: float | None = None
    _flush_at: float | None = None

    def follow(self, kind: type[Message], text: str, now: float) -> None:
        if kind is speak.Speak:
            self.speak([text], now)
            if self.flush_after_s is not None:
                self._flush_at = now + self.flush_after_s
                self.note_retimed()
        elif kind is speak.Flush:
            self.flush(now)
        elif kind is speak.Clear:
            self._flush_at = None
            self.clear(now)
        else:
            super().follow(kind, text, now)

    def on_flush(self, now: float) -> None:
        super().on_flush(now)
        self._flush_at = None

    def awaited(self) -> list[object]:
        """Return what was flushed or cleared, and not answered."""
        return list(self._awaited)

    def _pending(self) -> list[tuple[Timer, float]]:
        return self._send_later(super()._pending(), self._flush_at)

    def _on_timer(self, timer: Timer, now: float) -> None:
        if timer is Timer.FLUSH and self._flush_at is not None and self._flush_at <= now:
            self.flush(now)
        else:
            super()._on_timer(timer, now)


class RawAgentMachine(AgentMachine, RawMessages[AgentState]):
    """A conversation with an agent."""

    def on_event(self, event: Any, now: float) -> None:
        super().on_event(event, now)
        self.calls.clear()  # the program's handlers answer them

    def follow(self, kind: type[Message], text: str, now: float) -> None:
        super().follow(kind, text, now)
        if self.kind.keepalive is not None and kind is type(self.kind.keepalive):
            self._audio_at = now


def audio_format(fields: Mapping[str, Any]) -> AudioFormat:
    """Return the format that options announce, for the accounts. What is wrong with it is the server's to say."""
    known = {name: fields[name] for name in ("encoding", "sample_rate", "channels") if fields.get(name) is not None}
    try:
        return msgspec.convert(known, AudioFormat, strict=False)
    except msgspec.ValidationError:
        return AudioFormat()
