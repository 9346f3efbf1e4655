"""Recordings in any format into samples, and a voice's samples into every format that the API offers."""

from __future__ import annotations

__all__: list[str] = []
