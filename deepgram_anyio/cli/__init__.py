"""The command line; it uses the public API only."""

from __future__ import annotations

__all__: list[str] = []
