"""What blocking callers hand over without waiting: a bounded queue from any thread to a connection on the loop."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import anyio

from ..errors import ConnectionClosed, LocalProtocolError
from ..transport.session import Session
from .loop import EventLoopThread

__all__ = ["Outbox"]

T = TypeVar("T", bound="bytes | str")

_GATHER_S = 0.001


class Outbox(Generic[T]):
    """Messages on their way to a session: putting one costs no switch of threads, and the order is kept.

    Attributes:
        high_water_bytes: more than that in the box, and who puts something in has to wait.
    """

    def __init__(self, loop: EventLoopThread, session: Session[Any], hand_over: Callable[[T], None]) -> None:
        """
        Args:
            loop: where the session lives.
            session: whose room is waited for.
            hand_over: gives a message to the session, on the loop; it raises `anyio.WouldBlock` when there is no room.
        """
        self.high_water_bytes: int = session.limits.max_unsent_bytes
        self._max_message_bytes: int = session.limits.max_message_bytes
        self._loop = loop
        self._session = session
        self._hand_over = hand_over
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._messages: deque[T] = deque()
        self._bytes = 0
        self._posted = False  # somebody is about to look into the box
        self._failure: Exception | None = None
        self._told = False  # somebody knows of it
        self._undelivered_bytes = 0
        self._emptying = False  # a task waits for room, and takes what comes meanwhile; the loop's thread alone asks
        self._turn: anyio.Lock | None = None
        self._gather_until = 0.0

    # From any thread.

    @property
    def full(self) -> bool:
        """Whether one has to wait before putting in more."""
        return self._bytes > self.high_water_bytes

    def put(self, message: T) -> bool:
        """Put in a message. Never waits.

        Returns:
            Whether the box is now above its high-water mark.

        Raises:
            LocalProtocolError: nothing is taken any more; or this process was forked from the one that made the box.
            DeepgramError: what ended the connection.
        """
        if os.getpid() != self._pid:  # before the lock, which a thread that is not here may have held
            raise LocalProtocolError("this connection was made before os.fork(): make a new one in the new process")
        if len(message) > self._max_message_bytes:
            raise LocalProtocolError(f"a message may have {self._max_message_bytes} bytes, not {len(message)}")
        with self._lock:
            if self._failure is not None:
                self._told = True
                raise self._failure.with_traceback(None)
            self._messages.append(message)
            self._bytes += len(message)
            wake, self._posted = not self._posted, True
            full = self._bytes > self.high_water_bytes
        if wake:
            self._loop.post(self._empty)
        return full

    def shut(self, reason: Exception) -> None:
        """Take nothing any more, for a reason; what is in the box is still handed over. The first reason is kept."""
        with self._lock:
            self._failure = self._failure or reason

    # On the loop's thread.

    async def emptied(self) -> None:
        """Hand over everything, waiting for room. Cancelled, it leaves the rest to be handed over later.

        Raises:
            DeepgramError: something that was put in was refused, or the connection is gone; it is raised once.
        """
        await self._empty_when_possible()
        if self._undelivered_bytes and self._failure is not None and not self._told:
            self._told = True
            raise self._failure.with_traceback(None)

    def give_up(self, reason: Exception) -> int:
        """Take nothing any more, and drop what is left.

        Returns:
            Bytes that were put in and not handed over, now and before.
        """
        with self._lock:
            self._failure = self._failure or reason
            self._undelivered_bytes += self._bytes
            self._messages.clear()
            self._bytes = 0
            self._posted = False
            return self._undelivered_bytes

    def _empty(self) -> None:
        """Hand over what there is room for; in a burst, not each message by itself, which costs the most."""
        now = self._loop.asyncio_loop.time()
        if now < self._gather_until:
            self._loop.asyncio_loop.call_at(self._gather_until, self._empty_now)
            return
        self._gather_until = now + _GATHER_S
        self._empty_now()

    def _empty_now(self) -> None:
        if not self._emptying and not self._hand_all_over():
            self._session.start_soon(self._empty_when_possible)

    async def _empty_when_possible(self) -> None:
        self._turn = self._turn or anyio.Lock()
        async with self._turn:
            self._emptying = True
            try:
                while not self._hand_all_over():
                    await self._session.wait_for_room()
            except BaseException:
                self._loop.post(self._empty)  # whoever waited was cancelled, but not what was accepted
                raise
            finally:
                self._emptying = False

    def _hand_all_over(self) -> bool:
        """Return whether nothing is left, since everything was handed over or lost."""
        while messages := self._take():
            handed_over = 0
            failure: Exception | None = None
            try:
                while messages:
                    self._hand_over(messages[0])
                    handed_over += len(messages.popleft())
            except anyio.WouldBlock:
                return False
            except Exception as refusal:  # noqa: BLE001 - raised by whoever waits, and by the next put
                failure = refusal
            finally:
                with self._lock:
                    self._bytes -= handed_over
                    self._messages.extendleft(reversed(messages))
            if failure is not None:
                self._fail(failure)
        return True

    def _take(self) -> deque[T]:
        with self._lock:
            messages, self._messages = self._messages, deque()
            if not messages:
                self._posted = False
            return messages

    def _fail(self, error: Exception) -> None:
        """A message was refused, so nothing that comes behind it may go out either."""
        lost = self.give_up(error)
        if isinstance(error, ConnectionClosed):
            error.unsent += lost
