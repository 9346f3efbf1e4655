"""Watches over live sessions, for OpenTelemetry. Imported when the program uses that."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind

from ..errors import ApiError, ConnectionClosed, DeepgramError
from ..protocol.audio_machine import AudioMachine, TranscriptionMachine
from ..protocol.machine import Machine
from ..protocol.measures import Measure
from ..protocol.messages import Reconnected
from ..protocol.speech_machine import SpeechMachine
from . import names
from .instruments import Target, error_type, fail, instruments, trace_headers
from .settings import Telemetry
from .watch import SessionWatch, Watched

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["WatchedSession"]

_METRIC_OF = {
    Measure.FINAL: names.FINAL_LATENCY,
    Measure.FIRST_RESULT: names.FIRST_RESULT,
    Measure.FIRST_AUDIO: names.FIRST_BYTE,
}
_COUNTED = (names.AUDIO_SENT, names.AUDIO_ACKNOWLEDGED, names.AUDIO_RECEIVED)


class WatchedSession(SessionWatch):
    """One span for one session, from connecting to its end; what happens to its connections are events of it."""

    def __init__(self, telemetry: Telemetry, *, url: str, path: str) -> None:
        self._telemetry = telemetry
        self._instruments = instruments(telemetry.tracer_provider, telemetry.meter_provider)
        self._path = path
        self._target = Target(url, path)
        self._labels = {**self._target.address, names.PROTOCOL: "websocket"}
        self._session: Watched | None = None
        self._open = False
        self._request_ids: list[str] = []
        self._reconnects = 0
        self._lost_s = 0.0
        self._lost_since_final_s = 0.0
        self._counted: dict[str, float] = dict.fromkeys(_COUNTED, 0.0)
        self._ending = False
        self._failure: DeepgramError | None = None

    def __enter__(self) -> Self:
        described = {**self._target.described, names.PROTOCOL: "websocket"}
        self._span = self._instruments.tracer.start_span(
            f"session {self._path}", kind=SpanKind.CLIENT, attributes=described
        )
        if self._telemetry.propagate:
            self.headers: Mapping[str, str] = trace_headers(self._span)
        return self

    def _take(self, name: str, value: float, **more: Any) -> None:
        self._instruments.take(name, value, {**self._labels, **more})

    # What happens to its connections.

    def connected(self, session: Watched) -> None:
        self._session = session
        session.machine.measured = self._measured
        self._note_request(session.request_id)
        self._span.add_event(names.CONNECTED, _without_none({names.REQUEST_ID: session.request_id}))
        self._set_open(True)

    def broken(self, error: DeepgramError, request_id: str | None) -> None:
        said = {**_reason(error), names.REQUEST_ID: request_id, names.CLOSE_CODE: _close_code(error)}
        self._span.add_event(names.CONNECTION_LOST, _without_none(said))
        self._set_open(False)

    def refused(self, error: DeepgramError) -> None:
        request_id = error.request_id if isinstance(error, ApiError) else None
        status = error.status if isinstance(error, ApiError) else None
        said = {**_reason(error), names.REQUEST_ID: request_id, names.STATUS: status}
        self._span.add_event(names.REFUSED, _without_none(said))

    def reconnected(self, event: Reconnected) -> None:
        self._reconnects += 1
        self._note_request(event.request_id)
        said = {
            names.ATTEMPT: event.attempt,
            names.GAP: event.gap_s,
            names.AUDIO_REPLAYED: event.replayed_s,
            names.AUDIO_LOST: event.lost_s,
            names.REQUEST_ID: event.request_id,
        }
        self._span.add_event(names.RECONNECTED, _without_none(said))
        self._take(names.RECONNECTS, 1)
        self._lose(event.lost_s)
        self._lost_since_final_s += event.lost_s
        self._set_open(True)

    def _set_open(self, now_open: bool) -> None:
        if now_open is not self._open:
            self._open = now_open
            self._take(names.OPEN_CONNECTIONS, 1 if now_open else -1)

    def _note_request(self, request_id: str | None) -> None:
        if request_id is not None:
            self._request_ids.append(request_id)

    # What becomes of its audio.

    def _measured(self, what: Measure, seconds: float) -> None:
        self._take(_METRIC_OF[what], seconds)
        if what is Measure.FINAL:
            self._lost_since_final_s = 0.0
        self._count()

    def _count(self) -> None:
        """Add what has come to the counters since the last time, so that they move while a session lasts."""
        assert self._session is not None
        for name, value in _figures(self._session.machine).items():
            if name in self._counted and value > self._counted[name]:
                self._take(name, value - self._counted[name])
                self._counted[name] = value

    def _lose(self, seconds: float) -> None:
        if seconds > 0:
            self._lost_s += seconds
            self._take(names.AUDIO_LOST, seconds)

    # Its end.

    def ending(self) -> None:
        if self._session is not None:
            self._ending = True
            self._failure = self._session.machine.failure

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        failure = self._failure
        if failure is None and isinstance(exc, DeepgramError) and not self._ending:
            failure = exc  # it never became usable
        self._describe_end(_outcome(failure, exc))
        if failure is not None:
            fail(self._span, failure)
            self._take(names.ERRORS, 1, **{names.ERROR_TYPE: error_type(failure)})
        self._set_open(False)
        self._span.end()

    def _describe_end(self, outcome: str) -> None:
        said: dict[str, Any] = {names.OUTCOME: outcome, names.REQUEST_IDS: self._request_ids}
        session = self._session
        if session is not None:
            self._count()
            if isinstance(self._failure, ConnectionClosed):
                # Some of it was counted as lost before, when no final result came after that.
                self._lose((self._failure.lost_audio_s or 0.0) - self._lost_since_final_s)
            said |= {
                **_figures(session.machine),
                names.RECONNECTS: self._reconnects,
                names.RECEIVED: session.events_received,
                names.CLOSE_CODE: _close_code(self._failure) or session.machine.close_code,
                names.AUDIO_LOST: self._lost_s if isinstance(session.machine, AudioMachine) else None,
            }
        self._span.set_attributes(_without_none(said))


def _figures(machine: Machine[Any]) -> dict[str, float]:
    found: dict[str, float | None] = {}
    if isinstance(machine, AudioMachine):
        found[names.AUDIO_SENT] = machine.ledger.sent_s
        if isinstance(machine, TranscriptionMachine):
            found[names.AUDIO_ACKNOWLEDGED] = machine.ledger.acknowledged_s
    elif isinstance(machine, SpeechMachine):
        rate = machine.audio.byte_rate
        found[names.AUDIO_RECEIVED] = machine.audio_bytes / rate if rate else None
        found[names.TEXT_SENT] = machine.text_chars
    return _without_none(found)


def _outcome(failure: DeepgramError | None, exc: BaseException | None) -> str:
    if failure is not None:
        return "failed"
    if exc is None:
        return "complete"
    return "cancelled" if error_type(exc) == "cancelled" else "aborted"


def _reason(error: DeepgramError) -> dict[str, Any]:
    return {names.ERROR_TYPE: error_type(error), names.CAUSE: str(error)}


def _close_code(error: DeepgramError | None) -> int | None:
    return error.code if isinstance(error, ConnectionClosed) else None


def _without_none(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}
