"""Middleware that notes what clients send and get, and that misbehaves on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..local.asgi import REQUEST_ID
from ..local.fault_options import FaultOptions
from ..local.misbehave import Misbehaving
from .exchanges import Exchange, RestRequest, SocketSession
from .scripts import PlacedUtterance

__all__ = ["ExchangeLog", "Observer", "Progress", "current"]


@dataclass(eq=False)
class Progress:
    """How far one socket or request has come along its script.

    Attributes:
        exchange: the socket or request.
        faults: how many faults had happened on the network when it began.
        begins_s: where its audio begins on the script's timeline: a client that repairs a break goes on there.
        said: how many words were final before it, by channel.
        final_s: up to where the server has told what is final, by channel, in seconds of its own audio.
        words: how many words these final results have, by channel.
        asked: how often its detectors and its recognitions asked for the script.
        turns: how often the agent answered.
        broken: the server ended it otherwise than in good order.
    """

    exchange: Exchange
    faults: int = 0
    begins_s: float = 0.0
    said: dict[int, int] = field(default_factory=dict)
    final_s: dict[int, float] = field(default_factory=dict)
    words: dict[int, int] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    turns: int = 0
    broken: bool = False

    def count(self, who: str) -> int:
        """Return how often `who` asked before."""
        self.asked[who] = self.asked.get(who, 0) + 1
        return self.asked[who] - 1

    def follow(self, before: Progress) -> None:
        """Go on where a stream that broke had come to."""
        if before.exchange.path == "/v1/agent/converse":
            # An agent gets the conversation so far instead of its audio.
            assert isinstance(before.exchange, SocketSession)
            self.begins_s = before.begins_s + before.exchange.audio_s
            self.turns = before.turns
            return
        self.begins_s = before.begins_s + min(before.final_s.values(), default=0.0)
        for channel in before.said.keys() | before.words.keys():
            self.said[channel] = before.said.get(channel, 0) + before.words.get(channel, 0)

    def note(self, frame: str) -> None:
        """Take what the server says, to know what is final."""
        try:
            told = msgspec.json.decode(frame, type=_Told)
        except (msgspec.DecodeError, UnicodeError):
            return  # a fault that is to be no JSON
        if told.type == "Results" and told.is_final:
            channel = told.channel_index[0] if told.channel_index else 0
            self.final_s[channel] = told.start + told.duration
            self._count(channel, told.channel.alternatives[0].words if told.channel.alternatives else ())
        elif told.type == "TurnInfo" and told.event == "EndOfTurn":
            self.final_s[0] = told.audio_window_end
            self._count(0, told.words)

    def remaining(self, utterances: Sequence[PlacedUtterance], channel: int) -> list[PlacedUtterance]:
        """Return what of a channel's script is still ahead, on this stream's own timeline."""
        done = self.said.get(channel, 0)
        left = []
        for utterance in utterances:
            words = utterance.words[done:]
            done = max(0, done - len(utterance.words))
            if self.exchange.path == "/v1/agent/converse":
                words = [word for word in words if word.end_s > self.begins_s]
            if words:
                moved = [_moved(word, -self.begins_s) for word in words]
                left.append(msgspec.structs.replace(utterance, words=moved))
        return left

    def _count(self, channel: int, words: Sequence[object]) -> None:
        self.words[channel] = self.words.get(channel, 0) + len(words)


class _Alternative(msgspec.Struct):
    words: list[msgspec.Raw] = []


class _Channel(msgspec.Struct):
    alternatives: list[_Alternative] = []


class _Told(msgspec.Struct):
    """As much of a result as it takes."""

    type: str | None = None
    is_final: bool = False
    start: float = 0.0
    duration: float = 0.0
    channel_index: list[int] = []
    channel: _Channel = msgspec.field(default_factory=_Channel)
    event: str | None = None
    audio_window_end: float = 0.0
    words: list[msgspec.Raw] = []


def _moved(word: Any, by_s: float) -> Any:
    return msgspec.structs.replace(word, start_s=max(0.0, word.start_s + by_s), end_s=max(0.0, word.end_s + by_s))


current: ContextVar[Progress | None] = ContextVar("deepgram_anyio_testing_exchange", default=None)
"""What is being served, for the engines; they run in the context of its task."""


class ExchangeLog:
    """All that a server was asked, in order. Written by the server's thread, read by any.

    Attributes:
        sessions: the sockets.
        requests: the REST calls.
    """

    def __init__(self, fault_count: Callable[[], int]) -> None:
        """
        Args:
            fault_count: gives how many faults have happened on the network.
        """
        self.sessions: list[SocketSession] = []
        self.requests: list[RestRequest] = []
        self._fault_count = fault_count
        self._streams: list[Progress] = []
        self._changed = threading.Condition()

    def begin(self, exchange: Exchange) -> Progress:
        """Take a new one."""
        progress = Progress(exchange, faults=self._fault_count())
        if isinstance(exchange, SocketSession):
            same = [item for item in self._streams if item.exchange.path == exchange.path]
            if same and self._broke(same[-1]):
                progress.follow(same[-1])
            self._streams.append(progress)
            self.sessions.append(exchange)
        else:
            self.requests.append(exchange)
        self.notify()
        return progress

    def notify(self) -> None:
        """Wake those who wait."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until a condition holds, in a thread that may block; return whether it does."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def clear(self) -> None:
        """Forget everything."""
        self.sessions, self.requests, self._streams = [], [], []
        self.notify()

    def _broke(self, progress: Progress) -> bool:
        """Whether it was a fault that ended a stream, and not its client's wish or good order."""
        return progress.broken or self._fault_count() > progress.faults


