"""What a client tells OpenTelemetry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

__all__ = ["Telemetry"]


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """What a client tells OpenTelemetry; by default all that ``docs/observability.md`` lists, if the program uses it.

    Nothing here imports OpenTelemetry. It counts as used when the program has imported it, or passes a provider here.

    Attributes:
        enabled: False for no spans and no metrics.
        propagate: send ``traceparent`` and ``tracestate`` of the call's or session's span with its requests, so that
            servers can add to the trace. Baggage is never sent.
        tracer_provider: makes the spans; None for the program's.
        meter_provider: takes the metrics; None for the program's.
    """

    enabled: bool = True
    propagate: bool = False
    tracer_provider: TracerProvider | None = None
    meter_provider: MeterProvider | None = None
