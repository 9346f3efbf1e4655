"""What an agent says, played so that it can be cut short."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from ..audio import Speaker

__all__ = ["Playback"]


class Playback:
    """Audio that waits for its turn.

    It holds as much as comes, since who waits for room here would not hear that the user speaks; an answer is short.
    """

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._waiting: deque[bytes] = deque()
        self._more = anyio.Event()
        self._sending: anyio.CancelScope | None = None

    def play(self, samples: bytes) -> None:
        """Play samples after those that were given before."""
        self._waiting.append(samples)
        self._more.set()

    def clear(self) -> bool:
        """Be silent at once; returns whether something was cut off."""
        unheard = bool(self._waiting)
        self._waiting.clear()
        if self._sending is not None:
            self._sending.cancel()
        return self._speaker.clear() > 0 or unheard

    async def run(self) -> None:
        """Play for ever."""
        while True:
            while not self._waiting:
                self._more = anyio.Event()
                await self._more.wait()
            with anyio.CancelScope() as self._sending:
                await self._speaker.send(self._waiting.popleft())
