"""Write down what is said in a recording.

python examples/transcribe_file.py speech.wav [--local]
"""

from __future__ import annotations

import sys

import anyio

from deepgram_anyio import DeepgramClient


async def main() -> None:
    async with DeepgramClient.local() if "--local" in sys.argv else DeepgramClient() as dg:
        heard = await dg.listen.v1.transcribe_file(
            sys.argv[1],
            model="nova-3",
            smart_format=True,
            utterances=True,
            on_progress=lambda sent, total: print(f"{sent} of {total} bytes sent"),
        )
    for utterance in heard.utterances:
        print(f"{utterance.start:7.2f} s  {utterance.transcript}")


if __name__ == "__main__":
    anyio.run(main)
