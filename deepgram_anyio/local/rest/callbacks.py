"""Results that go to a URL of the client's, after its request was answered."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias

import anyio
import msgspec
from anyio.abc import TaskGroup, TaskStatus

from ...transport.logs import project_logger
from ..answers import Refusal
from ..asgi import REQUEST_ID
from .fetch import Outbound, RemoteError

__all__ = ["WAITS_S", "Callbacks", "Delivery", "Job"]

WAITS_S: Final = (1.0, 4.0)
"""Seconds to wait before the second try and the third."""

_TRY_S: Final = 60.0

_logger: logging.Logger = project_logger("local")


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent.

    Attributes:
        content: the body.
        media_type: for ``content-type``.
        headers: others.
    """

    content: bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = {}


Job: TypeAlias = Callable[[], Awaitable[Delivery]]
"""Makes what is sent; a `Refusal` that it raises is sent instead."""


class Callbacks:
    """Does the work of requests with a callback, behind their answers, and delivers the results."""

    def __init__(self, outbound: Outbound, *, max_jobs: int = 100, waits_s: Sequence[float] = WAITS_S) -> None:
        """
        Args:
            outbound: makes the requests.
            max_jobs: jobs that may be under way at once; further ones are refused.
            waits_s: seconds to wait before each try after the first.
        """
        self._outbound = outbound
        self._max_jobs = max_jobs
        self._waits_s = tuple(waits_s)
        self._jobs = 0
        self._tasks: TaskGroup | None = None

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Work until cancelled, which also ends what is under way; `deliver` works meanwhile."""
        async with anyio.create_task_group() as self._tasks:
            task_status.started()
            try:
                await anyio.sleep_forever()
            finally:
                self._tasks = None

    def stop(self) -> None:
        """End what is under way, and take nothing more."""
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()

    async def check(self, url: str) -> None:
        """Check that a result can go to a URL.

        Raises:
            Refusal: 400; it cannot, or must not.
        """
        try:
            await self._outbound.check(url)
        except RemoteError as error:
            raise Refusal(400, "Bad Request", f"Bad Request: callback cannot be used: {error}") from error

    def deliver(
        self, job: Job, url: str, *, method: str | None, request_id: str, release: Callable[[], None] | None = None
    ) -> None:
        """Do a job in the background, and send its result to a URL, thrice if need be.

        Args:
            job: the work.
            url: where the result goes.
            method: ``POST`` or ``PUT``; None for ``POST``.
            request_id: of the request.
            release: called when all is over; not called when this raises.

        Raises:
            Refusal: the server stops, or there is too much under way.
        """
        if self._tasks is None:
            raise Refusal(503, "SERVER_STOPPING", "The server is stopping.")
        if self._jobs >= self._max_jobs:
            raise Refusal(429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later.")
        self._jobs += 1
        self._tasks.start_soon(self._work, job, url, method or "POST", request_id, release)

    async def _work(self, job: Job, url: str, method: str, request_id: str, release: Callable[[], None] | None) -> None:
        try:
            delivery = await self._result(job, request_id)
            await self._send(delivery, url, method, request_id)
        except Exception:  # one result that cannot be sent must not end the others
            _logger.exception("callback: result of request %s was not delivered", request_id)
        finally:
            self._jobs -= 1
            if release is not None:
                release()

    async def _result(self, job: Job, request_id: str) -> Delivery:
        try:
            return await job()
        except Refusal as refusal:
            return _error(refusal, request_id)
        except Exception:  # told to the client and to the log; the server serves on
            _logger.exception("callback: request %s failed", request_id)
            return _error(Refusal(500, "INTERNAL_SERVER_ERROR", "Internal server error."), request_id)

    async def _send(self, delivery: Delivery, url: str, method: str, request_id: str) -> None:
        headers = {**delivery.headers, "content-type": delivery.media_type, REQUEST_ID: request_id}
        for wait_s in (*self._waits_s, None):
            try:
                with anyio.fail_after(_TRY_S):
                    async with self._outbound.request(
                        method, url, headers=headers, content=delivery.content
                    ) as response:
                        if response.is_success:
                            return
                        problem = f"status {response.status_code}"
            except (RemoteError, TimeoutError) as error:
                problem = str(error) or "no answer in time"
            if wait_s is None:
                _logger.warning("callback: result of request %s was not delivered: %s", request_id, problem)
                return
            await anyio.sleep(wait_s)


def _error(refusal: Refusal, request_id: str) -> Delivery:
    return Delivery(
        content=refusal.body(request_id),
        media_type="application/json",
        headers={"dg-error": dict(refusal.headers())["dg-error"]},
    )
