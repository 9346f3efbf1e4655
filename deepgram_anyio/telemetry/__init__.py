"""Spans and metrics for OpenTelemetry, for programs that use it; no other program loads or pays for any of it."""

from __future__ import annotations

from .settings import Telemetry

__all__ = ["Telemetry"]
