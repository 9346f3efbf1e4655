"""What a stream used, for the history of requests: counted on the way, settled before its end can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import anyio
import msgspec
from starlette.types import Scope

from ..protocol import agent, flux_speak, speak
from ..protocol.agent_machine import AgentMachine
from ..protocol.audio_machine import TranscriptionMachine
from ..protocol.frames import Frame, Text
from ..protocol.machine import Machine
from ..protocol.messages import Audio
from ..transport.session import Session
from .asgi import AsgiChannel
from .page.observer import StreamObserver
from .rest.accounts import Caller
from .rest.history import Used
from .rest.store import Store

__all__ = ["AccountedChannel", "AccountedSession", "SocketAccount"]

M = TypeVar("M", bound=Machine[Any])

_METADATA = b'{"type":"Metadata"'
_CODES = {1000: 200, 1001: 200, 1005: 200, 1006: 200, 1011: 500}


class _Duration(msgspec.Struct):
    duration: float = 0.0


class SocketAccount:
    """Counts what one stream uses, and writes it into the history once.

    Audio is counted in seconds by its bytes, or, in a container, by what the server itself says at the end; text in
    characters; a conversation with an agent by the time that it took.
    """

    def __init__(
        self, store: Store, caller: Caller, *, request_id: str, scope: Scope, observer: StreamObserver
    ) -> None:
        self._store = store
        self._observer = observer
        self._caller = caller
        self._request_id = request_id
        self._scope = scope
        self._created = store.clock()
        self._machine: Machine[Any] | None = None
        self._began = self._byte_rate = self._audio_bytes = 0.0
        self._tags: list[str] = []
        self._used = Used()
        self._settled = False

    def open(self, machine: Machine[Any], options: Any) -> None:
        """Begin to count."""
        self._machine = machine
        self._began = anyio.current_time()
        self._used.model = getattr(options, "model", None)
        self._observer.open(machine, options)
        if isinstance(machine, TranscriptionMachine):
            self._byte_rate = float(machine.audio.byte_rate or 0)
            self._used.channels = machine.audio.channels

    def received(self, frames: Sequence[Frame]) -> None:
        """Note what came in."""
        self._observer.received(frames)

    def heard(self, messages: Sequence[Any]) -> None:
        """Count what the client said."""
        self._observer.heard(messages)
        for message in messages:
            if isinstance(message, Audio):
                self._audio_bytes += len(message.data)
            elif isinstance(message, (speak.Speak, flux_speak.Speak)):
                self._used.characters += len(message.text)
            elif isinstance(message, agent.Settings):
                self._tags = list(message.tags or ())

    def said(self, frames: Sequence[Frame]) -> None:
        """Count what the server said about audio whose bytes do not tell its length."""
        self._observer.said(frames)
        if not isinstance(self._machine, TranscriptionMachine) or self._byte_rate:
            return
        for frame in frames:
            if isinstance(frame, Text):
                data = frame.data.encode() if isinstance(frame.data, str) else bytes(frame.data)
                if data.startswith(_METADATA):
                    self._used.audio_s = msgspec.json.decode(data, type=_Duration).duration

    def settle(self, code: int = 1000, reason: str = "") -> None:
        """Write it all down; once is enough, and later calls do nothing.

        Args:
            code: the WebSocket close code.
            reason: that the server gives for it.
        """
        if self._settled or self._machine is None:
            return
        self._settled = True
        self._observer.end(code, reason)
        if isinstance(self._machine, AgentMachine):
            self._used.audio_s = anyio.current_time() - self._began
        elif self._byte_rate:
            self._used.audio_s = self._audio_bytes / self._byte_rate
        self._store.history.record(
            self._caller,
            request_id=self._request_id,
            created=self._created,
            path=self._scope["path"],
            query=self._scope["query_string"],
            streaming=True,
            code=_CODES.get(code, 400),
            used=self._used,
            tags=self._tags,
        )


class AccountedChannel(AsgiChannel):
    """A channel that settles the account before the client can see that the stream ended."""

    def __init__(self, receive: Any, send: Any, account: SocketAccount) -> None:
        super().__init__(receive, send)
        self._account = account

    async def receive_batch(self) -> list[Frame]:
        frames = await super().receive_batch()
        self._account.received(frames)
        return frames

    async def send_batch(self, frames: Sequence[Frame]) -> None:
        self._account.said(frames)
        await super().send_batch(frames)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self._account.settle(code, reason)
        await super().close(code, reason)


class AccountedSession(Session[M]):
    """A session that counts what its consumer takes."""

    def __init__(self, machine: M, channel: AccountedChannel, account: SocketAccount, **settings: Any) -> None:
        super().__init__(machine, channel, **settings)
        self._account = account

    async def next_batch(self) -> list[Any]:
        batch = await super().next_batch()
        self._account.heard(batch)
        return batch
