"""The public API's groups: an endpoint's path, its options type, its response type."""

from __future__ import annotations

__all__: list[str] = []
