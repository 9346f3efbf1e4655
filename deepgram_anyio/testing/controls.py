"""What a test does to its server: faults of the network, and of the server itself."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from anyio.from_thread import BlockingPortal

from ..errors import ConfigError
from ..local.fault_options import ABNORMAL, FaultOptions
from ..local.faults import Cut, Fault, FaultProxy, Refuse, Stall
from ..local.faults.actions import CutKind, Direction, OneWay, checked
from .observing import Observer

__all__ = ["FaultControls", "Faults"]

T = TypeVar("T")

Faults: TypeAlias = FaultOptions | Mapping[str, Any] | Sequence[Fault] | Callable[[int], Sequence[Fault]]
"""What goes wrong: `FaultOptions`, also as a mapping, for what the server does; or faults of `local.faults` for every
connection to it, or a schedule of these."""

_HARMFUL = (Cut, Stall, Refuse)


class FaultControls:
    """The part of a `ScriptedServer` that lets things go wrong. Every method works from any thread."""

    def __init__(self, portal: BlockingPortal) -> None:
        self._portal = portal
        self._thread = threading.get_ident()
        self._proxy: FaultProxy | None = None
        self._observer: Observer | None = None
        self._next: deque[Sequence[Fault]] = deque()
        self._always: Callable[[int], Sequence[Fault]] = _none

    def cut(
        self,
        kind: CutKind = "reset",
        *,
        after_messages: int | None = None,
        after_audio_s: float | None = None,
        after_s: float | None = None,
        after_bytes: int | None = None,
        direction: OneWay = "to_client",
    ) -> None:
        """Cut all open connections now; or, with a trigger, the next connection or stream then.

        Args:
            kind: ``fin``, ``reset`` or ``half_close``; see `deepgram_anyio.local.faults.Cut`.
            after_messages: messages of the server, JSON and audio alike, that the next stream gets before it ends
                without a close frame, whatever `kind` says; it is set as by `misbehave`. What came before the cut then
                depends on nobody's speed.
            after_audio_s: seconds of audio that the next stream sends before it ends likewise; what the server has
                said of them by then depends on how fast they came.
            after_s: seconds after the connection is made.
            after_bytes: bytes that pass in that direction before, the handshake's included.
            direction: which way bytes are counted, and which ``half_close`` ends.

        Raises:
            ConfigError: there is no such cut.
        """
        if after_messages is not None or after_audio_s is not None:
            self.misbehave(
                close_after_messages=after_messages,
                close_after_audio_s=after_audio_s,
                close_code=ABNORMAL,
                connections=1,
            )
        elif after_s is None and after_bytes is None:
            self._in_loop(lambda: self._network.cut(kind, direction=direction))
        else:
            self.next_connection(Cut(kind=kind, after_s=after_s, after_bytes=after_bytes, direction=direction))

    def stall(
        self,
        direction: Direction = "both",
        *,
        after_s: float | None = None,
        after_bytes: int | None = None,
        for_s: float | None = None,
    ) -> None:
        """Let nothing pass any more on all open connections; or, with a trigger, on the next connection from then on.

        Args:
            direction: which way, or ``both``.
            after_s: seconds after the connection is made.
            after_bytes: bytes that pass in that direction before, the handshake's included.
            for_s: how long, in seconds, with a trigger; None for as long as the connection lasts, or until `resume`.

        Raises:
            ConfigError: there is no such stall.
        """
        if after_s is None and after_bytes is None:
            if for_s is not None:
                raise ConfigError("a stall from now on lasts until resume(); for_s needs after_s or after_bytes")
            self._in_loop(lambda: self._network.stall(direction))
        else:
            self.next_connection(Stall(after_s=after_s, after_bytes=after_bytes, for_s=for_s, direction=direction))

    def resume(self) -> None:
        """End all stalls of open connections."""
        self._in_loop(lambda: self._network.resume())

    def next_connection(self, *faults: Fault, count: int = 1) -> None:
        """Give faults to the next connections, once each; called again, to those after these.

        Connections are counted as the network has them: a client keeps one open for many REST calls.

        Args:
            *faults: any of `deepgram_anyio.local.faults`; none for a connection without.
            count: to how many.
        """
        self._next.extend([faults] * count)

    def refuse(self, status: int = 503, *, count: int | None = 1, retry_after_s: int | None = None) -> None:
        """Answer the next sockets and requests with an HTTP status and the API's error body.

        Args:
            status: 400 to 599.
            count: how many; None for all.
            retry_after_s: seconds for a ``Retry-After``.
        """
        self.misbehave(refuse_status=status, refuse_count=count, retry_after_s=retry_after_s)

    def misbehave(self, faults: FaultOptions | None = None, **options: Any) -> None:
        """Do wrong from now on, instead of what was wrong before, on sockets and requests that begin from now on.

        Args:
            faults: what is done.
            **options: or the fields of `deepgram_anyio.local.FaultOptions`, such as ``close_after_audio_s=1``.

        Raises:
            ConfigError: these cannot be had.
        """
        if faults is not None and options:
            raise ConfigError("misbehave() takes FaultOptions or their fields, not both")
        try:
            chosen = FaultOptions(**options) if faults is None else faults
        except TypeError as error:
            raise ConfigError(f"no such fault: {error}") from error
        self._in_loop(lambda: self._watch.misbehave(chosen))

    def behave(self) -> None:
        """Do nothing wrong any more; connections that are stalled go on."""
        self._next.clear()
        self._always = _none
        self._in_loop(lambda: self._watch.misbehave(None))
        self.resume()

    def _attach(self, proxy: FaultProxy, observer: Observer, faults: Faults | None) -> None:
        """Learn what there is to disturb, and begin."""
        self._proxy, self._observer = proxy, observer
        self._choose(faults)

    def _choose(self, faults: Faults | None) -> None:
        if isinstance(faults, FaultOptions):
            self.misbehave(faults)
        elif isinstance(faults, Mapping):
            self.misbehave(**faults)
        elif callable(faults):
            self._always = faults
        elif faults is not None:
            fixed = checked(faults)
            self._always = lambda number: fixed

    def _faults_of(self, number: int) -> Sequence[Fault]:
        return (*(self._next.popleft() if self._next else ()), *self._always(number))

    @property
    def _network(self) -> FaultProxy:
        assert self._proxy is not None
        return self._proxy

    @property
    def _watch(self) -> Observer:
        assert self._observer is not None
        return self._observer

    @property
    def _in_own_thread(self) -> bool:
        return threading.get_ident() == self._thread

    def _in_loop(self, function: Callable[[], T]) -> T:
        return function() if self._in_own_thread else self._portal.call(function)

    def _fault_count(self) -> int:
        fired = [fired for record in self._network.connections for fired in record.fired]
        return len([item for item in fired if isinstance(item.fault, _HARMFUL)])


def _none(number: int) -> Sequence[Fault]:
    return ()
