"""The faults of one stream: which of the server's messages pass, when, and what comes between them. Does no I/O."""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.types import Message

from .fault_options import FaultOptions
from .heard_audio import HeardAudio

__all__ = ["KINDS", "StreamFaults", "StreamKind"]

_REASONS = {1008: "DATA-0000: injected fault", 1011: "NET-0000: injected fault"}
_IDLE = "NET-0001: did not receive audio data or a text message within the timeout window"
_GOING_AWAY = 1001
_LAST_WORDS = frozenset({"CloseStream", "Close"})
_ODD_KINDS: Final = ("unknown_type", "wrong_form", "invalid_json", "unknown_field")


@dataclass(frozen=True, kw_only=True)
class StreamKind:
    """What faults must know of one kind of socket.

    Attributes:
        wrong_form: a message of a known type that does not have its form.
        greetings: the types of the messages before which the stream is not usable.
        farewell: the type of the closing message, if there is one.
        numbered: whether the server's JSON messages carry a ``sequence_id`` without gaps.
    """

    wrong_form: dict[str, Any]
    greetings: frozenset[str] = frozenset()
    farewell: str | None = None
    numbered: bool = False


KINDS: dict[str, StreamKind] = {
    "/v1/listen": StreamKind(wrong_form={"type": "Results", "channel": 0}, farewell="Metadata"),
    "/v2/listen": StreamKind(
        wrong_form={"type": "TurnInfo", "words": 0}, greetings=frozenset({"Connected"}), numbered=True
    ),
    "/v1/speak": StreamKind(wrong_form={"type": "Flushed", "sequence_id": "none"}, greetings=frozenset({"Metadata"})),
    "/v2/speak": StreamKind(
        wrong_form={"type": "Flushed", "speech_id": 0}, greetings=frozenset({"Connected"}), farewell="SessionMetadata"
    ),
    "/v1/agent/converse": StreamKind(
        wrong_form={"type": "ConversationText", "content": 0}, greetings=frozenset({"Welcome", "SettingsApplied"})
    ),
}
"""By the path of the socket."""


class _Head(msgspec.Struct):
    type: str | None = None
    is_final: bool = False
    event: str | None = None


class _Type(msgspec.Struct):
    type: str | None = None


@dataclass(frozen=True)
class _Held:
    due: float
    message: Message


_head = msgspec.json.Decoder(_Head)
_type = msgspec.json.Decoder(_Type)
_UNDECODABLE = (msgspec.DecodeError, RecursionError, UnicodeError)


