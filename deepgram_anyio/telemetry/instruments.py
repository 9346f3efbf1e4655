"""OpenTelemetry's tracer and instruments, made once for each pair of providers; and what all spans say alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from opentelemetry import metrics, trace
from opentelemetry.metrics import Meter, MeterProvider
from opentelemetry.trace import Span, Status, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .._version import __version__
from ..errors import ApiError, DeepgramError
from . import names

__all__ = ["Instruments", "Target", "error_type", "fail", "instruments", "trace_headers"]

_SCOPE = "deepgram_anyio"
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_CANCELLED = "cancelled"
# What the conventions advise for `http.client.request.duration`; good for the others as well.
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


class Instruments:
    """Where spans and numbers go.

    Attributes:
        tracer: makes the spans.
    """

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        self.tracer = tracer
        self._take: dict[str, Callable[[float, dict[str, Any]], None]] = {
            metric.name: _instrument(meter, metric) for metric in names.METRICS
        }

    def take(self, name: str, value: float, attributes: dict[str, Any]) -> None:
        """Record a value of a histogram, or add it to a counter."""
        self._take[name](value, attributes)


@lru_cache(maxsize=16)
def instruments(tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None) -> Instruments:
    """Return the instruments of two providers; None stands for the program's, whenever it sets one."""
    return Instruments(
        trace.get_tracer(_SCOPE, __version__, tracer_provider),
        metrics.get_meter(_SCOPE, __version__, meter_provider),
    )


def _instrument(meter: Meter, metric: names.Metric) -> Callable[[float, dict[str, Any]], None]:
    named: Any = {"name": metric.name, "unit": metric.unit, "description": metric.description}
    if metric.kind == "counter":
        return meter.create_counter(**named).add
    if metric.kind == "up-down counter":
        return meter.create_up_down_counter(**named).add
    try:
        return meter.create_histogram(**named, explicit_bucket_boundaries_advisory=_BUCKETS_S).record
    except TypeError:  # an API before 1.30, in a program that uses it for something else
        return meter.create_histogram(**named).record


class Target:
    """Where a request goes to, as spans and metrics say it.

    Attributes:
        address: host and port, for metrics.
        described: the same, the URL without its query, and the model, for spans.
    """

    def __init__(self, url: str, template: str) -> None:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        self.address: dict[str, Any] = {
            names.SERVER_ADDRESS: parts.hostname or "",
            names.SERVER_PORT: port,
            names.URL_TEMPLATE: template,
        }
        # Queries hold what nobody else should see: callbacks with passwords, terms, tags.
        self.described: dict[str, Any] = {**self.address, names.URL: f"{parts.scheme}://{parts.netloc}{parts.path}"}
        model = dict(parse_qsl(parts.query)).get("model")
        if model is not None:
            self.described[names.MODEL] = model


def error_type(error: BaseException) -> str:
    """Return the value of ``error.type``: the HTTP status, the class of an error, or ``cancelled``."""
    if isinstance(error, ApiError):
        return str(error.status)
    if isinstance(error, DeepgramError):
        return type(error).__name__
    if isinstance(error, Exception):
        return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return _CANCELLED  # or the program ends, or the generator was closed: it comes to the same


def fail(span: Span, error: BaseException) -> None:
    """Say on a span that it ended with an error."""
    span.set_attribute(names.ERROR_TYPE, error_type(error))
    if isinstance(error, ApiError):
        span.set_attribute(names.STATUS, error.status)
        if error.code is not None:
            span.set_attribute(names.ERROR_CODE, error.code)
    # The conventions want no description where the status code says it all; foreign errors may quote anything.
    described = isinstance(error, DeepgramError) and not isinstance(error, ApiError)
    span.set_status(Status(StatusCode.ERROR, str(error) if described else None))


def trace_headers(span: Span) -> Mapping[str, str]:
    """Return the headers that let a server add to a span's trace."""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier, trace.set_span_in_context(span))
    return carrier
