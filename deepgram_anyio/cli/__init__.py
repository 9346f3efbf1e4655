"""The command line; it uses the public API only."""

from __future__ import annotations

from .._extras import require

require(__name__, "app", extra="cli")

__all__: list[str] = []