class StreamFaults:
    """Stands between a socket of the embedded server and its client; time comes in as an argument.

    Both sides' messages go in, as ASGI has them. `take_due` gives what is to be sent, and says no more after a close.

    Attributes:
        closing: the close that was given out; nothing follows it.
    """

    def __init__(
        self, options: FaultOptions, path: str, query: bytes, now: float, *, request_id: str, number: int = 0
    ) -> None:
        """
        Args:
            options: what goes wrong.
            path: of the socket, one of `KINDS`.
            query: its query string.
            now: the time of its 101, in seconds.
            request_id: of the stream.
            number: of the stream; with the seed, it settles what is random.
        """
        self.closing: Message | None = None
        self._options = options
        self._kind = KINDS[path]
        self._request_id = request_id
        self._random = random.Random(f"{options.seed} {number}")  # noqa: S311 - to be repeated, not to be secret
        self._heard = HeardAudio(path, query)
        self._held: deque[_Held] = deque()
        self._close_at = None if options.close_after_s is None else now + options.close_after_s
        self._idle_at = None if options.idle_kill_s is None else now + options.idle_kill_s
        self._error_said = options.error_after_messages is None
        self._must_close = False
        self._passed = 0  # messages of either form
        self._passed_json = 0
        self._inserted_json = 0

    # What the two ends say.

    def hear(self, message: Message, now: float) -> None:
        """Take a message of the client."""
        if message["type"] != "websocket.receive":
            return
        text, data = message.get("text"), message.get("bytes")
        said = None if text is None else _type_of(text)
        if text is not None:
            self._heard.take_text(text)
        elif data:
            self._heard.take_audio(data)
        if said in _LAST_WORDS or (text is None and not data):
            self._idle_at = None  # from here on the client waits for the server
        elif self._idle_at is not None and not (said == "KeepAlive" and self._options.idle_ignores_keep_alive):
            assert self._options.idle_kill_s is not None
            self._idle_at = now + self._options.idle_kill_s

    def say(self, message: Message, now: float) -> None:
        """Take a message or a close of the server."""
        head = _head_of(message)
        is_farewell = head.type is not None and head.type == self._kind.farewell
        if self.closing is not None or (is_farewell and self._options.drop_metadata):
            return
        if message.get("code") == _GOING_AWAY:
            self._held.clear()  # the server stops, and waits for nothing
        due = now + self._delay_s(head)
        if self._held:
            due = max(due, self._held[-1].due)
        self._held.append(_Held(due, message))

    def _delay_s(self, head: _Head) -> float:
        if head.type in self._kind.greetings:
            return self._options.greeting_delay_s
        final = (head.type == "Results" and head.is_final) or (head.type == "TurnInfo" and head.event == "EndOfTurn")
        return self._options.late_finals_s if final else 0.0

    # What comes out.

    def next_deadline(self) -> float | None:
        """Return when `take_due` will have something that it has not now; None when time brings nothing."""
        held = self._held[0].due if self._held else None
        if self.closing is not None:
            return None
        return min((due for due in (held, self._close_at, self._idle_at) if due is not None), default=None)

    def take_due(self, now: float) -> list[Message]:
        """Return what is to be sent now, in order; a close is the last."""
        due: list[Message] = []
        while self.closing is None:
            if self._error_is_due():
                due.append(self._error())
            elif self._is_over(now):
                due.append(self._close(self._options.close_code or 1011, self._options.close_reason))
            elif self._idle_at is not None and self._idle_at <= now:
                due.append(self._close(1011, _IDLE))
            elif self._held and self._held[0].due <= now:
                due += self._pass(self._held.popleft().message)
            else:
                break
        return due

    def _error_is_due(self) -> bool:
        after = self._options.error_after_messages
        return not self._error_said and after is not None and self._passed >= after

    def _is_over(self, now: float) -> bool:
        options = self._options
        return (
            self._must_close
            or (self._close_at is not None and self._close_at <= now)
            or (options.close_after_messages is not None and self._passed >= options.close_after_messages)
            or (options.close_after_audio_s is not None and self._heard.seconds >= options.close_after_audio_s)
        )

    def _error(self) -> Message:
        self._error_said, self._must_close = True, self._options.error_closes
        fields = {"code": self._options.error_code, "description": "injected fault"}
        if self._options.error_kind == "error":
            return self._insert({"type": "Error", **fields})
        return self._insert({"type": "Warning", "request_id": self._request_id, **fields})

    def _close(self, code: int, reason: str | None) -> Message:
        reason = _REASONS.get(code, "") if reason is None else reason
        self.closing = {"type": "websocket.close", "code": code, "reason": reason}
        self._held.clear()
        return self.closing

    def _pass(self, message: Message) -> list[Message]:
        if message["type"] == "websocket.close":
            self.closing = message
            return [message]
        self._passed += 1
        if message.get("text") is None:
            return [message]
        frames = self._pass_json(message, odd=(self._passed_json + 1) % (self._options.odd_every or math.inf) == 0)
        self._passed_json += 1
        return frames

    def _pass_json(self, message: Message, *, odd: bool) -> list[Message]:
        if not odd:
            return [self._numbered(message)]
        kind = self._options.odd_kind
        if kind == "mixed":
            kind = self._random.choice(_ODD_KINDS)
        if kind == "unknown_field":
            fields = msgspec.json.decode(self._numbered(message)["text"])
            return [_text({**fields, "injected_field": {"fault": True}})]
        return [self._odd(kind), self._numbered(message)]

    def _odd(self, kind: str) -> Message:
        if kind == "unknown_type":
            return self._insert({"type": "InjectedFault", "description": "no such message"})
        if kind == "wrong_form":
            return self._insert(self._kind.wrong_form)
        return {"type": "websocket.send", "text": '{"type":"InjectedFault",'}

    def _insert(self, fields: dict[str, Any]) -> Message:
        """Make a message that the socket knows nothing of; where messages are numbered, it takes the next number."""
        if self._kind.numbered:
            fields = {**fields, "sequence_id": self._passed_json + self._inserted_json}
            self._inserted_json += 1
        return _text(fields)

    def _numbered(self, message: Message) -> Message:
        if not self._inserted_json:
            return message
        fields = msgspec.json.decode(message["text"])
        return _text({**fields, "sequence_id": fields["sequence_id"] + self._inserted_json})


def _text(fields: dict[str, Any]) -> Message:
    return {"type": "websocket.send", "text": msgspec.json.encode(fields).decode()}


def _head_of(message: Message) -> _Head:
    text = message.get("text")
    return _Head() if text is None else _head.decode(text)


def _type_of(text: str) -> str | None:
    try:
        return _type.decode(text).type
    except _UNDECODABLE:
        return None
