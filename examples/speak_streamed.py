"""Speak texts as they come, over one connection, and use the audio while it is made.

python examples/speak_streamed.py [--local]
"""

from __future__ import annotations

import sys

import anyio

from deepgram_anyio import DeepgramClient

SENTENCES = ["Good morning.", "The weather will be fine.", "Have a nice day."]
RATE = 24_000


async def main() -> None:
    async with (
        DeepgramClient.local() if "--local" in sys.argv else DeepgramClient() as dg,
        dg.speak.v1.connect(model="aura-2-thalia-en", encoding="linear16", sample_rate=RATE) as connection,
    ):
        for sentence in SENTENCES:
            asked, first_s, length = anyio.current_time(), 0.0, 0
            async for chunk in connection.synthesize(sentence):
                first_s = first_s or anyio.current_time() - asked
                length += len(chunk)  # a program would play it: see deepgram_anyio.audio.Speaker
            print(f"{sentence} {length / 2 / RATE:.1f} s of audio, the first after {first_s:.2f} s")


if __name__ == "__main__":
    anyio.run(main)
