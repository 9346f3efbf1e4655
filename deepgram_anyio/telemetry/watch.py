"""Those who watch over a call or a session, and look away while OpenTelemetry is not used.

What they watch tells them what happens, a few times in a life: nothing is told for audio that is sent.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from .settings import Telemetry

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..errors import DeepgramError
    from ..protocol.machine import Machine
    from ..protocol.messages import Reconnected

__all__ = ["CallWatch", "SessionWatch", "Watched", "watch_call", "watch_session"]

_NO_HEADERS: Mapping[str, str] = {}


class Watched(Protocol):
    """What a session shows of itself."""

    @property
    def machine(self) -> Machine[Any]:
        """The machine of the present connection."""
        ...

    @property
    def request_id(self) -> str | None:
        """Of the present connection."""
        ...

    @property
    def events_received(self) -> int:
        """Messages that came in."""
        ...


class _Watch:
    """A context manager around what is watched.

    Attributes:
        headers: to be sent with its requests.
    """

    headers: Mapping[str, str] = _NO_HEADERS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass


class CallWatch(_Watch):
    """Watches over one REST call, retries included. This one looks away."""

    def retrying(self, error: DeepgramError, wait_s: float) -> None:
        """A try failed, and there will be another."""

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """The answer has begun."""


class SessionWatch(_Watch):
    """Watches over one live session, from connecting to its end, over all its connections. This one looks away."""

    def connected(self, session: Watched) -> None:
        """The stream is usable for the first time."""

    def broken(self, error: DeepgramError, request_id: str | None) -> None:
        """A connection broke, and another one is to take the stream up."""

    def refused(self, error: DeepgramError) -> None:
        """An attempt to connect again failed."""

    def reconnected(self, event: Reconnected) -> None:
        """Another connection has taken the stream up."""

    def ending(self) -> None:
        """Nothing more is done with the session: its state is final, unless it is being left before its end."""


_QUIET_CALL = CallWatch()
_QUIET_SESSION = SessionWatch()


def watch_call(telemetry: Telemetry, *, url: str, name: str) -> CallWatch:
    """Return who watches over a call that is about to be made.

    Args:
        telemetry: the client's settings.
        url: where to.
        name: method and path, without identifiers.
    """
    if not _used(telemetry):
        return _QUIET_CALL
    from .calls import WatchedCall

    return WatchedCall(telemetry, url=url, name=name)


def watch_session(telemetry: Telemetry, *, url: str, path: str) -> SessionWatch:
    """Return who watches over a session that is about to connect.

    Args:
        telemetry: the client's settings.
        url: where to.
        path: the route.
    """
    if not _used(telemetry):
        return _QUIET_SESSION
    from .sessions import WatchedSession

    return WatchedSession(telemetry, url=url, path=path)


def _used(telemetry: Telemetry) -> bool:
    # Who configures a provider has imported the API; importing it for others would only cost them time.
    return telemetry.enabled and (
        "opentelemetry.trace" in sys.modules
        or "opentelemetry.metrics" in sys.modules
        or telemetry.tracer_provider is not None
        or telemetry.meter_provider is not None
    )
