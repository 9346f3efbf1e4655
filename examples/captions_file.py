"""Make a file of captions, .vtt or .srt, of a recording. Needs the extra ``captions``.

python examples/captions_file.py speech.wav speech.srt [--local]
"""

from __future__ import annotations

import sys

import anyio

from deepgram_anyio import DeepgramClient


async def main() -> None:
    recording, captions = sys.argv[1:3]
    async with DeepgramClient.local() if "--local" in sys.argv else DeepgramClient() as dg:
        heard = await dg.listen.v1.transcribe_file(recording, model="nova-3", smart_format=True, utterances=True)
    text = heard.to_srt() if captions.endswith(".srt") else heard.to_webvtt()
    await anyio.Path(captions).write_text(text, encoding="utf-8")
    print(f"{len(heard.words)} words in {captions}")


if __name__ == "__main__":
    anyio.run(main)