class Observer:
    """Notes everything that passes; middleware, once it has wrapped an application."""

    def __init__(self, log: ExchangeLog) -> None:
        self._log = log
        self._behaving: ASGIApp = _not_there
        self._misbehaving: Misbehaving | None = None
        self._faults: FaultOptions | None = None

    def wrap(self, app: ASGIApp) -> Observer:
        """Stand in front of an application."""
        self._behaving = app
        self.misbehave(self._faults)
        return self

    def misbehave(self, faults: FaultOptions | None) -> None:
        """Do wrong from now on, with counts of its own; None to behave."""
        self._faults = faults
        self._misbehaving = None if faults is None else Misbehaving(self._behaving, faults)

    @property
    def _app(self) -> ASGIApp:
        return self._misbehaving or self._behaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = SocketSession(number=len(self._log.sessions) + 1, **_asked(scope))
        progress = self._log.begin(session)

        async def noting_receive() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                text = message.get("text")
                session.note_client_frame(message["bytes"] if text is None else text)
            elif message["type"] == "websocket.disconnect":
                _note_close(session, message, also=session.close_code is None)
            self._log.notify()
            return message

        async def noting_send(message: Message) -> None:
            # Noted before it is sent: who has got it shall find it here.
            if message["type"] == "websocket.accept":
                session.status = 101
            elif message["type"] == "websocket.http.response.start":
                session.status = message["status"]
            elif message["type"] == "websocket.send":
                text = message.get("text")
                session.server_frames.append(message["bytes"] if text is None else text)
                if text is not None:
                    progress.note(text)
            elif message["type"] == "websocket.close":
                _note_close(session, message, also=True)
                progress.broken = message.get("code") != 1000
            self._log.notify()
            await send(message)

        await self._serve(progress, scope, noting_receive, noting_send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = RestRequest(number=len(self._log.requests) + 1, method=scope["method"], **_asked(scope))
        progress = self._log.begin(request)

        async def noting_receive() -> Message:
            message = await receive()
            request.body += message.get("body", b"")
            return message

        async def noting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
            elif message["type"] == "http.response.body":
                request.answer += message.get("body", b"")
                request.ended = not message.get("more_body")
            self._log.notify()
            await send(message)

        await self._serve(progress, scope, noting_receive, noting_send)

    async def _serve(self, progress: Progress, scope: Scope, receive: Receive, send: Send) -> None:
        token = current.set(progress)
        try:
            await self._app(scope, receive, send)
        finally:
            current.reset(token)
            progress.exchange.ended = True
            self._log.notify()


async def _not_there(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("the observer has nothing to observe yet")


def _asked(scope: Scope) -> dict[str, Any]:
    return {
        "path": scope["path"],
        "query_string": scope["query_string"].decode("latin-1"),
        "headers": {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        "request_id": scope[REQUEST_ID],
    }


def _note_close(session: SocketSession, message: Message, *, also: bool) -> None:
    code = message.get("code")
    session.ended = True
    if also and code != 1006:  # which stands for none
        session.close_code, session.close_reason = code, message.get("reason") or ""
