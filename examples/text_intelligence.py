"""Summary, topics and sentiment of a text.

python examples/text_intelligence.py "I love it. It works every time." [--local]
"""

from __future__ import annotations

import sys

import anyio

from deepgram_anyio import DeepgramClient


async def main() -> None:
    async with DeepgramClient.local() if "--local" in sys.argv else DeepgramClient() as dg:
        read = await dg.read.v1.analyze(sys.argv[1], language="en", summarize=True, topics=True, sentiment=True)
    print("summary:  ", read.summary)
    print("topics:   ", ", ".join(str(found.topic) for found in read.topics))
    if read.sentiment is not None:
        print("sentiment:", read.sentiment.sentiment, f"{read.sentiment.sentiment_score:+.2f}")


if __name__ == "__main__":
    anyio.run(main)
