"""Transcribe all recordings in a folder, eight at a time; started again, it goes on where it was interrupted.

python examples/batch.py calls/ out/ [--local]
"""

from __future__ import annotations

import sys

import anyio

from deepgram_anyio import DeepgramClient
from deepgram_anyio.bulk import find_recordings, transcribe_many


async def main() -> None:
    folder, results = sys.argv[1:3]
    async with (
        DeepgramClient.local() if "--local" in sys.argv else DeepgramClient() as dg,
        transcribe_many(
            dg,
            find_recordings(folder),
            jobs=8,
            manifest=f"{results}/manifest.jsonl",
            output_dir=results,
            model="nova-3",
            smart_format=True,
        ) as batch,
    ):
        async for outcome in batch:
            print(outcome.key, outcome.state, outcome.error or outcome.output)


if __name__ == "__main__":
    anyio.run(main)
