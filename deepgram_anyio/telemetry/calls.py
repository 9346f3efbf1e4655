"""Watches over REST calls, for OpenTelemetry. Imported when the program uses that."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind

from ..errors import ApiError, DeepgramError
from . import names
from .instruments import Target, error_type, fail, instruments, trace_headers
from .settings import Telemetry
from .watch import CallWatch

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["WatchedCall"]

_REQUEST_ID = "dg-request-id"
_SPEECH = frozenset({"POST /v1/speak", "POST /v2/speak"})


class WatchedCall(CallWatch):
    """One span for one REST call; each retry is an event of it.

    The conventions would rather have a span for each try, and allow this; what the caller waits for is the call.
    """

    def __init__(self, telemetry: Telemetry, *, url: str, name: str) -> None:
        self._telemetry = telemetry
        self._instruments = instruments(telemetry.tracer_provider, telemetry.meter_provider)
        self._name = name
        method, _, template = name.partition(" ")
        target = Target(url, template)
        self._labels = {names.METHOD: method, **target.address}
        self._described = {names.METHOD: method, **target.described}
        self._retries = 0

    def __enter__(self) -> Self:
        self._began_at = time.perf_counter()
        self._span = self._instruments.tracer.start_span(self._name, kind=SpanKind.CLIENT, attributes=self._described)
        if self._telemetry.propagate:
            self.headers: Mapping[str, str] = trace_headers(self._span)
        return self

    def retrying(self, error: DeepgramError, wait_s: float) -> None:
        self._retries += 1
        said: dict[str, Any] = {
            names.RESENT: self._retries,
            names.ERROR_TYPE: error_type(error),
            names.CAUSE: str(error),
            names.WAIT: wait_s,
        }
        if isinstance(error, ApiError) and error.request_id is not None:
            said[names.REQUEST_ID] = error.request_id
        self._span.add_event(names.RETRY, said)
        self._span.set_attribute(names.RESENT, self._retries)

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        self._labels[names.STATUS] = status
        self._span.set_attribute(names.STATUS, status)
        self._note_request(headers.get(_REQUEST_ID))
        if self._name in _SPEECH:
            self._instruments.take(names.FIRST_BYTE, time.perf_counter() - self._began_at, self._address())

    def _address(self) -> dict[str, Any]:
        return {name: self._labels[name] for name in (names.SERVER_ADDRESS, names.SERVER_PORT, names.URL_TEMPLATE)}

    def _note_request(self, request_id: str | None) -> None:
        if request_id is not None:
            self._span.set_attribute(names.REQUEST_ID, request_id)

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if exc is not None:
            self._labels[names.ERROR_TYPE] = error_type(exc)
            fail(self._span, exc)
        if isinstance(exc, ApiError):
            self._labels[names.STATUS] = exc.status
            self._note_request(exc.request_id)
        if isinstance(exc, DeepgramError):
            self._instruments.take(
                names.ERRORS, 1, {**self._address(), names.ERROR_TYPE: self._labels[names.ERROR_TYPE]}
            )
        self._instruments.take(names.REQUEST_DURATION, time.perf_counter() - self._began_at, self._labels)
        self._span.end()
