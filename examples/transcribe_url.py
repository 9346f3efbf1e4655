"""Let the service fetch a recording, and send its answer to an address of yours.

python examples/transcribe_url.py https://example.com/speech.wav https://example.com/answers
"""

from __future__ import annotations

import sys

import anyio

from deepgram_anyio import DeepgramClient


async def main() -> None:
    recording, callback = sys.argv[1:3]
    async with DeepgramClient() as dg:
        accepted = await dg.listen.v1.transcribe_url(recording, callback=callback, model="nova-3", smart_format=True)
    print(f"request {accepted.request_id}: the answer will be sent to {callback}")


if __name__ == "__main__":
    anyio.run(main)
