"""The page of the embedded server: live connections, their captions, levels and latencies, and a microphone.

The server's sessions tell an `EventHub` what happens; `Page` serves the files and the stream of events.
"""

from __future__ import annotations

__all__: list[str] = []
