"""The public names of deepgram-sdk v4: its data types, options, errors and clients, on the blocking API."""

from __future__ import annotations

__all__: list[str] = []
