"""Speak a text into a file, which is there whole or not at all.

python examples/speak_to_file.py "Good morning." morning.mp3 [--local]
"""

from __future__ import annotations

import sys

import anyio

from deepgram_anyio import DeepgramClient


async def main() -> None:
    text, path = sys.argv[1:3]
    async with DeepgramClient.local() if "--local" in sys.argv else DeepgramClient() as dg:
        spoken = await dg.speak.v1.save(path, text, model="aura-2-thalia-en", encoding="mp3")
    print(f"{spoken.char_count} characters, spoken by {spoken.model_name}, are in {path}")


if __name__ == "__main__":
    anyio.run(main)
