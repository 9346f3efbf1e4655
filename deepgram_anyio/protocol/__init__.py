"""The sans-IO core: messages, codec, state machines. It imports msgspec and the standard library only.

Messages of each socket live in a module of their own, such as `deepgram_anyio.protocol.listen`.
"""

from __future__ import annotations

from . import agent, flux, flux_speak, listen, speak
from .messages import Audio, Reconnected, UnknownEvent

__all__ = ["Audio", "Reconnected", "UnknownEvent", "agent", "flux", "flux_speak", "listen", "speak"]
