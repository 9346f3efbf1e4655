"""Tell when a speaker is done: turns of a conversation, with Flux.

python examples/flux_turns.py speech.wav [--local]
"""

from __future__ import annotations

import sys

import anyio

from deepgram_anyio import DeepgramClient
from deepgram_anyio.protocol import flux


async def main() -> None:
    async with (
        DeepgramClient.local() if "--local" in sys.argv else DeepgramClient() as dg,
        dg.listen.v2.stream(sys.argv[1], model="flux-general-en", eager_eot_threshold=0.4) as turns,
    ):
        turn = None
        async for event in turns:
            turn = event if isinstance(event, flux.TurnInfo) else turn
            match event:
                case flux.TurnInfo(event="EagerEndOfTurn"):
                    print(f"turn {event.turn_index}, perhaps: {event.transcript}")
                case flux.TurnInfo(event="TurnResumed"):
                    print(f"turn {event.turn_index} goes on")
                case flux.TurnInfo(event="EndOfTurn"):
                    print(f"turn {event.turn_index}: {event.transcript}")
        if turn is not None and turn.event != "EndOfTurn":
            print(f"turn {turn.turn_index}, cut off: {turn.transcript}")


if __name__ == "__main__":
    anyio.run(main)
