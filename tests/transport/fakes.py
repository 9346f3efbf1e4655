"""A frame channel in memory, whose other end is the test."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import msgspec

from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.frames import Binary, Close, Frame, Text
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.listen_machine import ListenMachine
from deepgram_anyio.protocol.machine import Role
from deepgram_anyio.protocol.messages import Message
from deepgram_anyio.services.connection import client_timers
from deepgram_anyio.transport.session import Session, open_session
from deepgram_anyio.transport.settings import Limits, Timeouts

LINEAR16 = AudioFormat(encoding="linear16", sample_rate=8000, channels=1)


class FakeChannel:
    """What a session reads and writes.

    Attributes:
        written: frames that the session wrote.
        closes: the goodbyes that it said.
        aborted: how often it closed the socket.
        write_failure: what the next write raises.
        failure: what the channel says broke it.
    """

    def __init__(self) -> None:
        self.written: list[Frame] = []
        self.closes: list[Close] = []
        self.aborted = 0
        self.write_failure: Exception | None = None
        self.failure: Exception | None = None
        self._arrive, self._arrived = anyio.create_memory_object_stream[list[Frame] | Exception](math.inf)
        self._writable = anyio.Event()
        self._writable.set()
        self._progress = anyio.Event()

    # The session's side.

    async def receive_batch(self) -> list[Frame]:
        batch = await self._arrived.receive()
        if isinstance(batch, Exception):
            raise batch
        return batch

    async def send_batch(self, frames: Sequence[Frame]) -> None:
        await self._writable.wait()
        if self.write_failure is not None:
            raise self.write_failure
        self.written.extend(frames)
        self._note()

    def send_at_once(self, frame: Binary) -> bool:
        return False

    @property
    def unfinished(self) -> bool:
        return False

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self.closes.append(Close(code, reason))
        self._note()

    async def abort(self) -> None:
        self.aborted += 1
        self._arrive.close()
        self._arrived.close()
        self._note()

    # The test's side.

    def arrive(self, *items: Message | Frame | bytes | Exception) -> None:
        """Let messages arrive in one network read; an exception breaks the reading."""
        frames: list[Frame] = []
        for item in items:
            if isinstance(item, Exception):
                self._arrive.send_nowait(item)
                return
            frames.append(
                Text(msgspec.json.encode(item))
                if isinstance(item, Message)
                else Binary(item)
                if isinstance(item, bytes)
                else item
            )
        self._arrive.send_nowait(frames)

    def stall(self) -> None:
        """Take nothing more, until `unstall`."""
        self._writable = anyio.Event()

    def unstall(self) -> None:
        self._writable.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that the session wrote makes a condition true."""
        while not condition():
            self._progress = anyio.Event()
            await self._progress.wait()

    async def until_sent(self, message_type: str) -> None:
        """Wait until the session wrote a JSON message of a type."""
        await self.until(lambda: message_type in self.types)

    @property
    def types(self) -> list[str]:
        """The types of the JSON messages written."""
        return [
            msgspec.json.decode(bytes(frame.data))["type"]
            for frame in self.written
            if isinstance(frame, Text) and not isinstance(frame.data, str)
        ]

    @property
    def audio(self) -> bytes:
        """The audio written."""
        return b"".join(bytes(frame.data) for frame in self.written if isinstance(frame, Binary))

    def _note(self) -> None:
        self._progress.set()


def new_session(
    channel: FakeChannel,
    *,
    timeouts: Timeouts | None = None,
    limits: Limits | None = None,
    keepalive_s: float | None = 4.0,
) -> AbstractAsyncContextManager[Session[ListenMachine]]:
    timeouts, limits = timeouts or Timeouts(), limits or Limits()
    machine = ListenMachine(
        Role.CLIENT,
        client_timers(timeouts, keepalive_s=keepalive_s),
        anyio.current_time(),
        audio=LINEAR16,
        drop_stale_interims=limits.drop_stale_interims,
    )
    return open_session(Session(machine, channel, limits=limits, timeouts=timeouts, request_id="request-1"))


def results(
    start: float = 0.0, duration: float = 1.0, *, text: str = "", final: bool = True, **more: Any
) -> listen.Results:
    """Make a result with as many words as the text has."""
    words = [listen.Word(word=word, start=start, end=start, confidence=1.0) for word in text.split()]
    return listen.Results(
        channel_index=[0, 1],
        start=start,
        duration=duration,
        is_final=final,
        channel=listen.Channel(alternatives=[listen.Alternative(transcript=text, confidence=1.0, words=words)]),
        metadata=listen.ResultsMetadata(
            request_id="request-1", model_info=listen.ModelInfo(name="n", version="v", arch="a"), model_uuid="u"
        ),
        **more,
    )


def metadata(duration: float = 1.0) -> listen.Metadata:
    return listen.Metadata(
        transaction_key="deprecated", request_id="request-1", sha256="", created="", duration=duration, channels=1
    )


async def raised_by(work: Callable[[], Awaitable[Any]]) -> BaseException:
    """Return what a call raises; fail when it raises nothing."""
    try:
        await work()
    except Exception as error:  # noqa: BLE001 - returned
        return error
    raise AssertionError("nothing was raised")
