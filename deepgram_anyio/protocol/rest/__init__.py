"""REST calls: their parameters, their bodies and their answers, without any I/O."""

from __future__ import annotations

__all__: list[str] = []
