"""The embedded server's REST routes."""

from __future__ import annotations

__all__: list[str] = []
