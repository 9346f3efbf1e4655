"""Makes a broken connection anew: one supervisor for each session, which waits, dials and reports."""

from __future__ import annotations

import inspect
import random
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import anyio

from ..errors import ConnectionClosed, DeepgramError
from ..protocol.machine import Machine
from ..protocol.messages import Reconnected
from ..protocol.policy import Outage, Reconnection, ReconnectPolicy, recoverable
from ..telemetry.watch import SessionWatch
from .link import FrameChannel
from .logs import project_logger

__all__ = ["Reconnector"]

M = TypeVar("M", bound=Machine[Any])

_logger = project_logger()


class Reconnector(Generic[M]):
    """Decides, by a policy, whether a session goes on after its connection broke, and finds it another one."""

    def __init__(
        self,
        policy: ReconnectPolicy,
        *,
        name: str,
        machine: Callable[[float], M],
        connect: Callable[[], Awaitable[tuple[FrameChannel, str | None]]],
        chance: Callable[[], float] = random.random,
        watch: SessionWatch | None = None,
    ) -> None:
        """
        Args:
            policy: when, and how often.
            name: the socket kind's, for the log.
            machine: makes a machine, of the time.
            connect: makes a channel, and returns it with its request id.
            chance: gives a random number from 0 to 1, for the jitter.
            watch: who is told of what it finds; None for nobody.
        """
        self._policy = policy
        self._name = name
        self._machine = machine
        self._connect = connect
        self._chance = chance
        self._watch = watch or SessionWatch()
        self._reconnection = Reconnection(policy)
        self._first_cause: DeepgramError | None = None  # why the connection broke that was usable last
        self._last_cause: DeepgramError | None = None  # or why the last attempt failed
        self._broke_at = 0.0

    def successor(self, broken: M, now: float) -> M | None:
        """Return the machine that takes over from one that failed; None when the failure is final."""
        cause = broken.failure
        if cause is None or not self._policy.max_attempts or not recoverable(cause):
            return None
        if broken.beyond_repair is not None:
            cause.args = (f"{cause.args[0]}; no new connection was tried: {broken.beyond_repair}", *cause.args[1:])
            return None
        self._reconnection.broke(now, progressed=broken.progressed, lasted_s=now - broken.opened_at)
        if self._first_cause is None:
            self._first_cause, self._broke_at = cause, now
        self._last_cause = cause
        machine = self._machine(now)
        machine.take_over(broken, now)
        return machine

    async def reopen(self, request_id: str | None) -> tuple[FrameChannel, str | None]:
        """Wait and connect, until that succeeds.

        Args:
            request_id: the broken connection's, for the log.

        Returns:
            The new channel, and its request id.

        Raises:
            ConnectionClosed: no more is tried. It has the close code of the connection that broke; the last failure is
                its cause.
        """
        assert self._last_cause is not None
        self._watch.broken(self._last_cause, request_id)
        while True:
            outage = self._reconnection.next_attempt(self._last_cause, anyio.current_time(), self._chance(), request_id)
            if outage is None:
                raise self._given_up(f"given up after {self._reconnection.attempts} attempts") from self._last_cause
            if await self._vetoed(outage):
                raise self._given_up(f"attempt {outage.attempt} was vetoed") from self._last_cause
            _logger.warning(
                "%s: request %s: %s; attempt %d to connect again in %.2f s",
                self._name,
                request_id,
                outage.cause,
                outage.attempt,
                outage.wait_s,
            )
            await anyio.sleep(outage.wait_s)
            try:
                return await self._connect()
            except DeepgramError as error:
                self._last_cause = error
                self._watch.refused(error)

    async def _vetoed(self, outage: Outage) -> bool:
        verdict = self._policy.veto(outage) if self._policy.veto is not None else None
        return bool(await verdict if inspect.isawaitable(verdict) else verdict)

    def _given_up(self, how: str) -> ConnectionClosed:
        first = self._first_cause
        if isinstance(first, ConnectionClosed):
            return ConnectionClosed(f"{first.args[0]}; {how}", code=first.code, reason=first.reason)
        return ConnectionClosed(f"{first}; {how}")

    def announcement(self, machine: M, now: float, request_id: str | None) -> Reconnected:
        """Return what to tell the caller, now that the new connection is usable."""
        made_up = machine.resumption()
        event = Reconnected(
            attempt=self._reconnection.attempts,
            gap_s=now - self._broke_at,
            replayed_s=made_up.replayed_s,
            lost_s=made_up.lost_s,
            replayed_chars=made_up.replayed_chars,
            repeated_bytes=made_up.repeated_bytes,
            cause=str(self._first_cause),
            request_id=request_id,
        )
        self._first_cause = None
        self._watch.reconnected(event)
        _logger.warning(
            "%s: connected again after %.2f s, request %s; %.2f s of audio are sent again, %.2f s are lost",
            self._name,
            event.gap_s,
            request_id,
            event.replayed_s,
            event.lost_s,
        )
        return event
