"""OpenTelemetry's own SDK, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import Histogram, InMemoryMetricReader
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.trace import StatusCode

from deepgram_anyio import Telemetry

__all__ = ["Point", "Recorder", "events", "said", "standing"]


class Point(NamedTuple):
    """What one set of attributes has of a metric.

    Attributes:
        values: how many; 1 for a counter.
        total: their sum.
    """

    labels: dict[str, Any]
    values: int
    total: float


class Recorder(SpanProcessor):
    """Takes all spans and metrics.

    Attributes:
        ended: spans, in the order of their ends.
        unfinished: how many spans have begun and not ended.
    """

    def __init__(self) -> None:
        self.ended: list[ReadableSpan] = []
        self.unfinished = 0
        self._reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(self)
        self.meter_provider = MeterProvider([self._reader])

    def telemetry(self, **settings: Any) -> Telemetry:
        return Telemetry(tracer_provider=self.tracer_provider, meter_provider=self.meter_provider, **settings)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.unfinished += 1

    def on_end(self, span: ReadableSpan) -> None:
        self.unfinished -= 1
        self.ended.append(span)

    @property
    def span(self) -> ReadableSpan:
        """The only span."""
        assert self.unfinished == 0
        (span,) = self.ended
        return span

    def points(self) -> dict[str, list[Point]]:
        """All metrics by name, without the address."""
        data = self._reader.get_metrics_data()
        found: dict[str, list[Point]] = {}
        for scope in [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []:
            for metric in scope.metrics:
                histogram = isinstance(metric.data, Histogram)
                found[metric.name] = [
                    Point(
                        {key: value for key, value in (point.attributes or {}).items() if key not in _WHERE},
                        point.count if histogram else 1,  # type: ignore[union-attr]
                        point.sum if histogram else point.value,  # type: ignore[union-attr]
                    )
                    for point in metric.data.data_points
                ]
        return found

    def totals(self) -> dict[str, float]:
        """Of histograms, how many values came; of counters, their sums."""
        data = self.points()
        return {
            name: sum(point.values if name in _HISTOGRAMS else point.total for point in points)
            for name, points in data.items()
        }

    def close(self) -> None:
        self.meter_provider.shutdown()
        self.tracer_provider.shutdown()


_WHERE = {"server.address", "server.port"}
_HISTOGRAMS = {
    "http.client.request.duration",
    "deepgram.listen.final_latency",
    "deepgram.listen.time_to_first_result",
    "deepgram.speak.time_to_first_byte",
}


def said(span: ReadableSpan) -> dict[str, Any]:
    """A span's attributes, without the port."""
    return {name: value for name, value in (span.attributes or {}).items() if name != "server.port"}


def standing(span: ReadableSpan) -> tuple[bool, str | None]:
    """Whether a span says that it failed, and with what words."""
    return span.status.status_code is StatusCode.ERROR, span.status.description


def events(span: ReadableSpan) -> list[tuple[str, Mapping[str, Any]]]:
    """A span's events."""
    found: list[Event] = list(span.events)
    return [(event.name, event.attributes or {}) for event in found]
